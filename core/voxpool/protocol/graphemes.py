"""What a reader sees as one character must not be cut in two: combining marks, joined emoji, flags, syllables.

This is the part of Unicode's text segmentation (UAX 29) that matters for cutting text; it may keep more together
than the standard asks for, never less of what is listed here.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_MARKS: Final = ("Mn", "Me", "Mc")


def inside_cluster(text: str, at: int) -> bool:
    """Whether a cut before ``text[at]`` would split what is seen as one character.

    Args:
        text: Any text, half surrogate pairs included.
        at: Position in code points; both ends of the text are never inside.
    """
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if after < "\u0300" and before < "\u0300":
        return before == "\r" and after == "\n"
    return (
        _extends(after)
        or before == _JOINER
        or _is_pair(before, after)
        or _is_syllable(before, after)
        or (_is_flag_half(before) and _is_flag_half(after) and _flag_halves(text, at) % 2 == 1)
    )


def _extends(character: str) -> bool:
    """Whether a character belongs to the one before: marks, joiners, variation selectors, skin tones, tags."""
    return (
        character in (_JOINER, "\u200c")
        or unicodedata.category(character) in _MARKS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_pair(before: str, after: str) -> bool:
    """Whether two lone surrogates are halves of one character (text from a UTF-16 world)."""
    return "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"


def _is_syllable(before: str, after: str) -> bool:
    """Whether two Hangul letters join into a syllable."""
    lead, vowel, tail = "\u1100" <= before <= "\u115f", "\u1160" <= before <= "\u11a7", "\u11a8" <= before <= "\u11ff"
    whole = "\uac00" <= before <= "\ud7a3"
    if "\u1160" <= after <= "\u11a7":
        return lead or vowel or whole
    if "\u11a8" <= after <= "\u11ff":
        return vowel or tail or whole
    return lead and ("\u1100" <= after <= "\u115f" or "\uac00" <= after <= "\ud7a3")


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves(text: str, at: int) -> int:
    """Count the regional indicators that run up to a position."""
    start = at
    while start and _is_flag_half(text[start - 1]):
        start -= 1
    return at - start
