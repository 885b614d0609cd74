"""Deadlines: silence is noticed and named; patience that was declared is granted."""

from __future__ import annotations

import asyncio

import pytest

from support.fake_transport import FakeContext, FakeService, audio_of
from support.pools import heard, open_pool
from support.virtual_time import VirtualTimeLoop
from voxpool.errors import AcquireTimeout, FirstAudioTimeout, StallTimeout
from voxpool.events import CloseReason, Outcome

pytestmark = pytest.mark.virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_no_audio_is_noticed_and_tried_again() -> None:
    service = FakeService()
    left = [1]

    def forget(context: FakeContext, text: str) -> None:
        if left.pop() if left else False:
            context.busy = True
        else:
            service.speak(context, text)

    service.on_speak = forget
    async with open_pool(service, first_audio_timeout_s=5.0) as (pool, _):
        utterance = pool.speak("Hello.")
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2
        assert service.counts["cancel_context"] == 1
        await asyncio.sleep(0.1)
        assert pool.stats().slots_held == 0


async def test_no_audio_ever_is_told_with_its_deadline() -> None:
    service = FakeService()
    service.on_speak = lambda context, text: setattr(context, "busy", True)
    async with open_pool(service, first_audio_timeout_s=5.0, max_attempts=1) as (pool, _):
        with pytest.raises(FirstAudioTimeout) as caught:
            await heard(pool.speak("Hello."))
        assert caught.value.deadline_s == 5.0
        assert now() == pytest.approx(1005.04, abs=0.05)


async def test_a_stall_says_how_much_was_heard() -> None:
    service = FakeService()

    def stall(context: FakeContext, text: str) -> None:
        context.busy = True
        context.audio(audio_of(text, 1, 2400)[0])

    service.on_speak = stall
    async with open_pool(service, stall_timeout_s=5.0) as (pool, _):
        utterance = pool.speak("Hello.")
        with pytest.raises(StallTimeout) as caught:
            await heard(utterance)
        assert caught.value.heard_s == pytest.approx(0.1)
        assert utterance.attempts == 1


async def test_slow_but_steady_audio_is_no_stall() -> None:
    service = FakeService(chunks=10, chunk_s=4.0)
    async with open_pool(service, stall_timeout_s=5.0, heartbeat_s=100.0) as (pool, _):
        assert len(await heard(pool.speak("Hello."))) == 10 * 4800


async def test_a_declared_buffer_delay_is_granted_on_top() -> None:
    service = FakeService()

    def wait(context: FakeContext, payload: dict[str, object]) -> None:
        context.text += str(payload["text"])
        asyncio.get_running_loop().call_later(8.0, lambda: service.speak(context, context.text))

    service._send_text = wait  # type: ignore[method-assign, assignment]
    async with open_pool(service, first_audio_timeout_s=5.0) as (pool, _):
        utterance = pool.stream(max_buffer_delay_ms=8000)
        await utterance.send("Hello.")
        async for _ in utterance:
            break
        assert utterance.attempts == 1
        utterance.cancel_nowait()


async def test_a_caller_who_thinks_is_not_a_stall() -> None:
    async with open_pool(FakeService(), stall_timeout_s=5.0, first_audio_timeout_s=5.0) as (pool, _):
        utterance = pool.stream()
        await asyncio.sleep(100.0)
        await utterance.send("Hello. ")
        await asyncio.sleep(100.0)
        await utterance.flush()
        await asyncio.sleep(100.0)
        await utterance.send("Hello again.")
        await utterance.close()
        assert await utterance.wait() is Outcome.DONE


async def test_punctuation_alone_is_never_answered_and_that_is_no_stall() -> None:
    async with open_pool(FakeService(), stall_timeout_s=5.0, first_audio_timeout_s=5.0) as (pool, _):
        utterance = pool.stream()
        await utterance.send("... ")
        await utterance.flush()
        await asyncio.sleep(100.0)
        assert utterance.outcome is None
        await utterance.close()
        assert await utterance.wait() is Outcome.DONE


async def test_a_flush_of_words_that_is_not_answered_is_noticed() -> None:
    service = FakeService()
    service.on_speak = lambda context, text: setattr(context, "busy", True)
    async with open_pool(service, first_audio_timeout_s=5.0, max_attempts=1) as (pool, _):
        utterance = pool.stream()
        await utterance.send("Hello. ")
        await utterance.flush()
        with pytest.raises(FirstAudioTimeout):
            await heard(utterance)


async def test_a_close_that_is_not_answered_after_the_audio_is_noticed() -> None:
    service = FakeService()
    service.on_close = lambda context: None
    service.speak = lambda context, text: context.audio(audio_of(text, 1, 2400)[0])  # type: ignore[method-assign]
    async with open_pool(service, stall_timeout_s=5.0) as (pool, _):
        with pytest.raises(StallTimeout):
            await heard(pool.speak("Hello."))


async def test_several_deadlines_that_pass_in_one_blocked_moment_do_not_stop_the_pool() -> None:
    service = FakeService()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    faults: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: faults.append(context))
    async with open_pool(service, prewarm=1, acquire_timeout_s=10.0) as (pool, _):
        await asyncio.sleep(1.0)
        service.wires[0].silent = True
        await asyncio.sleep(20.0)  # a ping is on its way to nowhere
        utterances = [pool.speak(f"Number {number}.") for number in range(5)]
        await asyncio.sleep(1.0)
        loop.jump(100.0)
        assert [await utterance.wait() for utterance in utterances] == [Outcome.FAILED] * 5
        assert len(await heard(pool.speak("Hello."))) > 0
        assert pool.stats().closed_by_reason == {CloseReason.UNRESPONSIVE: 1}
    assert not faults


async def test_a_create_that_is_never_answered_is_no_reason_to_wait_longer_for_the_first_audio() -> None:
    service = FakeService()
    async with open_pool(service, prewarm=2, heartbeat_s=15.0) as (pool, _):
        await asyncio.sleep(1.0)
        service.wires[0].silent = True
        began = now()
        utterance = pool.speak("Hello.")
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2
        assert now() - began < 12.0
        assert pool.stats().closed_by_reason == {CloseReason.UNRESPONSIVE: 1}
        assert pool.stats().slots_held == 0


async def test_a_connection_that_is_alive_is_kept_when_a_context_of_it_stays_mute() -> None:
    service = FakeService()
    service.on_create = lambda context: None
    service.on_speak = lambda context, text: setattr(context, "busy", True)
    async with open_pool(service, heartbeat_s=4.0, max_attempts=1, max_connections=1) as (pool, _):
        with pytest.raises(FirstAudioTimeout):
            await heard(pool.speak("Hello."))
        service.on_create = service.on_speak = None
        assert len(await heard(pool.speak("Hello again."))) > 0
        assert service.handshakes == 1


async def test_the_time_for_a_context_and_not_the_one_for_audio_ends_whoever_waited_long_for_a_slot() -> None:
    service = FakeService()
    service.on_create = lambda context: None
    service.on_speak = lambda context, text: setattr(context, "busy", True)
    async with open_pool(service, acquire_timeout_s=5.0) as (pool, _):
        with pytest.raises(AcquireTimeout):
            await heard(pool.speak("Hello."))
        assert pool.stats().connections_open == 1
