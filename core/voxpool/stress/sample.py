"""One utterance of a run, measured: when it should have begun, when it did, and what a listener would have heard."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from voxpool.events import Outcome

WARM_UP: Final = "warm-up"
"""Name of the phase before anything counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One utterance.

    Times are seconds since the run began, on one monotonic clock; None means that a stage was not reached.

    Attributes:
        number: Serial number in the run, from 1.
        utterance_id: The pool's id of it, 0 when the pool refused it.
        phase: Index of the phase of the load that it belongs to.
        warm_up: Whether that is the warm-up, which no count and no distribution has in it.
        call: The conversation it is a turn of, from 1; 0 outside conversations.
        label: A snippet of its text for people.
        text: All of its text.
        voice: Voice name.
        model: Model name.
        characters: Characters of its text.
        sent_characters: Characters that sockets took, over all attempts; None in runs that were kept before this was
            measured.
        row: Grid row of its last context, -1 without any.
        column: Grid column, -1 without any.
        connection_id: Serial number of the connection, 0 without any.
        attempts: Contexts used.
        scheduled_s: When the load said that it should begin.
        ready_s: When it could begin, where that was later: no line was free, or others were due at the same moment;
            None in runs that were kept before this was measured, too.
        started_s: When the pool was asked.
        granted_s: When it got a slot.
        connected_s: When the connection it got had opened; often before it was scheduled, then negative or small.
        created_s: When the service confirmed its context.
        first_text_s: When its first text was handed to the socket.
        first_audio_s: When its first audio arrived.
        last_audio_s: When its last audio arrived.
        interrupted_s: When it was interrupted on purpose.
        closed_s: When it ended for its caller.
        slot_free_s: When the service had let go of its context.
        late_bytes_s: When the last audio of an interrupted context arrived.
        outcome: How it ended.
        error_kind: Stable short name of the error ("ServiceError 8"), or "".
        error: The error in words, or "".
        code: Service status code, or None.
        audio_s: Seconds of audio received.
        chunks: Audio chunks received.
        stalls: Times a listener would have heard silence in mid-utterance, at the scenario's jitter buffer; a silence
            that ended with a failure is one.
        stalled_s: Sum of those silences, in seconds.
        longest_stall_s: The longest of them, in seconds.
        wasted_characters: Characters of an interrupted or failed utterance that were paid for and not heard, estimated.
    """

    number: int
    utterance_id: int = 0
    phase: int = 0
    warm_up: bool = False
    call: int = 0
    label: str = ""
    text: str = ""
    voice: str = ""
    model: str = ""
    characters: int = 0
    sent_characters: int | None = None
    row: int = -1
    column: int = -1
    connection_id: int = 0
    attempts: int = 0
    scheduled_s: float = 0.0
    ready_s: float | None = None
    started_s: float = 0.0
    granted_s: float | None = None
    connected_s: float | None = None
    created_s: float | None = None
    first_text_s: float | None = None
    first_audio_s: float | None = None
    last_audio_s: float | None = None
    interrupted_s: float | None = None
    closed_s: float | None = None
    slot_free_s: float | None = None
    late_bytes_s: float | None = None
    outcome: Outcome = Outcome.DONE
    error_kind: str = ""
    error: str = ""
    code: int | None = None
    audio_s: float = 0.0
    chunks: int = 0
    stalls: int = 0
    stalled_s: float = 0.0
    longest_stall_s: float = 0.0
    wasted_characters: int = 0

    @property
    def cut_short(self) -> bool:
        """Whether the end of the run ended it, and nobody interrupted it on purpose."""
        return self.outcome is Outcome.CANCELLED and self.interrupted_s is None

    @property
    def paid_characters(self) -> int:
        """Characters that a service may ask to be paid: those sent, or all of its text where that is not known."""
        return self.characters if self.sent_characters is None else self.sent_characters

    @property
    def ttfa_ms(self) -> float | None:
        """Time to first audio, from the first text on the wire: the service's share."""
        return _span_ms(self.first_text_s, self.first_audio_s)

    @property
    def uncorrected_ms(self) -> float | None:
        """From the moment the pool was asked to the first audio: queueing and connecting included."""
        return _span_ms(self.started_s, self.first_audio_s)

    @property
    def corrected_ms(self) -> float | None:
        """From the moment it should have begun to the first audio: no coordinated omission."""
        return _span_ms(self.scheduled_s, self.first_audio_s)

    @property
    def late_start_ms(self) -> float:
        """How late the tool itself was to ask, in milliseconds; waiting for a free line is not its fault."""
        ready_s = self.scheduled_s if self.ready_s is None else max(self.scheduled_s, self.ready_s)
        return max(0.0, self.started_s - ready_s) * 1000.0

    @property
    def queue_ms(self) -> float | None:
        """From asking to the slot."""
        return _span_ms(self.started_s, self.granted_s)

    @property
    def release_ms(self) -> float | None:
        """From its end, or its interruption, to the free slot; 0 where that was free a moment before its end."""
        span = _span_ms(self.interrupted_s if self.interrupted_s is not None else self.closed_s, self.slot_free_s)
        return None if span is None else max(0.0, span)

    @property
    def real_time_factor(self) -> float | None:
        """Seconds from first to last audio for each second of audio; below 1 is faster than it is heard."""
        if self.first_audio_s is None or self.last_audio_s is None or self.audio_s <= 0:
            return None
        return (self.last_audio_s - self.first_audio_s) / self.audio_s

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self) | {"outcome": self.outcome.value}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Make a sample from plain data; unknown names are passed over, so that newer files can be read.

        Raises:
            TypeError: If ``number`` is missing.
            ValueError: If the outcome is none.
        """
        taken = {name: value for name, value in data.items() if name in _NAMES}
        return cls(**taken | {"outcome": Outcome(taken.get("outcome", Outcome.DONE))})


_NAMES: Final = frozenset(each.name for each in fields(Sample))
"""Looked up for each of tens of thousands of samples."""


def _span_ms(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 1000.0
