"""Where sentences end (section 6.3), and how a text is cut into pieces for synthesis.  Pure.

The rules of SENTENCE_BOUNDARY: ``.`` ``!`` ``?`` ``…`` end a sentence when a space *and more text* follow; the
full-width enders, the Arabic question mark and the dandas need no space; a complete ``<break …/>`` ends one too.
Commas, colons, semicolons and newlines do not; nor do decimals, dots in URLs, dotted abbreviations and initials, or
any short capitalised word with a period (``Tom.``, ``Rome.``).  Markup is never cut.
"""

from __future__ import annotations

import re
from typing import Final

SPACED_ENDERS: Final = ".!?…"
BARE_ENDERS: Final = "。！？؟।॥"
_CLOSING: Final = {"<": ">", "[": "]"}
_OPENING: Final = re.compile(r"[<\[]")
_CLOSERS: Final = "\"'”’)]»"
_BREAK: Final = re.compile(r"<break\b[^<>]*/>", re.IGNORECASE)
_ABBREVIATION: Final = re.compile(
    # dotted abbreviations and initials (e.g., U.S., J.), and short capitalised words (Tom., Rome., Dr.)
    r"(?:^|[\s(\[\"'“‘])(?:(?:\w\.)+\w?|[A-ZÀ-ÖØ-Þ]\w{0,3})\.$"
)
_LOOK_BACK: Final = 16
_CLAUSE: Final = re.compile(r"[,;:，；：、—]\s+")
_SPACE: Final = re.compile(r"\s+")
_CONJUNCTION: Final = re.compile(
    r"\s+(?=(?:and|or|but|so|that|which|who|when|where|while|because|if|until|although)\b)"
)


def sentence_end(text: str, start: int = 0) -> int | None:
    """Return the index behind the first complete sentence at or after ``start``, or None if none is complete.

    A trailing sentence is not complete until more text follows its ender: it may yet turn out to be ``3.`` of
    ``3.14``.  The spaces behind the ender belong to the sentence.

    Args:
        text: Buffered text; markup that has not been closed hides everything behind it.
        start: Where the sentence begins.
    """
    # What is hidden is found on the way: to look for it first would read the whole text for every sentence of it.
    position = start
    while position < len(text):
        if text[position] in _CLOSING:
            close = _behind_markup(text, position)
            if close is None:
                return None
            if _BREAK.fullmatch(text, position, close):
                return _skip_spaces(text, close)
            position = close
            continue
        position += 1
        end = _ends_here(text, position, start)
        if end is not None:
            return end
    return None


def visible_length(text: str, enough: int | None = None) -> int:
    """Return how much of ``text`` may be looked at: up to a ``<`` or ``[`` that has not been closed.

    Args:
        text: The text.
        enough: Look no further once this much is visible.
    """
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        if enough is not None and opening.start() >= enough:
            return opening.start()
        close = _behind_markup(text, opening.start())
        if close is None:
            return opening.start()
        position = close
    return len(text)


def pieces(text: str, limit: int) -> list[tuple[int, int]]:
    """Cut a text into sentences of at most ``limit`` characters.

    Returns:
        ``(start, end)`` pairs that cover the whole text in order.  A sentence longer than ``limit`` is cut behind
        a comma, colon or semicolon, else at a space, else at the limit; markup is not cut if it fits.
    """
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = sentence_end(text, start) or len(text)
        while end - start > limit:
            cut = word_cut(text, start, limit)
            found.append((start, cut))
            start = cut
        found.append((start, end))
        start = end
    return found


def parts(text: str, limit: int) -> list[str]:
    """Cut a flushed text into parts of at most ``limit`` characters, each its own synthesis (section 5.3).

    Sentences are kept together as far as they fit.
    """
    if len(text) <= limit:
        return [text]
    found: list[str] = []
    start = 0
    for piece_start, piece_end in pieces(text, limit):
        if piece_end - start > limit:
            found.append(text[start:piece_start])
            start = piece_start
    found.append(text[start:])
    return found


def word_cut(text: str, start: int, limit: int) -> int:
    """Return where to cut ``text[start:]`` to at most ``limit`` characters: clause, then word, then anywhere."""
    window = text[start : start + limit]
    floor = limit // 3
    inside = _unclosed(window)
    if inside is not None and inside > 0:
        return start + inside
    for pattern in (_CLAUSE, _SPACE):
        cuts = [match.end() for match in pattern.finditer(window) if match.end() > floor]
        if cuts:
            return start + cuts[-1]
    return start + limit


def phrase_cut(text: str, low: int, high: int) -> int | None:
    """Return where the first phrase of an English sentence ends, if between ``low`` and ``high`` characters.

    A clause if there is one, else whatever comes before a conjunction.
    """
    for pattern in (_CLAUSE, _CONJUNCTION):
        for match in pattern.finditer(text, 0, high):
            if match.end() >= low:
                return match.end()
    return None


def speakable(text: str) -> bool:
    """Return whether a text has anything to speak: a letter or a digit (section 4.2)."""
    return any(character.isalnum() for character in text)


def _ends_here(text: str, position: int, start: int) -> int | None:
    """Return the end of the sentence if the character before ``position`` ends one, else None."""
    ender = text[position - 1]
    if ender in BARE_ENDERS:
        return _skip_spaces(text, _skip_closers(text, position))
    if ender not in SPACED_ENDERS:
        return None
    after = _skip_closers(text, position)
    end = _skip_spaces(text, after)
    if end == after or end >= len(text) or text[after] == "\n":
        return None
    if text[end] in _CLOSING and _behind_markup(text, end) is None:
        return None
    if ender == "." and _ABBREVIATION.search(text[max(start, position - _LOOK_BACK) : position]):
        return None
    return end


def _behind_markup(text: str, opening: int) -> int | None:
    """Return the index behind the markup that begins at ``opening``, None if it has not been closed."""
    return text.find(_CLOSING[text[opening]], opening) + 1 or None


def _unclosed(window: str) -> int | None:
    visible = visible_length(window)
    return visible if visible < len(window) else None


def _skip_closers(text: str, position: int) -> int:
    while position < len(text) and text[position] in _CLOSERS:
        position += 1
    return position


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
