"""Where the next context goes, as a pure function; and what the default was chosen by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fake_transport import FakeService
from support.pools import open_pool
from voxpool.events import Outcome
from voxpool.pool.assignment import Placement, choose, connections_to_open


@dataclass
class Held:
    held: int


rows = st.lists(st.builds(Held, st.integers(0, 5)), max_size=20)


@given(rows, st.sampled_from(Placement), st.booleans())
def test_a_full_connection_is_never_chosen(rows: list[Held], policy: Placement, may_open: bool) -> None:
    chosen = choose(rows, 5, policy, may_open=may_open)
    assert chosen is None or chosen.held < 5


@given(rows, st.sampled_from([Placement.LEAST_LOADED, Placement.PACKED]), st.booleans())
def test_nobody_waits_beside_a_free_slot(rows: list[Held], policy: Placement, may_open: bool) -> None:
    assert (choose(rows, 5, policy, may_open=may_open) is None) == all(row.held == 5 for row in rows)


@given(rows)
def test_least_loaded_takes_the_emptiest_and_packed_the_fullest_with_room(rows: list[Held]) -> None:
    free = [row.held for row in rows if row.held < 5]
    least = choose(rows, 5, Placement.LEAST_LOADED, may_open=True)
    most = choose(rows, 5, Placement.PACKED, may_open=True)
    assert (least.held if least else None) == min(free, default=None)
    assert (most.held if most else None) == max(free, default=None)


@given(rows)
def test_spread_shares_a_connection_only_when_no_other_can_be_opened(rows: list[Held]) -> None:
    chosen = choose(rows, 5, Placement.SPREAD, may_open=True)
    assert chosen is None or chosen.held == 0
    fallback = choose(rows, 5, Placement.SPREAD, may_open=False)
    assert (fallback is None) == all(row.held == 5 for row in rows)


@given(st.integers(0, 1000), st.integers(0, 30), st.integers(0, 30), st.integers(1, 5))
def test_handshakes_are_enough_and_no_more(waiting: int, connecting: int, room: int, capacity: int) -> None:
    count = connections_to_open(waiting, connecting, room, capacity, Placement.LEAST_LOADED)
    assert 0 <= count <= room
    assert count == room or (connecting + count) * capacity >= waiting
    assert not count or (connecting + count - 1) * capacity < waiting


@pytest.mark.parametrize(("waiting", "expected"), [(1, 1), (5, 1), (6, 2), (100, 20)])
def test_five_callers_need_one_handshake(waiting: int, expected: int) -> None:
    assert connections_to_open(waiting, 0, 20, 5, Placement.LEAST_LOADED) == expected
    assert connections_to_open(waiting, 0, 20, 5, Placement.SPREAD) == min(waiting, 20)


@pytest.mark.virtual_time
@pytest.mark.parametrize("policy", Placement)
async def test_what_a_lost_connection_and_a_new_one_cost(policy: Placement) -> None:
    """Measured: least_loaded loses as few as spread without its wait for a handshake; packed uses fewest sockets."""
    service = FakeService(chunks=40, handshake_s=0.3)
    async with open_pool(service, placement=policy.value) as (pool, _):
        await pool.prewarm(4)
        utterances = [pool.speak(f"Number {number}.") for number in range(8)]
        await asyncio.sleep(1.0)
        busiest = max(service.open_wires, key=lambda wire: len(wire.contexts))
        busiest.drop()
        for utterance in utterances:
            await utterance.wait()
        lost = sum(utterance.outcome is Outcome.FAILED for utterance in utterances)
        longest_wait_ms = pool.stats().stages_ms["queue"].largest
        expected = {
            Placement.LEAST_LOADED: (2, 4, 0.0),
            Placement.PACKED: (5, 4, 0.0),
            Placement.SPREAD: (1, 8, 300.0),
        }[policy]
        assert (lost, service.handshakes, longest_wait_ms) == (*expected[:2], pytest.approx(expected[2]))
