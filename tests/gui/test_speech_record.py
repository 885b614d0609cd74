"""Envelope, record and store: what is kept of an utterance and for how long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.speech_fakes import RATE, FakeClock, FakeUtterance, tone
from voxgrid.speech.envelope import STEP_S, Envelope
from voxgrid.speech.record import UtteranceRecord
from voxgrid.speech.store import RecordStore
from voxgrid.speech.timing import Arrival, Arrivals, Words
from voxpool.chunk import AudioChunk
from voxpool.protocol.settings import ContextSettings
from voxpool.protocol.timestamps import TimedWord


def make(number=1, seconds=0.0, *, ended=False, source="fire"):
    record = UtteranceRecord(number, "text", "text", ContextSettings(), source, 0.0, RATE)
    if seconds:
        record.add(AudioChunk(tone(seconds), RATE, 0.0, (), 1.0))
    if ended:
        record.finish()
    return record


@given(st.lists(st.integers(0, 2000), max_size=12))
def test_the_envelope_does_not_depend_on_how_the_audio_was_cut(sizes):
    pcm = np.random.default_rng(1).integers(-32768, 32767, sum(sizes), dtype=np.int16)
    whole, pieces = Envelope(RATE), Envelope(RATE)
    whole.add(pcm)
    for piece in np.split(pcm, np.cumsum(sizes)[:-1]) if sizes else []:
        pieces.add(piece)
    whole.finish()
    pieces.finish()
    assert whole.levels.tolist() == pieces.levels.tolist()
    assert len(whole) == -(-pcm.size // round(RATE * STEP_S))


def test_levels_span_silence_to_full_scale():
    envelope = Envelope(RATE)
    step = round(RATE * STEP_S)
    envelope.add(np.zeros(step, np.int16))
    envelope.add(np.full(step, -32768, np.int16))
    assert envelope.levels.tolist() == [0, 255]


def test_a_record_gathers_what_comes():
    clock = FakeClock()
    utterance = FakeUtterance(3, "hello", ContextSettings(), clock)
    record = make(3)
    record.utterance = utterance
    clock.advance(0.12)
    record.add(AudioChunk(tone(0.5), RATE, 0.0, (TimedWord("w", 0.125, 0.25),), clock()))
    clock.advance(0.7)
    record.add(AudioChunk(tone(0.5), RATE, 0.5, (), clock()))
    assert record.ttfa_ms == pytest.approx(120.0)
    assert record.audio_s == pytest.approx(1.0)
    assert [arrival.late_s for arrival in record.arrivals] == [0.0, pytest.approx(0.2)]
    assert list(record.words) == [TimedWord("w", 0.125, 0.25)]
    assert record.pcm().size == RATE
    assert record.pcm(0.75).size == RATE // 4
    assert record.bytes == RATE * 2


def test_a_whole_book_is_not_kept_while_it_runs():
    record = make()
    record.most_bytes = 100_000
    for _ in range(10):
        record.add(AudioChunk(tone(0.5), RATE, 0.0, (), 1.0))
    assert not record.kept
    assert record.bytes == 0
    assert record.audio_s == pytest.approx(5.0)
    assert len(record.envelope) == 250


def test_a_chunk_of_timestamps_alone_is_no_audio():
    record = make()
    record.add(AudioChunk(np.empty(0, np.int16), RATE, 0.0, (TimedWord("late", 0.1, 0.3),), 5.0))
    assert [word.text for word in record.words] == ["late"]
    assert record.first_audio_at is None
    assert not record.arrivals


TIMES = st.integers(0, 100_000).map(lambda number: number / 8)


@given(st.lists(st.tuples(st.text(max_size=4), TIMES, TIMES)), st.integers(-9, 9))
def test_packed_times_read_as_what_was_added(items, index):
    words, arrivals, plain, end_s = Words(), Arrivals(), [], 0.0
    words.extend(TimedWord(*item) for item in items)
    for _, at_s, duration_s in items:
        plain.append(Arrival(at_s, end_s, duration_s))
        end_s += duration_s
        arrivals.add(at_s, end_s)
    for packed, expected in ((words, [TimedWord(*item) for item in items]), (arrivals, plain)):
        assert list(packed) == expected
        assert packed[index:] == expected[index:]
        assert packed[:index] == expected[:index]
        assert len(packed) == len(expected)
        if -len(expected) <= index < len(expected):
            assert packed[index] == expected[index]
        else:
            with pytest.raises(IndexError):
                packed[index]


def test_an_evicted_record_keeps_its_picture():
    record = make(seconds=1.0, ended=True)
    record.evict()
    assert record.bytes == 0
    assert record.pcm().size == 0
    assert not record.kept
    assert len(record.envelope) == 50


def test_the_oldest_finished_audio_goes_first_and_running_audio_stays():
    store = RecordStore(keep_count=100, keep_mb=1)
    running = make(1, seconds=10.0)
    done = [make(number, seconds=5.0, ended=True) for number in (2, 3, 4, 5, 6)]
    for record in (running, *done):
        store.add(record)
    assert store.bound() == []
    assert running.bytes
    assert [bool(record.bytes) for record in done] == [False, False, False, True, True]
    assert store.kept().bytes <= 1_000_000
    assert str(store.kept()) == "kept: 3 utterances, 1.0 MB"


def test_however_many_run_their_audio_is_bounded_while_it_comes_in():
    store = RecordStore(keep_count=100, keep_mb=4)
    records = [make(number) for number in range(1, 41)]
    records[0].track = object()
    for record in records:
        store.add(record)
    most = 0
    for _ in range(20):
        for record in records:
            chunk = AudioChunk(tone(0.5), RATE, 0.0, (), 1.0)
            record.add(chunk)
            store.came_in(chunk.pcm.nbytes)
            most = max(most, store.kept().bytes)
    assert 4_000_000 < most < 6_100_000
    # What is heard stays whole; of the others, those that came last kept theirs the longest.
    assert records[0].kept
    assert records[0].bytes == 10 * RATE * 2
    assert not records[1].kept
    assert all(record.audio_s == pytest.approx(10.0) for record in records)
    assert len(store) == 40


def test_records_beyond_the_count_are_forgotten_but_never_what_is_heard():
    store = RecordStore(keep_count=2, keep_mb=100)
    heard = make(1, seconds=0.1, ended=True)
    heard.track = object()
    for record in (heard, make(2, seconds=0.1, ended=True), make(3, ended=True), make(4, ended=True)):
        store.add(record)
    assert [record.id for record in store.bound()] == [2, 3]
    assert [record.id for record in store] == [1, 4]
    assert [record.id for record in store.finished()] == [4, 1]


def test_ids_of_an_old_pool_make_way_for_those_of_the_next():
    store = RecordStore(10, 10)
    first, second = make(1, ended=True), make(2, ended=True)
    store.add(first)
    store.add(second)
    store.retire()
    store.add(make(1))
    store.retire()
    assert [record.id for record in store] == [-1, -2, -3]
    assert store.get(-1) is first
    assert store.get(1) is None


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=20), st.integers(1, 5))
def test_the_bounds_hold_whatever_runs_and_ends(plan, keep_count):
    store = RecordStore(keep_count, 1)
    for number, (ended, tenths) in enumerate(plan, 1):
        store.add(make(number, seconds=tenths / 2, ended=ended))
        store.bound()
    running = [record for record in store if not record.ended]
    assert len(running) == sum(not ended for ended, _ in plan)
    assert len(store.finished()) == min(keep_count, sum(ended for ended, _ in plan))
    assert store.kept().bytes <= 1_000_000
