"""One message of a connection as it is kept, filtered, shown and recorded: everything but its audio."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from voxpool.errors import VoxpoolError

Direction = Literal["in", "out"]
"""Towards us, or towards the service."""

AUDIO_MARK: Final = "*"
"""Stands in ``folded`` where the audio was; not base64, so that no audio is mistaken for it."""


class FrameKind(StrEnum):
    """What a frame says (protocol.md sections 4, 5 and 9).  The last two are of either direction."""

    CREATE = "create"
    TEXT = "text"
    FLUSH = "flush"
    CLOSE = "close"
    CANCEL = "cancel"
    UPDATE = "update"
    CREATED = "created"
    AUDIO = "audio"
    TIMES = "times"
    FLUSHED = "flushed"
    CLOSED = "closed"
    UPDATED = "updated"
    STATUS = "status"
    ERROR = "error"
    OTHER = "other"
    BROKEN = "broken"


WIRE_NAMES: Final[dict[FrameKind, str]] = {
    FrameKind.CREATE: "create",
    FrameKind.TEXT: "send_text",
    FrameKind.FLUSH: "flush_context",
    FrameKind.CLOSE: "close_context",
    FrameKind.CANCEL: "cancel_context",
    FrameKind.UPDATE: "update_config",
    FrameKind.CREATED: "contextCreated",
    FrameKind.AUDIO: "audioChunk",
    FrameKind.TIMES: "audioChunk",
    FrameKind.FLUSHED: "flushCompleted",
    FrameKind.CLOSED: "contextClosed",
    FrameKind.UPDATED: "contextUpdated",
    FrameKind.STATUS: "status",
    FrameKind.ERROR: "error",
}
"""The key on the wire that makes a frame of that kind."""

KIND_MEANINGS: Final[dict[FrameKind, str]] = {
    FrameKind.CREATE: "opens a context",
    FrameKind.TEXT: "text to speak",
    FrameKind.FLUSH: "speak what is buffered",
    FrameKind.CLOSE: "no more text; deliver the rest",
    FrameKind.CANCEL: "drop what is not spoken",
    FrameKind.UPDATE: "other settings",
    FrameKind.CREATED: "the context is open",
    FrameKind.AUDIO: "a chunk of audio",
    FrameKind.TIMES: "times of words, without audio",
    FrameKind.FLUSHED: "one synthesis is over",
    FrameKind.CLOSED: "the context is gone",
    FrameKind.UPDATED: "the settings were changed",
    FrameKind.STATUS: "a status of one context",
    FrameKind.ERROR: "a status of the whole connection",
    FrameKind.OTHER: "not known to the protocol reference",
    FrameKind.BROKEN: "not a JSON object",
}


class BadRecord(VoxpoolError, ValueError):
    """What should be a frame's record is not one."""


class FrameRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A frame without its audio.  It holds no credential: they are taken out before it is made.

    A ``msgspec.Struct`` because one is made per message: it costs a fifth of a frozen dataclass, and the garbage
    collector need not look at it.

    Attributes:
        serial: Order of all frames of a store, from 1; never used twice.
        at: When it was handed to the socket, or taken from it; monotonic seconds of the pool's clock.
        connection_id: Serial number of the connection.
        direction: ``"in"`` from the service, ``"out"`` to it.
        kind: What it says.
        context_id: Id on the wire, or "" where it names none.
        size: Length of the whole frame in characters (which are bytes, but for text beyond ASCII).
        code: Status code, or None where it carries none.  The 0 of a good reply is not kept.
        summary: A few words: ``"PCM 120 ms, 5.6 kB"``.
        folded: Its JSON with ``AUDIO_MARK`` instead of the audio.
        audio_bytes: Bytes of decoded audio.
        audio_ms: Milliseconds of audio; 0 where there is none or where compressed audio does not tell.
        gap_ms: Milliseconds since the frame before it of the same context and direction, or None for the first.
        cut: Characters of ``folded`` that were too many to be kept.
    """

    serial: int
    at: float
    connection_id: int
    direction: Direction
    kind: FrameKind
    context_id: str = ""
    size: int = 0
    code: int | None = None
    summary: str = ""
    folded: str = ""
    audio_bytes: int = 0
    audio_ms: float = 0.0
    gap_ms: float | None = None
    cut: int = 0

    @property
    def inbound(self) -> bool:
        """Whether the service sent it."""
        return self.direction == "in"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON; defaults stay out."""
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FrameRecord:
        """Return the record of plain values.  Unknown fields are passed over: a newer writer may have more.

        Raises:
            BadRecord: In one sentence, naming the field.
        """
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            text = str(error)
            raise BadRecord(f"a frame's record cannot be read: {text[:1].lower()}{text[1:200]}") from None


def short_context(context_id: str) -> str:
    """Return what tells a context from the others of its pool: what stands behind the first dash (``"12-1"``)."""
    return context_id.partition("-")[2] or context_id


def kilobytes(size: float) -> str:
    """Return a size: ``"812 B"``, ``"5.6 kB"``, ``"1.2 MB"`` (of 1000 bytes)."""
    if size < 1000:
        return f"{size:.0f} B"
    if size < 999_950:
        return f"{size / 1000:.1f} kB"
    return f"{size / 1e6:.1f} MB"


def audio_words(encoding: str, audio_ms: float, audio_bytes: int) -> str:
    """Return folded audio in words: ``"PCM 120 ms, 5.6 kB"``; without a duration where it is not known."""
    long = f"{encoding} {audio_ms:.0f} ms" if audio_ms else encoding
    return f"{long}, {kilobytes(audio_bytes)}"
