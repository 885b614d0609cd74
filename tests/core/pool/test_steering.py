"""Steering in the same turn of the loop in which connections are asked for: nothing is left half begun."""

from __future__ import annotations

import asyncio

import pytest

from support.fake_transport import FakeService
from support.pools import heard, open_pool

pytestmark = pytest.mark.virtual_time


async def test_a_handshake_that_is_given_up_before_it_began_gives_its_place_back() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(50)]
        await pool.resize(1)
        await asyncio.gather(*map(heard, utterances))
        stats = pool.stats()
        assert (stats.connections_open, stats.connections_connecting) == (1, 0)
        await pool.resize(20)
        await asyncio.gather(*(heard(pool.speak(f"Again {number}.")) for number in range(100)))
        assert pool.stats().connections_open == 20


@pytest.mark.parametrize("begun", [False, True])
async def test_draining_while_the_pool_warms_up_comes_to_its_end(begun: bool) -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        warming = asyncio.create_task(pool.prewarm(3))
        await asyncio.sleep(0.01 if begun else 0.0)
        await asyncio.wait_for(pool.drain(), 5.0)
        assert await asyncio.wait_for(warming, 5.0) == 3
        assert service.handshakes <= 6


async def test_warming_up_while_the_pool_drains_waits_for_the_end_of_that() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        draining = asyncio.create_task(pool.drain())
        await asyncio.sleep(0.1)
        warming = asyncio.create_task(pool.prewarm(3))
        await asyncio.sleep(0.1)
        assert service.handshakes == 1
        await heard(utterance)
        await asyncio.wait_for(draining, 5.0)
        assert await asyncio.wait_for(warming, 5.0) == 3
        assert service.handshakes == 4
