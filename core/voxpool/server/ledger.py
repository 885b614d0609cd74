"""What every context was asked for and was sent, so that a client can be checked from the other side.  Pure."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

_ENDED_CONTEXTS_KEPT: Final = 1000
_ENDED_CONNECTIONS_KEPT: Final = 200
_LONGEST_TEXT: Final = 100
_LONGEST_MESSAGE: Final = 300


@dataclass(eq=False, slots=True)
class ContextRecord:
    """One context's account.

    Attributes:
        context_id: The client's id, its beginning if it is long: the ledger keeps many.
        opened_s: When it was created, in seconds of the loop's clock.
        state: ``open``, ``closing``, then how it ended: ``closed``, ``cancelled``, ``failed``, ``lost``.
        ended_s: When that was.
        asked_messages: ``send_text`` messages that were taken.
        asked_characters: Characters in them.
        refused_characters: Characters that were refused.
        held_characters: Characters not yet sent as audio when last looked at.
        dropped_characters: Characters that a cancel or a failure threw away.
        billed_characters: Sum of ``processedCharactersCount``.
        flushes: ``flushCompleted`` messages sent.
        chunks: Audio messages sent, those with timestamps alone not counted.
        audio_bytes: Bytes of audio sent, before base64.
        audio_s: Seconds of audio sent.
        first_audio_s: When the first chunk was sent.
        error: The status that ended it.
    """

    context_id: str
    opened_s: float
    state: str = "open"
    ended_s: float | None = None
    asked_messages: int = 0
    asked_characters: int = 0
    refused_characters: int = 0
    held_characters: int = 0
    dropped_characters: int = 0
    billed_characters: int = 0
    flushes: int = 0
    chunks: int = 0
    audio_bytes: int = 0
    audio_s: float = 0.0
    first_audio_s: float | None = None
    error: dict[str, Any] | None = None
    _digest: Any = field(default_factory=hashlib.sha256)

    def failed(self, status: dict[str, Any]) -> None:
        """Note the status that ended it."""
        self.error = status | {"message": status["message"][:_LONGEST_MESSAGE]}

    def sent(self, audio: bytes, duration_s: float, characters: int, now: float) -> None:
        """Note a chunk."""
        if not audio:
            return
        if self.first_audio_s is None:
            self.first_audio_s = now
        self.chunks += 1
        self.audio_bytes += len(audio)
        self.audio_s += duration_s
        self.billed_characters += characters
        self._digest.update(audio)

    def entry(self) -> dict[str, Any]:
        """Return the record as JSON."""
        return {
            "contextId": self.context_id,
            "state": self.state,
            "openedAt": self.opened_s,
            "endedAt": self.ended_s,
            "askedMessages": self.asked_messages,
            "askedCharacters": self.asked_characters,
            "refusedCharacters": self.refused_characters,
            "heldCharacters": self.held_characters,
            "droppedCharacters": self.dropped_characters,
            "billedCharacters": self.billed_characters,
            "flushCompleted": self.flushes,
            "audioChunks": self.chunks,
            "audioBytes": self.audio_bytes,
            "audioSeconds": round(self.audio_s, 6),
            "audioSha256": self._digest.hexdigest(),
            "firstAudioAt": self.first_audio_s,
            "error": self.error,
        }


@dataclass(eq=False, slots=True)
class ConnectionRecord:
    """One connection's account.

    Attributes:
        number: Counts from 1 in the order of opening.
        opened_s: When it was opened, in seconds of the loop's clock.
        request_id: What the client called it in ``X-Request-Id``.
        user_agent: What the client called itself.
        ended_s: When it ended.
        why: How it ended, in words.
        frames_in: Text and binary frames received.
        frames_out: Frames sent.
        faults: Faults that struck it.
        contexts: Contexts that have not ended.
        ended: Those that have, the latest of them.
        created: How many were created altogether.
        refused: How many were refused.
    """

    number: int
    opened_s: float
    request_id: str = ""
    user_agent: str = ""
    ended_s: float | None = None
    why: str = ""
    frames_in: int = 0
    frames_out: int = 0
    faults: int = 0
    contexts: list[ContextRecord] = field(default_factory=list)
    ended: deque[ContextRecord] = field(default_factory=lambda: deque(maxlen=_ENDED_CONTEXTS_KEPT))
    created: int = 0
    refused: int = 0

    def open_context(self, context_id: str, now: float) -> ContextRecord:
        """Begin the account of a context."""
        record = ContextRecord(context_id[:_LONGEST_TEXT], now)
        self.contexts.append(record)
        self.created += 1
        return record

    def end_context(self, record: ContextRecord, state: str, now: float) -> None:
        """End the account of a context; the first word on how counts."""
        if record.ended_s is not None:
            return
        record.state, record.ended_s = state, now
        record.held_characters = 0
        self.contexts.remove(record)
        self.ended.append(record)

    def entry(self, since_s: float | None = None) -> dict[str, Any]:
        """Return the record as JSON, without the contexts that ended before a time."""
        return {
            "connection": self.number,
            "requestId": self.request_id,
            "userAgent": self.user_agent,
            "openedAt": self.opened_s,
            "endedAt": self.ended_s,
            "why": self.why,
            "framesReceived": self.frames_in,
            "framesSent": self.frames_out,
            "faults": self.faults,
            "contextsCreated": self.created,
            "contextsRefused": self.refused,
            "openContexts": [record.entry() for record in self.contexts],
            "endedContexts": [record.entry() for record in self.ended if _not_before(record.ended_s, since_s)],
        }


class Ledger:
    """All connections, and the latest of those that ended."""

    def __init__(self) -> None:
        self._open: dict[int, ConnectionRecord] = {}
        self._ended: deque[ConnectionRecord] = deque(maxlen=_ENDED_CONNECTIONS_KEPT)
        self._number = 0
        self.refused_upgrades = 0

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    @property
    def contexts(self) -> int:
        """How many contexts are open."""
        return sum(len(record.contexts) for record in self._open.values())

    @property
    def total(self) -> int:
        """How many connections there were."""
        return self._number

    def open(self, now: float, request_id: str, user_agent: str) -> ConnectionRecord:
        """Begin the account of a connection."""
        self._number += 1
        record = ConnectionRecord(self._number, now, request_id[:_LONGEST_TEXT], user_agent[:_LONGEST_TEXT])
        self._open[self._number] = record
        return record

    def end(self, record: ConnectionRecord, why: str, now: float) -> None:
        """End the account of a connection and of whatever was open on it."""
        for context in list(record.contexts):
            record.end_context(context, "lost", now)
        record.ended_s, record.why = now, why
        self._open.pop(record.number, None)
        self._ended.append(record)

    def entry(self, now: float, since_s: float | None = None) -> dict[str, Any]:
        """Return everything as JSON.

        Args:
            now: The time, in seconds of the loop's clock.
            since_s: Leave out what ended before this time; None leaves out nothing.
        """
        return {
            "now": now,
            "connections": [record.entry(since_s) for record in self._open.values()],
            "ended": [record.entry(since_s) for record in self._ended if _not_before(record.ended_s, since_s)],
            "refusedUpgrades": self.refused_upgrades,
        }


def _not_before(ended_s: float | None, since_s: float | None) -> bool:
    return since_s is None or ended_s is None or ended_s >= since_s
