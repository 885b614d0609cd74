"""One sentence for the person in front of the window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a notice asks for attention."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, where, and what to try.

    Attributes:
        kind: Stable name, for example ``"local_server"``; a newer notice of the same kind replaces the older one.
        text: One sentence, credentials scrubbed.
        severity: How much attention it asks for.
        detail: More for those who look: an error's own words, the last lines of a log.  May be empty.
        resolved: The cause is gone; a standing notice of this kind may be taken away after it was read.
    """

    kind: str
    text: str
    severity: Severity = Severity.INFO
    detail: str = ""
    resolved: bool = False
