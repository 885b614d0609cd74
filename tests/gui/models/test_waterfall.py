"""The life of an utterance and its waterfall."""

import pytest

from support.fake_events import FakePool
from voxgrid.models.inspection import inspect
from voxgrid.models.stages import LifeBook
from voxgrid.models.waterfall import headline, waterfall
from voxpool.config import PoolConfig
from voxpool.events import (
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)


def life_of(*events):
    book = LifeBook()
    for event in events:
        book.fold(event)
    return book.get(1)


def grant(at, context="c-1", attempt=1, waited_ms=0.0, row=0):
    return UtteranceGranted(
        at=at,
        utterance_id=1,
        connection_id=row + 1,
        row=row,
        column=1,
        context_id=context,
        attempt=attempt,
        waited_ms=waited_ms,
    )


def slot(at, new, context="c-1", **more):
    return SlotChanged(
        at=at,
        connection_id=1,
        row=0,
        column=1,
        context_id=context,
        utterance_id=1,
        old=SlotState.EMPTY,
        new=new,
        **more,
    )


LIMIT = "You have reached the limit"
QUEUED = UtteranceQueued(at=100.0, utterance_id=1, waiting=1, label="hello", voice="Joe")
WHOLE = (
    QUEUED,
    grant(100.2, waited_ms=200),
    slot(100.2, SlotState.RESERVED),
    slot(100.25, SlotState.CREATING),
    slot(100.27, SlotState.GENERATING),
    FirstAudio(at=100.4, utterance_id=1, context_id="c-1", ttfa_ms=150, since_request_ms=400),
    slot(100.4, SlotState.DRAINING),
    UtteranceEnded(
        at=101.0,
        utterance_id=1,
        context_id="c-1",
        outcome=Outcome.DONE,
        attempts=1,
        audio_s=2.0,
        chunks=8,
        characters=5,
    ),
    slot(101.05, SlotState.EMPTY),
)


def test_a_whole_life_has_six_stages_with_their_times():
    rows = waterfall(life_of(*WHOLE), now=500.0)
    assert [(row.name, round(row.duration_ms)) for row in rows] == [
        ("queued", 200),
        ("connect", 50),
        ("create", 20),
        ("first audio", 150),
        ("audio", 600),
        ("slot free", 50),
    ]
    assert not any(row.running for row in rows)
    assert headline(life_of(*WHOLE)) == "done"


def test_a_connection_that_was_open_already_is_called_reused():
    rows = waterfall(life_of(QUEUED, grant(100.2), slot(100.2, SlotState.CREATING)), now=101.0)
    assert next(row for row in rows if row.name == "connect").note == "reused"


@pytest.mark.parametrize("length", range(1, len(WHOLE) + 1))
def test_a_life_can_be_drawn_at_any_moment(length):
    life = life_of(*WHOLE[:length])
    rows = waterfall(life, now=100.45)
    assert rows
    assert all(row.end_s >= row.start_s >= 0 for row in rows)
    assert inspect(life, None, None, 100.45).utterance_id == 1


def test_a_waiter_has_one_stage_that_still_lasts():
    (row,) = waterfall(life_of(QUEUED), now=103.0)
    assert (row.name, row.running, row.duration_ms) == ("queued", True, 3000.0)
    assert headline(life_of(QUEUED)) == "waiting"


def test_a_retry_shows_both_attempts_and_what_the_pool_did():
    life = life_of(
        QUEUED,
        grant(100.0),
        slot(100.0, SlotState.CREATING),
        slot(100.1, SlotState.FAILED, code=8, detail=LIMIT),
        UtteranceRetried(
            at=100.1,
            utterance_id=1,
            context_id="c-1",
            attempt=1,
            delay_ms=50,
            error="You have reached the limit",
            code=8,
        ),
        grant(100.2, context="c-2", attempt=2, waited_ms=100, row=11),
        FirstAudio(at=100.4, utterance_id=1, context_id="c-2", ttfa_ms=141, since_request_ms=400),
    )
    names = [row.name for row in waterfall(life, now=100.5)]
    assert "1: create" in names
    assert "2: audio" in names
    inspection = inspect(life, None, None, 100.5)
    assert inspection.error == "Attempt 1 failed: You have reached the limit."
    assert "tried again on connection 12, slot 2; it was heard after 141 ms" in inspection.advice
    assert "lower the concurrency" in inspection.advice


def test_lives_are_bounded():
    book = LifeBook(limit=10)
    for number in range(1, 30):
        book.fold(UtteranceQueued(at=0, utterance_id=number, waiting=0, label="", voice=""))
    assert len(book) == 10
    assert book.get(1) is None
    assert book.get(29) is not None


def test_every_life_of_a_busy_pool_can_be_inspected():
    pool = FakePool(seed=3, troubles=0.3, config=PoolConfig(max_connections=3))
    book = LifeBook()
    subscription = pool.events.subscribe()
    pool.open(3)
    for _ in range(30):
        pool.fire(3)
        pool.advance(0.25)
        for event in subscription.drain():
            book.fold(event)
        for number in range(1, pool.next_utterance + 1):
            life = book.get(number)
            inspection = inspect(life, None, None, pool.now)
            assert all(row.end_s >= 0 for row in inspection.stages)
            assert bool(inspection.error) == any([life.error, *(attempt.error for attempt in life.attempts)])
