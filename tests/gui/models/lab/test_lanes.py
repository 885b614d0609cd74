"""Lanes: bars folded from the pool's events."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from support.fake_events import FakePool
from voxgrid.models.lab.lanes import KEPT, Lanes, Stage
from voxpool.events import (
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
)


def _slot(at, old, new, utterance=1):
    place = {"connection_id": 1, "row": 2, "column": 3, "context_id": f"c{utterance}", "utterance_id": utterance}
    return SlotChanged(at=at, old=old, new=new, **place)


def _granted(at, utterance=1, waited_ms=500.0):
    return UtteranceGranted(
        at=at, utterance_id=utterance, connection_id=1, row=2, column=3, context_id=f"c{utterance}", attempt=1,
        waited_ms=waited_ms,
    )  # fmt: skip


def _ended(at, utterance=1, outcome=Outcome.DONE):
    return UtteranceEnded(
        at=at, utterance_id=utterance, context_id=f"c{utterance}", outcome=outcome, attempts=1, audio_s=1.0, chunks=8,
        characters=20,
    )  # fmt: skip


def _one_life(lanes):
    for event in (
        UtteranceQueued(at=100.5, utterance_id=1, waiting=1, label="Hello", voice="Joe"),
        _granted(101.0),
        _slot(101.0, SlotState.EMPTY, SlotState.RESERVED),
        _slot(101.1, SlotState.RESERVED, SlotState.CREATING),
        _slot(101.2, SlotState.CREATING, SlotState.GENERATING),
        FirstAudio(at=101.4, utterance_id=1, context_id="c1", ttfa_ms=200, since_request_ms=900),
        _slot(101.4, SlotState.GENERATING, SlotState.DRAINING),
        _ended(102.0),
        _slot(102.0, SlotState.DRAINING, SlotState.CLOSING),
        _slot(102.1, SlotState.CLOSING, SlotState.EMPTY),
    ):
        lanes.fold(event)


def test_a_life_becomes_a_bar_with_every_stage():
    lanes = Lanes(began_at=100.0)
    _one_life(lanes)
    (bar,) = lanes.bars(2, 3, 0, 10)
    spans = [(round(begin, 3), round(end, 3), stage) for begin, end, stage in bar.spans(99.0)]
    assert spans == [
        (1.0, 1.2, Stage.CREATE),
        (1.2, 1.4, Stage.WAIT),
        (1.4, 2.0, Stage.AUDIO),
        (2.0, 2.1, Stage.CLOSING),
    ]
    assert bar.queued_s == 0.5
    assert bar.outcome is Outcome.DONE
    assert "Hello" in bar.words(10.0)
    assert not lanes._open


def test_a_running_bar_lasts_until_now():
    lanes = Lanes()
    lanes.fold(_granted(5.0))
    (bar,) = lanes.bars(2, 3, 0, 10)
    assert list(bar.spans(7.5)) == [(5.0, 7.5, Stage.CREATE)]
    assert lanes.of(1) is bar


def test_a_slot_that_came_free_before_the_caller_was_done_is_closed_once():
    lanes = Lanes()
    lanes.fold(_granted(1.0))
    lanes.fold(_slot(2.0, SlotState.DRAINING, SlotState.EMPTY))
    lanes.fold(_ended(2.5))
    (bar,) = lanes.bars(2, 3, 0, 10)
    assert bar.end_s == 2.0
    assert bar.outcome is Outcome.DONE
    assert not lanes._open


def test_whoever_comes_next_ends_a_bar_whose_end_was_lost():
    lanes = Lanes()
    lanes.fold(_granted(1.0, 1))
    lanes.fold(_granted(4.0, 2, waited_ms=0))
    newest, oldest = lanes.bars(2, 3, 0, 10)
    assert (oldest.end_s, newest.utterance_id) == (4.0, 2)
    assert list(lanes._open) == [2]


def test_only_what_changed_since_the_last_frame_is_told():
    lanes = Lanes()
    assert lanes.take() == (None, [])
    _one_life(lanes)
    earliest, granted = lanes.take()
    assert earliest == 101.0
    assert [bar.utterance_id for bar in granted] == [1]
    assert lanes.take() == (None, [])


def test_what_is_under_the_pointer():
    lanes = Lanes(began_at=100.0)
    _one_life(lanes)
    assert lanes.at(2, 3, 1.5).utterance_id == 1
    assert lanes.at(2, 3, 0.9) is None
    assert lanes.at(2, 3, 0.9, slack_s=0.2).utterance_id == 1
    assert lanes.at(2, 4, 1.5) is None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 0.3))
def test_bars_of_a_lane_never_overlap_and_are_bounded(seed, troubles):
    pool = FakePool(seed=seed, troubles=troubles)
    events = pool.events.subscribe(1_000_000)
    lanes = Lanes(began_at=pool.now)
    pool.open(2)
    for _ in range(120):
        pool.fire(2)
        pool.advance(0.5, step_s=0.1)
        for event in events.drain():
            lanes.fold(event)
    assert len(lanes) <= KEPT * 10
    for row in range(2):
        for column in range(5):
            bars = list(lanes.bars(row, column, 0, 1e9))
            for newer, older in pairwise(bars):
                assert older.end_s is not None
                assert older.end_s <= newer.start_s + 1e-9
            for bar in bars:
                moments = [begin for begin, _ in bar.begins]
                assert moments == sorted(moments)
    assert len(lanes._open) <= 10 + len(pool.waiting)
