"""A service that does nothing but send: canned frames at a given pace, so that only the receiving end is measured.

``python -m benchmarks.pool_server CHUNKS INTERVAL_MS`` prints its port, and ends when standard input closes.
"""

from __future__ import annotations

import asyncio
import os
import sys

import orjson
import pybase64
from aiohttp import WSMsgType, web

from voxpool.config import WS_PATH

CHUNK_BYTES = 6144
"""128 ms at 24 kHz: about 8.3 KB of JSON, as the service sends."""

STATUS = '"status":{"code":0,"message":"","details":[]}'
AUDIO = pybase64.b64encode_as_string(os.urandom(CHUNK_BYTES))


def frame(context_id: str, payload: str) -> str:
    return f'{{"result":{{"contextId":"{context_id}",{payload},{STATUS}}}}}'


def audio(context_id: str, characters: int) -> str:
    usage = f'"usage":{{"processedCharactersCount":{characters},"modelId":"m"}},"timestampInfo":null'
    return frame(context_id, f'"audioChunk":{{"audioContent":"{AUDIO}",{usage}}}')


class Sender:
    """Speaks on one connection."""

    def __init__(self, ws: web.WebSocketResponse, chunks: int, interval_s: float) -> None:
        self._ws = ws
        self._chunks = chunks
        self._interval_s = interval_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        async for message in self._ws:
            if message.type is not WSMsgType.TEXT:
                continue
            data = orjson.loads(message.data)
            if "create" in data:
                await self._ws.send_str(frame(data["contextId"], '"contextCreated":{}'))
            elif "close_context" in data:
                task = asyncio.create_task(self._speak(data["contextId"]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        for task in self._tasks:
            task.cancel()

    async def _speak(self, context_id: str) -> None:
        first, later = audio(context_id, 30), audio(context_id, 0)
        began = asyncio.get_running_loop().time()
        for number in range(self._chunks):
            if self._interval_s:
                await asyncio.sleep(began + number * self._interval_s - asyncio.get_running_loop().time())
            await self._ws.send_str(later if number else first)
        await self._ws.send_str(frame(context_id, '"flushCompleted":{}'))
        await self._ws.send_str(frame(context_id, '"contextClosed":{}'))


async def main(chunks: int, interval_s: float) -> None:
    async def handle(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        await Sender(ws, chunks, interval_s).run()
        return ws

    app = web.Application()
    app.router.add_get(WS_PATH, handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000.0))
