"""A consumer that does not read: bounded, told, and nobody else notices."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from support.fake_transport import FakeService
from support.pools import heard, open_pool
from voxpool.errors import ConsumerTooSlow
from voxpool.events import Outcome

pytestmark = pytest.mark.virtual_time

CHUNK = 4800


async def test_it_alone_is_given_up_when_its_buffer_is_full() -> None:
    service = FakeService(chunks=200)
    async with open_pool(service, buffer_bytes=20 * CHUNK) as (pool, _):
        sleeper = pool.speak("Nobody reads me.")
        others = [asyncio.ensure_future(heard(pool.speak(f"Number {number}."))) for number in range(4)]
        await asyncio.sleep(5.0)
        assert isinstance(sleeper.error, ConsumerTooSlow)
        assert sleeper.error.buffered_bytes == 21 * CHUNK
        assert pool.stats().buffered_bytes == 21 * CHUNK
        audio = await asyncio.gather(*others)
        assert [len(each) for each in audio] == [200 * CHUNK] * 4
        assert service.counts["cancel_context"] == 1
        # What had arrived can still be read; then the error comes.
        read = [await anext(sleeper) for _ in range(21)]
        assert sum(chunk.nbytes for chunk in read) == 21 * CHUNK
        with pytest.raises(ConsumerTooSlow):
            await anext(sleeper)
        assert pool.stats().buffered_bytes == 0


async def test_others_are_not_even_delayed() -> None:
    service = FakeService(chunks=20)
    async with open_pool(service) as (pool, _):
        sleeper = pool.speak("Nobody reads me.")
        arrivals = [chunk.received_at async for chunk in pool.speak("Hello.")]
        gaps = [after - before for before, after in pairwise(arrivals)]
        assert gaps == pytest.approx([service.chunk_s] * 19)
        assert await sleeper.wait() is Outcome.DONE


async def test_a_reader_that_keeps_up_may_read_more_than_the_buffer_holds() -> None:
    service = FakeService(chunks=200)
    async with open_pool(service, buffer_bytes=CHUNK) as (pool, _):
        assert len(await heard(pool.speak("Hello."))) == 200 * CHUNK


async def test_dropping_an_unread_utterance_gives_its_memory_back() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        await utterance.wait()
        assert pool.stats().buffered_bytes == 3 * CHUNK
        del utterance
        await asyncio.sleep(0.01)
        assert pool.stats().buffered_bytes == 0
