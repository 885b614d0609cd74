"""Waiting: first come, first served; nobody is lost, starved or overtaken."""

from __future__ import annotations

import asyncio
import sys
from random import Random

import pytest

from support.fake_transport import FakeContext, FakeService
from support.pools import heard, open_pool
from voxpool.config import PoolConfig
from voxpool.errors import AcquireTimeout, ConnectFailed, Stage
from voxpool.events import Outcome, SlotState, UtteranceEnded, UtteranceGranted
from voxpool.pool.core import PoolCore
from voxpool.pool.records import Ticket
from voxpool.pool.utterance import UtteranceState

pytestmark = pytest.mark.virtual_time

ONE = {"max_connections": 1, "contexts_per_connection": 1}


def mute_service() -> FakeService:
    """Return a service that takes everything and answers nothing."""
    service = FakeService()
    service.on_create = service.on_close = service.on_cancel = lambda context: None
    service.on_speak = lambda context, text: None
    return service


def order(audit: object) -> list[int]:
    return [event.utterance_id for event in audit.of(UtteranceGranted)]  # type: ignore[attr-defined]


async def test_waiters_are_served_in_the_order_they_came() -> None:
    async with open_pool(FakeService(), max_connections=2) as (pool, audit):
        await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(60)))
        assert order(audit) == list(range(1, 61))


async def test_a_newcomer_does_not_overtake_while_a_slot_is_being_handed_on() -> None:
    service = FakeService()
    async with open_pool(service, **ONE) as (pool, audit):
        first, second = pool.speak("First."), pool.speak("Second.")
        await heard(first)
        # The slot came free in this very turn of the loop: the second holds it before anyone can ask.
        third = pool.speak("Third.")
        assert second.state is UtteranceState.SPEAKING
        assert third.state is UtteranceState.WAITING
        await asyncio.gather(heard(second), heard(third))
        assert order(audit) == [1, 2, 3]


async def test_a_cancelled_waiter_passes_its_turn_on_at_once() -> None:
    async with open_pool(FakeService(), **ONE) as (pool, audit):
        first, second, third = (pool.speak(f"Number {number}.") for number in range(3))
        second.cancel_nowait()
        assert second.outcome is Outcome.CANCELLED
        assert [waiter.utterance_id for waiter in pool.waiters()] == [1, 3]
        await asyncio.gather(heard(first), heard(third))
        assert order(audit) == [1, 3]
        assert await heard(second) == b""


async def test_a_waiter_cancelled_in_the_same_instant_as_its_grant_leaks_no_slot() -> None:
    async with open_pool(FakeService(), **ONE) as (pool, _):
        first, second, third = (pool.speak(f"Number {number}.") for number in range(3))

        async def cancel_when_granted() -> None:
            while second.state is UtteranceState.WAITING:
                await asyncio.sleep(0.001)
            second.cancel_nowait()

        await asyncio.gather(heard(first), cancel_when_granted(), heard(third))
        assert third.outcome is Outcome.DONE
        assert pool.stats().slots_held == 0


async def test_a_timed_out_waiter_says_that_the_queue_ate_its_time() -> None:
    service = FakeService(first_audio_s=50.0)
    async with open_pool(service, **ONE, acquire_timeout_s=5.0, first_audio_timeout_s=60.0) as (pool, _):
        first, second = pool.speak("First."), pool.speak("Second.")
        with pytest.raises(AcquireTimeout) as caught:
            await heard(second)
        assert caught.value.stage is Stage.QUEUEING
        assert caught.value.spent_s[Stage.QUEUEING] == pytest.approx(5.0, abs=0.1)
        # The handshake both shared, and no more.
        assert caught.value.spent_s[Stage.CONNECTING] == pytest.approx(0.04, abs=0.01)
        await heard(first)


async def test_a_waiter_that_times_out_with_the_release_passes_the_slot_on_in_the_same_instant() -> None:
    service = FakeService(first_audio_s=5.0, latency_s=0.0, handshake_s=0.0, chunks=1, chunk_s=0.0)
    async with open_pool(service, **ONE, acquire_timeout_s=5.0) as (pool, audit):
        first, second = pool.speak("First."), pool.speak("Second.")
        await asyncio.sleep(0.001)
        third = pool.speak("Third.")
        await asyncio.gather(first.wait(), second.wait())
        ended, granted = audit.of(UtteranceEnded), audit.of(UtteranceGranted)
        assert isinstance(second.error, AcquireTimeout)
        assert order(audit) == [1, 3]
        assert granted[1].at - ended[0].at < 0.005
        await heard(third)


async def test_a_handshake_that_never_ends_says_that_connecting_ate_the_time() -> None:
    service = FakeService(handshake_s=1000.0)
    async with open_pool(service, acquire_timeout_s=5.0) as (pool, _):
        with pytest.raises(AcquireTimeout) as caught:
            await heard(pool.speak("Hello."))
        assert caught.value.stage is Stage.CONNECTING
        assert caught.value.spent_s[Stage.CONNECTING] == pytest.approx(5.0)


async def test_a_create_that_is_never_answered_says_that_creating_ate_the_time() -> None:
    service = mute_service()
    async with open_pool(service, acquire_timeout_s=5.0) as (pool, _):
        with pytest.raises(AcquireTimeout) as caught:
            await heard(pool.speak("Hello."))
        assert caught.value.stage is Stage.CREATING
        assert sum(caught.value.spent_s.values()) == pytest.approx(5.0)


async def test_the_refusal_behind_a_timeout_is_its_cause() -> None:
    service = FakeService(limit=0)
    async with open_pool(service, acquire_timeout_s=5.0) as (pool, audit):
        with pytest.raises(AcquireTimeout) as caught:
            await heard(pool.speak("Hello."))
        assert caught.value.stage is Stage.CONNECTING
        assert isinstance(caught.value.__cause__, ConnectFailed)
        assert caught.value.__cause__.http_status == 429
        assert audit.notices() == ["connection_limit"]


async def test_one_release_wakes_one_waiter() -> None:
    async with open_pool(FakeService(), **ONE) as (pool, audit):
        utterances = [pool.speak(f"Number {number}.") for number in range(10)]
        for done, utterance in enumerate(utterances, 1):
            await heard(utterance)
            await asyncio.sleep(0)
            assert len(audit.of(UtteranceGranted)) == min(done + 1, 10)


def calls_of_a_release(waiting: int) -> int:
    """Return how many functions one release calls that hands its slot to the next of so many waiters."""
    core = PoolCore(PoolConfig(max_connections=1, max_waiters=100_000), Random(1), lambda event: None)
    core.prewarm(1, 0.0)
    (link,) = core.books.links.values()
    core.connected(link, 0.0)
    for number in range(1, waiting + 6):
        core.request(Ticket(number, "label", "voice", 0.0, 30.0), 0.0)
    core.moved(link.slots[0], SlotState.CREATING, 0.0)
    calls = 0

    def count(_frame: object, event: str, _what: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        core.ended(link.slots[0], None, 0.0)
    finally:
        sys.setprofile(before)
    return calls


def test_a_release_costs_the_same_whoever_waits() -> None:
    assert calls_of_a_release(10_000) == calls_of_a_release(10) > 0


async def test_a_retried_utterance_comes_back_before_those_who_came_later() -> None:
    failed = []

    def fail_first(context: FakeContext, text: str) -> None:
        if text == "Second." and not failed:
            failed.append(context)
            context.fail(14, "try again", gone=False)
            context.busy = False
        else:
            service.speak(context, text)

    service = FakeService(on_speak=fail_first, first_audio_s=1.0)
    async with open_pool(service, **ONE) as (pool, audit):
        texts = ["First.", "Second.", "Third.", "Fourth."]
        await asyncio.gather(*(heard(pool.speak(text)) for text in texts))
        # The backoff let the third go first; at the next release the second is before the fourth.
        assert order(audit) == [1, 2, 3, 2, 4]


async def test_the_generation_cap_holds_over_all_connections() -> None:
    service = FakeService()
    held = []
    async with open_pool(service, max_generations=7) as (pool, audit):

        async def watch() -> None:
            while len(audit.of(UtteranceGranted)) < 40:
                held.append(len(service.contexts))
                assert pool.stats().slots_held <= 7
                await asyncio.sleep(0.01)

        watching = asyncio.ensure_future(watch())
        await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(40)))
        await watching
        assert max(held) == 7
        assert service.handshakes == 2


async def test_a_paused_pool_grants_nothing_and_its_waiters_do_not_time_out() -> None:
    async with open_pool(FakeService(), acquire_timeout_s=5.0) as (pool, audit):
        pool.pause()
        utterance = pool.speak("Hello.")
        await asyncio.sleep(60.0)
        assert utterance.state is UtteranceState.WAITING
        assert pool.stats().paused
        pool.resume()
        assert len(await heard(utterance)) > 0
        assert audit.notices() == ["paused", "resumed"]


async def test_ten_thousand_waiters_cancelled_in_any_order_leave_nobody_behind() -> None:
    async with open_pool(FakeService(), **ONE, max_waiters=10_000) as (pool, _):
        utterances = [pool.speak("Number.") for _ in range(300)]
        Random(3).shuffle(utterances)
        for utterance in utterances[:-1]:
            utterance.cancel_nowait()
        await heard(utterances[-1])
        stats = pool.stats()
        assert (stats.done, stats.cancelled, stats.waiting) in ((1, 299, 0), (0, 300, 0))


async def test_waiters_are_listed_with_their_places_and_times() -> None:
    async with open_pool(FakeService(), **ONE) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(3)]
        await asyncio.sleep(0.1)
        waiters = pool.waiters()
        assert [(waiter.utterance_id, waiter.place) for waiter in waiters] == [(2, 1), (3, 2)]
        assert waiters[0].waited_s == pytest.approx(0.1)
        assert waiters[0].label == "Number 1."
        assert pool.stats().oldest_wait_s == pytest.approx(0.1)
        for utterance in utterances:
            await heard(utterance)
