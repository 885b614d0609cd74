"""Connections: opened when needed, shared, replaced before it hurts, noticed when dead, closed when idle."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from support.fake_transport import FakeContext, FakeService, status
from support.pools import heard, open_pool
from voxpool.errors import ConnectFailed, ConnectionLost, ServiceError
from voxpool.events import CloseReason, ConnectionChanged, ConnectionPinged, ConnectionState, Outcome, SlotState

pytestmark = pytest.mark.virtual_time


def refused() -> ConnectFailed:
    return ConnectFailed("fake", "Connection refused")


async def test_a_refused_handshake_is_repeated_after_a_while() -> None:
    service = FakeService()
    service.connect_errors.extend([refused(), refused(), None])
    async with open_pool(service, max_attempts=3) as (pool, _):
        assert len(await heard(pool.speak("Hello."))) > 0
        assert service.handshakes == 3
        assert pool.stats().connects_failed == 2


async def test_handshakes_that_fail_together_count_as_one_failure() -> None:
    service = FakeService()
    service.connect_errors.extend([refused()] * 20)
    async with open_pool(service) as (pool, _):
        audio = await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(100)))
        assert all(audio)


async def test_nobody_listening_is_told_within_a_few_attempts_and_not_after_the_whole_timeout() -> None:
    service = FakeService()
    service.connect_errors.extend([refused()] * 1000)
    async with open_pool(service, max_attempts=3) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(7)]
        with pytest.raises(ConnectFailed, match="refused"):
            await heard(utterances[0])
        assert asyncio.get_running_loop().time() < 1003.0
        assert [await utterance.wait() for utterance in utterances] == [Outcome.FAILED] * 7
        assert service.handshakes <= 3 * 2


async def test_a_wrong_address_is_told_at_once() -> None:
    service = FakeService()
    service.connect_errors.append(ConnectFailed("fake", "Not Found", 404))
    async with open_pool(service) as (pool, _):
        with pytest.raises(ConnectFailed, match="404"):
            await heard(pool.speak("Hello."))
        assert service.handshakes == 1


async def test_backoff_grows_is_capped_and_never_zero() -> None:
    service = FakeService(limit=0)
    times: list[float] = []
    async with open_pool(service, acquire_timeout_s=200.0, backoff_base_s=1.0, backoff_cap_s=8.0) as (pool, audit):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(100.0)
        times = [event.at for event in audit.of(ConnectionChanged) if event.old is None]
        utterance.cancel_nowait()
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[0] >= 0.5
    assert max(gaps) <= 8.0 + service.handshake_s + 0.1
    assert min(gaps[4:]) >= 4.0


async def test_a_429_is_said_once_and_open_connections_go_on_serving() -> None:
    service = FakeService(limit=1)
    async with open_pool(service) as (pool, audit):
        audio = await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(30)))
        assert all(audio)
        assert audit.notices() == ["connection_limit"]
        assert service.most_wires == 1


async def test_ghosts_that_the_service_still_counts_are_waited_out() -> None:
    """After a cut cable the service counts the old connection for a while, and refuses the new one."""
    service = FakeService(chunks=3)
    async with open_pool(service, max_connections=2, heartbeat_s=1.0, acquire_timeout_s=60.0) as (pool, audit):
        await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(10)))
        for wire in service.wires:
            wire.silent = True
        service.limit = 0
        await asyncio.sleep(3.0)
        assert pool.stats().closed_by_reason == {CloseReason.UNRESPONSIVE: 2}
        utterances = [pool.speak(f"Number {number}.") for number in range(10)]
        asyncio.get_running_loop().call_later(20.0, setattr, service, "limit", 2)
        assert all(await asyncio.gather(*(heard(utterance) for utterance in utterances)))
        assert audit.notices() == ["connection_limit"]
        assert pool.stats().connects_failed >= 3
        assert len(service.open_wires) <= 2


async def test_a_quiet_pool_says_nothing_but_pings() -> None:
    """A keepalive message without a context is an error that the next caller would read (section 13, 5 and 6)."""
    service = FakeService()
    async with open_pool(service, idle_close_s=500.0) as (pool, _):
        await heard(pool.speak("Hello."))
        before = pool.stats()
        await asyncio.sleep(400.0)
        after = pool.stats()
        assert after.frames_sent == before.frames_sent
        assert after.stages_ms["ping"].count > before.stages_ms["ping"].count + 10
        # What the service says meanwhile, unasked, is for nobody: not for the next caller either.
        service.wires[0].reply({"result": {"contextId": "of old", "status": status(5, "context of old not found")}})
        assert len(await heard(pool.speak("Hello again."))) > 0
        assert service.handshakes == 1


async def test_a_dead_connection_is_noticed_by_its_silence() -> None:
    service = FakeService()
    async with open_pool(service, heartbeat_s=5.0) as (pool, _):
        await heard(pool.speak("Hello."))
        service.wires[0].silent = True
        await asyncio.sleep(12.0)
        assert pool.stats().closed_by_reason == {CloseReason.UNRESPONSIVE: 1}
        assert len(await heard(pool.speak("Hello again."))) > 0


async def test_a_connection_that_cannot_even_be_written_to_is_dead_too() -> None:
    service = FakeService()
    async with open_pool(service, heartbeat_s=5.0) as (pool, _):
        await heard(pool.speak("Hello."))
        service.wires[0].stuck = asyncio.Event()
        service.wires[0].silent = True
        utterance = pool.speak("Nobody hears this.")
        await asyncio.sleep(12.0)
        assert pool.stats().closed_by_reason == {CloseReason.UNRESPONSIVE: 1}
        assert len(await heard(utterance)) > 0
        assert utterance.attempts == 2


async def test_audio_is_a_sign_of_life_even_when_pings_are_not_answered() -> None:
    service = FakeService(chunks=400, answers_pings=False)
    async with open_pool(service, heartbeat_s=5.0, stall_timeout_s=60.0) as (pool, _):
        assert len(await heard(pool.speak("A long story."))) == 400 * 4800
        assert pool.stats().closed_by_reason == {}


async def test_the_round_trip_is_measured() -> None:
    async with open_pool(FakeService(latency_s=0.03), heartbeat_s=5.0) as (pool, audit):
        await heard(pool.speak("Hello."))
        await asyncio.sleep(11.0)
        pings = audit.of(ConnectionPinged)
        assert len(pings) == 3
        assert pings[0].ping_ms == pytest.approx(60.0)
        assert pool.connections()[0].ping_ms == pytest.approx(60.0)
        assert pool.stats().stages_ms["ping"].count == 3


async def test_an_idle_connection_closes_and_the_next_request_opens_one() -> None:
    service = FakeService()
    async with open_pool(service, idle_close_s=60.0) as (pool, _):
        await heard(pool.speak("Hello."))
        await asyncio.sleep(50.0)
        await heard(pool.speak("Still here."))
        await asyncio.sleep(50.0)
        assert len(service.open_wires) == 1
        await asyncio.sleep(11.0)
        assert not service.open_wires
        assert pool.stats().closed_by_reason == {CloseReason.IDLE: 1}
        assert len(await heard(pool.speak("Back again."))) > 0


async def test_an_old_connection_in_use_is_replaced_before_it_retires() -> None:
    service = FakeService(chunks=300)
    async with open_pool(service, max_lifetime_s=10.0, lifetime_jitter=0.0, idle_close_s=1000.0) as (pool, audit):
        utterance = pool.speak("A very long story.")
        await asyncio.sleep(11.0)
        states = [(event.connection_id, event.new) for event in audit.of(ConnectionChanged)]
        assert states.index((2, ConnectionState.OPEN)) < states.index((1, ConnectionState.RETIRING))
        other = pool.speak("Another one.")
        assert other.place == (1, 0)
        other.cancel_nowait()
        assert len(await heard(utterance)) == 300 * 4800
        await asyncio.sleep(0.1)
        assert pool.stats().closed_by_reason == {CloseReason.LIFETIME: 1}


async def test_lifetimes_are_spread_so_that_connections_do_not_end_together() -> None:
    async with open_pool(FakeService(), max_lifetime_s=100.0, idle_close_s=1000.0, lifetime_jitter=0.2) as (
        pool,
        audit,
    ):
        await pool.prewarm(10)
        await asyncio.sleep(200.0)
        ends = [event.at for event in audit.of(ConnectionChanged) if event.new is ConnectionState.RETIRING]
        assert len(ends) == 10
        assert max(ends) - min(ends) > 5.0
        assert all(1080.0 <= end <= 1121.0 for end in ends)


async def test_prewarming_opens_in_parallel_and_says_how_many() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        before = asyncio.get_running_loop().time()
        assert await pool.prewarm(8) == 8
        assert asyncio.get_running_loop().time() - before == pytest.approx(service.handshake_s)
        assert await pool.prewarm(5) == 8
        assert service.handshakes == 8
        await heard(pool.speak("Hello."))
        assert service.handshakes == 8


async def test_prewarming_does_not_race_those_who_wait() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=4) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(20)]
        assert await pool.prewarm(4) == 4
        assert service.handshakes == 4
        for utterance in utterances:
            await heard(utterance)


async def test_prewarming_gives_up_where_nobody_listens() -> None:
    service = FakeService()
    service.connect_errors.extend([refused()] * 1000)
    async with open_pool(service) as (pool, _):
        assert await pool.prewarm(3) == 0
        assert service.handshakes <= 12


async def test_a_pool_can_be_warm_from_the_start() -> None:
    service = FakeService()
    async with open_pool(service, prewarm=3) as (pool, _):
        await asyncio.sleep(0.1)
        assert len(service.open_wires) == 3
        assert pool.stats().connections_open == 3


async def test_shrinking_retires_the_surplus_without_cutting_anyone_off() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=4) as (pool, audit):
        utterances = [pool.speak(f"Number {number}.") for number in range(20)]
        await asyncio.sleep(0.1)
        await pool.resize(2)
        audio = await asyncio.gather(*(heard(utterance) for utterance in utterances))
        assert all(audio)
        await asyncio.sleep(0.1)
        assert len(service.open_wires) == 2
        assert pool.stats().closed_by_reason == {CloseReason.RESIZED: 2}
        assert pool.config.max_connections == 2
        assert audit.notices() == ["resized"]


async def test_growing_serves_those_who_wait() -> None:
    service = FakeService(first_audio_s=5.0)
    async with open_pool(service, max_connections=1) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(10)]
        await asyncio.sleep(0.1)
        assert pool.stats().waiting == 5
        await pool.resize(2)
        await asyncio.sleep(0.1)
        assert pool.stats().waiting == 0
        for utterance in utterances:
            await heard(utterance)


async def test_draining_ends_what_was_asked_for_and_holds_back_what_comes_later() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=1) as (pool, _):
        early = [pool.speak(f"Number {number}.") for number in range(8)]
        draining = asyncio.ensure_future(pool.drain())
        await asyncio.sleep(0.01)
        late = pool.speak("Later.")
        await draining
        assert all(utterance.outcome is Outcome.DONE for utterance in early)
        assert late.outcome is None
        assert pool.stats().closed_by_reason == {CloseReason.DRAINED: 1}
        assert len(await heard(late)) > 0
        assert service.handshakes == 2


async def test_a_refusal_without_a_name_reaches_only_the_context_that_was_being_created() -> None:
    service = FakeService(chunks=20)
    async with open_pool(service) as (pool, _):
        good = pool.speak("I was there first.")
        await asyncio.sleep(0.3)

        def reject(context: FakeContext) -> None:
            context.end()
            context.wire.reply({"error": {"code": 3, "message": "invalid WebSocket request", "status": "INVALID"}})

        service.on_create = reject
        with pytest.raises(ServiceError, match="invalid WebSocket request"):
            await heard(pool.speak("I am misunderstood."))
        assert len(await heard(good)) == 20 * 4800
        await asyncio.sleep(1.0)
        assert pool.stats().slots_held == 0


async def test_inactivity_reaches_everyone_on_that_connection_and_nobody_else() -> None:
    service = FakeService(first_audio_s=1.0)
    async with open_pool(service) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(10)]
        await asyncio.sleep(0.2)
        service.wires[0].reply({"error": status(10, "Paused due to inactivity")})
        audio = await asyncio.gather(*(heard(utterance) for utterance in utterances))
        assert all(audio)
        assert [utterance.attempts for utterance in utterances].count(2) == 5
        assert pool.stats().closed_by_reason == {CloseReason.SERVICE_ERROR: 1}


async def test_a_connection_error_that_may_be_fatal_takes_no_new_contexts_there() -> None:
    service = FakeService(chunks=20)
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.3)
        service.wires[0].reply({"error": status(13, "internal")})
        await asyncio.sleep(0.1)
        other = pool.speak("Elsewhere.")
        assert len(await heard(other)) > 0
        assert service.handshakes == 2
        assert len(await heard(utterance)) == 20 * 4800


async def test_the_error_before_a_close_is_the_reason_that_is_told() -> None:
    service = FakeService(first_audio_s=5.0)
    async with open_pool(service, max_attempts=1) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.3)
        service.wires[0].reply({"error": status(13, "out of order")})
        service.wires[0].drop_after_replies()
        with pytest.raises(ServiceError, match="out of order"):
            await heard(utterance)


async def test_a_goodbye_of_the_service_is_told_as_such() -> None:
    service = FakeService(first_audio_s=5.0)
    async with open_pool(service, max_attempts=1) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.3)
        service.wires[0].drop("closed by the server with code 1001: going away", clean=True)
        with pytest.raises(ConnectionLost, match="going away"):
            await heard(utterance)
        await asyncio.sleep(0.1)
        assert pool.stats().closed_by_reason == {CloseReason.SERVER_CLOSED: 1}


async def test_a_frame_that_is_no_json_harms_nobody() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.1)
        service.wires[0].reply_raw("{not json")
        service.wires[0].reply_raw('{"done": true}')
        assert len(await heard(utterance)) == 3 * 4800
        assert pool.stats().frames_ignored == 2


async def test_connections_are_shown_with_what_they_do() -> None:
    async with open_pool(FakeService()) as (pool, _):
        utterance = pool.speak("Hello.")
        (info,) = pool.connections()
        assert info.state is ConnectionState.CONNECTING
        await asyncio.sleep(0.1)
        (info,) = pool.connections()
        assert (info.row, info.contexts, info.served) == (0, 1, 1)
        assert info.slots == (SlotState.GENERATING, *[SlotState.EMPTY] * 4)
        assert info.age_s == pytest.approx(0.06)
        await heard(utterance)


async def test_a_frame_tap_sees_every_message_both_ways() -> None:
    seen: list[tuple[int, str]] = []
    async with open_pool(FakeService()) as (pool, _):
        pool.frame_tap = lambda connection, direction, frame, at: seen.append((connection, direction))
        await heard(pool.speak("Hello."))
        stats = pool.stats()
        assert seen.count((1, "out")) == stats.frames_sent == 3
        assert seen.count((1, "in")) == stats.frames_received == 6


async def test_where_no_more_connections_are_allowed_one_at_a_time_asks_again() -> None:
    """Seventeen that are refused together must not all come back after each backoff."""
    service = FakeService(limit=3, chunks=100)
    async with open_pool(service, acquire_timeout_s=600.0, idle_close_s=3600.0) as (pool, _):
        utterances = [pool.speak(f"Number {number}.") for number in range(150)]
        await asyncio.sleep(0.1)
        assert service.handshakes == 20
        await asyncio.sleep(4.0)
        # Backoffs of at least 0.125, 0.25, 0.5, 1 and 2 seconds.
        assert 20 < service.handshakes <= 20 + 6
        service.limit = None
        await asyncio.gather(*(heard(utterance) for utterance in utterances))
        assert [utterance.outcome for utterance in utterances] == [Outcome.DONE] * 150
        # Once one is let in, the others follow at once.
        assert service.most_wires == 20
