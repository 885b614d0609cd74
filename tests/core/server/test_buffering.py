import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.server.buffering import BufferRules, TextBuffer, UnfinishedMarkup
from voxpool.server.sentences import speakable


def buffer(**rules):
    return TextBuffer(BufferRules(**rules))


def test_manual_text_waits_for_a_flush():
    held = buffer()
    assert held.append("Hello. ", 0, busy=False) == []
    assert held.append("There. ", 0, busy=False) == []
    assert held.characters == 14
    assert held.flush() == ["Hello. There. "]
    assert held.flush() == []


def test_text_is_appended_as_it_is():
    held = buffer()
    held.append("Hel", 0, busy=False)
    held.append("lo", 0, busy=False)
    assert held.flush() == ["Hello"]


def test_reaching_the_threshold_flushes():
    held = buffer(threshold=10)
    assert held.append("123456789", 0, busy=False) == []
    assert held.append("0", 0, busy=True) == ["1234567890"]
    assert held.characters == 0


def test_a_long_text_is_spoken_in_several_parts():
    held = buffer(threshold=20)
    due = held.append("One one. Two two. Three three. Four.", 0, busy=False)
    assert due == ["One one. Two two. ", "Three three. Four."]


@pytest.mark.parametrize(
    ("text", "due", "kept"),
    [
        ("one two three", ["one two "], 5),
        ("onetwothreefour", ["onetwothre", "efour"], 0),
        ("one two th ", ["one two ", "th "], 0),
    ],
)
def test_the_cut_can_be_at_a_word(text, due, kept):
    held = buffer(threshold=10, cut_at_word=True)
    assert held.append(text, 0, busy=False) == due
    assert held.characters == kept


def test_the_timer_restarts_with_each_text_and_not_with_a_keepalive():
    held = buffer(delay_s=3)
    held.append("one ", 10, busy=False)
    assert held.deadline == 13
    held.append("two", 12, busy=False)
    assert held.deadline == 15
    held.append("", 14, busy=False)
    assert held.deadline == 15
    assert held.tick(14.9) == []
    assert held.tick(15) == ["one two"]
    assert held.deadline is None


def test_a_flush_ends_the_timer():
    held = buffer(delay_s=3)
    held.append("one", 0, busy=False)
    held.flush()
    assert held.deadline is None


@pytest.mark.parametrize("mode", ["segmented", "sentences"])
def test_auto_mode_has_no_timer(mode):
    held = buffer(mode=mode, delay_s=3)
    held.append("unfinished", 0, busy=True)
    assert held.deadline is None


def test_auto_mode_can_have_a_timer():
    held = buffer(mode="sentences", delay_s=3, auto_ignores_delay=False)
    held.append("unfinished", 0, busy=False)
    assert held.tick(3) == ["unfinished"]


def test_client_segments_are_spoken_at_once_when_idle():
    held = buffer(mode="segmented")
    assert held.append("Grea", 0, busy=False) == ["Grea"]


def test_client_segments_gather_while_one_is_spoken():
    held = buffer(mode="segmented")
    assert held.append("One. ", 0, busy=True) == []
    assert held.append("Two. ", 0, busy=True) == []
    assert held.idle() == ["One. Two. "]
    assert held.idle() == []


def test_sentences_wait_for_their_end():
    held = buffer(mode="sentences")
    assert held.append("Hello there", 0, busy=False) == []
    assert held.append(". ", 0, busy=False) == []
    assert held.append("How", 0, busy=False) == ["Hello there. "]
    assert held.append(" are you? I am", 0, busy=True) == []
    assert held.idle() == ["How are you? "]
    assert held.close() == ["I am"]


def test_a_tag_is_held_until_it_closes():
    held = buffer(mode="sentences")
    assert held.append("Wait. <break ti", 0, busy=False) == []
    assert held.append('me="1s"/>', 0, busy=False) == ['Wait. <break time="1s"/>']


def test_a_sentence_without_end_is_cut_at_a_word():
    held = buffer(mode="sentences", threshold=20)
    due = held.append("word " * 9, 0, busy=False)
    assert "".join(due) + held._text == "word " * 9
    assert all(part.endswith(" ") and len(part) <= 20 for part in due)
    assert due


def test_an_open_angle_bracket_holds_back_everything_behind_it():
    held = buffer(mode="sentences", threshold=20)
    assert held.append("3 < 4 is true. " * 5, 0, busy=False) == []


def test_closing_in_the_middle_of_a_tag_is_refused():
    held = buffer(mode="sentences")
    held.append("Hello <break", 0, busy=False)
    with pytest.raises(UnfinishedMarkup):
        held.close()
    assert held.characters == 12


@pytest.mark.parametrize("text", ["...", " ", "\n", "—"])
@pytest.mark.parametrize("mode", ["manual", "segmented", "sentences"])
def test_punctuation_alone_is_not_spoken(text, mode):
    held = buffer(mode=mode)
    assert held.append(text, 0, busy=False) == []
    assert held.flush() == []
    assert held.close() == []


def test_an_update_speaks_under_the_old_rules():
    held = buffer(threshold=1000)
    held.append("old text", 0, busy=False)
    assert held.update(BufferRules(threshold=5)) == ["old text"]
    assert held.append("newer", 0, busy=False) == ["newer"]


def test_dropping_says_how_much():
    held = buffer(delay_s=1)
    held.append("twelve chars", 0, busy=False)
    assert held.drop() == 12
    assert held.deadline is None
    assert held.flush() == []


@given(
    st.lists(st.text(alphabet="ab. <>!?[]\n3", max_size=15), max_size=25),
    st.lists(st.booleans(), min_size=25, max_size=25),
    st.sampled_from(["manual", "segmented", "sentences"]),
    st.integers(5, 40),
    st.booleans(),
)
def test_nothing_is_lost_or_reordered(arriving, busy, mode, threshold, cut):
    held = buffer(mode=mode, threshold=threshold, cut_at_word=cut)
    spoken = []
    for words, is_busy in zip(arriving, busy, strict=False):
        spoken += held.append(words, 0, busy=is_busy)
        if not is_busy:
            spoken += held.idle()
    spoken += held.flush()
    assert held.characters == 0
    assert all(speakable(part) and len(part) <= threshold for part in spoken)
    # What is missing is punctuation alone.
    said = "".join(c for part in spoken for c in part if c.isalnum())
    assert said == "".join(c for part in arriving for c in part if c.isalnum())
