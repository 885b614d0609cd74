"""A tiny service on a real loopback socket, in the test's own loop: it speaks noise, and misbehaves on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pybase64
from aiohttp import WSMsgType, web

from support.fake_transport import audio_of, status
from voxpool.config import WS_PATH

Handler = Callable[["WireServer", web.WebSocketResponse], Awaitable[None]]


class WireServer:
    """The server's side.

    Attributes:
        url: Where it listens.
        headers: Headers of every upgrade, in order.
        texts: Text by context id.
        pongs: Payloads of pongs that came.
        refuse: HTTP status that every upgrade is refused with, or None.
        refuse_headers: Headers of those refusals.
        handler: Replaces the handling of a connection, when set.
    """

    def __init__(self) -> None:
        self.url = ""
        self.headers: list[Mapping[str, str]] = []
        self.texts: dict[str, str] = {}
        self.pongs: list[bytes] = []
        self.refuse: int | None = None
        self.refuse_headers: dict[str, str] = {}
        self.handler: Handler | None = None
        self.sockets: list[web.WebSocketResponse] = []
        self.requests: list[web.Request] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(request.headers)
        self.requests.append(request)
        if self.refuse is not None:
            return web.Response(status=self.refuse, headers=self.refuse_headers)
        ws = web.WebSocketResponse(compress=False, autoping=False)
        await ws.prepare(request)
        self.sockets.append(ws)
        if self.handler is not None:
            await self.handler(self, ws)
        else:
            await self.serve(ws)
        return ws

    async def serve(self, ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.type is WSMsgType.PING:
                await ws.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs.append(bytes(message.data))
            elif message.type is WSMsgType.TEXT:
                await self.take(ws, orjson.loads(message.data))

    async def take(self, ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        context_id = message["contextId"]
        if "create" in message:
            await self.send(ws, context_id, contextCreated={})
        elif "send_text" in message:
            self.texts[context_id] = self.texts.get(context_id, "") + message["send_text"]["text"]
        elif "cancel_context" in message:
            await self.send(ws, context_id, contextClosed={})
        elif "close_context" in message:
            for audio in audio_of(self.texts.get(context_id, ""), 5, 2400):
                await self.send(ws, context_id, audioChunk={"audioContent": pybase64.b64encode_as_string(audio)})
            await self.send(ws, context_id, contextClosed={})

    @staticmethod
    async def send(ws: web.WebSocketResponse, context_id: str, **payload: Any) -> None:
        result = {"contextId": context_id, **payload, "status": status(0, "")}
        await ws.send_str(orjson.dumps({"result": result}).decode())


@asynccontextmanager
async def wire_server() -> AsyncIterator[WireServer]:
    """Run the server for the time of the block."""
    server = WireServer()
    app = web.Application()
    app.router.add_get(WS_PATH, server.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)
