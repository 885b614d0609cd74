"""Connections over real loopback sockets, on both event loops: what virtual time cannot show."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
import pytest
from aiohttp import WSMsgType, web

from support.fake_transport import audio_of
from support.pools import heard
from support.wire_server import WireServer, wire_server
from voxpool import Credential, Endpoint, Outcome, Pool, PoolConfig
from voxpool.errors import ConnectFailed, ConnectionLost, CredentialRejected
from voxpool.events import CloseReason, PoolNotice

pytestmark = [pytest.mark.both_loops, pytest.mark.usefixtures("no_leaked_tasks")]

KEY = "bWFkZTp1cA=="  # made up: "made:up"


@pytest.fixture(autouse=True, params=["direct", "one by one"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With frames that pass by aiohttp's queue, and without, as with an aiohttp of another build."""
    if request.param == "one by one":
        monkeypatch.setattr("voxpool.transport.attach", lambda *_: None)


def pool_on(server: WireServer, **config: Any) -> Pool:
    return Pool(Endpoint(server.url), PoolConfig(**config))


async def test_a_hundred_at_once_arrive_byte_for_byte() -> None:
    async with wire_server() as server, pool_on(server) as pool:
        texts = [f"Utterance number {number}." for number in range(100)]
        audio = await asyncio.gather(*(heard(pool.speak(text)) for text in texts))
        assert audio == [b"".join(audio_of(text, 5, 2400)) for text in texts]
        assert len(server.headers) == 20


async def test_the_credential_travels_in_its_header_and_nowhere_else() -> None:
    async with wire_server() as server:
        endpoint = Endpoint(server.url, Credential.basic(KEY))
        async with Pool(endpoint) as pool:
            await heard(pool.speak("Hello."))
            assert KEY not in repr(pool) + repr(pool.stats()) + repr(pool.endpoint)
        (headers,) = server.headers
        assert headers["Authorization"] == f"Basic {KEY}"
        assert headers["X-User-Agent"].startswith("voxpool")
        assert len(headers["X-Request-Id"]) == 36
        assert "Sec-WebSocket-Extensions" not in headers
        assert KEY not in str(server.requests[0].rel_url)


async def test_no_credential_sends_no_header() -> None:
    async with wire_server() as server, pool_on(server) as pool:
        await heard(pool.speak("Hello."))
        assert "Authorization" not in server.headers[0]


async def test_nobody_listening_is_told_in_words() -> None:
    async with wire_server() as server:
        url = server.url
    async with Pool(Endpoint(url), PoolConfig(backoff_base_s=0.01)) as pool:
        with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1:\d+.*nothing listens") as caught:
            await heard(pool.speak("Hello."))
        assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("status", "kind"), [(404, ConnectFailed), (401, CredentialRejected), (403, CredentialRejected)]
)
async def test_a_refused_upgrade_is_told_by_its_status(status: int, kind: type[Exception]) -> None:
    async with wire_server() as server, pool_on(server) as pool:
        server.refuse = status
        with pytest.raises(kind):
            await heard(pool.speak("Hello."))


async def test_a_429_is_said_and_met_with_patience() -> None:
    async with wire_server() as server, pool_on(server, backoff_base_s=0.02) as pool:
        events = pool.events.subscribe()
        server.refuse = 429
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.2)
        assert utterance.outcome is None
        server.refuse = None
        assert len(await heard(utterance)) == 5 * 4800
        assert [event.kind for event in events.drain() if isinstance(event, PoolNotice)] == ["connection_limit"]


async def test_an_upgrade_that_is_never_answered_is_given_up() -> None:
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        config = PoolConfig(connect_timeout_s=0.1, backoff_base_s=0.01, max_attempts=2)
        async with Pool(Endpoint(f"http://127.0.0.1:{port}"), config) as pool:
            with pytest.raises(ConnectFailed, match=r"no answer within 0\.1 s"):
                await heard(pool.speak("Hello."))
        for writer in writers:
            writer.close()


async def test_a_cut_connection_fails_over_before_any_audio() -> None:
    async with wire_server() as server, pool_on(server, backoff_base_s=0.01) as pool:

        async def cut_first(server: WireServer, ws: web.WebSocketResponse) -> None:
            if len(server.sockets) > 1:
                await server.serve(ws)
                return
            await ws.receive()
            transport = server.requests[-1].transport
            assert transport is not None
            transport.abort()

        server.handler = cut_first
        utterance = pool.speak("Hello.")
        assert len(await heard(utterance)) == 5 * 4800
        assert utterance.attempts == 2


async def test_a_close_frame_is_told_with_its_code_and_words() -> None:
    async def say_goodbye(_server: WireServer, ws: web.WebSocketResponse) -> None:
        await ws.receive()
        await ws.close(code=1001, message=b"going away")

    async with wire_server() as server, pool_on(server, max_attempts=1) as pool:
        server.handler = say_goodbye
        with pytest.raises(ConnectionLost, match=r"1001.*going away"):
            await heard(pool.speak("Hello."))
        await asyncio.sleep(0.05)
        assert pool.stats().closed_by_reason == {CloseReason.SERVER_CLOSED: 1}


async def test_pings_of_the_service_are_answered() -> None:
    async with wire_server() as server, pool_on(server) as pool:
        await pool.prewarm(1)
        await server.sockets[0].ping(b"are you there")
        await asyncio.sleep(0.05)
        assert server.pongs == [b"are you there"]


async def test_round_trips_are_measured_on_the_wire() -> None:
    async with wire_server() as server, pool_on(server) as pool:
        await pool.prewarm(2)
        await asyncio.sleep(0.1)
        assert all(info.ping_ms is not None and 0 < info.ping_ms < 1000 for info in pool.connections())


async def test_silence_is_death_even_when_the_socket_stays_open() -> None:
    async def deaf(_server: WireServer, _ws: web.WebSocketResponse) -> None:
        await asyncio.sleep(10)

    async with wire_server() as server, pool_on(server, heartbeat_s=0.1, max_attempts=1) as pool:
        server.handler = deaf
        with pytest.raises(ConnectionLost, match="no frame and no pong"):
            await heard(pool.speak("Hello."))
        await asyncio.sleep(0.1)
        assert pool.stats().closed_by_reason == {CloseReason.UNRESPONSIVE: 1}


async def test_closing_does_not_wait_for_a_peer_that_is_deaf() -> None:
    async def deaf(_server: WireServer, _ws: web.WebSocketResponse) -> None:
        await asyncio.sleep(10)

    async with wire_server() as server:
        server.handler = deaf
        pool = pool_on(server, close_timeout_s=0.6)
        async with pool:
            utterance = pool.speak("Hello.")
            await asyncio.sleep(0.1)
            before = time.monotonic()
        assert time.monotonic() - before < 2.0
        assert utterance.outcome is Outcome.FAILED


async def test_closing_does_not_wait_for_a_peer_that_reads_nothing_while_we_have_much_to_say() -> None:
    stop = asyncio.Event()

    async def full(server: WireServer, _ws: web.WebSocketResponse) -> None:
        transport = server.requests[-1].transport
        assert transport is not None
        transport.pause_reading()  # type: ignore[attr-defined]
        await stop.wait()

    async with wire_server() as server:
        server.handler = full
        pool = pool_on(server, close_timeout_s=0.6)
        async with pool:
            # More than the socket's buffers hold.
            utterances = [pool.speak("x" * 4_000_000) for _ in range(3)]
            await asyncio.sleep(0.3)
            before = time.monotonic()
        assert time.monotonic() - before < 2.0
        assert all(utterance.outcome is Outcome.FAILED for utterance in utterances)
        stop.set()


async def test_interrupting_gives_the_slot_back() -> None:
    async def never_speak(server: WireServer, ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.type is WSMsgType.TEXT and '"close_context"' not in message.data:
                await server.take(ws, orjson.loads(message.data))
            elif message.type is WSMsgType.PING:
                await ws.pong(message.data)

    async with wire_server() as server, pool_on(server) as pool:
        server.handler = never_speak
        utterance = pool.speak("Hello.")
        await asyncio.sleep(0.1)
        await utterance.cancel()
        assert pool.stats().slots_held == 0
        assert utterance.stages.slot_free_s is not None


async def test_streamed_text_arrives_in_order_over_the_wire() -> None:
    async with wire_server() as server, pool_on(server) as pool:
        utterance = pool.stream()

        async def write() -> None:
            for number in range(500):
                await utterance.send(f"{number} ")
            await utterance.close()

        writing = asyncio.ensure_future(write())
        await heard(utterance)
        await writing
        assert server.texts[utterance.context_id] == "".join(f"{number} " for number in range(500))
