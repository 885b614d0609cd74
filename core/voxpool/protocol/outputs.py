"""What a session tells its owner about the frames it was given.

``AudioOut`` is made for every audio frame, so it is a named tuple: the cheapest record there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voxpool.errors import ServiceError, VoxpoolError
from voxpool.protocol.messages import Shape
from voxpool.protocol.timestamps import TimedWord


class AudioOut(NamedTuple):
    """Audio, timed words, or both.

    Attributes:
        context_id: The context.
        pcm: Samples, shape (n,), int16, mono, read-only; n is 0 when only words came.
        start_s: Seconds of audio of this context before these samples.
        sample_rate_hz: Samples per second.
        words: Words with times in seconds from the first audio of the context; may describe earlier audio.
        characters: Characters the service says it processed, to be summed (protocol.md section 5.2).
        first: Whether these are the context's first samples.
    """

    context_id: str
    pcm: NDArray[np.int16]
    start_s: float
    sample_rate_hz: int
    words: tuple[TimedWord, ...] = ()
    characters: int = 0
    first: bool = False


@dataclass(frozen=True, slots=True)
class CreatedOut:
    """The service confirmed a context."""

    context_id: str


@dataclass(frozen=True, slots=True)
class FlushOut:
    """One synthesis of a context ended; more may follow, only ``EndedOut`` is the end."""

    context_id: str


@dataclass(frozen=True, slots=True)
class ErrorOut:
    """Something went wrong in a context that still holds its slot.

    Attributes:
        context_id: The context.
        error: What went wrong.
        broken: False: one message was refused (too long a text, a cancel the service does not know) and the
            context goes on.  True: nothing more will be delivered, and the context should be closed so that the
            service lets go of it (write ``session.close(context_id)`` where ``life.can_close``).
    """

    context_id: str
    error: VoxpoolError
    broken: bool


class Ending(StrEnum):
    """How a context came to its end."""

    CLOSED = "contextClosed"
    GONE = "a status after which no contextClosed comes"
    LOST = "the connection ended"


@dataclass(frozen=True, slots=True)
class EndedOut:
    """A context is over and holds no slot.  It is the last output for its id, and there is exactly one.

    Attributes:
        context_id: The context.
        ending: How it ended.
        error: The first thing that went wrong in it, or None.  A cancelled context has none.
        heard_s: Seconds of audio received.
    """

    context_id: str
    ending: Ending
    error: VoxpoolError | None
    heard_s: float


@dataclass(frozen=True, slots=True)
class FaultOut:
    """A top-level error: it names no context (section 9, shapes B and C).

    Attributes:
        error: What the service said.
        shape: B or C.
        fatal: Whether the connection is of no more use (codes 7, 16 and 10).  Its contexts end with this error.
        concerned: Ids of the contexts it may be about: those not yet confirmed, since only a rejected ``create``
            is answered without an id (section 3).  Empty when fatal.
    """

    error: ServiceError
    shape: Shape
    fatal: bool
    concerned: tuple[str, ...] = ()


Output: TypeAlias = AudioOut | CreatedOut | FlushOut | ErrorOut | EndedOut | FaultOut
