import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.server.engines.alignment import tokens, words_from
from voxpool.server.speech import Phone, Word
from voxpool.server.timestamps import Timeline, viseme

TEXT = 'He said "stop," [laugh] then left.'


def spoken(text, start_s=0.1, each_s=0.3, gap_s=0.1):
    words, at = [], start_s
    for start, end in tokens(text):
        words.append(Word(start, end, at, at + each_s, (Phone("x", at, each_s),)))
        at += each_s + gap_s
    return words, at


def whole(text, style, **options):
    timeline = Timeline(text, style, **options)
    words, end_s = spoken(text.replace("[laugh]", " " * 7))
    timeline.add(words, len(text), end_s)
    return timeline.take()


def test_newer_models_return_every_token_in_order():
    alignment = whole("He said, hi.", "tokens")["wordAlignment"]
    assert alignment["words"] == ["", "He", " ", "said", ",", " ", "hi", "."]
    assert alignment["wordStartTimeSeconds"] == [0.0, 0.1, 0.4, 0.5, 0.8, 0.8, 0.9, 1.2]
    assert alignment["wordEndTimeSeconds"] == [0.1, 0.4, 0.5, 0.8, 0.8, 0.9, 1.2, 1.2]


def test_older_models_return_words_with_their_punctuation():
    alignment = whole(TEXT, "words")["wordAlignment"]
    assert alignment["words"] == ["He", "said", '"stop,"', "then", "left."]


def test_characters():
    alignment = whole("ab c", "characters")["characterAlignment"]
    assert alignment["characters"] == ["a", "b", " ", "c"]
    assert alignment["characterStartTimeSeconds"] == pytest.approx([0.1, 0.25, 0.4, 0.5])


def test_phonetic_details_belong_to_their_word():
    alignment = whole("He said, hi.", "tokens")["wordAlignment"]
    details = alignment["phoneticDetails"]
    assert [detail["wordIndex"] for detail in details] == list(range(8))
    assert details[1]["phones"] == [
        {"phoneSymbol": "x", "startTimeSeconds": 0.1, "durationSeconds": 0.3, "visemeSymbol": "cdgknstxyz"}
    ]
    assert [p["phoneSymbol"] for p in details[0]["phones"]] == ["[silence]"]
    assert not any(detail["isPartial"] for detail in details)


def test_the_oldest_models_lack_phonetic_details():
    assert whole("one two", "words", phonetic=False)["wordAlignment"]["phoneticDetails"] == []


texts = st.text(alphabet='ab ,.[]<>"é\n漢', max_size=60)


@given(texts, st.sampled_from(["tokens", "characters"]))
def test_the_text_is_returned_whole_and_in_order(text, style):
    alignment = whole(text, style)
    if alignment is None:
        assert not text
        return
    (body,) = alignment.values()
    assert "".join(body["words" if style == "tokens" else "characters"]) == text


@given(texts, st.sampled_from(["tokens", "words", "characters"]), st.integers(1, 5))
def test_times_never_run_backwards_however_it_is_taken(text, style, steps):
    timeline = Timeline(text, style)
    words, end_s = spoken(text)
    taken = []
    for step in range(steps):
        until = len(text) * (step + 1) // steps
        # A cut never splits a word.
        while 0 < until < len(text) and not (text[until - 1].isspace() or text[until].isspace()):
            until += 1
        known = [word for word in words if timeline._known <= word.start and word.end <= until]
        timeline.add(known, until, end_s * (step + 1) / steps)
        taken.append(timeline.take(end_s * step / steps))
    taken.append(timeline.take())
    bodies = [next(iter(alignment.values())) for alignment in taken if alignment]
    starts = [t for body in bodies for key in body if "StartTimeSeconds" in key for t in body[key]]
    ends = [t for body in bodies for key in body if "EndTimeSeconds" in key for t in body[key]]
    assert starts == sorted(starts)
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    assert len(starts) == len(ends)


def test_a_chunk_carries_the_tokens_that_begin_in_it():
    timeline = Timeline("one two three", "words")
    words, end_s = spoken("one two three")
    timeline.add(words, 13, end_s)
    assert timeline.take(0.1) is None
    assert timeline.take(0.5)["wordAlignment"]["words"] == ["one"]
    assert timeline.take(0.9)["wordAlignment"]["words"] == ["two"]
    assert timeline.take()["wordAlignment"]["words"] == ["three"]
    assert timeline.take() is None


@pytest.mark.parametrize(
    ("symbol", "shape"), [("ˈiː", "ee"), ("m", "bmp"), ("θ", "th"), ("ʃ", "chjsh"), ("k", "cdgknstxyz"), ("w", "qw")]
)
def test_visemes(symbol, shape):
    assert viseme(symbol) == shape


def event(position, start_s, end_s):
    return (position, start_s, end_s, (Phone("x", start_s, end_s - start_s),))


def test_events_are_told_apart_by_position():
    """As eSpeak NG reports them: o'clock as one letter, a price in pieces, a merged word not at all."""
    text = "three o'clock, $5.20 of the day"
    events = [
        event(0, 0.0, 0.3),
        event(6, 0.4, 0.9),
        event(15, 1.0, 1.2),
        event(16, 1.2, 1.5),
        event(15, 1.5, 1.9),
        event(21, 2.0, 2.3),
        event(28, 2.4, 2.8),
    ]
    words = words_from(text, events)
    assert [text[w.start : w.end] for w in words] == ["three", "o'clock,", "$5.20", "of", "the", "day"]
    assert [w.start_s for w in words] == pytest.approx([0.0, 0.4, 1.0, 2.0, 2.12, 2.4])
    assert [w.end_s for w in words] == pytest.approx([0.3, 0.9, 1.9, 2.12, 2.3, 2.8])
    assert [len(w.phones) for w in words] == [1, 1, 3, 1, 0, 1]


def test_words_before_the_first_event_share_its_time():
    words = words_from("a b", [event(2, 1.0, 2.0)])
    assert [(w.start_s, w.end_s) for w in words] == [(1.0, 1.5), (1.5, 2.0)]


@given(
    st.text(alphabet="ab' .$5é", max_size=40),
    st.lists(st.tuples(st.integers(-1, 45), st.floats(0, 1), st.floats(0, 1)), max_size=12),
)
def test_every_word_gets_a_time_or_none_does(text, raw):
    at, events = 0.0, []
    for position, gap, length in raw:
        events.append(event(position, at + gap, at + gap + length))
        at += gap + length
    words = words_from(text, events)
    assert [(w.start, w.end) for w in words] == (tokens(text) if events else [])
    assert all(w.start_s <= w.end_s for w in words)
    assert [w.start_s for w in words] == sorted(w.start_s for w in words)
    assert sum(len(w.phones) for w in words) == (len(events) if tokens(text) else 0)
