"""One utterance at work: its text goes out through a connection, its audio comes in, and its caller is told.

The pool holds the job, the caller holds an ``Utterance`` that points to it: so a caller who drops the utterance
can be noticed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from voxpool.chunk import AudioChunk
from voxpool.connection import Binding, Connection
from voxpool.errors import ConsumerTooSlow, VoxpoolError
from voxpool.events import Outcome
from voxpool.pool.decoding import decoder_for
from voxpool.pool.records import Slot, Ticket
from voxpool.pool.script import Piece, Script, speakable
from voxpool.protocol.outputs import AudioOut
from voxpool.protocol.settings import ContextSettings

DEFAULT_THRESHOLD: Final = 1000
"""Buffered characters that the service speaks without being asked (protocol.md section 6.1)."""

SMALLEST_CHUNK: Final = 1024
"""Bytes of the buffer that a chunk takes at least: words without audio take memory too."""


class Desk(Protocol):
    """What a job needs of its pool."""

    buffered_bytes: int
    """Audio that no consumer has read yet, over all jobs."""

    def enter(self) -> asyncio.AbstractEventLoop:
        """Return the running loop, or raise ``WrongLoop``."""
        ...

    def text_sent(self, slot: Slot, *, speakable: bool, asks: bool, restarts: bool) -> None:
        """Text, a flush or a close was handed to a connection."""
        ...

    def give_up(self, job: Job, error: VoxpoolError) -> None:
        """The job cannot go on."""
        ...


class Job:
    """The working side of an utterance.

    Args:
        ticket: Its record in the books.
        settings: What its contexts are created with.
        script: Its text.
        desk: The pool.
        buffer_limit: Bytes of unread audio after which it is given up.
        clock: Monotonic seconds.

    Attributes:
        connection: Where its context is, or None.
        binding: Its context on that connection, or None.
        buffer: Chunks that were not read yet.
        buffered_bytes: Their audio.
        reader: What the consumer waits for, or None.
        sent_characters: Characters that sockets took, over all attempts.
    """

    __slots__ = (
        "_buffer_limit",
        "_buffered_text",
        "_clock",
        "_desk",
        "_settled",
        "binding",
        "buffer",
        "buffered_bytes",
        "closed_s",
        "connected_s",
        "connection",
        "created_s",
        "first_audio_s",
        "first_text_s",
        "last_audio_s",
        "reader",
        "script",
        "sent_characters",
        "settings",
        "slot_free_s",
        "ticket",
    )

    def __init__(
        self,
        ticket: Ticket,
        settings: ContextSettings,
        script: Script,
        desk: Desk,
        buffer_limit: int,
        clock: Callable[[], float],
    ) -> None:
        self.ticket = ticket
        self.settings = settings
        self.script = script
        self.buffer: deque[AudioChunk] = deque()
        self.buffered_bytes = 0
        self.connection: Connection | None = None
        self.binding: Binding | None = None
        self._desk = desk
        self._buffer_limit = buffer_limit
        self._clock = clock
        self.reader: asyncio.Future[AudioChunk | None] | None = None
        self._settled: list[asyncio.Future[None]] = []
        self._buffered_text = 0
        self.sent_characters = 0
        self.closed_s: float | None = None
        self._forget_stages()

    def __repr__(self) -> str:
        return f"<Job {self.ticket.id}: attempt {self.ticket.attempt}, {len(self.buffer)} chunks unread>"

    def _forget_stages(self) -> None:
        self.connected_s: float | None = None
        self.created_s: float | None = None
        self.first_text_s: float | None = None
        self.first_audio_s: float | None = None
        self.last_audio_s: float | None = None
        self.slot_free_s: float | None = None

    # -- text out --------------------------------------------------------------------------------------------

    def begin(self, connection: Connection, slot: Slot) -> None:
        """Create the context and send what there is, back to back; nothing is waited for (section 1).

        Raises:
            VoxpoolError: The context cannot be created.
        """
        self._forget_stages()
        self.connected_s = slot.link.opened_at
        self._buffered_text = 0
        self.binding = connection.bindings[slot.context_id] = Binding(slot, self)
        self.connection = connection
        decoder = decoder_for(self.settings)
        _, frame = connection.session.create(self.settings, context_id=slot.context_id, decoder=decoder)
        connection.write(frame)
        self.send_pending()

    def send_pending(self) -> None:
        """Hand over the text that waits, if there is a context to take it."""
        binding, connection = self.binding, self.connection
        if binding is None or connection is None or binding.slot.closed_by_us:
            return
        slot = binding.slot
        while (piece := self.script.take()) is not None:
            last = self.script.finished and not self.script.pending
            self._send(connection, slot, piece, flush=piece.flush or last)
        self.ticket.retry = self.ticket.retry and self.script.replayable
        if self.script.finished:
            self._send_close(connection, slot)

    def _send(self, connection: Connection, slot: Slot, piece: Piece, *, flush: bool) -> None:
        session, context_id = connection.session, slot.context_id
        if not piece.text:
            connection.write(session.flush(context_id))
        else:
            frame = session.send_text(context_id, piece.text, flush=flush)
            connection.write(frame, self._on_sent(len(piece.text), slot.serial), text_of=context_id)
        self._buffered_text = 0 if flush else self._buffered_text + len(piece.text)
        asks, restarts = self._asks(flush)
        self._desk.text_sent(slot, speakable=speakable(piece.text), asks=asks, restarts=restarts)

    def _asks(self, flush: bool) -> tuple[bool, bool]:
        """Return whether the service has to begin to speak now, and whether only its idle timer says so (6.1)."""
        settings = self.settings
        if flush or (settings.auto_mode and not settings.uses_sentence_boundary):
            return True, False
        if settings.auto_mode:
            return False, False
        if self._buffered_text >= (settings.buffer_char_threshold or DEFAULT_THRESHOLD):
            return True, False
        return bool(settings.max_buffer_delay_ms), True

    def _send_close(self, connection: Connection, slot: Slot) -> None:
        slot.closed_by_us = True
        connection.write(connection.session.close(slot.context_id))
        self._desk.text_sent(slot, speakable=False, asks=True, restarts=False)

    def _on_sent(self, characters: int, serial: int) -> Callable[[float], None]:
        def sent(now: float) -> None:
            self.sent_characters += characters
            binding = self.binding
            if binding is None or binding.slot.serial != serial:
                return
            if self.first_text_s is None:
                self.first_text_s = now
            self.script.taken_by_socket(characters)

        return sent

    # -- audio in --------------------------------------------------------------------------------------------

    def deliver(self, output: AudioOut, now: float) -> None:
        """Keep a chunk for the consumer; the books are told of the first one by the pool."""
        _, pcm, start_s, rate, words, characters, _ = output
        ticket = self.ticket
        if characters:
            ticket.characters += characters
            if not len(pcm) and not words:
                return
        ticket.chunks += 1
        ticket.audio_s += len(pcm) / rate
        self.last_audio_s = now
        chunk = AudioChunk(pcm, rate, start_s, words, now)
        reader = self.reader
        if reader is not None:
            self.reader = None
            if not reader.done():
                # Who waits has read all the others: this one need not pass through the buffer.
                reader.set_result(chunk)
                return
        self._keep(chunk, pcm.nbytes)

    def _keep(self, chunk: AudioChunk, size: int) -> None:
        self.buffer.append(chunk)
        self.buffered_bytes += size
        self._desk.buffered_bytes += size
        chunks = len(self.buffer)
        if self.buffered_bytes > self._buffer_limit or chunks * SMALLEST_CHUNK > self._buffer_limit:
            self._desk.give_up(self, ConsumerTooSlow(self.buffered_bytes, chunks))

    def heard_first(self, now: float) -> float:
        """Note the first audio; return when the first text was handed to the socket."""
        self.first_audio_s = now
        self.script.keep_no_longer()
        return self.first_text_s if self.first_text_s is not None else now

    # -- the consumer ----------------------------------------------------------------------------------------

    def coming(self) -> asyncio.Future[AudioChunk | None]:
        """Return what is done with the next chunk, or with None when the end is known."""
        if self.reader is not None and not self.reader.done():
            raise RuntimeError("only one consumer may read an utterance")
        self.reader = self._desk.enter().create_future()
        return self.reader

    def read(self) -> AudioChunk:
        """Return the next chunk of the buffer, which is not empty."""
        chunk = self.buffer.popleft()
        size = chunk.pcm.nbytes
        self.buffered_bytes -= size
        self._desk.buffered_bytes -= size
        return chunk

    def discard(self) -> None:
        """Drop what was not read."""
        self.buffer.clear()
        self._desk.buffered_bytes -= self.buffered_bytes
        self.buffered_bytes = 0

    # -- the end ---------------------------------------------------------------------------------------------

    def deafen(self) -> None:
        """Take no more audio of the present context: late chunks reach nobody (section 13, number 10)."""
        if self.binding is not None:
            self.binding.receiver = None
        self.binding = None
        self.connection = None

    def rewind(self) -> None:
        """Another attempt follows."""
        self.deafen()
        self.script.rewind()

    def finish(self) -> None:
        """The ticket has its outcome: stop delivery, and let everyone who waits know."""
        self.deafen()
        self.closed_s = self._clock()
        self.script.release()
        if self.ticket.outcome is Outcome.CANCELLED:
            self.discard()
        if self.reader is not None and not self.reader.done():
            self.reader.set_result(None)
        self.reader = None
        self._wake_waiting()

    def released(self, context_id: str, now: float) -> None:
        """The slot of one of its contexts is free."""
        if context_id == self.ticket.context_id:
            self.slot_free_s = now
        self._wake_waiting()

    async def change(self) -> None:
        """Wait until it ended or its slot came free, whichever is next."""
        waiter = self._desk.enter().create_future()
        self._settled.append(waiter)
        await waiter

    def _wake_waiting(self) -> None:
        waiting, self._settled = self._settled, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
