"""One sentence for the person in front of the window."""

from __future__ import annotations

from dataclasses import dataclass

from voxgrid.models.wording import without_id
from voxgrid.notifications import Severity


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, where, and what to try.

    Attributes:
        kind: Stable name, for example ``"local_server"``; a newer notice of the same kind replaces the older one.
        text: One sentence, credentials scrubbed.
        severity: How much attention it asks for.
        hint: What to try, or "".
        detail: More for those who look: an error's own words, the last lines of a log.  May be empty.
        resolved: The cause is gone: a standing notice of this kind may be taken away.  With a text, that is worth
            saying; without one it is not.
    """

    kind: str
    text: str = ""
    severity: Severity = Severity.INFO
    hint: str = ""
    detail: str = ""
    resolved: bool = False


def as_sentence(words: object) -> str:
    """Return an error's words as a sentence: a capital where that harms no name, and a full stop where none ends it."""
    text = without_id(str(words)).strip().rstrip(".")
    first, end = text.split(" ", 1)[0], "" if text.endswith(("?", "!")) else "."
    return f"{text[:1].upper()}{text[1:]}{end}" if first.islower() else f"{text}{end}"
