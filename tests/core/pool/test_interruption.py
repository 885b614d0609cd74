"""Interruption: delivery stops at once, the slot is tracked until the service has really let go."""

from __future__ import annotations

import asyncio
import gc

import pytest

from support.fake_transport import FakeService
from support.pools import heard, open_pool
from support.virtual_time import run
from voxpool.events import CloseReason, ConnectionChanged, ConnectionState, Outcome, SlotChanged, SlotState
from voxpool.pool.utterance import Utterance

pytestmark = pytest.mark.virtual_time


async def first_chunk(utterance: Utterance) -> None:
    async for _ in utterance:
        return


async def test_nothing_is_delivered_after_cancel_although_audio_was_waiting() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("A long story.")
        await first_chunk(utterance)
        await asyncio.sleep(0.5)
        assert pool.stats().buffered_bytes > 0
        utterance.cancel_nowait()
        assert pool.stats().buffered_bytes == 0
        assert await heard(utterance) == b""
        assert utterance.outcome is Outcome.CANCELLED
        await asyncio.sleep(1.0)
        assert service.counts["cancel_context"] == 1
        assert pool.stats().slots_held == 0


async def test_nothing_is_delivered_after_cancel_although_it_was_on_its_way_to_the_reader() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("A long story.")
        await first_chunk(utterance)
        taps = []

        def tap(*_: object) -> None:
            # Runs in the next turn of the loop, before the reader, to whom this very frame is handed now.
            taps.append(asyncio.get_running_loop().call_soon(utterance.cancel_nowait))

        pool.frame_tap = tap
        assert await heard(utterance) == b""
        assert utterance.chunks == 2
        assert taps


async def test_the_slot_is_held_until_the_service_lets_go() -> None:
    service = FakeService(chunks=50)
    service.on_cancel = lambda context: asyncio.get_running_loop().call_later(3.0, context.closed) and None
    async with open_pool(service, max_connections=1, contexts_per_connection=1, zombie_after_s=60.0) as (pool, audit):
        utterance = pool.speak("A long story.")
        await first_chunk(utterance)
        utterance.cancel_nowait()
        waiting = pool.speak("Next.")
        await asyncio.sleep(1.0)
        assert pool.stats().slots_held == 1
        assert waiting.place is None
        assert audit.of(SlotChanged)[-1].new is SlotState.CLOSING
        await heard(waiting)
        assert service.most_contexts == 1


async def test_late_audio_of_the_old_context_reaches_nobody() -> None:
    service = FakeService(chunks=50)
    late = []

    def keep_talking(context: object) -> None:
        late.append(context)
        context.audio(b"\1\0" * 2400)  # type: ignore[attr-defined]
        asyncio.get_running_loop().call_later(0.2, lambda: context.audio(b"\2\0" * 2400))  # type: ignore[attr-defined]
        asyncio.get_running_loop().call_later(0.4, context.closed)  # type: ignore[attr-defined]

    service.on_cancel = keep_talking
    async with open_pool(service) as (pool, _):
        old = pool.speak("Old.")
        await first_chunk(old)
        old.cancel_nowait()
        new = pool.speak("New.")
        audio = await heard(new)
        assert b"\1\0\1\0" not in audio
        assert await heard(old) == b""
        await asyncio.sleep(1.0)
        assert len(late) == 1


async def test_a_service_that_does_not_know_cancel_is_asked_to_close() -> None:
    service = FakeService(chunks=50, knows_cancel=False)
    async with open_pool(service, zombie_after_s=10.0) as (pool, _):
        utterance = pool.stream()
        await utterance.send("A long story. ")
        await utterance.flush()
        await first_chunk(utterance)
        utterance.cancel_nowait()
        await asyncio.sleep(0.9)
        assert service.counts["close_context"] == 0
        await asyncio.sleep(5.0)
        assert service.counts["close_context"] == 1
        assert pool.stats().slots_held == 0


async def test_a_cancel_that_is_answered_with_an_error_is_followed_by_close() -> None:
    service = FakeService(chunks=50)
    service.on_cancel = lambda context: context.fail(12, "unknown message") or setattr(context, "cancelled", False)
    async with open_pool(service) as (pool, _):
        utterance = pool.stream(max_buffer_delay_ms=100)
        await utterance.send("A long story. ")
        await utterance.flush()
        await first_chunk(utterance)
        utterance.cancel_nowait()
        await asyncio.sleep(0.1)
        assert service.counts["close_context"] == 1
        await asyncio.sleep(5.0)
        assert pool.stats().slots_held == 0


async def test_awaiting_cancel_returns_when_the_slot_is_free() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("A long story.")
        await first_chunk(utterance)
        await utterance.cancel()
        assert pool.stats().slots_held == 0
        assert utterance.stages.slot_free_s is not None


async def test_awaiting_cancel_does_not_wait_for_a_service_that_is_gone() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service, zombie_after_s=20.0) as (pool, _):
        utterance = pool.speak("A long story.")
        await first_chunk(utterance)
        service.wires[0].silent = True
        before = asyncio.get_running_loop().time()
        await utterance.cancel()
        assert asyncio.get_running_loop().time() - before == pytest.approx(2.0)
        assert pool.stats().slots_held == 1


async def test_cancelling_the_reading_task_frees_the_slot() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        task = asyncio.ensure_future(heard(pool.speak("A long story.")))
        await asyncio.sleep(1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        assert pool.stats().slots_held == 0
        assert pool.stats().cancelled == 1


async def test_leaving_the_loop_early_frees_the_slot() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        async for _ in pool.speak("A long story."):
            break
        gc.collect()
        await asyncio.sleep(0.1)
        assert pool.stats().slots_held == 0
        assert pool.stats().cancelled == 1
        assert service.counts["cancel_context"] == 1


async def test_leaving_the_block_early_frees_the_slot() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, _):
        async with pool.speak("A long story.") as utterance:
            await first_chunk(utterance)
        assert utterance.outcome is Outcome.CANCELLED
        await asyncio.sleep(0.1)
        assert pool.stats().slots_held == 0


async def test_an_interruption_storm_never_exceeds_five_contexts_as_the_service_counts_them() -> None:
    service = FakeService(chunks=50, latency_s=0.15)
    async with open_pool(service, max_connections=2) as (pool, _):
        for turn in range(60):
            utterance = pool.speak(f"Turn {turn}.")
            await asyncio.sleep(0.03)
            utterance.cancel_nowait()
        await heard(pool.speak("At last."))
        assert service.most_contexts <= 5
        assert service.most_wires <= 2
        assert service.refused_contexts == 0


async def test_a_context_that_never_closes_becomes_a_zombie_and_its_connection_retires() -> None:
    service = FakeService(chunks=50, on_cancel=lambda context: None, on_close=lambda context: None)
    async with open_pool(service, zombie_after_s=10.0) as (pool, audit):
        zombie, neighbour = pool.speak("A."), pool.stream()
        await first_chunk(zombie)
        await neighbour.send("Hello. ")
        zombie.cancel_nowait()
        await asyncio.sleep(10.5)
        stats = pool.stats()
        assert stats.zombies == 1
        assert stats.slots_held == 2
        assert stats.connections_retiring == 1
        assert stats.slots_by_state[SlotState.ZOMBIE] == 1
        service.on_close = None
        await neighbour.close()
        await heard(neighbour)
        await asyncio.sleep(0.1)
        stats = pool.stats()
        assert stats.zombies == stats.slots_held == 0
        assert stats.closed_by_reason == {CloseReason.ZOMBIE: 1}
        assert audit.of(ConnectionChanged)[-1].new is ConnectionState.CLOSED


async def test_a_closing_context_that_still_sends_is_no_zombie() -> None:
    service = FakeService(chunks=1000, chunk_s=1.0)

    def keep_talking(context: object) -> None:
        context.cancelled = False  # type: ignore[attr-defined]

    service.on_cancel = keep_talking
    async with open_pool(service, zombie_after_s=5.0) as (pool, _):
        utterance = pool.speak("A very long story.")
        await first_chunk(utterance)
        utterance.cancel_nowait()
        await asyncio.sleep(60.0)
        assert pool.stats().zombies == 0
        assert pool.stats().slots_held == 1


async def test_text_that_waits_to_be_sent_is_not_sent_after_cancel() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=1) as (pool, _):
        await heard(pool.speak("Hello."))
        wire = service.wires[0]
        wire.stuck = asyncio.Event()
        long = pool.speak("word " * 40_000)
        await asyncio.sleep(0.1)
        long.cancel_nowait()
        short = pool.speak("Short.")
        await asyncio.sleep(0.1)
        wire.stuck.set()
        wire.stuck = None
        assert len(await heard(short)) > 0
        assert service.counts == {"create": 3, "send_text": 2, "close_context": 3, "cancel_context": 1}
        assert long.sent_characters == 0
        assert pool.stats().slots_held == 0


async def test_cancelling_twice_or_after_the_end_changes_nothing() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        await heard(utterance)
        utterance.cancel_nowait()
        await utterance.cancel()
        assert utterance.outcome is Outcome.DONE
        assert service.counts["cancel_context"] == 0


def test_an_utterance_dropped_after_its_loop_has_gone_harms_nobody() -> None:
    kept = []

    async def main() -> None:
        async with open_pool(FakeService(chunks=50)) as (pool, _):
            kept.append(pool.speak("A long story."))
            await asyncio.sleep(1.0)

    run(main())
    assert kept[0].buffered_bytes > 0
    kept.clear()
    gc.collect()
