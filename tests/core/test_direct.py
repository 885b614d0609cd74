"""Frames that pass by the queue: as quick as can be, in the same order, and none lost, however they are cut up."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import WSMsgType
from aiohttp._websocket.reader import WebSocketReader
from hypothesis import given, settings
from hypothesis import strategies as st

from support.wire_server import wire_server
from voxpool import Endpoint, direct
from voxpool.direct import DirectQueue
from voxpool.errors import ConnectionLost
from voxpool.transport import AiohttpConnector, AiohttpTransport

TEXT, PONG = 0x1, 0xA


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A frame as a server writes it: without a mask."""
    size = len(payload)
    length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2)
    return bytes([(0x80 if final else 0) | opcode]) + length + payload


def message(opcode: int, payload: bytes, parts: int) -> bytes:
    """A message in so many frames."""
    if opcode != TEXT or parts == 1:
        return frame(opcode, payload)
    cuts = [len(payload) * number // parts for number in range(parts + 1)]
    pieces = [payload[start:stop] for start, stop in itertools.pairwise(cuts)]
    return b"".join(
        frame(0 if number else opcode, piece, final=number == parts - 1) for number, piece in enumerate(pieces)
    )


MESSAGES = st.lists(
    st.tuples(st.sampled_from([TEXT, TEXT, PONG]), st.text(max_size=300), st.integers(1, 3)), min_size=1, max_size=12
)


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_however_bytes_are_cut_and_whoever_reads_when_the_order_is_kept(data: st.DataObject) -> None:
    messages = [
        (opcode, f"{number} {text}"[: 300 if opcode == TEXT else 30], parts)
        for number, (opcode, text, parts) in enumerate(data.draw(MESSAGES))
    ]
    stream = b"".join(message(opcode, text.encode(), parts) for opcode, text, parts in messages)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})
    taken_from = data.draw(st.integers(0, len(cuts)))
    seen: list[str] = []

    async def work() -> None:
        queue = DirectQueue(SimpleNamespace(_reading_paused=False), 2**16, loop=asyncio.get_running_loop())  # type: ignore[arg-type]
        parser = WebSocketReader(queue, 0, compress=False, decode_text=True)

        async def read() -> None:
            while True:
                got: Any = await queue.read()
                seen.append(got.data if got.type is WSMsgType.TEXT else bytes(got.data).decode())

        reader = asyncio.create_task(read())
        for number, (start, stop) in enumerate(itertools.pairwise(cuts)):
            if number == taken_from:
                queue.take = seen.append
            parser.feed_data(stream[start:stop])
            for _ in range(data.draw(st.integers(0, 2))):
                await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        reader.cancel()

    asyncio.run(work())
    assert seen == [text for _, text, _ in messages]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AiohttpTransport]:
    connector = AiohttpConnector(Endpoint(url), 5.0)
    transport = await connector.connect()
    assert isinstance(transport, AiohttpTransport)
    try:
        yield transport
    finally:
        await transport.close()
        await connector.close()


async def test_a_frame_is_taken_before_any_task_gets_its_turn() -> None:
    async with wire_server() as server, opened(server.url) as transport:
        taken = asyncio.get_running_loop().create_future()
        reading = asyncio.create_task(transport.run(lambda _: taken.set_result(asyncio.current_task()), print))
        await asyncio.sleep(0)
        await server.sockets[0].send_str("hello")
        assert await taken is None
        reading.cancel()


@pytest.mark.parametrize("way", ["direct", "one by one"])
@pytest.mark.both_loops
async def test_an_error_in_whoever_takes_a_frame_is_no_fault_of_the_peer(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "one by one":
        monkeypatch.setattr("voxpool.transport.attach", lambda *_: None)
    seen: list[str] = []

    def broken(text: str) -> None:
        seen.append(text)
        raise KeyError("ours")

    async with wire_server() as server, opened(server.url) as transport:
        reading = asyncio.create_task(transport.run(broken, print))
        await asyncio.sleep(0)
        for text in ("first", "second"):
            await server.sockets[0].send_str(text)
        with pytest.raises(KeyError, match="ours"):
            await asyncio.wait_for(reading, 5)
    assert seen == ["first"]


async def test_nothing_is_taken_once_reading_has_ended() -> None:
    async with wire_server() as server, opened(server.url) as transport:
        seen: list[str] = []
        reading = asyncio.create_task(transport.run(seen.append, print))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await server.sockets[0].send_str("late")
        await asyncio.sleep(0.02)
    assert seen == []


@pytest.mark.both_loops
async def test_half_a_frame_that_comes_with_the_answer_to_the_upgrade_is_not_lost() -> None:
    hello = frame(TEXT, b"spoken too early")
    rest = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(
            line.split(": ")[1] for line in request.split("\r\n") if line.lower().startswith("sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + hello[:9])
        await rest.wait()
        writer.write(hello[9:] + frame(TEXT, b"and later"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as transport:
        assert transport._direct is None
        seen: list[str] = []
        reading = asyncio.create_task(transport.run(seen.append, print))
        await asyncio.sleep(0)
        rest.set()
        await asyncio.wait_for(reading, 5)
    assert seen == ["spoken too early", "and later"]


async def test_an_aiohttp_of_another_build_is_served_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_: Any, **__: Any) -> None:
        raise TypeError("unexpected keyword argument")

    monkeypatch.setattr(direct, "WebSocketReader", other)
    async with wire_server() as server, opened(server.url) as transport:
        assert transport._direct is None
        seen: list[str] = []
        reading = asyncio.create_task(transport.run(seen.append, print))
        await server.sockets[0].send_str("hello")
        await server.sockets[0].close()
        assert (await asyncio.wait_for(reading, 5)).clean
    assert seen == ["hello"]


async def test_a_cut_connection_is_told_and_leaves_no_reader() -> None:
    async with wire_server() as server, opened(server.url) as transport:
        reading = asyncio.create_task(transport.run(print, print))
        await asyncio.sleep(0)
        transport.abort()
        assert not (await asyncio.wait_for(reading, 5)).clean
        with pytest.raises(ConnectionLost):
            await transport.send("into nowhere")
