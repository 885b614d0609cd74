"""Shutdown: bounded, complete, and everybody is told."""

from __future__ import annotations

import asyncio

import pytest

from support.fake_transport import FakeService
from support.pools import heard, open_pool
from voxpool.errors import PoolClosed
from voxpool.events import CloseReason, Outcome

pytestmark = pytest.mark.virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_everyone_who_speaks_or_waits_is_told() -> None:
    service = FakeService(chunks=1000)
    async with open_pool(service, max_connections=2) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(50)]
        reading = [asyncio.ensure_future(heard(utterance)) for utterance in utterances]
        await asyncio.sleep(1.0)
    results = await asyncio.gather(*reading, return_exceptions=True)
    assert all(isinstance(result, PoolClosed) for result in results)
    assert all(utterance.outcome is Outcome.FAILED for utterance in utterances)


async def test_contexts_are_let_go_before_sockets_close() -> None:
    service = FakeService(chunks=1000)
    async with open_pool(service) as (pool, _):
        other = pool.speak("Hello.")
        kept = pool.speak("Hello.")
        await asyncio.sleep(1.0)
        assert kept.outcome is None is other.outcome
    assert service.counts["cancel_context"] == 2
    assert pool.stats().closed_by_reason == {CloseReason.POOL_CLOSED: 1}


@pytest.mark.parametrize("reacts", [True, False])
async def test_a_thousand_in_flight_are_told_within_the_bound(reacts: bool) -> None:
    service = FakeService(chunks=1000)
    async with open_pool(service, close_timeout_s=2.0) as (pool, _):
        reading = [asyncio.ensure_future(heard(pool.speak(f"Number {number}."))) for number in range(1000)]
        await asyncio.sleep(1.0)
        assert (pool.stats().speaking, pool.stats().waiting) == (100, 900)
        for wire in service.wires:
            wire.silent = not reacts
        before = now()
        await pool.close()
        assert now() - before <= (0.1 if reacts else 2.1)
        results = await asyncio.gather(*reading, return_exceptions=True)
        assert all(isinstance(result, PoolClosed) for result in results)
        assert service.counts["cancel_context"] == (100 if reacts else 0)


async def test_a_service_that_does_not_react_cannot_hold_up_the_end() -> None:
    service = FakeService(chunks=1000)
    async with open_pool(service, close_timeout_s=2.0) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(1.0)
        for wire in service.wires:
            wire.silent = True
        before = now()
        await pool.close()
        assert now() - before <= 2.1
        assert utterance.outcome is Outcome.FAILED


async def test_a_socket_that_takes_nothing_cannot_hold_up_the_end() -> None:
    service = FakeService(chunks=1000)
    async with open_pool(service, close_timeout_s=2.0) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(1.0)
        service.wires[0].stuck = asyncio.Event()
        before = now()
        await pool.close()
        assert now() - before <= 2.1
        assert utterance.outcome is Outcome.FAILED


async def test_a_handshake_that_never_ends_cannot_hold_up_the_end() -> None:
    service = FakeService(handshake_s=1000.0)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(1.0)
        before = now()
        await pool.close()
        assert now() - before < 0.1
        assert isinstance(utterance.error, PoolClosed)


async def test_closing_in_the_middle_of_a_handshake_leaves_no_socket() -> None:
    service = FakeService(handshake_s=0.5)
    async with open_pool(service) as (pool, _):
        pool.speak("Hello.")
        await asyncio.sleep(0.4999)
    assert not service.open_wires


async def test_closing_twice_and_at_the_same_time_is_closing_once() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        await heard(pool.speak("Hello."))
        await asyncio.gather(pool.close(), pool.close())
        await pool.close()


async def test_a_cancelled_close_closes_all_the_same() -> None:
    service = FakeService(chunks=1000)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(1.0)
        closing = asyncio.ensure_future(pool.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await pool.close()
        assert utterance.outcome is Outcome.FAILED


async def test_whoever_waits_to_send_text_is_told_too() -> None:
    async with open_pool(FakeService(handshake_s=100.0)) as (pool, _):
        utterance = pool.stream()
        await utterance.send("x" * 20_000)
        sending = asyncio.ensure_future(utterance.send("more"))
        await asyncio.sleep(0.1)
        assert not sending.done()
        await pool.close()
        with pytest.raises(PoolClosed):
            await sending


async def test_a_pool_that_was_never_used_closes() -> None:
    async with open_pool(FakeService()):
        pass
