import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.calls import calls_of
from voxpool.server.buffering import BufferRules, TextBuffer
from voxpool.server.sentences import parts, pieces, sentence_end, speakable, visible_length, word_cut

texts = st.text(alphabet=st.sampled_from("ab .!?…。<>[]\nTo3,/é漢"), max_size=120)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Hello there. And more", "Hello there. "),
        ("Hello there.", None),
        ("Hello there. ", None),
        ("Really? Yes", "Really? "),
        ("Wow!  Two", "Wow!  "),
        ("Well… then", "Well… "),
        ("你好。再见", "你好。"),
        ("你好。", "你好。"),
        ("مرحبا؟ نعم", "مرحبا؟ "),
        ("नमस्ते।", "नमस्ते।"),
        ('He said "stop." Then', 'He said "stop." '),
        ("one, two; three: four", None),
        ("first line\nsecond line", None),
        ("first line.\nsecond line", None),
        ("It costs 3.14 euros", None),
        ("It costs 3. 14 euros", "It costs 3. "),
        ("see www.example.com now", None),
        ("e.g. this one", None),
        ("the U.S. army", None),
        ("J. Smith", None),
        ("ask Tom. He knows", None),
        ("I love Rome. Truly", None),
        ("ask Thomas. He knows", "ask Thomas. "),
        ('wait <break time="1s"/>', 'wait <break time="1s"/>'),
        ("a < b. c. d", None),
        ("say [laugh. out loud] now. yes", "say [laugh. out loud] now. "),
        ("half a tag <brea", None),
        ("done here. half a tag <brea", "done here. "),
        ("", None),
    ],
)
def test_sentence_ends(text, first):
    end = sentence_end(text)
    assert (text[:end] if end is not None else None) == first


@given(texts)
def test_a_sentence_end_is_final(text):
    """More text never takes a sentence end back."""
    end = sentence_end(text)
    if end is not None:
        for more in ("a", " b", ".", ">", "]"):
            later = sentence_end(text + more)
            # Only closers and spaces that follow it may still join it.
            assert later is not None
            assert later >= end


@given(texts, st.integers(5, 40))
def test_pieces_cover_the_text_and_keep_the_limit(text, limit):
    found = pieces(text, limit)
    assert "".join(text[start:end] for start, end in found) == text
    assert all(0 < end - start <= limit for start, end in found)


@given(texts, st.integers(5, 40))
def test_parts_cover_the_text_and_keep_the_limit(text, limit):
    found = parts(text, limit)
    assert "".join(found) == text
    assert all(len(part) <= limit for part in found)


def test_parts_keep_sentences_together():
    assert parts("One one. Two two. Three three. ", 20) == ["One one. Two two. ", "Three three. "]


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("alpha beta gamma", 12, 11),
        ("alpha beta, gamma delta", 18, 12),
        ("unbrokenunbroken", 8, 8),
        ("say hello [laugh loud] now", 16, 10),
    ],
)
def test_word_cut(text, limit, cut):
    assert word_cut(text, 0, limit) == cut


@given(texts)
def test_visible_length_stops_at_an_open_tag(text):
    visible = visible_length(text)
    assert visible == len(text) or text[visible] in "<["


@pytest.mark.parametrize(("text", "spoken"), [("...", False), (" \n", False), ("—?!", False), ("a", True), ("3", True)])
def test_speakable(text, spoken):
    assert speakable(text) is spoken


@pytest.mark.parametrize("mode", ["segmented", "sentences"])
@pytest.mark.parametrize("unit", ["<b>a. ", "[x]. ", "<b>", "a. ", "a. <"])
def test_the_work_grows_with_the_text_and_no_faster(unit, mode):
    def work(length):
        buffer = TextBuffer(BufferRules(mode, threshold=3))

        def take_in_and_divide():
            buffer.append((unit * length)[:length], 0.0, busy=True)
            buffer.flush()

        return calls_of(take_in_and_divide)

    assert work(2000) < 3 * work(1000)
