"""One connection at work: a transport, a session, and the two tasks that read and write.

The reader hands every frame over synchronously: no task, no queue and no timeout per message (on qasync each of
them costs a Qt timer).  The writer sends what was queued, in order, and tells when a frame has been taken by the
socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voxpool.errors import ConnectionLost, ProtocolError, VoxpoolError
from voxpool.events import CloseReason, SlotState
from voxpool.pool.records import Link, Slot
from voxpool.protocol.context import ContextLife
from voxpool.protocol.outputs import AudioOut, Output
from voxpool.protocol.session import Session
from voxpool.transport import Transport

_logger = logging.getLogger(__name__)

FrameTap = Callable[[int, str, str, float], None]
"""Called with (connection_id, "in" or "out", frame, monotonic time) for every message."""

OnSent = Callable[[float], None]
"""Called with the time at which a frame was taken by the socket."""


@dataclass(slots=True)
class Traffic:
    """Counters that all connections of a pool add to.

    Attributes:
        frames_received: Messages received.
        frames_sent: Messages sent.
        bytes_received: Characters received, which are bytes for this protocol's frames of audio.
        bytes_sent: Characters sent.
        frames_ignored: Messages that reached nobody.
        tap: Sees every message, or None.
    """

    frames_received: int = 0
    frames_sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    frames_ignored: int = 0
    tap: FrameTap | None = None

    def show(self, connection_id: int, direction: str, frame: str, now: float) -> None:
        """Let the tap, if there is one, see a message; one that raises is logged and sees no more."""
        tap = self.tap
        if tap is None:
            return
        try:
            tap(connection_id, direction, frame, now)
        except Exception:
            self.tap = None
            _logger.exception("whoever looked at the frames failed, and sees no more of them")


class Receiver(Protocol):
    """Whoever takes the audio of one context."""

    def deliver(self, output: AudioOut, now: float) -> None:
        """Take audio that has just come; must not raise and must not wait."""
        ...


class Owner(Protocol):
    """Whoever owns connections: it hears everything that is not plain audio."""

    def on_output(self, connection: Connection, output: Output, now: float) -> None:
        """Take an output of the session that is not plain audio for a receiver."""
        ...

    def on_state(self, connection: Connection, context_id: str, state: SlotState, now: float) -> None:
        """A context changed its state."""
        ...

    def on_lost(self, connection: Connection, reason: CloseReason, error: VoxpoolError, now: float) -> None:
        """The connection ended without being asked to."""
        ...

    def on_pong(self, connection: Connection, ping_ms: float, now: float) -> None:
        """A ping was answered."""
        ...

    def on_dropped(self, connection: Connection, kind: str, text: str, count: int, now: float) -> None:
        """A frame had nothing for anybody (see ``FrameDropped``)."""
        ...


@dataclass(slots=True, eq=False)
class Binding:
    """A context on the wire and who it belongs to.

    Attributes:
        slot: Its slot in the books.
        receiver: Who takes its audio, or None when nobody wants it any more.
        late_chunks: Chunks that came after nobody wanted them any more.
    """

    slot: Slot
    receiver: Receiver | None
    late_chunks: int = 0


class Connection:
    """A socket with a session.

    Args:
        link: Its record in the books.
        transport: The open transport.
        owner: Hears what happens.
        traffic: Counters to add to.
        clock: Monotonic seconds.

    Attributes:
        link: As given.
        session: The contexts on the wire.
        bindings: Who the contexts belong to, by context id.
        tasks: Its reader and its writer, once started.
    """

    def __init__(
        self, link: Link, transport: Transport, owner: Owner, traffic: Traffic, clock: Callable[[], float]
    ) -> None:
        self.link = link
        self.session = Session(link.id, on_state=self._on_state)
        self.bindings: dict[str, Binding] = {}
        self._transport = transport
        self._owner = owner
        self._traffic = traffic
        self._clock = clock
        self._outbox: deque[tuple[str | None, OnSent | None, str]] = deque()
        """Frames to send, and whose text they carry ("" where they carry none); None stands for a ping."""
        self._wake: asyncio.Future[None] | None = None
        self._flushed: asyncio.Future[None] | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._pings: dict[bytes, float] = {}
        self._ping_serial = 0
        self._strays = 0

    def __repr__(self) -> str:
        return f"<Connection {self.link.id}: {len(self.bindings)} contexts, {len(self._outbox)} frames to send>"

    def start(self) -> None:
        """Begin to read and to write."""
        loop = asyncio.get_running_loop()
        self.tasks = [
            loop.create_task(self._read(), name=f"voxpool reader {self.link.id}"),
            loop.create_task(self._write(), name=f"voxpool writer {self.link.id}"),
        ]
        for task in self.tasks:
            task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        """Route an error that should not be: the loop's handler hears it, and the connection ends."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            message = f"{task.get_name()} failed"
            task.get_loop().call_exception_handler({"message": message, "exception": error, "task": task})
            self._lost(CloseReason.NETWORK, f"{message}: {error!r}")

    # -- writing ---------------------------------------------------------------------------------------------

    def write(self, frame: str, on_sent: OnSent | None = None, *, text_of: str = "") -> None:
        """Queue a frame; it goes out in order.

        Args:
            frame: The frame.
            on_sent: Called when the socket has taken it.
            text_of: The context whose text it carries, if it carries any (see ``drop_text``).
        """
        self._queue(frame, on_sent, text_of)

    def drop_text(self, context_id: str) -> None:
        """Send no more text of a context that is being cancelled: it would be paid for, and hold others up."""
        kept = [entry for entry in self._outbox if entry[2] != context_id]
        if len(kept) < len(self._outbox):
            self._outbox.clear()
            self._outbox.extend(kept)

    def ping(self) -> None:
        """Queue a ping."""
        self._queue(None, None, "")

    def _queue(self, frame: str | None, on_sent: OnSent | None, text_of: str) -> None:
        self._outbox.append((frame, on_sent, text_of))
        wake = self._wake
        if wake is not None and not wake.done():
            wake.set_result(None)

    async def _write(self) -> None:
        try:
            while True:
                await self._write_queued()
                if self._flushed is not None and not self._flushed.done():
                    self._flushed.set_result(None)
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
        except ConnectionLost as error:
            self._lost(CloseReason.NETWORK, error.why)

    async def _write_queued(self) -> None:
        outbox, traffic = self._outbox, self._traffic
        while outbox:
            frame, on_sent, _ = outbox.popleft()
            if frame is None:
                await self._send_ping()
                continue
            if traffic.tap is not None:
                traffic.show(self.link.id, "out", frame, self._clock())
            await self._transport.send(frame)
            traffic.frames_sent += 1
            traffic.bytes_sent += len(frame)
            if on_sent is not None:
                on_sent(self._clock())

    async def _send_ping(self) -> None:
        self._ping_serial += 1
        payload = b"%d" % self._ping_serial
        self._pings = {payload: self._clock()}
        await self._transport.ping(payload)

    # -- reading ---------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        ending = await self._transport.run(self._on_frame, self._on_pong)
        self._lost(CloseReason.SERVER_CLOSED if ending.clean else CloseReason.NETWORK, ending.why)

    def _on_frame(self, frame: str) -> None:
        """Take a frame.  This is the hot path: most frames are plain audio, and end in ``deliver``."""
        now = self._clock()
        self.link.last_at = now
        traffic = self._traffic
        traffic.frames_received += 1
        traffic.bytes_received += len(frame)
        if traffic.tap is not None:
            traffic.show(self.link.id, "in", frame, now)
        try:
            outputs = self.session.receive(frame)
        except ProtocolError as error:
            # The frame names no context that could be told (protocol.md section 9).
            traffic.frames_ignored += 1
            self._owner.on_dropped(self, "malformed", str(error), self.session.counters.malformed, now)
            return
        if not outputs:
            self._on_stray(now)
            return
        for output in outputs:
            if type(output) is AudioOut and not output.first:
                binding = self.bindings.get(output.context_id)
                if binding is None or binding.receiver is None:
                    traffic.frames_ignored += 1
                    continue
                binding.slot.last_at = now
                binding.receiver.deliver(output, now)
            else:
                # What the frame has set in motion has its own times; events must not go back behind them.
                self._owner.on_output(self, output, self._clock())

    def _on_stray(self, now: float) -> None:
        """A frame had nothing for anybody; but it may be a sign of life of a context that is being closed."""
        self._traffic.frames_ignored += 1
        stray, self.session.stray = self.session.stray, ""
        if stray:
            text = f"the service sent a frame for {stray}, which is no context of ours (any more)"
            self._strays += 1
            self._owner.on_dropped(self, "stray", text, self._strays, now)
        for binding in self.bindings.values():
            if binding.slot.closing_at is not None:
                life = self.session.contexts.get(binding.slot.context_id)
                if life is not None and life.late_chunks != binding.late_chunks:
                    binding.late_chunks = life.late_chunks
                    binding.slot.last_at = now
                    if binding.slot.ticket is not None:
                        binding.slot.ticket.late_audio_at = now

    def _on_pong(self, payload: bytes) -> None:
        now = self._clock()
        self.link.last_at = now
        sent_at = self._pings.pop(payload, None)
        if sent_at is not None:
            self._owner.on_pong(self, (now - sent_at) * 1000.0, now)

    def _on_state(self, life: ContextLife, _old: SlotState, new: SlotState) -> None:
        self._owner.on_state(self, life.context_id, new, self._clock())

    # -- the end ---------------------------------------------------------------------------------------------

    def _lost(self, reason: CloseReason, why: str) -> None:
        if not self._closing:
            self._closing = True
            error: VoxpoolError = ConnectionLost(self.link.id, why)
            if self.session.parting is not None:
                reason, error = CloseReason.SERVICE_ERROR, self.session.parting
            self._owner.on_lost(self, reason, error, self._clock())

    async def close(self, *, graceful: bool, timeout_s: float) -> None:
        """Send what is queued, say goodbye, and end both tasks; or, not gracefully, drop everything.

        Args:
            graceful: Whether the peer is expected to answer.
            timeout_s: For all of it; then the socket is dropped.
        """
        self._closing = True
        said_goodbye = False
        try:
            if graceful:
                async with asyncio.timeout(timeout_s):
                    await self._flush()
                    await self._transport.close()
                said_goodbye = True
        except TimeoutError:
            said_goodbye = False
        finally:
            if not said_goodbye:
                self._transport.abort()
            for task in self.tasks:
                task.cancel()
            self.bindings.clear()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if not said_goodbye:
            await self._transport.close()

    async def _flush(self) -> None:
        """Wait until everything queued has been taken by the socket, or the writer has ended."""
        writer = self.tasks[1]
        while self._outbox and not writer.done():
            self._flushed = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._flushed, writer}, return_when=asyncio.FIRST_COMPLETED)

    def abort(self) -> None:
        """Drop the socket and the tasks now; nothing is awaited."""
        self._closing = True
        self._transport.abort()
        for task in self.tasks:
            task.cancel()
