"""Where an utterance is in its life, and when it came there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
        late_audio_s: Its last audio arrived that nobody wanted any more, as after an interruption.
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
    late_audio_s: float | None = None
