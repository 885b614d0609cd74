"""Trying again: only before the first audio, only where it can help, with the whole text."""

from __future__ import annotations

import asyncio

import pytest

from support.fake_transport import FakeContext, FakeService, audio_of
from support.pools import heard, open_pool
from voxpool.errors import ConnectFailed, ConnectionLost, LimitReached, ServiceError
from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionState,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceRetried,
)

pytestmark = pytest.mark.virtual_time


def failing(service: FakeService, times: int, *status: object, **more: object) -> None:
    """Have the service fail its first contexts with a status instead of speaking."""
    left = [times]

    def speak(context: FakeContext, text: str) -> None:
        if left[0]:
            left[0] -= 1
            context.fail(*status, **more)  # type: ignore[arg-type]
        else:
            service.speak(context, text)

    service.on_speak = speak


@pytest.mark.parametrize("code", [4, 13, 14])
async def test_a_passing_failure_before_any_audio_is_not_the_callers_concern(code: int) -> None:
    service = FakeService()
    failing(service, 1, code, "try again")
    async with open_pool(service) as (pool, audit):
        utterance = pool.speak("Hello.")
        assert await heard(utterance) == b"".join(audio_of("Hello.", 3, 2400))
        assert utterance.attempts == 2
        (retried,) = audit.of(UtteranceRetried)
        assert (retried.code, retried.attempt) == (code, 1)
        assert 0 < retried.delay_ms <= 250
        assert pool.stats().retried == 1


@pytest.mark.parametrize("code", [3, 9, 12])
async def test_a_wrong_request_is_not_repeated(code: int) -> None:
    service = FakeService()
    failing(service, 1, code, "no such thing")
    async with open_pool(service) as (pool, audit):
        utterance = pool.speak("Hello.")
        with pytest.raises(ServiceError, match="no such thing") as caught:
            await heard(utterance)
        assert caught.value.code == code
        assert utterance.attempts == 1
        assert not audit.of(UtteranceRetried)
        await asyncio.sleep(5.0)
        assert pool.stats().slots_held == 0


async def test_an_unknown_voice_is_told_as_such_and_not_as_a_missing_context() -> None:
    service = FakeService()

    def refuse(context: FakeContext) -> None:
        context.fail(5, "Unknown voice: Nobody not found!", gone=True)

    service.on_create = refuse
    async with open_pool(service) as (pool, audit):
        with pytest.raises(ServiceError, match="Unknown voice") as caught:
            await heard(pool.speak("Hello.", voice="Nobody"))
        assert caught.value.code == 5
        assert service.counts["create"] == 1
        assert pool.stats().slots_held == 0
        assert audit.of(SlotChanged)[-1].new is SlotState.FAILED


async def test_a_confirmed_context_that_the_service_lost_is_tried_again() -> None:
    service = FakeService()
    failing(service, 1, 5, "context vx not found", gone=True)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2


async def test_attempts_end_at_the_limit_with_the_last_error() -> None:
    service = FakeService()
    failing(service, 100, 13, "internal")
    async with open_pool(service, max_attempts=3) as (pool, _):
        utterance = pool.speak("Hello.")
        with pytest.raises(ServiceError, match="internal"):
            await heard(utterance)
        assert utterance.attempts == 3


async def test_the_caller_may_forbid_it() -> None:
    service = FakeService()
    failing(service, 100, 13, "internal")
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.", retry=False)
        with pytest.raises(ServiceError):
            await heard(utterance)
        assert utterance.attempts == 1


async def test_the_provider_may_forbid_it() -> None:
    service = FakeService()
    failing(service, 100, 13, "internal", details=[{"reconnectType": "NO_RETRY"}])
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        with pytest.raises(ServiceError):
            await heard(utterance)
        assert utterance.attempts == 1


async def test_the_provider_may_limit_it() -> None:
    service = FakeService()
    failing(service, 100, 13, "internal", details=[{"reconnectType": "RETRY", "maxRetries": 1}])
    async with open_pool(service, max_attempts=10) as (pool, _):
        utterance = pool.speak("Hello.")
        with pytest.raises(ServiceError):
            await heard(utterance)
        assert utterance.attempts == 2


async def test_the_provider_may_ask_for_a_later_time() -> None:
    service = FakeService()
    failing(service, 1, 14, "busy", details=[{"reconnectType": "RETRY", "reconnectTime": "7s"}])
    async with open_pool(service) as (pool, audit):
        await heard(pool.speak("Hello."))
        assert audit.of(UtteranceRetried)[0].delay_ms == pytest.approx(7000.0)


async def test_a_time_beyond_the_deadline_is_not_waited_for_in_vain() -> None:
    service = FakeService()
    failing(service, 1, 14, "busy", details=[{"reconnectType": "RETRY", "reconnectTime": "70s"}])
    async with open_pool(service, acquire_timeout_s=30.0) as (pool, _):
        utterance = pool.speak("Hello.")
        with pytest.raises(ServiceError, match="busy"):
            await heard(utterance)
        assert asyncio.get_running_loop().time() < 1001.0


async def test_there_is_no_second_attempt_after_the_first_audio() -> None:
    service = FakeService(chunks=50)
    async with open_pool(service) as (pool, audit):
        utterance = pool.speak("A long story.")
        await anext(utterance)
        await anext(utterance)
        service.wires[0].drop()
        with pytest.raises(ConnectionLost) as caught:
            await anext(utterance)
        assert caught.value.heard_s == pytest.approx(0.2)
        assert "after 0.20 s of audio" in str(caught.value)
        assert not audit.of(UtteranceRetried)
        await asyncio.sleep(0.1)
        assert pool.stats().closed_by_reason == {CloseReason.NETWORK: 1}


async def test_a_lost_connection_fails_over_with_the_whole_text() -> None:
    service = FakeService(first_audio_s=1.0)
    async with open_pool(service) as (pool, _):
        utterance = pool.stream()
        parts = ["One. ", "Two. ", "Three."]
        for part in parts[:2]:
            await utterance.send(part)
        await utterance.flush()
        await asyncio.sleep(0.5)
        service.wires[0].drop()
        await asyncio.sleep(0.1)
        await utterance.send(parts[2])
        await utterance.close()
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2
        assert service.texts[utterance.context_id] == "".join(parts)
        assert utterance.text == "".join(parts)


async def test_a_lost_connection_takes_only_its_own_with_it() -> None:
    service = FakeService(chunks=10)
    async with open_pool(service) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(10)]
        await asyncio.sleep(0.35)
        assert all(utterance.chunks for utterance in utterances)
        service.wires[0].drop()
        outcomes = [await utterance.wait() for utterance in utterances]
        assert outcomes.count(Outcome.FAILED) == 5
        assert outcomes.count(Outcome.DONE) == 5
        lost = [utterance for utterance in utterances if utterance.outcome is Outcome.FAILED]
        assert all(isinstance(utterance.error, ConnectionLost) for utterance in lost)
        # Each has its own: what was heard differs.
        assert len({id(utterance.error) for utterance in lost}) == 5


async def test_a_service_that_counts_more_contexts_than_we_do_is_given_time() -> None:
    service = FakeService(context_limit=3)
    async with open_pool(service, max_connections=2, max_attempts=20) as (pool, audit):
        audio = await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(10)))
        assert all(audio)
        assert audit.notices() == ["service_limit"]
        assert service.refused_contexts > 0


async def test_a_limit_that_stays_is_told_with_its_code() -> None:
    service = FakeService(context_limit=0)
    async with open_pool(service, max_attempts=2) as (pool, _):
        with pytest.raises(LimitReached, match="code 8"):
            await heard(pool.speak("Hello."))
        assert pool.stats().slots_held == 0


async def test_streamed_text_beyond_what_is_kept_is_not_half_repeated() -> None:
    service = FakeService(first_audio_s=100.0)
    async with open_pool(service, first_audio_timeout_s=200.0) as (pool, _):
        utterance = pool.stream()
        for _ in range(100):
            await utterance.send("x" * 2500 + " ")
        await asyncio.sleep(1.0)
        service.wires[0].drop()
        with pytest.raises(ConnectionLost):
            await heard(utterance)
        assert utterance.attempts == 1


@pytest.mark.parametrize(("asked_s", "granted_s"), [(5.0, 5.0), (86_400.0, 60.0)])
async def test_a_refused_handshake_is_repeated_when_the_answer_asks_for_it(asked_s: float, granted_s: float) -> None:
    service = FakeService()
    service.connect_errors.append(ConnectFailed("fake", "Too Many Requests", 429, asked_s))
    async with open_pool(service, acquire_timeout_s=100.0, backoff_cap_s=1.0) as (pool, audit):
        began = asyncio.get_running_loop().time()
        await heard(pool.speak("Hello."))
        assert service.handshakes == 2
        opened = next(event.at for event in audit.of(ConnectionChanged) if event.new is ConnectionState.OPEN)
        assert opened - began == pytest.approx(granted_s + 0.08, abs=0.01)


@pytest.mark.parametrize("connections", [1, 2])
async def test_another_attempt_is_made_on_another_connection(connections: int) -> None:
    service = FakeService()

    def refuse_on_the_first(context: FakeContext) -> None:
        if context.wire.number == 0:
            context.fail(13, "internal", gone=True)
        else:
            context.send(contextCreated={})

    service.on_create = refuse_on_the_first
    async with open_pool(service, prewarm=connections) as (pool, _):
        await asyncio.sleep(1.0)
        utterance = pool.speak("Hello.")
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2
        assert service.handshakes == 2


async def test_where_no_other_connection_can_be_had_another_attempt_is_made_on_the_same() -> None:
    service = FakeService()
    failing(service, 1, 13, "internal")
    async with open_pool(service, max_connections=1) as (pool, _):
        utterance = pool.speak("Hello.")
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2
        assert service.handshakes == 1
