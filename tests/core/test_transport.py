"""Foreign exceptions become words that a person can use."""

from __future__ import annotations

import asyncio
from asyncio import trsock

import aiohttp
import pytest
from aiohttp import web

from support.wire_server import WireServer, wire_server
from voxpool import Endpoint
from voxpool.transport import AiohttpConnector, describe


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aiohttp.ClientConnectionResetError("Cannot write to closing transport"), "the other end cut it off"),
        (ConnectionResetError(104, "Connection reset by peer"), "the other end cut it off"),
        (aiohttp.ClientOSError(110, "Connection timed out"), "Connection timed out"),
        (
            aiohttp.ClientConnectorError(None, ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)")),  # type: ignore[arg-type]
            "nothing listens there; is the server running?",
        ),
        (RuntimeError("odd"), "odd"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_foreign_exception_becomes_words(error: BaseException, words: str) -> None:
    assert describe(error) == words


async def test_a_socket_is_dropped_where_the_loop_shows_but_a_shadow_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: trsock.TransportSocket, how: int) -> None:
        raise TypeError("transport sockets do not support shutdown() method")

    async def say_nothing(_server: WireServer, ws: web.WebSocketResponse) -> None:
        async for _ in ws:
            pass

    async with wire_server() as server:
        server.handler = say_nothing
        connector = AiohttpConnector(Endpoint(server.url), 5.0)
        transport = await connector.connect()
        reading = asyncio.create_task(transport.run(lambda _: None, lambda _: None))
        await asyncio.sleep(0)
        monkeypatch.setattr(trsock.TransportSocket, "shutdown", refuse)
        transport.abort()
        assert not (await asyncio.wait_for(reading, 5.0)).clean
        await transport.close()
        await connector.close()
