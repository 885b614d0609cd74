"""Counts of what a session has seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What a session has seen.

    Attributes:
        strays: Messages for a context that is over or never was (section 5.7, number 5).
        unknown: Messages of a kind we do not know, or without effect.
        malformed: Frames that are not a JSON object.
        unexpected: Messages that a context's table does not know in its phase.
    """

    strays: int = 0
    unknown: int = 0
    malformed: int = 0
    unexpected: int = 0
