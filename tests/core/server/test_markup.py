import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.server.markup import LONGEST_PAUSE_S, read


def words(pieces):
    return [piece.spoken.split() for piece in pieces]


@given(st.text(alphabet="ab <>/[]\"'=brek langtime15sm.\n", max_size=120))
def test_pieces_are_as_long_as_their_text(text):
    pieces = read(text)
    position = 0
    for piece in pieces:
        assert piece.start >= position
        position = piece.start + len(piece.spoken)
    assert position <= len(text)
    assert sum(len(piece.spoken) for piece in pieces) == len(text)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello [laugh] there", ["Hello", "there"]),
        ("a <verbatim>b-2</verbatim> c", ["a", "b-2", "c"]),
        ("say /kriːt/, please", ["say", "kriːt", ",", "please"]),
        ("and/or 1/2", ["and/or", "1/2"]),
        ("bell\x07 nul\x00l", ["bell", "nul", "l"]),
        ("3 < 4 > 2", ["3", "<", "4", ">", "2"]),
    ],
)
def test_markup_is_not_spoken(text, spoken):
    assert [word for piece in words(read(text)) for word in piece] == spoken


def test_verbatim_is_text_when_normalization_is_off():
    (piece,) = read("<verbatim>b</verbatim>", verbatim=False)
    assert piece.spoken == "<verbatim>b</verbatim>"


@pytest.mark.parametrize(
    ("tag", "pause_s"),
    [
        ('<break time="500ms"/>', 0.5),
        ('<break time="1.5s" />', 1.5),
        ("<break time='2s'/>", 2),
        ("<break/>", 0.5),
        ('<break time="60s"/>', LONGEST_PAUSE_S),
    ],
)
def test_a_break_is_a_pause(tag, pause_s):
    before, after = read(f"one {tag} two")
    assert (before.spoken.split(), before.pause_s) == (["one"], pause_s)
    assert (after.spoken.split(), after.pause_s) == (["two"], 0)


def test_languages_nest_and_end():
    pieces = read('one <lang lang="es-MX">dos <lang lang="fr">trois</lang> tres</lang> four')
    assert [(piece.spoken.split(), piece.language) for piece in pieces if piece.spoken.strip()] == [
        (["one"], None),
        (["dos"], "es-MX"),
        (["trois"], "fr"),
        (["tres"], "es-MX"),
        (["four"], None),
    ]


def test_positions_are_those_of_the_text():
    text = "one <break/> two [laugh] three"
    for piece in read(text):
        for word in piece.spoken.split():
            at = piece.start + piece.spoken.index(word)
            assert text[at : at + len(word)] == word
