"""Sample texts, our own words, in files of one text per line.

The first line of a file is its title after ``#``; a text may begin with its language, ``[de-DE] ``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

WELCOME: Final = (
    "The river is cold in winter, but the children still walk along the water every morning, "
    "and nobody has ever told them not to."
)
"""What stands in the editor at the first launch."""

_ORDER: Final = ("short-replies", "numbers-and-names", "long-paragraphs", "languages")


@dataclass(frozen=True, slots=True)
class SampleText:
    """One text.

    Attributes:
        text: What to speak.
        language: BCP-47 code, or "" for the language of the set, English.
    """

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class TextSet:
    """Texts of one kind.

    Attributes:
        name: Stable name, the file's.
        title: Title for people.
        texts: At least one.
    """

    name: str
    title: str
    texts: tuple[SampleText, ...]


@cache
def text_sets() -> tuple[TextSet, ...]:
    """Return all sets of sample texts."""
    folder = resources.files(__name__)
    return tuple(_parse(name, (folder / f"{name}.txt").read_text("utf-8")) for name in _ORDER)


def _parse(name: str, content: str) -> TextSet:
    title, *lines = content.strip().splitlines()
    return TextSet(name, title.removeprefix("#").strip(), tuple(_sample(line) for line in lines if line.strip()))


def _sample(line: str) -> SampleText:
    if line.startswith("[") and "] " in line:
        language, text = line[1:].split("] ", 1)
        return SampleText(text.strip(), language)
    return SampleText(line.strip())
