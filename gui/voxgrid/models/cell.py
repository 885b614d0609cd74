"""One slot and one connection as the grid shows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voxgrid.models.wording import TROUBLE
from voxpool.events import CloseReason, ConnectionState, Outcome, SlotState


class Look(StrEnum):
    """How a cell is drawn: the state of its slot, or what became of the utterance that was there last."""

    EMPTY = "empty"
    RESERVED = "reserved"
    CREATING = "creating"
    OPEN = "open"
    GENERATING = "generating"
    DRAINING = "draining"
    CLOSING = "closing"
    ZOMBIE = "zombie"
    FAILED = "failed"
    DONE = "done"
    CANCELLED = "cancelled"


_AFTERWARDS: Final = {
    Outcome.DONE: Look.DONE,
    Outcome.CANCELLED: Look.CANCELLED,
    Outcome.FAILED: Look.FAILED,
    None: Look.DONE,
}
_LOOKS: Final = {state: Look(state.value) for state in SlotState}
"""Looking an enum member up costs five times as much, and a frame asks hundreds of times."""


@dataclass(slots=True)
class CellState:
    """One slot.  The utterance stays after it ended, until another one takes the slot.

    Attributes:
        row: Row, from 0.
        column: Column, from 0.
        state: What the slot is doing.
        since: When it began to do that, monotonic seconds.
        utterance_id: Who has it, or had it last; 0 when nobody ever had.
        connection_id: The connection its context belongs to.
        context_id: Id on the wire.
        snippet: The utterance's text, shortened.
        voice: The utterance's voice.
        attempt: 1 for the first context of the utterance.
        granted_at: When the utterance got the slot, monotonic seconds.
        ttfa_ms: Time to first audio, or None before it.
        outcome: How the utterance ended, or None.
        ended_at: When it ended, monotonic seconds, or None.
        code: Status code of a failure, or None.
        detail: Reason in words, or "".
        audio_s: Seconds of audio received.
        total_s: Seconds of audio expected: an estimate until the end.
        played_s: Position that is being heard, in seconds, or None.
        listening: Whether it is being heard.
        bars: Levels for the waveform, one byte each, 0 to 255; what is not there yet is left out.
    """

    row: int
    column: int
    state: SlotState = SlotState.EMPTY
    since: float = 0.0
    utterance_id: int = 0
    connection_id: int = 0
    context_id: str = ""
    snippet: str = ""
    voice: str = ""
    attempt: int = 1
    granted_at: float = 0.0
    ttfa_ms: float | None = None
    outcome: Outcome | None = None
    ended_at: float | None = None
    code: int | None = None
    detail: str = ""
    audio_s: float = 0.0
    total_s: float = 0.0
    played_s: float | None = None
    listening: bool = False
    bars: bytes = b""

    @property
    def look(self) -> Look:
        """How to draw it."""
        if self.state is SlotState.EMPTY:
            return _AFTERWARDS[self.outcome] if self.utterance_id else Look.EMPTY
        return _LOOKS[self.state]

    @property
    def running(self) -> bool:
        """Whether its utterance is still under way in this very slot."""
        return self.utterance_id > 0 and self.outcome is None and self.state.holds_slot

    @property
    def progress(self) -> float:
        """How much of the expected audio is here, 0 to 1."""
        return min(1.0, self.audio_s / self.total_s) if self.total_s > 0 else 0.0

    def begin(self, utterance_id: int) -> None:
        """Forget the last utterance; the slot belongs to another one now."""
        fresh = CellState(self.row, self.column, self.state, self.since, utterance_id)
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))


@dataclass(slots=True)
class RowState:
    """One connection.

    Attributes:
        row: Row, from 0.
        state: What it is doing, or None when the row was never used.
        connection_id: Its serial number.
        since: When the state began, monotonic seconds.
        opened_at: When the connection opened, or None.
        ping_ms: Last round trip in milliseconds, or None.
        last_close: Why the connection before this one (or this one) closed, or None.
        last_detail: The same in words, or "".
        closes: How many connections of this row have closed.
    """

    row: int
    state: ConnectionState | None = None
    connection_id: int = 0
    since: float = 0.0
    opened_at: float | None = None
    ping_ms: float | None = None
    last_close: CloseReason | None = None
    last_detail: str = ""
    closes: int = 0

    @property
    def live(self) -> bool:
        """Whether there is a connection."""
        return self.state in (ConnectionState.OPEN, ConnectionState.RETIRING)

    @property
    def troubled(self) -> bool:
        """Whether it is down for a reason that nobody wished for."""
        return self.state is ConnectionState.CLOSED and self.last_close in TROUBLE
