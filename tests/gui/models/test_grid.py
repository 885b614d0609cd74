"""The grid model: a cell is what the last event said about it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.fake_events import FakePool
from voxgrid.models.cell import Look
from voxgrid.models.grid import GridModel
from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionPinged,
    ConnectionState,
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)


def queued(utterance=1, at=0.0, label="hello there"):
    return UtteranceQueued(at=at, utterance_id=utterance, waiting=0, label=label, voice="Joe")


def granted(utterance=1, row=2, column=3, at=1.0, context="c-1", attempt=1):
    return UtteranceGranted(
        at=at,
        utterance_id=utterance,
        connection_id=7,
        row=row,
        column=column,
        context_id=context,
        attempt=attempt,
        waited_ms=0,
    )


def slot(new, utterance=1, row=2, column=3, at=1.0, context="c-1", old=SlotState.EMPTY, **more):
    return SlotChanged(
        at=at,
        connection_id=7,
        row=row,
        column=column,
        context_id=context,
        utterance_id=utterance,
        old=old,
        new=new,
        **more,
    )


def ended(outcome, utterance=1, context="c-1", at=5.0, **more):
    given = {"attempts": 1, "audio_s": 2.0, "chunks": 9, "characters": 11} | more
    return UtteranceEnded(at=at, utterance_id=utterance, context_id=context, outcome=outcome, **given)


def fold(model, *events):
    for event in events:
        model.fold(event)
    return model


def test_a_granted_cell_shows_the_utterances_text_and_voice():
    model = fold(GridModel(), queued(), granted(), slot(SlotState.RESERVED))
    cell = model.cell(2, 3)
    assert (cell.snippet, cell.voice, cell.utterance_id) == ("hello there", "Joe", 1)
    assert cell.look is Look.RESERVED


@pytest.mark.parametrize("order", ["granted first", "slot first"])
def test_the_order_of_grant_and_slot_event_does_not_matter(order):
    events = [granted(), slot(SlotState.RESERVED)]
    if order == "slot first":
        events.reverse()
    cell = fold(GridModel(), queued(), *events).cell(2, 3)
    assert (cell.state, cell.granted_at, cell.snippet) == (SlotState.RESERVED, 1.0, "hello there")


@pytest.mark.parametrize("state", [state for state in SlotState if state is not SlotState.EMPTY])
def test_every_state_is_told_apart(state):
    assert fold(GridModel(), queued(), granted(), slot(state)).cell(2, 3).look is Look(state.value)


@pytest.mark.parametrize(
    ("outcome", "look"),
    [(Outcome.DONE, Look.DONE), (Outcome.CANCELLED, Look.CANCELLED), (Outcome.FAILED, Look.FAILED)],
)
def test_a_free_slot_keeps_what_was_there_last(outcome, look):
    model = fold(GridModel(), queued(), granted(), slot(SlotState.DRAINING), ended(outcome), slot(SlotState.EMPTY))
    cell = model.cell(2, 3)
    assert cell.look is look
    assert cell.snippet == "hello there"
    assert model.in_use == 0


def test_a_failed_cell_stays_until_another_utterance_takes_the_slot():
    model = fold(
        GridModel(),
        queued(),
        granted(),
        slot(SlotState.FAILED, code=8, detail="limit"),
        slot(SlotState.EMPTY, at=2.0),
    )
    assert (model.cell(2, 3).look, model.cell(2, 3).code) == (Look.FAILED, 8)
    fold(model, queued(2, label="next"), granted(2, context="c-2"), slot(SlotState.RESERVED, 2, context="c-2"))
    cell = model.cell(2, 3)
    assert (cell.look, cell.code, cell.detail, cell.snippet) == (Look.RESERVED, None, "", "next")


def test_a_retry_leaves_the_failure_behind_and_goes_elsewhere():
    model = fold(GridModel(), queued(), granted(), slot(SlotState.FAILED, code=8, detail="limit"))
    fold(
        model, UtteranceRetried(at=2.0, utterance_id=1, context_id="c-1", attempt=1, delay_ms=40, error="limit", code=8)
    )
    fold(model, granted(row=4, column=0, at=3.0, context="c-1b", attempt=2))
    assert model.cell(2, 3).look is Look.FAILED
    assert model.place_of(1) == (4, 0)
    assert model.cell(4, 0).attempt == 2
    assert model.cell(4, 0).snippet == "hello there"


def test_first_audio_of_an_old_context_is_not_shown_on_the_new_one():
    model = fold(GridModel(), queued(), granted(), granted(context="c-2", attempt=2))
    fold(model, FirstAudio(at=2.0, utterance_id=1, context_id="c-1", ttfa_ms=99, since_request_ms=120))
    assert model.cell(2, 3).ttfa_ms is None
    fold(model, FirstAudio(at=2.0, utterance_id=1, context_id="c-2", ttfa_ms=150, since_request_ms=170))
    assert model.cell(2, 3).ttfa_ms == 150


def test_the_end_of_an_utterance_that_lost_its_cell_touches_nobody_else():
    model = fold(GridModel(), queued(), granted(), slot(SlotState.EMPTY))
    fold(model, queued(2), granted(2, context="c-2"), slot(SlotState.GENERATING, 2, context="c-2"))
    fold(model, ended(Outcome.FAILED, error="late"))
    assert model.cell(2, 3).utterance_id == 2
    assert model.cell(2, 3).outcome is None
    assert model.place_of(1) is None


def test_a_row_tells_why_its_connection_closed_until_after_the_next_one_opened():
    model = GridModel()
    change = {"connection_id": 1, "row": 5}
    fold(
        model,
        ConnectionChanged(at=0, old=None, new=ConnectionState.CONNECTING, **change),
        ConnectionChanged(at=1, old=ConnectionState.CONNECTING, new=ConnectionState.OPEN, **change),
        ConnectionPinged(at=2, ping_ms=4.0, **change),
    )
    assert (model.rows[5].live, model.rows[5].ping_ms, model.rows[5].opened_at) == (True, 4.0, 1)
    fold(
        model,
        ConnectionChanged(
            at=3,
            old=ConnectionState.OPEN,
            new=ConnectionState.CLOSED,
            reason=CloseReason.NETWORK,
            detail="cut (1006)",
            **change,
        ),
    )
    assert model.rows[5].troubled
    assert model.rows[5].ping_ms is None
    fold(model, ConnectionChanged(at=4, connection_id=2, row=5, old=None, new=ConnectionState.CONNECTING))
    fold(
        model,
        ConnectionChanged(at=5, connection_id=2, row=5, old=ConnectionState.CONNECTING, new=ConnectionState.OPEN),
    )
    row = model.rows[5]
    assert (row.troubled, row.last_close, row.closes, row.connection_id) == (False, CloseReason.NETWORK, 1, 2)


def test_rows_beyond_the_shape_are_added():
    model = fold(GridModel(rows=2), queued(), granted(row=6))
    assert len(model.rows) == 7
    assert model.reshaped


def test_only_what_changed_is_dirty():
    model = fold(GridModel(), queued(), granted())
    assert model.dirty == {(2, 3)}
    model.dirty.clear()
    fold(model, ConnectionPinged(at=0, connection_id=7, row=2, ping_ms=1))
    assert model.dirty == set()
    assert model.dirty_rows == {2}


@given(seed=st.integers(0, 10_000), troubles=st.floats(0, 0.4), steps=st.lists(st.integers(0, 6), max_size=25))
@settings(max_examples=40, deadline=None)
def test_the_grid_always_agrees_with_the_pool(seed, troubles, steps):
    pool = FakePool(seed=seed, troubles=troubles)
    model = GridModel()
    subscription = pool.events.subscribe()
    pool.open(20)
    for number, fired in enumerate(steps):
        pool.fire(fired)
        pool.advance(0.3)
        if number % 7 == 5 and pool.open_rows:
            pool.cut(next(iter(pool.open_rows)))
        for event in subscription.drain():
            model.fold(event)
        held = {(u.row, u.column): u.state for u in pool.running}
        shown = {(c.row, c.column): c.state for c in model.cells() if c.state.holds_slot}
        assert shown == held
        assert model.in_use == len(held)
        for utterance in pool.running:
            assert model.place_of(utterance.id) == (utterance.row, utterance.column)
