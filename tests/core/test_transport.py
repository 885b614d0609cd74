"""Foreign exceptions become words that a person can use."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import select
import socket
import ssl
import struct
import traceback
from asyncio import trsock
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from support.wire_server import WireServer, wire_server
from voxpool import Credential, Endpoint
from voxpool.errors import ConnectFailed, ConnectionLost, CredentialRejected, VoxpoolError
from voxpool.transport import AiohttpConnector, describe

KEY = "bWFkZTp1cA=="  # made up: "made:up"


def _certificate_error(reason: str) -> aiohttp.ClientConnectorCertificateError:
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {reason}")
    error.verify_message = reason
    return aiohttp.ClientConnectorCertificateError(None, error)  # type: ignore[arg-type]


async def refusal(status: int, **headers: str) -> VoxpoolError:
    """Return what the connector makes of a refused upgrade."""
    async with wire_server() as server:
        server.refuse, server.refuse_headers = status, headers
        connector = AiohttpConnector(Endpoint(server.url, Credential.basic(KEY)), 5.0)
        try:
            with pytest.raises(VoxpoolError) as caught:
                await connector.connect()
        finally:
            await connector.close()
        assert server.headers[0]["Authorization"] == f"Basic {KEY}"
        return caught.value


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
        (aiohttp.TooManyRedirects(None, ()), "it redirects in a circle"),  # type: ignore[arg-type]
        (
            aiohttp.ClientResponseError(None, (), status=400, message="Bad status line:\n  Expected HTTP/"),  # type: ignore[arg-type]
            "its answer is not HTTP; is the address right, and no proxy in between?",
        ),
        (_certificate_error("certificate has expired"), "its TLS certificate is not accepted: certificate has expired"),
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


@pytest.mark.parametrize("status", [200, 401, 404, 503])
async def test_the_cause_of_a_refused_upgrade_does_not_hold_the_key(status: int) -> None:
    error: BaseException | None = await refusal(status)
    assert isinstance(error, VoxpoolError)
    assert error.__cause__ is not None
    while error is not None:
        assert KEY not in repr(error) + str(error) + repr(error.args) + "".join(traceback.format_exception(error))
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (200, ConnectFailed, "(HTTP 200): OK, but no WebSocket; is the address right"),
        (404, ConnectFailed, "(HTTP 404): Not Found, but no WebSocket"),
        (503, ConnectFailed, "(HTTP 503): Service Unavailable"),
        (599, ConnectFailed, "(HTTP 599): an unknown status"),
        (401, CredentialRejected, "the upgrade was refused with HTTP 401 Unauthorized"),
        (403, CredentialRejected, "the upgrade was refused with HTTP 403 Forbidden"),
    ],
)
async def test_a_refused_upgrade_is_told_in_words_that_help(status: int, kind: type[Exception], words: str) -> None:
    error = await refusal(status)
    assert isinstance(error, kind)
    assert words in str(error)


async def test_a_redirect_is_named() -> None:
    error = await refusal(302, Location="http://elsewhere.invalid/login")
    assert "it redirects to elsewhere.invalid: the host name cannot be resolved" in str(error)


@pytest.mark.parametrize(("value", "expected"), [("7", 7.0), ("0", 0.0), ("soon", None), ("", None), ("-3", None)])
async def test_the_wait_that_an_answer_asks_for_is_kept(value: str, expected: float | None) -> None:
    error: Any = await refusal(429, **{"Retry-After": value})
    assert error.retry_after_s == expected


async def test_the_wait_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    error: Any = await refusal(503, **{"Retry-After": date})
    assert 3000 < error.retry_after_s <= 3600
    assert "it asks to wait" not in str(error)


def _accept_by_hand(listener: socket.socket) -> socket.socket:
    """Accept one WebSocket and return its bare socket."""
    peer, _ = listener.accept()
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += peer.recv(4096)
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)
    assert key is not None
    accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    peer.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return peer


@pytest.mark.both_loops
@pytest.mark.skipif(not hasattr(select, "poll"), reason="Windows' loop reads ahead by itself")
@pytest.mark.parametrize("write", ["send", "ping"])
async def test_what_the_peer_said_before_it_went_is_read_although_something_is_written(write: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        loop = asyncio.get_running_loop()
        accepting = loop.run_in_executor(None, _accept_by_hand, listener)
        connector = AiohttpConnector(Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}"), 5.0)
        transport = await connector.connect()
        peer = await accepting
        frames: list[str] = []
        reading = asyncio.create_task(transport.run(frames.append, lambda _: None))
        await asyncio.sleep(0)

        # A frame, and a reset right behind it, before the loop turns again.
        peer.sendall(b"\x81\x04why?")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        with contextlib.suppress(ConnectionLost):
            await (transport.send("text") if write == "send" else transport.ping(b"1"))

        assert not (await asyncio.wait_for(reading, 5.0)).clean
        assert frames == ["why?"]
        await transport.close()
        await connector.close()
