"""What went wrong only when two things happened together: each test forces one such meeting."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import orjson
import pytest

from support.fake_transport import FakeContext, FakeService, FakeTransport, status
from support.pools import heard, open_pool
from voxpool.errors import AcquireTimeout, ConnectionLost, ConsumerTooSlow
from voxpool.events import CloseReason, ConnectionChanged, ConnectionState, Outcome, UtteranceEnded

pytestmark = pytest.mark.virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


def fall_silent(context: FakeContext, _text: str) -> None:
    """Speak for ever without a sound."""
    context.busy = True


async def test_prewarming_that_a_429_stops_halfway_returns_with_what_is_open() -> None:
    service = FakeService(limit=2)
    async with open_pool(service, max_attempts=3) as (pool, _):
        assert await asyncio.wait_for(pool.prewarm(5), 60.0) == 2
        before = service.handshakes
        await asyncio.sleep(60.0)
        assert service.handshakes == before, "nobody waits, and yet it knocks"


async def test_an_old_connection_retires_even_when_its_replacement_is_given_up() -> None:
    service = FakeService(chunks=200, chunk_s=1.0, samples=24)
    options = {"max_lifetime_s": 60.0, "lifetime_jitter": 0.0, "max_connections": 2}
    async with open_pool(service, **options) as (pool, audit):
        utterance = pool.speak("A story without end.")
        await asyncio.sleep(50.0)
        service.handshake_s = 20.0
        await asyncio.sleep(15.0)
        assert pool.stats().connections_connecting == 1
        await pool.resize(1)
        await asyncio.sleep(30.0)
        (link,) = pool.connections()
        assert link.state is ConnectionState.RETIRING
        assert utterance.outcome is None
        reasons = [event.reason for event in audit.of(ConnectionChanged) if event.new is ConnectionState.RETIRING]
        assert reasons == [CloseReason.LIFETIME]


async def test_a_refused_message_of_long_ago_is_not_the_reason_of_a_lost_connection() -> None:
    service = FakeService(chunks=3)
    async with open_pool(service, max_connections=1) as (pool, _):
        await heard(pool.speak("Hello."))
        service.wires[0].reply({"error": status(3, "invalid WebSocket request", status="INVALID_ARGUMENT")})
        await asyncio.sleep(1.0)
        service.on_speak = fall_silent
        utterance = pool.speak("Hello again.")
        await asyncio.sleep(0.5)
        service.on_speak = None
        service.wires[0].drop()
        # A lost connection is tried again; a refused message would not be.
        assert len(await heard(utterance)) > 0
        assert pool.stats().closed_by_reason == {CloseReason.NETWORK: 1}


async def test_a_trouble_that_passed_is_not_the_reason_of_a_lost_connection() -> None:
    service = FakeService(chunks=100)
    async with open_pool(service, max_connections=1, max_attempts=1) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.3)
        service.wires[0].reply({"error": status(13, "internal")})
        await asyncio.sleep(1.0)
        service.wires[0].drop("cable cut")
        with pytest.raises(ConnectionLost, match="cable cut"):
            await heard(utterance)


async def test_a_pause_keeps_the_waiters_in_the_order_of_their_deadlines() -> None:
    """One that spoke while the pool was paused must not time out behind one that waited."""
    service = FakeService()
    failing: list[FakeContext] = []

    def fail_later(context: FakeContext, text: str) -> None:
        fall_silent(context, text)
        failing.append(context)

    service.on_speak = fail_later
    options = {"max_connections": 1, "contexts_per_connection": 2, "first_audio_timeout_s": 100.0, "max_attempts": 9}
    async with open_pool(service, acquire_timeout_s=30.0, backoff_cap_s=0.5, **options) as (pool, _):
        first, second = pool.speak("First."), pool.speak("Second.")
        await asyncio.sleep(1.0)
        failing[0].fail(14, "unavailable")
        failing[0].closed()
        await asyncio.sleep(0.02)
        pool.pause()
        await asyncio.sleep(10.0)
        failing[1].fail(14, "unavailable")
        failing[1].closed()
        await asyncio.sleep(0.02)
        service.limit = 0
        for wire in service.wires:
            wire.drop()
        await asyncio.sleep(0.02)
        pool.resume()
        ends: list[float] = []
        for utterance in (first, second):
            await utterance.wait()
            ends.append(now())
            assert isinstance(utterance.error, AcquireTimeout)
        assert ends == pytest.approx([1040.0, 1040.0], abs=0.5)


async def test_a_connector_with_a_fault_of_its_own_is_a_failed_handshake_and_no_hang() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    service = FakeService()
    real = service.connect

    async def broken() -> FakeTransport:
        service.connect = real  # type: ignore[method-assign]
        await asyncio.sleep(0.1)
        raise RuntimeError("no such thing")

    service.connect = broken  # type: ignore[method-assign]
    async with open_pool(service) as (pool, _):
        assert len(await heard(pool.speak("Hello."))) > 0
        assert pool.stats().connects_failed == 1
    assert [str(complaint["exception"]) for complaint in complaints] == ["no such thing"]


async def test_audio_is_counted_even_while_its_utterance_ends() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        seen: list[int] = []

        def look() -> None:
            for event in subscription.drain():
                if isinstance(event, UtteranceEnded):
                    seen.append(pool.stats().audio_chunks)

        subscription = pool.events.subscribe(limit=1, wake=look)
        for _ in range(3):
            await heard(pool.speak("Hello."))
    assert seen == [3, 6, 9]


@pytest.mark.parametrize("at", range(9))
async def test_a_consumer_that_fails_at_an_event_harms_nobody(at: int, caplog: pytest.LogCaptureFixture) -> None:
    async with open_pool(FakeService()) as (pool, _):
        seen: list[int] = []

        def fail() -> None:
            seen.extend(1 for _ in subscription.drain())
            if len(seen) > at:
                raise RuntimeError("a consumer's own mistake")

        subscription = pool.events.subscribe(limit=1000, wake=fail)
        assert [len(await heard(pool.speak("Hello."))) for _ in range(2)] == [3 * 4800] * 2
        # It is called no more, and what it has not taken waits for it.
        assert len(seen) == at + 1
        assert len(subscription) > 0
    assert [record.exc_text is not None for record in caplog.records if "woken no more" in record.message] == [True]


@pytest.mark.parametrize("at", range(6))
async def test_a_frame_tap_that_fails_harms_nobody(at: int, caplog: pytest.LogCaptureFixture) -> None:
    async with open_pool(FakeService()) as (pool, _):
        seen: list[str] = []

        def fail(_connection: int, direction: str, _frame: str, _at: float) -> None:
            seen.append(direction)
            if len(seen) > at:
                raise RuntimeError("a tap's own mistake")

        pool.frame_tap = fail
        assert [len(await heard(pool.speak("Hello."))) for _ in range(2)] == [3 * 4800] * 2
        assert len(seen) == at + 1
        assert pool.frame_tap is None
    assert [record.exc_text is not None for record in caplog.records if "no more of them" in record.message] == [True]


async def test_steering_a_closed_pool_leaves_no_timer_behind() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        await heard(pool.speak("Hello."))
    pool.pause()
    pool.resume()
    await pool.resize(3)
    await pool.drain()
    assert not pool._runner._timer._scheduled


async def test_frames_nobody_wanted_are_counted_once_each() -> None:
    service = FakeService(on_speak=fall_silent)
    async with open_pool(service, max_connections=1, max_attempts=1) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(5)]
        await asyncio.sleep(1.0)
        before = pool.stats()
        service.wires[0].reply({"error": status(10, "Paused due to inactivity")})
        await asyncio.sleep(0.5)
        after = pool.stats()
        assert [utterance.outcome for utterance in utterances] == [Outcome.FAILED] * 5
        # The one frame was for all five.
        assert after.frames_received - before.frames_received == 1
        assert after.frames_ignored == before.frames_ignored


async def test_words_that_nobody_reads_are_bounded_like_audio() -> None:
    service = FakeService()
    service.on_speak = fall_silent
    alignment = {"words": ["a"], "wordStartTimeSeconds": [0.0], "wordEndTimeSeconds": [0.1]}
    async with open_pool(service, buffer_bytes=100_000) as (pool, _):
        utterance = pool.speak("Nobody reads me.")
        await asyncio.sleep(1.0)
        (context,) = service.contexts
        context.audio(b"\1\0" * 100)
        for _ in range(200):
            context.send(audioChunk={"audioContent": "", "timestampInfo": {"wordAlignment": alignment}})
        await asyncio.sleep(1.0)
        assert isinstance(utterance.error, ConsumerTooSlow)
        assert "chunks" in str(utterance.error)


async def test_a_connection_lost_in_the_turn_of_a_grant_gives_the_slot_back_once() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=1, contexts_per_connection=1) as (pool, _):
        first, second = pool.speak("First."), pool.speak("Second.")

        def cut(_number: int, direction: str, frame: str, _at: float) -> None:
            if direction == "in" and "contextClosed" in orjson.loads(frame)["result"]:
                pool.frame_tap = None
                service.wires[0].drop()

        pool.frame_tap = cut
        assert len(await heard(first)) > 0
        assert len(await heard(second)) > 0
        assert pool.stats().slots_acquired == pool.stats().slots_released == 3
        assert pool.stats().retried == 1


async def test_a_dead_connection_says_how_much_each_had_heard() -> None:
    service = FakeService(chunks=40)
    async with open_pool(service, max_connections=1) as (pool, _):
        early = pool.speak("Early.")
        await asyncio.sleep(1.0)
        late = pool.speak("Late.")
        await asyncio.sleep(0.5)
        service.wires[0].drop()
        errors = []
        for utterance in (early, late):
            with pytest.raises(ConnectionLost) as caught:
                await heard(utterance)
            errors.append(caught.value.heard_s)
            assert caught.value.heard_s == pytest.approx(utterance.audio_s)
        assert errors[0] > errors[1] > 0


async def test_a_report_without_sound_does_not_forbid_another_attempt() -> None:
    """The service may count characters in a message that brings nothing to hear (section 5.2)."""
    service = FakeService(on_speak=fall_silent)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.2)
        (context,) = service.contexts
        context.audio(b"", characters=6)
        await asyncio.sleep(0.1)
        assert (utterance.chunks, utterance.characters) == (0, 6)
        service.on_speak = None
        context.wire.drop()
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2


async def test_a_limit_that_was_met_long_ago_costs_no_more_than_the_first() -> None:
    service = FakeService()
    refuse: list[bool] = []

    def create(context: FakeContext) -> None:
        if refuse and refuse.pop():
            context.fail(8, "Max contexts limit reached", gone=True)
        else:
            context.send(contextCreated={})

    service.on_create = create
    async with open_pool(service, max_connections=1, backoff_base_s=1.0, backoff_cap_s=64.0) as (pool, _):
        for _ in range(12):
            refuse.append(True)
            before = now()
            await heard(pool.speak("Hello."))
            assert now() - before < 3.0


async def test_closing_awaits_even_a_reader_that_takes_its_time() -> None:
    """A task that was cancelled is not over before it says so."""
    service = FakeService(chunks=1000)
    ended: list[int] = []
    real = FakeTransport.run

    async def slow_to_end(self: FakeTransport, *callbacks: Any) -> Any:
        try:
            return await real(self, *callbacks)
        finally:
            for _ in range(20):
                with contextlib.suppress(asyncio.CancelledError):  # it may be told more than once
                    await asyncio.sleep(0)
            ended.append(self.number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeTransport, "run", slow_to_end)
        async with open_pool(service, close_timeout_s=0.5) as (pool, _):
            utterances = [pool.speak(f"Number {number}.") for number in range(7)]
            await asyncio.sleep(1.0)
            assert all(utterance.chunks for utterance in utterances)
            for wire in service.wires:
                wire.silent = True
                wire.stuck = asyncio.Event()
            await pool.close()
            assert sorted(ended) == [0, 1]


async def test_a_warm_pool_that_nobody_uses_falls_asleep() -> None:
    service = FakeService()
    async with open_pool(service, prewarm=3, idle_close_s=60.0) as (pool, _):
        await asyncio.sleep(200.0)
        assert service.handshakes == 3
        assert pool.stats().closed_by_reason == {CloseReason.IDLE: 3}


async def test_two_who_prewarm_at_once_both_get_what_they_asked_for() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        assert await asyncio.gather(pool.prewarm(2), pool.prewarm(5)) == [5, 5]
        assert service.handshakes == 5


async def test_prewarming_that_was_cancelled_keeps_nothing_warm() -> None:
    service = FakeService()
    async with open_pool(service, idle_close_s=60.0) as (pool, _):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.prewarm(3), 0.01)
        await asyncio.sleep(200.0)
        assert service.handshakes <= 3
        assert not service.open_wires
