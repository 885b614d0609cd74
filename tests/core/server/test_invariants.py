"""Whatever a client does: what must always hold on the wire, and that the server stays up."""

import asyncio
import hashlib
import random
import socket
from dataclasses import dataclass, field, replace

import aiohttp
import pytest

from support.raw_client import act, create, text
from voxpool.server.config import ServerConfig, TimingProfile

TONE = ServerConfig(engine="tone", contexts_per_connection=5)
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@dataclass
class Watched:
    """What a strict client knows of one context."""

    created: bool = False
    since_flush: int = 0
    billed: int = 0
    audio: object = field(default_factory=hashlib.sha256)


class Strict:
    """Holds every frame to section 5.7; raises AssertionError at the first that breaks it."""

    def __init__(self):
        self.open = {}
        self.billed = 0
        self.closed = 0
        self.refused = 0

    def see(self, frame):
        assert set(frame) <= {"result", "error"}
        if "error" in frame:
            assert frame["error"]["code"] == 3
            return
        result = frame["result"]
        payload = set(result) - {"contextId", "status"}
        if result["status"]["code"]:
            assert not payload
            assert result["status"]["message"]
            self.refused += 1
            return
        assert result["status"] == {"code": 0, "message": "", "details": []}
        (kind,) = payload
        getattr(self, kind)(result["contextId"], result[kind])

    def contextCreated(self, context_id, _):
        assert context_id not in self.open, "created twice"
        self.open[context_id] = Watched(created=True)

    def audioChunk(self, context_id, chunk):
        context = self.open[context_id]
        assert bool(chunk["usage"]["processedCharactersCount"]) == (context.since_flush == 0)
        self.billed += chunk["usage"]["processedCharactersCount"]
        context.since_flush += 1
        assert chunk["audioContent"]
        assert chunk["timestampInfo"] is None

    def flushCompleted(self, context_id, body):
        context = self.open[context_id]
        assert body == {}
        assert context.since_flush, "completed nothing"
        context.since_flush = 0

    def contextClosed(self, context_id, body):
        assert body == {}
        del self.open[context_id]
        self.closed += 1


def some_messages(rng, count):
    """Yield messages of a client that does everything, most of it sensible."""
    for _ in range(count):
        context_id = rng.choice("abcdefg")
        said = " ".join(rng.choices(WORDS, k=rng.randint(0, 6))) + rng.choice(["", " ", ". ", "?"])
        yield rng.choice(
            [
                create(context_id, autoMode=rng.random() < 0.4, bufferCharThreshold=rng.choice([0, 20, 1000])),
                create(context_id, voiceId="Nobody"),
                *[text(said, context_id, flush=rng.random() < 0.4)] * 6,
                act("flush_context", context_id),
                act("close_context", context_id),
                act("cancel_context", context_id),
                {"foo": "bar"},
                "garbage",
                text(said, None),
            ]
        )


@pytest.mark.parametrize("seed", range(6))
async def test_any_client_sees_a_consistent_story(connect, http, seed):
    rng = random.Random(seed)
    raw = await connect(replace(TONE, timing=TimingProfile(delivery_rate=rng.choice([0, 200.0]))))
    strict = Strict()

    async def read():
        async for message in raw.socket:
            strict.see(message.json())

    reading = asyncio.create_task(read())
    for message in some_messages(rng, 300):
        await raw.send(message)
        if rng.random() < 0.1:
            await asyncio.sleep(0.001)
    for context_id in "abcdefg":
        await raw.send(act("close_context", context_id))
    async with asyncio.timeout(15):
        while strict.open:
            await asyncio.sleep(0.01)
            assert not reading.done(), reading.result()
    await raw.socket.close()
    await reading
    async with http.get(raw.url + "/voxgrid/v1/ledger") as response:
        (connection,) = (await response.json())["ended"]
    records = connection["endedContexts"]
    assert len(records) == strict.closed
    assert connection["openContexts"] == []
    assert sum(record["billedCharacters"] for record in records) == strict.billed
    for record in records:
        assert record["state"] in ("closed", "cancelled")
        assert record["billedCharacters"] <= record["askedCharacters"]
        assert record["droppedCharacters"] <= (record["state"] == "cancelled") * record["askedCharacters"]
    assert strict.closed > 3


@pytest.mark.parametrize("seed", range(5))
async def test_garbage_bytes_end_only_their_own_connection(connect, seed):
    raw = await connect(TONE)
    port = int(raw.url.rpartition(":")[2])
    rng = random.Random(seed)

    def poke():
        upgrade = (
            b"GET /tts/v1/voice:streamBidirectional HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        for prefix in (b"", upgrade, b"POST /tts/v1/voice HTTP/1.1\r\nContent-Length: 50\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=2) as other:
                other.sendall(prefix + rng.randbytes(2000))

    await asyncio.to_thread(poke)
    await raw.send(create(), text("Still there.", flush=True))
    await raw.until("flushCompleted")


async def test_many_connections_at_once(connect, http):
    first = await connect(replace(TONE, max_connections=30))
    others = await asyncio.gather(*(connect(url=first.url) for _ in range(40)), return_exceptions=True)
    refused = [item for item in others if isinstance(item, aiohttp.WSServerHandshakeError)]
    assert len(refused) == 11
    assert {item.status for item in refused} == {429}
    lines = [item for item in others if not isinstance(item, Exception)]
    for raw in lines:
        await raw.send(create(), text("Hello.", flush=True))
    for raw in lines:
        await raw.until("flushCompleted")
