"""Which frames are listed: the same that a plain search finds, however they come."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models import frame_words as words
from voxgrid.models.frame_list import Change, FrameList, Scope, Target
from voxpool.frames.filter import parse_filter
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.frames.store import FrameStore

AIM = Target("a", 1, 7, ("a", "b"))


def put(store: FrameStore, connection_id: int, context_id: str, text: str = "{}") -> None:
    store.tap(connection_id, "in", text.replace("{}", f'{{"result":{{"contextId":"{context_id}","x":1}}}}'), 1.0)


def settle(frames: FrameList) -> None:
    while frames.searching:
        frames.advance()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 3), st.sampled_from("abc")),
        st.tuples(st.just("look"), st.just(0), st.just("")),
        st.tuples(st.just("scope"), st.integers(0, 3), st.just("")),
        st.tuples(st.just("filter"), st.just(0), st.sampled_from(["", "conn:1", "-ctx:a", "ctx:a or ctx:c"])),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_rows_are_what_a_plain_search_finds(steps: list[tuple[str, int, str]]) -> None:
    store = FrameStore(frames_most=1000)
    frames = FrameList(store)
    shown: list[FrameRecord] = []
    for what, number, text in steps:
        if what == "put":
            put(store, number, text)
        elif what == "scope":
            frames.show(scope=list(Scope)[number], target=AIM)
        elif what == "filter":
            frames.show(term=parse_filter(text))
        else:
            change = frames.advance(budget_s=0.0)
            shown = list(frames.rows) if change.reset else shown[change.removed :]
            shown += frames.rows[len(shown) :] if not change.reset else []
            assert shown == frames.rows
    settle(frames)
    frames.advance()
    inside = {
        Scope.EVERYTHING: lambda r: True,
        Scope.CONTEXT: lambda r: r.context_id == "a",
        Scope.UTTERANCE: lambda r: r.context_id in "ab",
        Scope.CONNECTION: lambda r: r.connection_id == 1,
    }[frames.scope]
    fits = frames.term.match(store)
    assert frames.rows == [record for record in store if inside(record) and fits(record)]


def test_the_list_is_bounded_and_says_how_many_rows_went() -> None:
    store = FrameStore()
    frames = FrameList(store, rows_most=10)
    settle(frames)
    for _ in range(2015):
        put(store, 1, "a")
    assert frames.advance() == Change(appended=2015, removed=0) or len(frames.rows) <= 2015
    put(store, 1, "a")
    frames.advance()
    assert frames.rows[-1].serial == 2016


def test_a_search_takes_turns_and_keeps_the_old_rows_meanwhile() -> None:
    store = FrameStore()
    frames = FrameList(store)
    settle(frames)
    for _ in range(1000):
        put(store, 1, "a")
    frames.advance()
    frames.show(term=parse_filter("conn:2"))
    ticks = count()
    assert not frames.advance(budget_s=1.5, clock=lambda: float(next(ticks)))
    assert frames.searching
    assert 0 < frames.progress < 1
    assert len(frames.rows) == 1000
    settle(frames)
    assert frames.rows == []


def record(**values: object) -> FrameRecord:
    base = {"serial": 1, "at": 3.5, "connection_id": 3, "direction": "in", "kind": FrameKind.AUDIO}
    return FrameRecord(**{**base, **values})  # type: ignore[arg-type]


def test_a_row_reads_as_a_sentence() -> None:
    made = record(context_id="vx0-12-1", summary="PCM 120 ms, 5.6 kB")
    expected = (
        "audio from the service: PCM 120 ms, 5.6 kB; connection id 3, context vx0-12-1 of utterance 12, at 2.500 "
        "seconds"
    )
    assert words.sentence(made, 1.0, 12) == expected
    assert words.context_words(made, 12) == "12-1"
    assert words.context_words(record(context_id="made-by-hand"), 12) == "by-hand · #12"
    assert words.delta(made, record(at=3.38)) == "+120 ms"
    assert "240 ms after the one before" in words.facts(record(gap_ms=240.0), 1.0)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0, 0, 0), "No frames yet"),
        ((1, 1, 0), "One frame"),
        ((3, 1200, 5), "3 of 1,200 frames; 5 older ones were let go"),
        ((100, 1200, 0), "The newest 100 of 1,200 frames"),
    ],
)
def test_how_many_are_listed(numbers: tuple[int, int, int], text: str) -> None:
    assert words.listed(*numbers, 100) == text


def test_an_error_has_the_colour_of_failures() -> None:
    assert words.tone(record(kind=FrameKind.STATUS, code=8)) == "failed"
    assert words.tone(record(kind=FrameKind.AUDIO)) == "generating"
    assert words.below(1) == "1 new frame below"
    assert words.below(1200) == "1,200 new frames below"
