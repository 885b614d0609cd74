from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voxpool.errors import SettingError
from voxpool.protocol.graphemes import inside_cluster
from voxpool.protocol.sentences import MARKUP_REACH, Spans, markup_spans, sentence_ends
from voxpool.protocol.text import SentenceAssembler, slice_text, width

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
FLAG = "\U0001f1e9\U0001f1ea"
ACCENT = "e\u0301"
JAMO = "\u1112\u1161\u11ab"
PAIR = "\ud83d\ude00"
CLUSTERS = [FAMILY, THUMB, FLAG, ACCENT, JAMO, PAIR, "\u2764\ufe0f", "\r\n", "1\ufe0f\u20e3", "\u0e01\u0e31"]
MARKUP = [
    "[laugh]",
    '<break time="500ms"/>',
    "<verbatim>A. B</verbatim>",
    '<lang lang="es">Sí. No.</lang>',
    "[whisper softly]",
]
WORDS = [
    "Hello",
    "world",
    "3.14",
    "Dr.",
    "e.g.",
    "U.S.",
    "it's",
    "5",
    "I",
    "naïve",
    "Straße",
    "日本",
    "語",
    "“quoted”",
    "no",
    "a",
]
ENDS = [". ", "! ", "? ", "... ", "… ", "。", "！", '." ', "\n\n", ", ", " ", "  ", "\n", "؟ ", "। ", ") "]
atoms = st.sampled_from(
    [*CLUSTERS, *MARKUP, *WORDS, *ENDS, *ENDS, *WORDS, "[", "]", "<", ">", '"', "*", "<verbatim>", "</lang>"]
)
prose = st.lists(atoms, max_size=40).map("".join)
any_text = prose | st.text() | st.text(alphabet="ab. [<]>\u0301\ud83d\ude00\U0001f1e9\U0001f600\u200d", max_size=80)
limits = st.integers(1, 60)


# Slices.


@given(any_text, limits)
def test_slices_joined_are_the_text(text: str, limit: int) -> None:
    assert "".join(slice_text(text, limit)) == text


@given(any_text, limits)
def test_no_slice_is_empty_or_too_long(text: str, limit: int) -> None:
    for piece in slice_text(text, limit):
        assert piece
        assert width(piece) <= max(limit, 2)
        assert len(piece) <= limit


def cuts(text: str, limit: int) -> list[int]:
    places, at = [], 0
    for piece in slice_text(text, limit)[:-1]:
        at += len(piece)
        places.append(at)
    return places


@given(prose, st.integers(30, 80))
def test_no_slice_ends_inside_markup_that_fits(text: str, limit: int) -> None:
    for start, end in markup_spans(text):
        if width(text[start:end]) <= limit // 2:
            assert not [place for place in cuts(text, limit) if start < place < end]


@given(prose, st.integers(12, 60))
def test_no_slice_ends_inside_a_character(text: str, limit: int) -> None:
    assert not [place for place in cuts(text, limit) if inside_cluster(text, place) and not _long_cluster(text, place)]


def _long_cluster(text: str, at: int) -> bool:
    """Whether the cluster around a place is longer than any limit used here."""
    start = end = at
    while inside_cluster(text, start):
        start -= 1
    while inside_cluster(text, end):
        end += 1
    return width(text[start:end]) > 12


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_cluster_is_kept_whole(cluster: str) -> None:
    text = "x" * 9 + cluster + "y"
    limit = 9 + width(cluster) - 1
    assert slice_text(text, limit)[0] == "x" * 9


def test_two_flags_are_two_characters() -> None:
    assert slice_text(FLAG * 3, 6) == [FLAG] * 3


def test_sentences_come_before_words() -> None:
    assert slice_text("One two. Three four five. Six seven", 30) == ["One two. Three four five. ", "Six seven"]


def test_words_come_before_characters() -> None:
    assert slice_text("one two three four", 10) == ["one two ", "three four"]


def test_a_word_that_does_not_fit_is_cut() -> None:
    assert slice_text("abcdefghij", 4) == ["abcd", "efgh", "ij"]


def test_markup_that_does_not_fit_is_cut_all_the_same() -> None:
    assert slice_text("[abcdefghij]", 5) == ["[abcd", "efghi", "j]"]


def test_markup_is_moved_to_the_next_slice() -> None:
    assert slice_text("He said [laughing out loud] so.", 20) == ["He said ", "[laughing out loud] ", "so."]


def test_a_less_than_is_not_markup() -> None:
    assert slice_text("a < b and c > d, so", 8) == ["a < b ", "and c > ", "d, so"]


def test_scripts_without_spaces_are_cut_behind_a_character_but_not_before_its_punctuation() -> None:
    assert slice_text("今天天气很好，我们去", 6) == ["今天天气很", "好，我们去"]


def test_astral_characters_count_twice() -> None:
    assert slice_text("\U0001f600" * 5, 4) == ["\U0001f600" * 2] * 2 + ["\U0001f600"]


def test_a_text_that_fits_is_one_piece() -> None:
    assert slice_text("x" * 2000) == ["x" * 2000]
    assert [len(piece) for piece in slice_text("x" * 2001)] == [2000, 1]
    assert slice_text("") == []


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(SettingError):
        slice_text("x", limit)
    with pytest.raises(SettingError):
        SentenceAssembler(limit)


@pytest.mark.parametrize(
    "text", ["." * 60_000, "[a" * 30_000, "<a" * 30_000, "\n " * 30_000, '."' * 30_000, "。" * 60_000, "a. " * 20_000]
)
def test_text_made_to_be_slow_is_not(text: str) -> None:
    # Quadratic matching would take minutes here and run into the test's timeout.
    assert "".join(slice_text(text)) == text


# Sentence ends.


def split(text: str) -> list[str]:
    edges = [0, *sentence_ends(text), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["One. ", "Two! ", "Three? ", "Four"],
        ["Wait… ", "What?! ", "No"],
        ["It costs $3.50 or 4.25 in all. ", "Fine"],
        ["Dr. Smith met Mrs. Jones vs. Mr. Brown. ", "They left"],
        ["The U.S. Army is, e.g. Fort A, big. ", "Yes"],
        ["We meet at 5 p.m. on Monday. ", "Come"],
        ["We meet at 5 p.m. ", "Then we eat"],
        ["J. S. Bach wrote it. ", "Really"],
        ["See No. 5 and fig. 3 on p. 7. ", "I said no. ", "Go"],
        ['He said "Stop." ', "Then he left"],
        ['"Really?" he asked. ', "Yes"],
        ["Ha... and so on. ", "End"],
        ["Go to www.example.com. ", "Or not"],
        ["1. First\n2. Second"],
        ["In 1990. ", "Then"],
        ["Title\n\n", "Text"],
        ["你好。", "今天好吗？", "“好。”", "他说"],
        ['她说："好。"', "他走了"],
        ["مرحبا؟ ", "نعم"],
        ["नमस्ते। ", "ठीक"],
        ["Hello. ", "[laugh] Funny. ", "Yes"],
        ["He [sighs. deeply] said so. ", "Yes"],
        ["<lang lang='es'>Hola. Amigo.</lang> Fine. ", "Yes"],
        ["Wait. ", '<break time="1s"/> Go'],
        ["A [ that never closes. ", "Next"],
        ["*Bold.* ", "Next"],
        ["z.B. Der Hund bellt. ", "Ja"],
        ["Only one."],
        [""],
    ],
)
def test_where_sentences_end(sentences: list[str]) -> None:
    assert split("".join(sentences)) == sentences


@given(any_text)
def test_ends_go_forward_and_stay_inside(text: str) -> None:
    ends = list(sentence_ends(text))
    assert ends == sorted(set(ends))
    assert all(0 < end < len(text) for end in ends)


# The assembler.


def assemble(tokens: list[str], limit: int = 100_000) -> list[str]:
    assembler = SentenceAssembler(limit)
    return [sentence for token in tokens for sentence in assembler.feed(token)] + assembler.finish()


def tokens_of(text: str, places: list[int]) -> list[str]:
    edges = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(edges)]


@given(any_text, st.lists(st.integers(0, 500), max_size=20), st.integers(5, 100))
def test_assembled_sentences_joined_are_the_tokens(text: str, places: list[int], limit: int) -> None:
    assert "".join(assemble(tokens_of(text, places), limit)) == text


@given(prose, st.lists(st.integers(0, 500), max_size=20))
@example("He left. (and then)", [10])
@example('Yes. "', [5])
def test_it_does_not_matter_how_the_text_comes(text: str, places: list[int]) -> None:
    assert assemble(tokens_of(text, places)) == [piece for piece in split(text) if piece]


@given(prose)
def test_letter_by_letter_is_the_same(text: str) -> None:
    assert assemble(list(text)) == [piece for piece in split(text) if piece]


@given(prose)
def test_sentences_keep_a_space_behind_them_unless_their_script_has_none(text: str) -> None:
    for sentence in assemble([text])[:-1]:
        assert sentence[-1].isspace() or any(ender in sentence for ender in "。！？؟।॥")


@given(any_text, st.integers(5, 40))
def test_a_sentence_never_grows_over_the_limit(text: str, limit: int) -> None:
    assembler = SentenceAssembler(limit)
    for letter in text:
        assert all(width(sentence) <= limit for sentence in assembler.feed(letter))
        assert width(assembler.waiting) <= limit
    assert all(width(sentence) <= limit for sentence in assembler.finish())


UNITS = st.sampled_from(
    ["word ", "longerword ", "[very sad voice] ", '<break time="1s"/> ', "<lang lang='es'>hola</lang> "]
)


@given(st.lists(UNITS, min_size=10, max_size=60), st.lists(st.integers(0, 1500), max_size=200))
@example(["longerword "] * 7 + ["[very sad voice] "] + ["word "] * 10, list(range(200)))
def test_a_sentence_without_an_end_is_not_cut_inside_markup_that_is_still_coming(
    units: list[str], places: list[int]
) -> None:
    text = "".join(units)
    pieces = assemble(tokens_of(text, places), 90)
    assert "".join(pieces) == text
    whole = Spans(markup_spans(text))
    assert not any(whole.hold(end) for end in accumulate(map(len, pieces)))


def test_a_sentence_is_given_when_the_next_begins() -> None:
    assembler = SentenceAssembler()
    given = [assembler.feed(token) for token in ("Hel", "lo", ".", " ", "How", " are", " you", "? ", "I", "'m")]
    assert given == [[], [], [], [], ["Hello. "], [], [], [], ["How are you? "], []]
    assert assembler.waiting == "I'm"
    assert assembler.finish() == ["I'm"]
    assert assembler.finish() == []
    assert repr(assembler) == "<SentenceAssembler 0 characters waiting>"


def test_markup_that_is_not_closed_yet_holds_text_back() -> None:
    assembler = SentenceAssembler()
    assert assembler.feed("Well. Hm [clears. ") == ["Well. "]
    assert assembler.feed("Throat] now. Go") == ["Hm [clears. Throat] now. "]


def test_markup_that_never_closes_does_not_hold_text_back_for_ever() -> None:
    assembler = SentenceAssembler(100_000)
    assert assembler.feed("Hm [never. Closed. ") == []
    assert assembler.feed("X" * MARKUP_REACH + ". And") == ["Hm [never. ", "Closed. ", "X" * MARKUP_REACH + ". "]
