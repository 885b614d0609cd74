"""A bad key is discovered on the first message: it must be one clear error, not a hundred, and no hammering."""

from __future__ import annotations

import asyncio

import pytest

from support.fake_transport import FakeService
from support.pools import heard, open_pool
from voxpool.errors import CredentialRejected
from voxpool.events import CloseReason, Outcome, UtteranceEnded

pytestmark = pytest.mark.virtual_time


async def test_a_hundred_callers_get_one_story() -> None:
    service = FakeService(refuse_key=True)
    async with open_pool(service) as (pool, audit):
        utterances = [pool.speak(f"Number {number}.") for number in range(300)]
        outcomes = [await utterance.wait() for utterance in utterances]
        assert outcomes == [Outcome.FAILED] * 300
        assert all(isinstance(utterance.error, CredentialRejected) for utterance in utterances)
        assert audit.notices() == ["credential_rejected"]
        assert {event.code for event in audit.of(UtteranceEnded)} == {7}
        assert asyncio.get_running_loop().time() < 1001.0
        await asyncio.sleep(1.0)
        assert not service.open_wires
        assert pool.stats().closed_by_reason == {CloseReason.CREDENTIAL: 20}


async def test_the_key_prefix_that_the_service_quotes_is_not_told() -> None:
    service = FakeService(refuse_key=True)
    async with open_pool(service) as (pool, audit):
        with pytest.raises(CredentialRejected) as caught:
            await heard(pool.speak("Hello."))
        assert "abcd" not in str(caught.value) + caught.value.message
        await asyncio.sleep(0.1)
        assert not any("abcd" in repr(event) for event in audit.events)


async def test_nothing_is_tried_again_by_itself() -> None:
    service = FakeService(refuse_key=True)
    async with open_pool(service) as (pool, _):
        with pytest.raises(CredentialRejected):
            await heard(pool.speak("Hello."))
        before = service.handshakes
        await asyncio.sleep(500.0)
        assert service.handshakes == before


async def test_later_requests_test_the_key_over_one_connection_and_not_too_often() -> None:
    service = FakeService(refuse_key=True)
    async with open_pool(service, backoff_base_s=1.0) as (pool, audit):
        with pytest.raises(CredentialRejected):
            await heard(pool.speak("Hello."))
        before = service.handshakes
        for _ in range(5):
            utterances = [pool.speak(f"Number {number}.") for number in range(50)]
            for utterance in utterances:
                with pytest.raises(CredentialRejected):
                    await heard(utterance)
        assert service.handshakes == before + 5
        assert asyncio.get_running_loop().time() > 1000.0 + 5 * 0.5
        assert audit.notices() == ["credential_rejected"]


async def test_a_key_that_is_accepted_again_opens_the_pool_fully() -> None:
    service = FakeService(refuse_key=True)
    async with open_pool(service) as (pool, audit):
        with pytest.raises(CredentialRejected):
            await heard(pool.speak("Hello."))
        service.refuse_key = False
        audio = await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(100)))
        assert all(audio)
        assert service.most_wires == 20
        assert audit.notices() == ["credential_rejected", "credential_accepted"]


async def test_a_key_revoked_in_mid_life_spares_what_already_speaks() -> None:
    service = FakeService(chunks=40)
    async with open_pool(service, max_connections=2) as (pool, audit):
        speaking = [pool.speak(f"Number {number}.") for number in range(5)]
        await asyncio.sleep(0.5)
        assert all(utterance.chunks for utterance in speaking)
        service.refuse_key = True
        late = [pool.speak(f"Late {number}.") for number in range(5)]
        for utterance in late:
            with pytest.raises(CredentialRejected):
                await heard(utterance)
        assert [await utterance.wait() for utterance in speaking] == [Outcome.DONE] * 5
        assert audit.notices() == ["credential_rejected"]


async def test_a_rejection_that_passed_does_not_keep_the_pool_small() -> None:
    service = FakeService(chunks=40)
    async with open_pool(service) as (pool, audit):
        speaking = [pool.speak(f"Number {number}.") for number in range(10)]
        await asyncio.sleep(0.5)
        service.refuse_key = True
        with pytest.raises(CredentialRejected):
            await heard(pool.speak("Late."))
        service.refuse_key = False
        assert [await utterance.wait() for utterance in speaking] == [Outcome.DONE] * 10
        assert pool.stats().connections_open == 2
        await asyncio.gather(*(heard(pool.speak(f"Again {number}.")) for number in range(100)))
        assert pool.stats().connections_open == 20
        assert audit.notices() == ["credential_rejected", "credential_accepted"]


async def test_warming_up_with_a_refused_key_opens_one_connection_and_returns() -> None:
    service = FakeService(refuse_key=True)
    async with open_pool(service) as (pool, _):
        with pytest.raises(CredentialRejected):
            await heard(pool.speak("Hello."))
        assert await asyncio.wait_for(pool.prewarm(5), 60.0) == 1
        assert await asyncio.wait_for(pool.prewarm(5), 60.0) == 1
        service.refuse_key = False
        await heard(pool.speak("Hello again."))
        assert await asyncio.wait_for(pool.prewarm(5), 60.0) == 5


async def test_those_who_wait_are_served_by_connections_on_which_the_key_was_accepted() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=2) as (pool, _):
        speaking = [pool.speak(f"Number {number}.") for number in range(5)]
        await asyncio.sleep(0.1)
        service.refuse_key = True
        late = [pool.speak(f"Late {number}.") for number in range(5)]
        waiting = [pool.speak(f"Waiting {number}.") for number in range(5)]
        await asyncio.sleep(0.15)
        assert [utterance.outcome for utterance in late] == [Outcome.FAILED] * 5
        service.refuse_key = False
        assert [await utterance.wait() for utterance in speaking + waiting] == [Outcome.DONE] * 10


async def test_a_proxy_that_refuses_the_upgrade_is_told_the_same_way() -> None:
    service = FakeService()
    service.connect_errors.extend([CredentialRejected(16, "HTTP 401 Unauthorized")] * 20)
    async with open_pool(service) as (pool, audit):
        with pytest.raises(CredentialRejected, match="HTTP 401 Unauthorized"):
            await heard(pool.speak("Hello."))
        assert audit.notices() == ["credential_rejected"]
