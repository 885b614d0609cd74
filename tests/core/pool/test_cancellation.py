"""Cancellation at every single wait of everything a caller may do: no slot is lost and nobody else notices."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from support.cancelling import Waits, cancel_at
from support.fake_transport import FakeService
from support.pools import heard, open_pool
from voxpool.events import Outcome
from voxpool.pool.pool import Pool

pytestmark = pytest.mark.virtual_time

Deed = Callable[[Pool], Awaitable[None]]


async def speaking(pool: Pool) -> None:
    async for _ in pool.speak("A story of some length."):
        pass


async def speaking_in_a_block(pool: Pool) -> None:
    async with pool.speak("A story of some length.") as utterance:
        async for _ in utterance:
            await asyncio.sleep(0.01)


async def streaming(pool: Pool) -> None:
    utterance = pool.stream(sentences=True)
    for word in ("One. ", "Two. ", "x" * 17_000, " Three."):
        await utterance.send(word)
        await asyncio.sleep(0.02)
    await utterance.flush()
    await anext(utterance)
    await utterance.send("Four.")
    await utterance.close()
    async for _ in utterance:
        pass


async def interrupting(pool: Pool) -> None:
    utterance = pool.speak("A story of some length.")
    await anext(utterance)
    await utterance.cancel()


async def waiting(pool: Pool) -> None:
    utterance = pool.speak("A story of some length.")
    await utterance.wait()


async def warming(pool: Pool) -> None:
    await pool.prewarm(3)


async def draining(pool: Pool) -> None:
    await pool.drain()


async def resizing(pool: Pool) -> None:
    await pool.resize(1)
    await pool.resize(3)


DEEDS = [speaking, speaking_in_a_block, streaming, interrupting, waiting, warming, draining, resizing]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("crowded", [False, True])
async def test_wherever_it_strikes(deed: Deed, crowded: bool) -> None:
    for number in count(1):
        if not await _cancelled_at(deed, number, crowded=crowded):
            break
    assert number > 1 or deed is resizing


async def _cancelled_at(deed: Deed, number: int, *, crowded: bool) -> bool:
    """Do it with a witness beside it, cancelled at one wait; return whether it had so many."""
    service = FakeService()
    contexts = 2 if crowded else 5
    connections = 1 if crowded else 3
    async with open_pool(service, max_connections=connections, contexts_per_connection=contexts) as (pool, _):
        witnesses = [pool.speak(f"I am witness {each}.") for each in range(3)]
        waits = Waits()
        task = asyncio.ensure_future(_run(deed, pool, number, waits))
        (result,) = await asyncio.gather(task, return_exceptions=True)
        assert result is None or isinstance(result, asyncio.CancelledError)
        del task, result
        # What was thrown into the deed holds its frames until the loop has turned, and in a cycle of cancel_at's.
        await asyncio.sleep(0.01)
        gc.collect()
        for witness in witnesses:
            assert len(await heard(witness)) == 3 * 4800
            assert witness.outcome is Outcome.DONE
        await asyncio.sleep(1.0)
        stats = pool.stats()
        assert stats.slots_held == stats.waiting == stats.speaking == 0
        assert stats.requested == stats.done + stats.cancelled
        assert service.most_contexts <= contexts
        # And the pool is as good as new.
        assert len(await heard(pool.speak("Still there?"))) > 0
        return waits.count >= number


async def _run(deed: Deed, pool: Pool, number: int, waits: Waits) -> None:
    await cancel_at(deed(pool), number, waits)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(1, 40))
async def test_closing_cancelled_at_any_wait_closes_all_the_same(number: int) -> None:
    service = FakeService(chunks=100)
    async with open_pool(service) as (pool, _):
        utterances = [pool.speak(f"Number {each}.") for each in range(7)]
        await asyncio.sleep(1.0)
        task = asyncio.ensure_future(_close(pool, number))
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()
        assert all(utterance.outcome is not None for utterance in utterances)


async def _close(pool: Pool, number: int) -> None:
    await cancel_at(pool.close(), number, Waits())  # type: ignore[arg-type]
