"""What one kind of failure is: how it is recognised, why it happens, what to do.  Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Situation(StrEnum):
    """Where in its life something was when it failed."""

    CONNECTING = "while a connection was opened"
    QUEUEING = "while it waited for a slot"
    CREATING = "before the service confirmed the context"
    WAITING = "confirmed, before the first audio"
    STREAMING = "while audio was coming"
    CLOSING = "while it was being closed"
    CONNECTION = "a whole connection"
    FRAME = "a frame"
    SLOT = "a slot that stays taken"
    APP = "Voxgrid itself"


_ROW: Final = "13."


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that goes wrong.

    Attributes:
        name: Stable name, for code and tests.
        title: What it is, in a few words.
        cause: Why it happens, as sentences.
        remedy: What the reader can do, as sentences; what the pool did depends on the case, and is told beside it.
        sections: Where protocol.md tells of it: ``"9"``, or ``"13.7"`` for a row of section 13.
        codes: Status codes it comes with; empty: any, or none.
        pattern: What its text holds, as a regular expression that ignores case; "" matches every text.
        situations: Where it happens; empty: anywhere.
        seen: Whether a failure can be recognised as this; else it stands here to be read.
    """

    name: str
    title: str
    cause: str
    remedy: str
    sections: tuple[str, ...]
    codes: frozenset[int] = frozenset()
    pattern: str = ""
    situations: frozenset[Situation] = frozenset()
    seen: bool = True

    def fits(self, code: int | None, text: str, situation: Situation) -> bool:
        """Whether a failure is of this kind."""
        if not self.seen or (self.codes and code not in self.codes):
            return False
        if self.situations and situation not in self.situations:
            return False
        return not self.pattern or re.search(self.pattern, text, re.IGNORECASE) is not None

    @property
    def where(self) -> str:
        """The sections in words: ``"protocol.md section 9; section 13, numbers 7 and 8"``."""
        # Rows of the one table of failures are told together, where the first of them stands.
        rows = [each.removeprefix(_ROW) for each in dict.fromkeys(self.sections) if each.startswith(_ROW)]
        *others, last = rows or [""]
        numbers = f"numbers {', '.join(others)} and {last}" if others else f"number {last}"
        said = (f"section 13, {numbers}" if each.startswith(_ROW) else f"section {each}" for each in self.sections)
        return "protocol.md " + "; ".join(dict.fromkeys(said))
