"""What a caller holds while something is spoken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from voxpool.chunk import AudioChunk
from voxpool.errors import VoxpoolError
from voxpool.events import Outcome
from voxpool.protocol.settings import ContextSettings


class UtteranceState(StrEnum):
    """Where an utterance is in its life."""

    WAITING = "waiting"
    """In the queue, or in the backoff before another attempt."""
    SPEAKING = "speaking"
    """It holds a context."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Stages:
    """When each stage of an utterance was reached: monotonic seconds of the pool's clock, None when it was not.

    A retry overwrites the times of the attempt before it; ``requested_s`` stays.

    Attributes:
        requested_s: The caller asked.
        granted_s: It got a slot.
        connected_s: Its connection had opened (often long before it asked).
        created_s: The service confirmed the context.
        first_text_s: Its first text was handed to the socket.
        first_audio_s: Its first audio arrived.
        last_audio_s: Its newest audio arrived.
        closed_s: It ended for its caller.
        slot_free_s: The service let go of its context.
    """

    requested_s: float
    granted_s: float | None = None
    connected_s: float | None = None
    created_s: float | None = None
    first_text_s: float | None = None
    first_audio_s: float | None = None
    last_audio_s: float | None = None
    closed_s: float | None = None
    slot_free_s: float | None = None


class Utterance:
    """One utterance: an async iterator of ``AudioChunk``, made by ``Pool.speak``.

    It queues itself at once and is spoken whether or not anybody iterates; what is not read waits in a buffer of
    ``PoolConfig.buffer_bytes``, and when that is full the utterance alone fails with ``ConsumerTooSlow``: its
    neighbours on the connection are never held up.

    Iterating ends when the audio is complete, or when ``cancel`` was called; otherwise it raises the error that
    ended it.  Cancelling the task that iterates cancels the utterance, as with an async generator.  Dropping the
    last reference to an utterance that has not ended cancels it too, so an abandoned one holds no slot.

    Attributes:
        id: Serial number in the pool, from 1.
        label: A snippet of its text for people, at most 80 characters.
        text: Everything given to it so far.
        settings: What its context is created with.
        state: Waiting, speaking or ended.
        outcome: How it ended, or None.
        error: What ended it, or None.
        stages: When each stage was reached.
        place: ``(row, column)`` of its slot in the grid, or None while it has none.
        context_id: Its newest context on the wire, or "".
        attempts: Contexts used so far.
        audio_s: Seconds of audio that arrived.
        chunks: Audio chunks that arrived.
        characters: Characters that the service says it processed.
    """

    id: int
    label: str
    text: str
    settings: ContextSettings
    state: UtteranceState
    outcome: Outcome | None
    error: VoxpoolError | None
    stages: Stages
    place: tuple[int, int] | None
    context_id: str
    attempts: int
    audio_s: float
    chunks: int
    characters: int

    def __aiter__(self) -> AsyncIterator[AudioChunk]:
        """Return itself; only one consumer may read."""
        raise NotImplementedError

    async def __anext__(self) -> AudioChunk:
        """Return the next chunk."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Return itself; leaving the block cancels what has not ended."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what has not ended."""
        raise NotImplementedError

    def cancel_nowait(self) -> None:
        """Stop delivery at once and let the service know; harmless when it has ended."""
        raise NotImplementedError

    async def cancel(self) -> None:
        """Stop delivery at once, and return when the slot is free or has become the pool's own concern."""
        raise NotImplementedError

    async def wait(self) -> Outcome:
        """Wait for the end without reading; never raises for a failed utterance."""
        raise NotImplementedError


class StreamingUtterance(Utterance):
    """An utterance whose text arrives bit by bit, made by ``Pool.stream``.  Use one task to write and one to read."""

    async def send(self, text: str) -> None:
        """Add text, in order; waits while more than the bounded queue is unsent.

        Raises:
            VoxpoolError: The error that ended the utterance, or ``UtteranceCancelled`` when it was cancelled.
        """
        raise NotImplementedError

    async def flush(self) -> None:
        """Ask for everything sent so far to be spoken now."""
        raise NotImplementedError

    async def close(self) -> None:
        """Say that no more text comes; what was sent is still spoken."""
        raise NotImplementedError
