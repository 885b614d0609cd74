"""A service in memory that speaks the protocol by script: for the pool's tests in virtual time.

It counts contexts as the real one does (from ``create`` to its own ``contextClosed``), refuses the sixth, and can
be told to be slow, silent, deaf, full, or gone.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pybase64

from voxpool.errors import ConnectFailed, ConnectionLost, VoxpoolError
from voxpool.transport import Closed

RATE = 24_000


def audio_of(text: str, chunks: int, samples: int) -> list[bytes]:
    """Return the audio that the fake service makes of a text: noise that only this text has."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    noise = np.random.default_rng(seed).integers(-3000, 3000, size=(chunks, samples), dtype=np.int16)
    return [row.tobytes() for row in noise]


def status(code: int, message: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "details": [], **more}


@dataclass(eq=False)
class FakeContext:
    """One context on the service's side."""

    wire: FakeTransport
    context_id: str
    config: dict[str, Any]
    text: str = ""
    said: str = ""
    closing: bool = False
    cancelled: bool = False
    over: bool = False
    busy: bool = False

    def send(self, **payload: Any) -> None:
        """Send a message of this context, if its socket is still there."""
        self.wire.reply({"result": {"contextId": self.context_id, **payload, "status": status(0, "")}})

    def fail(self, code: int, message: str, *, gone: bool = False, **more: Any) -> None:
        """Send a status instead."""
        if gone:
            self.end()
        self.wire.reply({"result": {"contextId": self.context_id, "status": status(code, message, **more)}})

    def audio(self, data: bytes, characters: int = 0) -> None:
        self.wire.service.sent_audio[self.context_id] = self.wire.service.sent_audio.get(self.context_id, b"") + data
        content = pybase64.b64encode_as_string(data)
        self.send(audioChunk={"audioContent": content, "usage": {"processedCharactersCount": characters}})

    def closed(self) -> None:
        """Let go of the context."""
        if not self.over:
            self.end()
            self.send(contextClosed={})

    def end(self) -> None:
        self.over = True
        self.wire.contexts.pop(self.context_id, None)


@dataclass(eq=False)
class FakeTransport:
    """One socket: the client's end, and the service's state behind it."""

    service: FakeService
    number: int
    contexts: dict[str, FakeContext] = field(default_factory=dict)
    silent: bool = False
    """Hears nothing and says nothing, like a cut cable."""
    open: bool = True
    received: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._inbox: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._to_client: deque[tuple[str, Any]] = deque()
        self._to_service: deque[tuple[str, Any]] = deque()
        self.stuck: asyncio.Event | None = None

    # The client's end.

    async def run(self, on_frame: Callable[[str], None], on_pong: Callable[[bytes], None]) -> Closed:
        while True:
            kind, value = await self._inbox.get()
            if kind == "frame":
                on_frame(value)
            elif kind == "pong":
                on_pong(value)
            else:
                return value  # type: ignore[no-any-return]

    async def send(self, frame: str) -> None:
        if self.stuck is not None:
            await self.stuck.wait()
        if not self.open:
            raise ConnectionLost(0, "the fake socket is closed")
        self._later(self._to_service, ("frame", frame), self._arrive)

    async def ping(self, payload: bytes) -> None:
        if not self.open:
            raise ConnectionLost(0, "the fake socket is closed")
        self._later(self._to_service, ("ping", payload), self._arrive)

    async def close(self) -> None:
        await asyncio.sleep(self.service.latency_s)
        self.gone()
        self._inbox.put_nowait(("end", Closed("closed by us", clean=True)))

    def abort(self) -> None:
        self.gone()
        self._inbox.put_nowait(("end", Closed("aborted by us", clean=False)))

    # The service's end.

    def _later(self, line: deque[tuple[str, Any]], item: tuple[str, Any], take: Callable[[], None]) -> None:
        # One line for each direction: timers of the same time have no order of their own.
        line.append(item)
        asyncio.get_running_loop().call_later(self.service.latency_s, take)

    def _arrive(self) -> None:
        kind, value = self._to_service.popleft()
        if self.silent or not self.open:
            return
        if kind == "ping":
            if self.service.answers_pings:
                self._later(self._to_client, ("pong", value), self._depart)
            return
        message = orjson.loads(value)
        self.received.append(message)
        self.service.take(self, message)

    def _depart(self) -> None:
        kind, value = self._to_client.popleft()
        if kind == "drop":
            self.drop(value, clean=True)
        elif not self.silent and self.open:
            self._inbox.put_nowait((kind, value))

    def reply(self, message: dict[str, Any]) -> None:
        self.reply_raw(orjson.dumps(message).decode())

    def reply_raw(self, frame: str) -> None:
        if self.open:
            self._later(self._to_client, ("frame", frame), self._depart)

    def drop(self, why: str = "connection reset by peer", *, clean: bool = False) -> None:
        """End the socket from the service's side; what is on its way is lost."""
        if self.open:
            self.gone()
            self._inbox.put_nowait(("end", Closed(why, clean=clean)))

    def drop_after_replies(self, why: str = "closed by the server with code 1000") -> None:
        """Send a CLOSE behind what is on its way."""
        self._later(self._to_client, ("drop", why), self._depart)

    def gone(self) -> None:
        self.open = False
        for context in [*self.contexts.values()]:
            context.end()


class FakeService:
    """What a ``Pool`` connects to in tests: ``Pool(endpoint, connect=service)``.

    Attributes:
        latency_s: One way, for frames; a handshake takes two.
        first_audio_s: From flush or close to the first chunk.
        chunk_s: Between chunks.
        chunks: Chunks per synthesis.
        samples: Samples per chunk.
        on_create: Called for each new context instead of confirming it, when set.
        on_speak: Called with the context and the text instead of speaking it, when set.
        on_cancel: Called instead of letting a cancelled context go, when set.
        on_close: Called instead of closing, when set.
        connect_errors: Errors for the next handshakes, in order; None means success.
        refuse_key: Answers the first message of every connection with code 7 and CLOSE.
        limit: Connections accepted at once; beyond it the upgrade is refused with 429.
    """

    def __init__(self, **options: Any) -> None:
        self.latency_s = 0.01
        self.handshake_s = 0.04
        self.first_audio_s = 0.2
        self.chunk_s = 0.05
        self.chunks = 3
        self.samples = 2400
        self.answers_pings = True
        self.refuse_key = False
        self.knows_cancel = True
        self.limit: int | None = None
        self.context_limit = 5
        self.connect_errors: deque[VoxpoolError | None] = deque()
        self.on_create: Callable[[FakeContext], None] | None = None
        self.on_speak: Callable[[FakeContext, str], None] | None = None
        self.on_cancel: Callable[[FakeContext], None] | None = None
        self.on_close: Callable[[FakeContext], None] | None = None
        for name, value in options.items():
            assert hasattr(self, name), name
            setattr(self, name, value)
        self.wires: list[FakeTransport] = []
        self.handshakes = 0
        self.texts: dict[str, str] = {}
        self.sent_audio: dict[str, bytes] = {}
        self.counts: Counter[str] = Counter()
        self.most_contexts = 0
        self.most_wires = 0
        self.refused_contexts = 0
        self.closed = False

    # Connector.

    async def connect(self) -> FakeTransport:
        self.handshakes += 1
        await asyncio.sleep(self.handshake_s)
        error = self.connect_errors.popleft() if self.connect_errors else None
        if error is None and self.limit is not None and len(self.open_wires) >= self.limit:
            error = ConnectFailed("fake", "Too Many Requests", 429)
        if error is not None:
            raise error
        wire = FakeTransport(self, len(self.wires))
        self.wires.append(wire)
        self.most_wires = max(self.most_wires, len(self.open_wires))
        return wire

    async def close(self) -> None:
        self.closed = True

    @property
    def open_wires(self) -> list[FakeTransport]:
        return [wire for wire in self.wires if wire.open]

    @property
    def contexts(self) -> list[FakeContext]:
        return [context for wire in self.open_wires for context in wire.contexts.values()]

    # Messages.

    def take(self, wire: FakeTransport, message: dict[str, Any]) -> None:
        context_id = message.pop("contextId")
        (kind,) = message
        self.counts[kind] += 1
        if self.refuse_key:
            wire.reply({"error": status(7, 'Invalid credentials provided for API key "abcd***"')})
            wire.drop_after_replies()
            return
        if kind == "create":
            self._create(wire, context_id, message[kind])
            return
        context = wire.contexts.get(context_id)
        if context is None:
            gone = {"contextId": context_id, "status": status(5, f"context {context_id} not found")}
            wire.reply({"result": gone})
            return
        getattr(self, f"_{kind}")(context, message[kind])

    def _create(self, wire: FakeTransport, context_id: str, config: dict[str, Any]) -> None:
        context = FakeContext(wire, context_id, config)
        if len(wire.contexts) >= self.context_limit:
            self.refused_contexts += 1
            context.fail(8, "You have reached the limit of 5 TTS contexts per connection.")
            return
        wire.contexts[context_id] = context
        self.most_contexts = max(self.most_contexts, len(wire.contexts))
        if self.on_create is not None:
            self.on_create(context)
        else:
            context.send(contextCreated={})

    def _send_text(self, context: FakeContext, payload: dict[str, Any]) -> None:
        context.text += payload["text"]
        self.texts[context.context_id] = self.texts.get(context.context_id, "") + payload["text"]
        if "flush_context" in payload:
            self._flush_context(context, {})

    def _flush_context(self, context: FakeContext, _payload: dict[str, Any]) -> None:
        text, context.text = context.text, ""
        if not any(character.isalnum() for character in text):
            return
        if self.on_speak is not None:
            self.on_speak(context, text)
        else:
            self.speak(context, text)

    def _close_context(self, context: FakeContext, _payload: dict[str, Any]) -> None:
        self._flush_context(context, {})
        context.closing = True
        if self.on_close is not None:
            self.on_close(context)
        elif not context.busy:
            context.closed()

    def _cancel_context(self, context: FakeContext, _payload: dict[str, Any]) -> None:
        if not self.knows_cancel:
            return
        context.cancelled = True
        if self.on_cancel is not None:
            self.on_cancel(context)
        else:
            context.closed()

    def speak(self, context: FakeContext, text: str) -> None:
        """Send the audio of a text at its pace, then ``flushCompleted``, then the end if it was asked for."""
        context.busy = True
        pieces = deque(audio_of(text, self.chunks, self.samples))
        loop = asyncio.get_running_loop()

        def step() -> None:
            if context.over or context.cancelled:
                return
            if pieces:
                context.audio(pieces.popleft(), len(text) if len(pieces) == self.chunks - 1 else 0)
                loop.call_later(self.chunk_s, step)
                return
            context.busy = False
            context.send(flushCompleted={})
            if context.closing:
                context.closed()

        loop.call_later(self.first_audio_s, step)
