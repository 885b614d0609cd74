"""Taking credentials out of what is written: those that are known by name, and whatever looks like one.

It works on blocks of JSON lines just before they are compressed, so that nothing can be forgotten: whatever field of
whatever event or frame a key got into, it passes here.  What looks like a credential, ``voxpool.scrub`` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from voxpool.scrub import scrub_strictly

Hide = Callable[[str], str]
"""Takes credentials that are known out of a text (``Credential.scrub``)."""

_BETWEEN: Final = "},{"
"""What stands between two objects and in no credential: a keyframe is one line of many."""
_BREATH: Final = 8_000
"""Characters from breath to breath: a fraction of a millisecond."""


def hide(text: str, known: Iterable[Hide] = (), breathe: Callable[[], None] | None = None) -> str:
    """Return a text without credentials.

    It goes piece by piece: one expression over a second of a hundred contexts (500 kB) kept every other thread waiting
    for 60 ms (measured), the window's among them, and most pieces need no expression at all.

    Args:
        text: JSON lines, or any other text without audio in it.
        known: Take out credentials that are known.
        breathe: Called again and again meanwhile, for a thread that must let others go first.
    """
    known = tuple(known)
    lines, seen = [], 0
    for line in text.split("\n"):
        pieces = line.split(_BETWEEN)
        for place, piece in enumerate(pieces):
            pieces[place] = _hide_piece(piece, known)
            seen += len(piece)
            if breathe is not None and seen >= _BREATH:
                breathe()
                seen = 0
        lines.append(_BETWEEN.join(pieces))
    return "\n".join(lines)


def _hide_piece(piece: str, known: tuple[Hide, ...]) -> str:
    for each in known:
        piece = each(piece)
    return scrub_strictly(piece)
