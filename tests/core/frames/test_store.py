"""The newest frames, found again, within bounds."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import frames as wire
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.frames.store import FrameStore
from voxpool.protocol import messages as m
from voxpool.protocol.codec import encode
from voxpool.protocol.settings import ContextSettings, Encoding

PCM = ContextSettings(voice="Joe", encoding=Encoding.PCM, sample_rate_hz=24_000)
MOVES = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from("abc"), st.sampled_from(["audio", "text", "closed", "error"])),
    max_size=60,
)


def feed(store: FrameStore, moves: list[tuple[int, str, str]]) -> None:
    for step, (connection_id, context_id, what) in enumerate(moves):
        if what == "text":
            store.tap(connection_id, "out", encode(m.SendText(context_id, f"say {step}")), float(step))
            continue
        frame = {
            "audio": wire.audio(context_id, b"\0\1" * (step % 7 + 1)),
            "closed": wire.closed(context_id),
            "error": '{"error":{"code":13,"message":"x"}}',
        }[what]
        store.tap(connection_id, "in", frame, float(step))


def test_a_whole_life_is_told() -> None:
    store = FrameStore()
    store.tap(3, "out", encode(m.Create("c", PCM)), 1.0)
    store.tap(3, "out", encode(m.SendText("c", "Hello.")), 1.001)
    store.tap(3, "in", wire.created("c"), 1.05)
    store.tap(3, "in", wire.audio("c", b"\0" * 5760, 6), 1.2)
    store.tap(3, "in", wire.audio("c", b"\0" * 5760), 1.3)
    store.tap(3, "in", wire.closed("c"), 1.4)
    assert [(r.direction, r.kind.value, r.summary) for r in store][3:5] == [
        ("in", "audio", "PCM 120 ms, 5.8 kB · 6 characters billed"),
        ("in", "audio", "PCM 120 ms, 5.8 kB"),
    ]
    gaps = [None if record.gap_ms is None else round(record.gap_ms) for record in store]
    assert gaps == [None, 1, None, 150, 100, 100]
    assert store.began_at == 1.0


@given(MOVES, st.integers(1, 30))
def test_the_indexes_agree_with_what_is_kept(moves: list[tuple[int, str, str]], most: int) -> None:
    store = FrameStore(frames_most=most)
    feed(store, moves)
    kept = list(store)
    assert [record.serial for record in kept] == list(range(store.first, store.next))
    assert len(kept) == min(most, len(moves))
    assert store.forgotten == len(moves) - len(kept)
    for context_id in "abc":
        assert list(store.of_context(context_id)) == [r.serial for r in kept if r.context_id == context_id]
    for connection_id in (1, 2, 3):
        assert list(store.of_connection(connection_id)) == [r.serial for r in kept if r.connection_id == connection_id]


@given(MOVES, st.floats(-1, 61), st.integers(0, 5), st.integers(0, 5), st.none() | st.sampled_from([1, 2, 3]))
def test_what_surrounds_a_moment_is_what_a_plain_search_finds(
    moves: list[tuple[int, str, str]], at: float, before: int, after: int, connection_id: int | None
) -> None:
    store = FrameStore(frames_most=40)
    feed(store, moves)
    fitting = [r for r in store if connection_id is None or r.connection_id == connection_id]
    earlier = [r for r in fitting if r.at <= at]
    later = [r for r in fitting if r.at > at]
    found = store.around(at, before, after, connection_id=connection_id)
    assert list(found) == earlier[len(earlier) - min(before, len(earlier)) :] + later[:after]


@given(MOVES, st.floats(-1, 61), st.floats(-1, 61))
def test_a_stretch_of_time_is_what_a_plain_search_finds(
    moves: list[tuple[int, str, str]], start: float, end: float
) -> None:
    store = FrameStore(frames_most=40)
    feed(store, moves)
    assert list(store.between(start, end)) == [r for r in store if start <= r.at <= end]


def test_around_a_context_is_also_what_its_connection_said() -> None:
    store = FrameStore()
    feed(store, [(1, "a", "text"), (1, "b", "text"), (2, "a", "error"), (1, "a", "error"), (1, "a", "closed")])
    found = store.around(9.0, connection_id=1, context_id="a")
    assert [record.kind.value for record in found] == ["text", "error", "closed"]


@given(MOVES)
def test_memory_is_bounded_by_text_and_audio(moves: list[tuple[int, str, str]]) -> None:
    store = FrameStore(text_most=10_000, audio_most=40)
    feed(store, moves)
    assert sum(sys.getsizeof(r.folded) for r in store if r.kind is not FrameKind.AUDIO) <= 10_000
    held = [store.audio(record.serial) for record in store]
    assert sum(map(len, held)) <= 40
    with_audio = [bool(each) for each, record in zip(held, store, strict=True) if record.audio_bytes]
    assert with_audio == sorted(with_audio), "the newest audio is kept, and no older one behind a gap"


def test_a_text_that_is_kept_takes_its_own_bytes_and_no_copy_in_utf_8() -> None:
    store = FrameStore()
    store.tap(1, "in", '{"result":{"contextId":"a","phones":["\u02c8w\u025b\u00f0\u025a"]}}', 1.0)
    (record,) = store
    assert sys.getsizeof(record.folded) == sys.getsizeof("".join(list(record.folded)))


def test_it_knows_from_when_on_it_has_frames() -> None:
    store = FrameStore(frames_most=3)
    assert not store.holds(5.0)
    feed(store, [(1, "a", "text")] * 5)
    assert not store.holds(1.9)
    assert store.holds(2.0)


def test_a_frame_comes_back_whole_while_its_audio_is_kept() -> None:
    store = FrameStore(audio_most=20)
    first, second = wire.audio("c", b"\1" * 9), wire.audio("c", b"\2" * 9)
    store.tap(1, "in", first, 1.0)
    assert json.loads(store.whole(1) or "") == json.loads(first)
    store.tap(1, "in", second, 2.0)
    assert store.whole(1) is None
    assert json.loads(store.whole(2) or "") == json.loads(second)
    assert store.whole(3) is None


def test_another_pool_begins_anew_but_serials_go_on() -> None:
    store = FrameStore()
    feed(store, [(1, "a", "text"), (1, "a", "audio")])
    store.name_context("a", 7)
    store.begin()
    assert (len(store), store.first, store.next, store.utterance_of("a")) == (0, 3, 3, 0)
    feed(store, [(1, "a", "text")])
    assert [record.serial for record in store] == [3]


def test_a_consumer_that_fails_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    store = FrameStore()
    seen: list[FrameRecord] = []

    def fail(record: FrameRecord, content: str) -> None:
        raise ValueError("made to fail")

    store.subscribe(fail)
    end = store.subscribe(lambda record, content: seen.append(record))
    with caplog.at_level(logging.ERROR):
        feed(store, [(1, "a", "text"), (1, "a", "closed")])
    assert [record.serial for record in seen] == [1, 2]
    assert caplog.messages == ["a consumer of frames failed and gets no more of them"]
    caplog.clear()
    end()
    feed(store, [(1, "a", "text")])
    assert len(seen) == 2


def test_records_of_a_recording_get_serials_of_their_own() -> None:
    store = FrameStore()
    record = FrameRecord(900, 5.0, 2, "in", FrameKind.CLOSED, "a", folded="{}")
    store.add(record)
    (kept,) = store
    assert kept == FrameRecord(1, 5.0, 2, "in", FrameKind.CLOSED, "a", folded="{}")
    assert list(store.of_context("a")) == [1]
