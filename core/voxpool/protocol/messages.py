"""What travels over the socket, as values: protocol.md sections 4 (to the service) and 5, 9 (from it).

The values are frozen and know nothing of JSON; ``codec`` translates.  Audio on the hot path does not pass
through here: ``session`` reads those frames directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from voxpool.protocol.settings import ContextSettings
from voxpool.protocol.status import RetryHints, retry_hints


@dataclass(frozen=True, slots=True)
class Create:
    """Open a context (section 4.1).

    Attributes:
        context_id: Our id; the service echoes it in every reply.
        settings: Validated settings; only those that are set are sent.
    """

    context_id: str
    settings: ContextSettings


@dataclass(frozen=True, slots=True)
class SendText:
    """Append text to a context's buffer (section 4.2).

    Attributes:
        context_id: The context.
        text: Appended as it is, so it brings its own spaces; empty text is a keepalive.
        flush: Whether to speak the buffer right after appending.
    """

    context_id: str
    text: str
    flush: bool = False


@dataclass(frozen=True, slots=True)
class FlushContext:
    """Speak everything that is buffered (section 4.3)."""

    context_id: str


@dataclass(frozen=True, slots=True)
class CloseContext:
    """Speak what is buffered, deliver it, then let the context go (section 4.4)."""

    context_id: str


@dataclass(frozen=True, slots=True)
class CancelContext:
    """Drop what is not yet spoken and let the context go (section 4.5)."""

    context_id: str


ClientMessage: TypeAlias = Create | SendText | FlushContext | CloseContext | CancelContext


@dataclass(frozen=True, slots=True)
class Status:
    """A gRPC status as the service writes it (section 9).

    Attributes:
        code: gRPC number, 0 meaning fine.
        message: The service's words, untouched; may quote the beginning of a key.
        details: The decoded ``details`` list.
        status: The code's name; only shape C has it.
    """

    code: int
    message: str = ""
    details: tuple[Any, ...] = ()
    status: str | None = None

    @property
    def hints(self) -> RetryHints:
        """The provider's retry hints from ``details``."""
        return retry_hints(self.details)

    @property
    def reconnect_type(self) -> str | None:
        """``reconnectType``, for example ``"NO_RETRY"``."""
        return self.hints.reconnect_type

    @property
    def max_retries(self) -> int | None:
        """``maxRetries``."""
        return self.hints.max_retries

    @property
    def reconnect_time_s(self) -> float | None:
        """``reconnectTime`` in seconds from now, where it was given as a duration."""
        return self.hints.reconnect_time_s


class TimestampKind(Enum):
    """What one item of an alignment is (section 8)."""

    WORD = "word"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class Timestamps:
    """One alignment; the three tuples are parallel (section 8).

    Attributes:
        kind: Words or characters.
        texts: The tokens, as they came: with or without punctuation, spaces or empty ones for silence.
        starts_s: Seconds from the start of the current synthesis.
        ends_s: Seconds from the start of the current synthesis.
    """

    kind: TimestampKind
    texts: tuple[str, ...]
    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ContextCreated:
    """The context exists (section 5.1).

    Attributes:
        context_id: The context.
        config: The echo of what was set, undecoded.
    """

    context_id: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Audio, timestamps, or both (section 5.2).

    Attributes:
        context_id: The context.
        audio: Bytes in the context's encoding; empty in a message that only brings timestamps.
        characters: ``usage.processedCharactersCount``: the flush's count on its first chunk, then 0.
        model: ``usage.modelId``.
        timestamps: The alignment, or None.
        defect: Why the audio could not be read (invalid base64), else "".  Only this context suffers.
    """

    context_id: str
    audio: bytes = b""
    characters: int = 0
    model: str | None = None
    timestamps: Timestamps | None = None
    defect: str = ""


@dataclass(frozen=True, slots=True)
class FlushCompleted:
    """One synthesis ended (section 5.3).  May repeat, or never come; never the end of a context."""

    context_id: str


@dataclass(frozen=True, slots=True)
class ContextClosed:
    """The last message of a context (section 5.4)."""

    context_id: str


@dataclass(frozen=True, slots=True)
class ContextUpdated:
    """Echo of the old ``update_config`` (section 5.5)."""

    context_id: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContextStatus:
    """A status for one context and no payload: error shape A (section 9), or a bare OK."""

    context_id: str
    status: Status


class Shape(Enum):
    """The two shapes of a connection-level error (section 9); shape A is ``ContextStatus``."""

    B = "B"
    """Has ``details``; usually fatal, the CLOSE that follows tells."""
    C = "C"
    """Has a ``status`` name and no ``details``; the socket stays open."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """A top-level error, shapes B and C (section 9)."""

    status: Status
    shape: Shape


@dataclass(frozen=True, slots=True)
class Unknown:
    """Well-formed, but nothing we know, such as ``{"done": true}`` (section 5.6).  Ignored and counted.

    Attributes:
        keys: The keys that were found where a payload was looked for.
    """

    keys: tuple[str, ...] = ()


ServerMessage: TypeAlias = (
    ContextCreated
    | AudioChunk
    | FlushCompleted
    | ContextClosed
    | ContextUpdated
    | ContextStatus
    | ConnectionStatus
    | Unknown
)
