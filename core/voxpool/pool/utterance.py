"""What a caller holds while something is spoken."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Protocol, Self

from voxpool.chunk import AudioChunk
from voxpool.errors import UtteranceCancelled, VoxpoolError, WrongState
from voxpool.events import Outcome
from voxpool.pool.job import Job
from voxpool.pool.script import check_text
from voxpool.pool.stages import Stages as Stages
from voxpool.pool.stages import UtteranceState as UtteranceState
from voxpool.protocol.settings import ContextSettings
from voxpool.protocol.text import SentenceAssembler


class Keeper(Protocol):
    """What an utterance needs of its pool."""

    def cancel(self, job: Job) -> None:
        """End a job for its caller; harmless when it has ended."""
        ...

    def abandon(self, job: Job) -> None:
        """Nobody holds the utterance any more; may be called from any thread."""
        ...

    async def let_go(self, job: Job) -> None:
        """Wait until the slot of an ended job is free, or for as long as that is worth."""
        ...


class Utterance:
    """One utterance: an async iterator of ``AudioChunk``, made by ``Pool.speak``.

    It queues itself at once and is spoken whether or not anybody iterates; what is not read waits in a buffer of
    ``PoolConfig.buffer_bytes``, and when that is full the utterance alone fails with ``ConsumerTooSlow``: its
    neighbours on the connection are never held up.

    Iterating ends when the audio is complete, or when ``cancel`` was called; otherwise it raises the error that
    ended it.  Cancelling the task that iterates cancels the utterance, as with an async generator.  Dropping the
    last reference to an utterance that has not ended cancels it too, so an abandoned one holds no slot.
    """

    __slots__ = ("__weakref__", "_job", "_owner")

    def __init__(self, job: Job, owner: Keeper) -> None:
        self._job = job
        self._owner = owner

    def __repr__(self) -> str:
        ticket = self._job.ticket
        return f"<{type(self).__name__} {ticket.id} {self.state.value} {ticket.label!r}: {ticket.audio_s:.2f} s>"

    def __del__(self) -> None:
        if self._job.ticket.outcome is None or self._job.buffer:
            self._owner.abandon(self._job)

    # -- what is so ------------------------------------------------------------------------------------------

    @property
    def id(self) -> int:
        """Serial number in the pool, from 1."""
        return self._job.ticket.id

    @property
    def label(self) -> str:
        """A snippet of its text for people, at most 80 characters."""
        return self._job.ticket.label

    @property
    def text(self) -> str:
        """Everything given to it so far."""
        return self._job.script.text

    @property
    def settings(self) -> ContextSettings:
        """What its context is created with."""
        return self._job.settings

    @property
    def state(self) -> UtteranceState:
        """Waiting, speaking or ended."""
        ticket = self._job.ticket
        if ticket.outcome is not None:
            return UtteranceState.ENDED
        return UtteranceState.WAITING if ticket.slot is None else UtteranceState.SPEAKING

    @property
    def outcome(self) -> Outcome | None:
        """How it ended, or None."""
        return self._job.ticket.outcome

    @property
    def error(self) -> VoxpoolError | None:
        """What ended it, or None."""
        return self._job.ticket.error

    @property
    def place(self) -> tuple[int, int] | None:
        """Row and column of its slot in the grid, or None while it has none."""
        slot = self._job.ticket.slot
        return None if slot is None else (slot.link.row, slot.column)

    @property
    def context_id(self) -> str:
        """Its newest context on the wire, or ""."""
        return self._job.ticket.context_id

    @property
    def attempts(self) -> int:
        """Contexts used so far."""
        return self._job.ticket.attempt

    @property
    def audio_s(self) -> float:
        """Seconds of audio that arrived."""
        return self._job.ticket.audio_s

    @property
    def chunks(self) -> int:
        """Audio chunks that arrived."""
        return self._job.ticket.chunks

    @property
    def characters(self) -> int:
        """Characters that the service says it processed."""
        return self._job.ticket.characters

    @property
    def sent_characters(self) -> int:
        """Characters of it that sockets took so far, those of earlier attempts included."""
        return self._job.sent_characters

    @property
    def buffered_bytes(self) -> int:
        """Audio that arrived and was not read yet, in bytes."""
        return self._job.buffered_bytes

    @property
    def stages(self) -> Stages:
        """When each stage was reached."""
        job = self._job
        return Stages(
            requested_s=job.ticket.requested_at,
            granted_s=job.ticket.granted_at,
            connected_s=job.connected_s,
            created_s=job.created_s,
            first_text_s=job.first_text_s,
            first_audio_s=job.first_audio_s,
            last_audio_s=job.last_audio_s,
            closed_s=job.closed_s,
            slot_free_s=job.slot_free_s,
            late_audio_s=job.ticket.late_audio_at,
        )

    # -- reading ---------------------------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        """Return itself; only one task may read."""
        return self

    async def __anext__(self) -> AudioChunk:
        """Return the next chunk.

        Raises:
            StopAsyncIteration: The audio is complete, or ``cancel`` was called.
            VoxpoolError: What ended the utterance, once all audio that came before it has been read.
        """
        job = self._job
        while True:
            if job.buffer:
                return job.read()
            outcome = job.ticket.outcome
            if outcome is not None:
                if job.ticket.error is not None:
                    raise job.ticket.error.with_traceback(None)
                raise StopAsyncIteration
            try:
                chunk = await job.coming()
            except asyncio.CancelledError:
                self._owner.cancel(job)
                raise
            if chunk is not None and job.ticket.outcome is not Outcome.CANCELLED:
                return chunk

    async def __aenter__(self) -> Self:
        """Return itself; leaving the block cancels what has not ended."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what has not ended."""
        self._owner.cancel(self._job)

    def cancel_nowait(self) -> None:
        """Stop delivery at once and let the service know; harmless when it has ended."""
        self._owner.cancel(self._job)

    async def cancel(self) -> None:
        """Stop delivery at once, and return when the service has let go of the context.

        A service that does not react is not waited for longer than a moment: the slot is then the pool's concern.
        """
        self._owner.cancel(self._job)
        await self._owner.let_go(self._job)

    async def wait(self) -> Outcome:
        """Wait for the end without reading, and return how it ended; a failed one does not raise."""
        job = self._job
        while job.ticket.outcome is None:
            await job.change()
        return job.ticket.outcome


class StreamingUtterance(Utterance):
    """An utterance whose text arrives bit by bit, made by ``Pool.stream``.  Use one task to write and one to read.

    What is sent is kept in order and nothing is dropped; ``send`` waits while more than a window of text
    (16,384 characters) has not been taken by the socket, which includes the time in the queue.
    """

    __slots__ = ("_assembler", "_flush_sentences")

    def __init__(self, job: Job, owner: Keeper, assembler: SentenceAssembler | None) -> None:
        super().__init__(job, owner)
        self._assembler = assembler
        # In auto mode the service begins by itself with each sentence (protocol.md section 6.3).
        self._flush_sentences = not job.settings.auto_mode

    async def send(self, text: str) -> None:
        """Add text, in order; waits first while more than the window is unsent.

        With sentence assembly, tokens are collected and each complete sentence is sent to be spoken at once.
        A text is taken as a whole or, when the wait is cancelled, not at all.

        Raises:
            VoxpoolError: What ended the utterance.
            UtteranceCancelled: It was cancelled.
            WrongState: ``close`` was called before.
            SettingError: The text cannot be sent.
        """
        check_text(text)
        await self._room()
        if self._assembler is None:
            self._add(text, flush=False)
        else:
            for sentence in self._assembler.feed(text):
                self._add(sentence, flush=self._flush_sentences)

    async def flush(self) -> None:
        """Ask for everything sent so far to be spoken now, an unfinished sentence included.  Raises like ``send``."""
        await self._room()
        self._finish_sentence()
        self._add("", flush=True)

    async def close(self) -> None:
        """Say that no more text comes; what was sent is still spoken.  Harmless when called again."""
        script = self._job.script
        if script.finished or self._job.ticket.outcome is not None:
            return
        self._finish_sentence()
        script.finished = True
        self._job.send_pending()

    def _finish_sentence(self) -> None:
        if self._assembler is not None:
            for sentence in self._assembler.finish():
                self._add(sentence, flush=False)

    def _add(self, text: str, *, flush: bool) -> None:
        if text or flush:
            self._job.script.add(text, flush=flush)
            self._job.send_pending()

    async def _room(self) -> None:
        self._check_writable()
        await self._job.script.room()
        self._check_writable()

    def _check_writable(self) -> None:
        ticket = self._job.ticket
        if ticket.error is not None:
            raise ticket.error.with_traceback(None)
        if ticket.outcome is Outcome.CANCELLED:
            raise UtteranceCancelled
        if self._job.script.finished or ticket.outcome is not None:
            raise WrongState("text", ticket.context_id or "(none yet)", "no more text was announced")
