"""Zombies and leaks: what is seen from here, and what the two sides count differently."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support.failing import Life
from voxgrid.models.cell import CellState
from voxgrid.models.suspects import GRACE_S, SILENT_S, SLOW_CLOSE_S, Comparison, Suspicion, find, open_contexts
from voxpool.events import SlotState


def cell(state, since=0.0, context="c-1-1", utterance=1, column=0):
    return CellState(0, column, state, since, utterance, 4, context, "Hello there.")


def ledger(*names):
    return {"connections": [{"connection": 1, "openContexts": [{"contextId": name} for name in names]}]}


def test_what_lasts_too_long_is_suspected_with_owner_and_age():
    cells = [
        cell(SlotState.ZOMBIE, 5.0),
        cell(SlotState.CLOSING, 0.0, column=1),
        cell(SlotState.OPEN, 1.0, column=2),
        cell(SlotState.GENERATING, 0.0, column=3),
    ]
    early = find(cells, SLOW_CLOSE_S - 0.1)
    assert [suspect.suspicion for suspect in early] == [Suspicion.ZOMBIE]
    late = find(cells, SILENT_S + 1.0)
    assert [suspect.suspicion for suspect in late] == [Suspicion.SLOW_CLOSE, Suspicion.SILENT, Suspicion.ZOMBIE]
    said = late[1].sentence(SILENT_S + 1.0)
    assert "slot 3" in said
    assert "30 seconds" in said
    assert "utterance #1 “Hello there.”" in said
    assert [suspect.entry.name for suspect in late] == ["slow_close", "open_and_silent", "zombie"]


def compare(comparison, server, cells, *times):
    found = []
    for now in times:
        found = comparison.take(server, cells, now)
    return found


def test_an_owner_whose_text_is_not_known_is_not_quoted():
    comparison = Comparison()
    comparison.folds[type(Life().granted(0.0))](Life(utterance=9, row=3, column=2).granted(0.0))
    (suspect,) = compare(comparison, ledger("c-9-1"), [], 1.0, 1.0 + GRACE_S)
    assert "of utterance #9. " in suspect.sentence(5.0)


def test_a_context_that_only_the_server_holds_is_found_when_it_lasts():
    comparison = Comparison()
    comparison.folds[type(Life().granted(0.0))](Life(utterance=9, row=3, column=2).granted(0.0))
    server = ledger("c-9-1", "somebody-else")
    assert compare(comparison, server, [], 10.0) == []
    (suspect,) = compare(comparison, server, [], 10.0 + GRACE_S)
    assert (suspect.suspicion, suspect.row, suspect.column) == (Suspicion.SERVER_COUNTS_MORE, 3, 2)
    assert (suspect.utterance_id, suspect.since) == (9, 10.0)
    assert suspect.entry.name == "server_counts_more"
    assert compare(comparison, ledger(), [], 20.0) == []


def test_a_slot_that_only_the_pool_holds_is_found_when_it_lasts():
    comparison = Comparison()
    cells = [cell(SlotState.DRAINING), cell(SlotState.CREATING, context="c-2-1"), cell(SlotState.EMPTY, context="c-3")]
    (suspect,) = compare(comparison, ledger(), cells, 0.0, GRACE_S)
    assert (suspect.suspicion, suspect.context_id) == (Suspicion.POOL_COUNTS_MORE, "c-1-1")
    assert suspect.entry.name == "pool_counts_more"
    assert compare(comparison, ledger("c-1-1"), cells, 9.0) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["connections", "connection", "openContexts", "contextId"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_ledger_is_too_odd(server):
    assert all(isinstance(name, str) for name in open_contexts(server))
