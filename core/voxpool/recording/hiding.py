"""Taking credentials out of what is written: those that are known by name, and whatever looks like one.

It works on blocks of JSON lines just before they are compressed, so that nothing can be forgotten: whatever
field of whatever event or frame a key got into, it passes here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

Hide = Callable[[str], str]
"""Takes credentials that are known out of a text (``Credential.scrub``)."""

_HIDDEN: Final = "***"
# A token has a digit, an underscore or a padding: "Basic internationalisation" is speech.
_SCHEME: Final = re.compile(r"(?i)\b(basic|bearer)(\s+|%20)(?=[a-z+/\-.]*[0-9=_])[a-z0-9+/=_\-.~]{8,}")
_HEADER: Final = re.compile(
    r"(?i)(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?)(?:(?:basic|bearer)(?:\s+|%20))?[^\s\"'\\,;&}]{4,}"
)
_NAMED: Final = re.compile(
    r"(?i)(\\?[\"']?(?:api[_-]?key|access[_-]?token|secret|password|signature|client[_-]?secret|jwt)\\?[\"']?"
    r"\s*[:=]\s*\\?[\"']?)[^\s\"'\\,;&}]{4,}"
)
_JWT: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(\.[\w-]*)?")
# A portal key is the base64 of two long random halves; a context's id, a word or a UUID is never that long.
_LONG: Final = re.compile(r"(?<![\w+/*-])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{40,}={0,2}")
# What the service quotes of a refused key: its first four characters (protocol.md section 9, code 7).
_QUOTED: Final = re.compile(r"[^\s\"'`(\[{<*\\]{1,64}\*{3}")


_WORDS: Final = (
    "basic", "bearer", "authorization", "key", "token", "secret", "password", "signature", "jwt", "eyj", _HIDDEN,
)  # fmt: skip
_BETWEEN: Final = "},{"
"""What stands between two objects and in no credential: a keyframe is one line of many."""
_BREATH: Final = 8_000
"""Characters from breath to breath: a fraction of a millisecond."""
_RUN: Final = b"A" * 40
_SAME: Final = bytes(65 if code < 128 and (chr(code).isalnum() or chr(code) in "+/") else 32 for code in range(256))


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
    lowered = piece.lower()
    if any(word in lowered for word in _WORDS) or _RUN in piece.encode(errors="replace").translate(_SAME):
        return _hide_suspicious(piece)
    return piece


def _hide_suspicious(line: str) -> str:
    line = _SCHEME.sub(rf"\1\2{_HIDDEN}", line)
    line = _HEADER.sub(rf"\1{_HIDDEN}", line)
    line = _NAMED.sub(rf"\1{_HIDDEN}", line)
    line = _LONG.sub(_HIDDEN, _JWT.sub(_HIDDEN, line))
    return _QUOTED.sub(_HIDDEN, line) if _HIDDEN in line else line
