"""What the playground shows: which characters sound now, how much text there is, what the buttons may do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from voxpool.protocol.timestamps import TimedWord


class Span(NamedTuple):
    """A word in the text.

    Attributes:
        start: Its first character.
        end: One past its last character.
        start_s: When it begins to sound, in seconds of audio.
        end_s: When it ends.
    """

    start: int
    end: int
    start_s: float
    end_s: float


class WordMap:
    """Finds the timed words of an utterance in its text.

    Services return words with or without punctuation, whole tokens or white space (protocol.md section 8), and a
    word that was normalised ("Dr." as "Doctor") may not be in the text at all: what is not found is skipped, and
    the search goes on behind the last word that was.

    Args:
        text: The text that is spoken.
    """

    # A word further ahead than this is rather a wrong find than a gap.
    _WINDOW = 200

    def __init__(self, text: str) -> None:
        self._text = _fold(text)
        self._spans: list[Span] = []
        self._starts: list[float] = []
        self._cursor = 0
        self._taken = 0

    def __repr__(self) -> str:
        return f"<WordMap {len(self._spans)} of {self._taken} words found>"

    def end_of(self, words: int) -> int:
        """Return where so many words end in the text, 0 for none."""
        return self._spans[words - 1].end if words else 0

    @property
    def spans(self) -> tuple[Span, ...]:
        """The words that were found, in order."""
        return tuple(self._spans)

    def update(self, words: Sequence[TimedWord]) -> None:
        """Take in the words that are new since the last call (``words`` only ever grows)."""
        self._add(words[self._taken :])
        self._taken = len(words)

    def at(self, seconds: float) -> int:
        """Return how many words have begun at a moment of the audio, 0 before the first."""
        return bisect_right(self._starts, seconds)

    def _add(self, words: Iterable[TimedWord]) -> None:
        for word in words:
            wanted = _fold(word.text.strip())
            if not any(character.isalnum() for character in wanted):
                continue
            start = self._text.find(wanted, self._cursor, self._cursor + self._WINDOW + len(wanted))
            if start >= 0:
                self._cursor = start + len(wanted)
                self._spans.append(Span(start, self._cursor, word.start_s, word.end_s))
                self._starts.append(word.start_s)


def _fold(text: str) -> str:
    """Return the text in lower case, character by character: positions must stay what they are."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)


def count_text(characters: int) -> str:
    """Return the character count for people."""
    return "empty" if not characters else f"{characters:,} character{'s' if characters != 1 else ''}"
