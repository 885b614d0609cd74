"""Truth: snapshots are frozen and whole, events serialise, a slow consumer loses events and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import orjson
import pytest

from support.fake_transport import FakeService
from support.pools import heard, open_pool
from voxpool.events import FirstAudio, SlotState, UtteranceGranted
from voxpool.pool.meter import STAGES

pytestmark = pytest.mark.virtual_time


async def test_a_snapshot_is_frozen_and_does_not_change_afterwards() -> None:
    async with open_pool(FakeService()) as (pool, _):
        await heard(pool.speak("Hello."))
        stats = pool.stats()
        with pytest.raises(dataclasses.FrozenInstanceError):
            stats.done = 5  # type: ignore[misc]
        with pytest.raises(TypeError):
            stats.slots_by_state[SlotState.OPEN] = 5  # type: ignore[index]
        await heard(pool.speak("Hello."))
        assert (stats.done, pool.stats().done) == (1, 2)


async def test_a_snapshot_is_plain_data_on_request() -> None:
    async with open_pool(FakeService()) as (pool, _):
        await heard(pool.speak("Hello."))
        data = json.loads(orjson.dumps(pool.stats().to_dict()))
        assert data["slots_by_state"] == {"empty": 5}
        assert data["stages_ms"]["ttfa"]["count"] == 1


async def test_every_stage_has_its_distribution() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        await heard(pool.speak("Hello."))
        await pool.speak("Cancelled.").cancel()
        stages = pool.stats().stages_ms
        assert set(stages) == set(STAGES)
        assert stages["queue"].largest == pytest.approx(40.0)
        assert stages["connect"].p50 == pytest.approx(40.0)
        assert stages["create"].p50 == pytest.approx(20.0)
        assert stages["ttfa"].p50 == pytest.approx(220.0)
        assert stages["since_request"].p50 == pytest.approx(260.0)
        assert stages["speak"].p50 == pytest.approx(50 * 50.0)
        assert stages["release"].p50 == pytest.approx(20.0)
        assert stages["ping"].p50 == pytest.approx(20.0)


async def test_counters_and_events_tell_the_same_story() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, audit):
        await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(50)))
        stats = pool.stats()
        assert stats.slots_acquired == len(audit.of(UtteranceGranted)) == 50
        assert stats.stages_ms["ttfa"].count == len(audit.of(FirstAudio)) == 50
        assert stats.audio_chunks == 150
        assert stats.audio_s == pytest.approx(15.0)
        sent = sum(len(wire.received) for wire in service.wires)
        assert stats.frames_sent == sent == 150


async def test_audio_is_counted_while_it_comes() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("A long story.")
        await asyncio.sleep(1.0)
        stats = pool.stats()
        assert stats.audio_chunks == utterance.chunks > 0
        assert stats.audio_s == pytest.approx(utterance.audio_s)
        assert stats.speaking == 1
        await heard(utterance)


async def test_a_slow_consumer_of_events_loses_some_with_a_count_and_slows_nobody() -> None:
    async with open_pool(FakeService()) as (pool, audit):
        slow = pool.events.subscribe(limit=10)
        await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(50)))
        seen = list(slow.drain())
        assert seen == audit.events[-10:]
        assert slow.lost == len(audit.events) - 10
        assert asyncio.get_running_loop().time() < 1001.0


async def test_audio_makes_no_events() -> None:
    async with open_pool(FakeService(chunks=3)) as (pool, few):
        await heard(pool.speak("Hello."))
    async with open_pool(FakeService(chunks=300)) as (pool, many):
        await heard(pool.speak("Hello."))
    assert len(few.events) == len(many.events)


async def test_nothing_grows_with_the_work_that_was_done() -> None:
    service = FakeService(first_audio_s=0.01, chunks=2, chunk_s=0.01)
    sizes = []
    async with open_pool(service, max_connections=2, acquire_timeout_s=5.0, stall_timeout_s=2.0) as (pool, _):
        for _ in range(6):
            # Always somebody waiting, so that nothing is tidied up for want of work.
            tasks = [asyncio.ensure_future(heard(pool.speak("Hello."))) for _ in range(600)]
            await asyncio.gather(*tasks)
            core, runner, meter = pool._core, pool._runner, pool._meter
            sizes.append(len(core.books.agenda) + len(runner.jobs) + len(runner._tasks) + len(meter._holding))
            assert len(meter._creating_at) == len(meter._first_audio_at) == len(meter._ended_at) == 0
            assert len(runner._timer._scheduled) < 20
    assert sizes[-1] < 1.3 * sizes[2], sizes
