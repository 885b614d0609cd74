"""What is known about every error and failure of this protocol: cause and remedy in plain words.  Pure.

``explain`` finds the entry for a failure by its status code, its text and the situation in which it came.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from voxpool.knowledge.entry import Entry, Situation
from voxpool.knowledge.table import ENTRIES

__all__ = ["BY_NAME", "ENTRIES", "UNKNOWN", "Entry", "Situation", "explain"]

BY_NAME: Final = {entry.name: entry for entry in ENTRIES}

UNKNOWN: Final = Entry(
    "unknown",
    "Something that is not known yet",
    "Neither the code nor the text is in the table of known failures.",
    "Look at the frames around it. If it lasts, ask the provider and name the context's id and the time.",
    ("9",),
)


@lru_cache(maxsize=4096)
def explain(code: int | None, text: str, situation: Situation) -> Entry:
    """Return what is known about a failure; ``UNKNOWN`` when nothing is.

    Args:
        code: Status code of the service, or None.
        text: The error in words.
        situation: Where in its life it was.
    """
    return next((entry for entry in ENTRIES if entry.fits(code, text, situation)), UNKNOWN)
