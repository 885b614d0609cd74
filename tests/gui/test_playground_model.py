"""Words of the service are found in the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support.speech_fakes import word
from voxgrid.models.playground import WordMap, count_text


def timed(*texts):
    return [word(text, index * 0.5, index * 0.5 + 0.4) for index, text in enumerate(texts)]


def found(text, *words):
    words_of = WordMap(text)
    words_of.update(timed(*words))
    return [text[span.start : span.end] for span in words_of.spans]


def test_words_with_and_without_their_punctuation():
    assert found("Hello, world!", "Hello,", "world!") == ["Hello,", "world!"]
    assert found("Hello, world!", "Hello", "world") == ["Hello", "world"]


def test_tokens_with_spaces_silence_and_punctuation_of_their_own():
    assert found("Hello, world!", "", "Hello", ",", " ", "world", "!") == ["Hello", "world"]


def test_the_same_word_twice_is_found_twice():
    text = "the cat and the dog"
    words = WordMap(text)
    words.update(timed("the", "cat", "and", "the", "dog"))
    assert [span.start for span in words.spans] == [0, 4, 8, 12, 16]


def test_a_normalised_word_is_skipped_and_the_next_found():
    assert found("Dr. Smith has 3 cats", "Doctor", "Smith", "has", "three", "cats") == ["Smith", "has", "cats"]


def test_case_and_emoji_do_not_move_positions():
    text = "İstanbul 🎉 IS great"
    assert found(text, "istanbul", "is", "great")[-2:] == ["IS", "great"]


def test_words_come_bit_by_bit():
    words = WordMap("one two three")
    all_words = timed("one", "two", "three")
    words.update(all_words[:1])
    words.update(all_words[:1])
    words.update(all_words)
    assert len(words.spans) == 3


def test_which_word_sounds_when():
    words = WordMap("one two three")
    words.update(timed("one", "two", "three"))
    assert [words.at(moment) for moment in (0.0, 0.49, 0.5, 9.0)] == [1, 1, 2, 3]
    assert WordMap("").at(1.0) == 0


@given(st.text(max_size=60), st.lists(st.text(max_size=6), max_size=20))
def test_spans_are_in_the_text_in_order_and_apart(text, words):
    spans = WordMap(text)
    spans.update(timed(*words))
    at = 0
    for span in spans.spans:
        assert at <= span.start < span.end <= len(text)
        at = span.end


def test_counts_are_for_people():
    assert [count_text(n) for n in (0, 1, 2, 1234)] == ["empty", "1 character", "2 characters", "1,234 characters"]
