"""The window's layouts, as a table: which docks stand where while one plays, loads, inspects or only watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Layout:
    """A set of docks that belongs together.

    Attributes:
        name: How code calls it.
        text: What menu and corner say, with its mnemonic.
        docks: Names of the docks that it shows; the others are hidden.  A dock that does not exist is passed over.
        tip: A sentence about it.
        front: The one of ``docks`` to bring in front where several share a place, or "".
    """

    name: str
    text: str
    docks: tuple[str, ...]
    tip: str
    front: str = ""


LAYOUTS: Final = (
    Layout("play", "&Play", ("playground", "history", "inspector"), "Type, speak and hear"),
    Layout(
        "stress",
        "&Stress",
        ("stress", "charts", "lanes", "runs", "inspector"),
        "Load the pool and see how many calls fit",
        "charts",
    ),
    Layout(
        "inspect",
        "In&spect",
        ("errors", "faults", "inspector", "frames", "timeline"),
        "Find out what went wrong",
        "errors",
    ),
    Layout("watch", "&Watch", (), "The grid alone"),
)
"""In the order of their keys: Alt+1, Alt+2, ..."""

FIRST: Final = LAYOUTS[0]
"""What a new window shows."""
