"""Steering at awkward moments: nothing is left half begun, and nobody steers in the middle of the pool's work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from support.fake_transport import FakeService
from support.pools import heard, open_pool
from voxpool import Pool, Utterance
from voxpool.errors import NotNow, SettingError

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


@pytest.mark.parametrize(
    "deed",
    [
        lambda pool, _: pool.speak("Another."),
        lambda pool, _: pool.stream(),
        lambda _, utterance: utterance.cancel_nowait(),
        lambda pool, _: pool.pause(),
        lambda pool, _: pool.resume(),
    ],
    ids=["speak", "stream", "cancel", "pause", "resume"],
)
async def test_a_consumer_of_events_cannot_steer_while_it_is_woken(deed: Callable[[Pool, Utterance], object]) -> None:
    async with open_pool(FakeService()) as (pool, _):
        utterances = [pool.speak("First.")]
        refused: list[NotNow] = []

        def wake() -> None:
            for _ in events.drain():
                try:
                    deed(pool, utterances[0])
                except NotNow as error:
                    refused.append(error)

        events = pool.events.subscribe(wake=wake)
        utterances += [pool.speak(f"Number {number}.") for number in range(10)]
        assert all(await asyncio.gather(*map(heard, utterances)))
        assert len(refused) > 20
        assert "loop.call_soon" in str(refused[0])
        assert pool.stats().requested == 11
        events.close()


async def test_a_snapshot_may_be_taken_while_an_event_is_told() -> None:
    async with open_pool(FakeService()) as (pool, _):
        seen = []
        events = pool.events.subscribe(limit=1, wake=lambda: (seen.append(pool.stats()), [*events.drain()]))
        await heard(pool.speak("Hello."))
        assert len(seen) > 5
        events.close()


async def test_a_number_that_is_none_is_named() -> None:
    async with open_pool(FakeService(), prewarm=1) as (pool, _):
        for number in (0, 1001, "3", 2.0, True, None):
            with pytest.raises(SettingError, match="max_connections is"):
                await pool.resize(number)  # type: ignore[arg-type]
        for number in (-1, "3", 2.0, True, None):
            with pytest.raises(SettingError, match="connections is"):
                await pool.prewarm(number)  # type: ignore[arg-type]
        assert pool.config.max_connections == 20
        assert await pool.prewarm(2) == 2
