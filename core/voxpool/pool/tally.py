"""Counters of the pool, conserved at every instant."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from voxpool.events import CloseReason


@dataclass(slots=True)
class Tally:
    """Counts since the beginning, and the two that move both ways.

    Attributes:
        requested: Utterances accepted.
        refused: Utterances refused because the queue was full.
        done: Utterances that finished.
        failed: Utterances that failed.
        cancelled: Utterances that were cancelled.
        retried: Attempts followed by another.
        audio_chunks: Audio chunks delivered by the utterances that have ended.
        audio_s: Seconds of audio delivered by them.
        acquired: Slots taken.
        released: Slots given back.
        opened: Handshakes that succeeded.
        connects_failed: Handshakes that failed.
        closed: Connections closed, by reason.
        speaking: Utterances that hold a context now.
        held: Slots held now.
        zombies: Zombies now.
    """

    requested: int = 0
    refused: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    audio_chunks: int = 0
    audio_s: float = 0.0
    acquired: int = 0
    released: int = 0
    opened: int = 0
    connects_failed: int = 0
    closed: Counter[CloseReason] = field(default_factory=Counter)
    speaking: int = 0
    held: int = 0
    zombies: int = 0
