"""Which language a text is in, as far as its script tells (section 4.1: detected per synthesis).  Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final

_RANGES: Final = (
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "ru"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0E00, 0x0E7F, "th"),
    (0x10A0, 0x10FF, "ka"),
    (0x3040, 0x30FF, "ja"),
    (0x4E00, 0x9FFF, "zh"),
    (0xAC00, 0xD7AF, "ko"),
)
# Languages written in a script that is named after another one here.
_SHARED: Final = {
    "ru": frozenset({"uk", "bg", "be", "mk", "sr", "kk", "ky", "tt", "ba", "cv", "ru"}),
    "zh": frozenset({"ja", "yue", "hak", "cmn", "zh"}),
    "ar": frozenset({"fa", "ur", "sd", "ug", "ar"}),
    "hi": frozenset({"mr", "ne", "kok", "hi"}),
    "bn": frozenset({"as", "bpy", "bn"}),
}


def language_of(text: str, voice_language: str) -> str | None:
    """Return the language of a text that a voice could not read by itself, or None if it can.

    Args:
        text: The text.
        voice_language: BCP-47 code of the language that the voice speaks.
    """
    seen = Counter(language for character in text if (language := _language_of(ord(character))) is not None)
    if not seen:
        return None
    # Kana beside Han is Japanese.
    language = "ja" if seen["ja"] else seen.most_common(1)[0][0]
    spoken = voice_language.split("-", maxsplit=1)[0].lower()
    return None if spoken in _SHARED.get(language, {language}) else language


def _language_of(point: int) -> str | None:
    if point < _RANGES[0][0]:
        return None
    return next((language for low, high, language in _RANGES if low <= point <= high), None)
