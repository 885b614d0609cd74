"""What of a text is spoken: tags are taken out, pauses and languages are told (section 6.4).  Pure.

Positions matter, because timestamps name the characters of the text as it was sent.  So markup is blanked out in
place: the spoken text of a piece is as long as the piece.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TAG: Final = re.compile(r"<(/?)([a-zA-Z]+)\b([^<>]*?)(/?)>|\[[^\[\]<>]{1,60}\]")
_TIME: Final = re.compile(r"""\btime\s*=\s*["'](\d+(?:\.\d+)?)(ms|s)["']""", re.IGNORECASE)
_LANG: Final = re.compile(r"""\blang\s*=\s*["']([A-Za-z0-9-]+)["']""", re.IGNORECASE)
_IPA: Final = re.compile(r"(?<!\S)/([^\s/]*[^\x00-\x7f\s/][^\s/]*)/(?=[\s.,;:!?]|$)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DEFAULT_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
"""Longest pause that a tag can ask for."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is spoken in one go, or a pause.

    Attributes:
        start: Index of its first character in the text.
        spoken: What to speak, markup blanked out; as long as the piece.
        pause_s: Silence that follows it, in seconds.
        language: BCP-47 code from a surrounding ``<lang>``, or None.
    """

    start: int
    spoken: str
    pause_s: float = 0.0
    language: str | None = None


def read(text: str, *, verbatim: bool = True) -> list[Piece]:
    """Split a text at pauses and changes of language.

    Args:
        text: The text as it was sent.
        verbatim: Whether ``<verbatim>`` is markup; it is not when normalization is off (section 6.4), and its
            name is then spoken.
    """
    found: list[Piece] = []
    languages: list[str] = []
    start = 0
    spoken = ""
    position = 0

    def finish(end: int, pause_s: float = 0.0) -> None:
        nonlocal start, spoken
        if spoken or pause_s:
            found.append(Piece(start, spoken, pause_s, languages[-1] if languages else None))
        start, spoken = end, ""

    for match in _TAG.finditer(text):
        name = (match[2] or "").lower()
        if name == "verbatim" and not verbatim:
            continue
        spoken += text[position : match.start()]
        position = match.end()
        blank = " " * (match.end() - match.start())
        if name == "break":
            spoken += blank
            finish(position, _pause_s(match[3]))
        elif name == "lang":
            finish(match.start())
            _change_language(languages, closing=bool(match[1]), attributes=match[3])
            spoken = blank
        else:
            spoken += blank
    spoken += text[position:]
    finish(len(text))
    return [_clean(piece) for piece in found]


def _change_language(languages: list[str], *, closing: bool, attributes: str) -> None:
    if not closing:
        named = _LANG.search(attributes)
        languages.append(named[1] if named else "")
    elif languages:
        languages.pop()


def _pause_s(attributes: str) -> float:
    given = _TIME.search(attributes)
    if given is None:
        return _DEFAULT_PAUSE_S
    seconds = float(given[1]) / (1000 if given[2].lower() == "ms" else 1)
    return min(seconds, LONGEST_PAUSE_S)


def _clean(piece: Piece) -> Piece:
    spoken = _IPA.sub(lambda match: f" {match[1]} ", piece.spoken)
    spoken = _CONTROL.sub(" ", spoken)
    return Piece(piece.start, spoken, piece.pause_s, piece.language or None)
