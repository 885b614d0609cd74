"""Timestamps of one synthesis, as the service words them (section 8).  Pure.

Times count from the start of the synthesis.  Newer models return every token of the input in order, whitespace and
punctuation included, with a leading empty token for the silence before the first word; older ones return words with
their punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from voxpool.server.speech import Phone, Word

Style = Literal["tokens", "words", "characters"]

_RUN: Final = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\s+|[^\s<\[]+|[<\[]")
_VISEMES: Final = {
    "aei": "aæɑɐɛeəɪʌɚɜ",
    "o": "oɔɒɤ",
    "ee": "iyɨ",
    "bmp": "bmp",
    "fv": "fv",
    "l": "lɫɭ",
    "r": "rɹɾʁʀ",
    "th": "θð",
    "qw": "qwuʊʉɯ",
    "chjsh": "ʃʒʤʧ",
}
_VISEME_OF: Final = {symbol: name for name, symbols in _VISEMES.items() for symbol in symbols}
_MARKS: Final = "ˈˌːʲ'\"͡"
_ROUND: Final = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text and when it sounds, in seconds from the start of the synthesis."""

    text: str
    start_s: float
    end_s: float
    phones: tuple[Phone, ...] = ()


def viseme(symbol: str) -> str:
    """Return the name of the mouth shape for a sound."""
    bare = symbol.strip(_MARKS)
    return _VISEME_OF.get(bare[:1], "cdgknstxyz")


def merge(alignments: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return several alignments of one synthesis as one, or None if there are none."""
    merged: dict[str, Any] | None = None
    for alignment in alignments:
        if merged is None:
            merged = {kind: {name: list(items) for name, items in body.items()} for kind, body in alignment.items()}
            continue
        for kind, body in alignment.items():
            before = len(merged[kind].get("words", ()))
            for name, items in body.items():
                moved = [{**item, "wordIndex": item["wordIndex"] + before} for item in items if isinstance(item, dict)]
                merged[kind][name] += moved or items
    return merged


class Timeline:
    """The tokens of one synthesis, in order, as its speech becomes known.

    Args:
        text: The text of the synthesis as it was sent.
        style: What a token is.
        phonetic: Whether word timestamps carry phonetic details (older models lack them).
    """

    def __init__(self, text: str, style: Style, *, phonetic: bool = True) -> None:
        self._text = text
        self._style = style
        self._phonetic = phonetic and style != "characters"
        self._known = 0
        self._cursor_s = 0.0
        self._tokens: list[Token] = []
        self._taken = 0

    def add(self, words: Sequence[Word], until: int, end_s: float) -> None:
        """Add what became known.

        Args:
            words: Words in positions of the text and times of the synthesis.
            until: Up to which character the text is covered now.
            end_s: Where the audio of this stretch ends.
        """
        by_start = {word.start: word for word in words}
        if not self._tokens and words and self._style == "tokens":
            self._tokens.append(Token("", 0.0, words[0].start_s))
            self._cursor_s = words[0].start_s
        for start, end in _runs(self._text, self._known, until):
            word = by_start.get(start)
            if word is not None:
                self._add_word(start, end, word)
            elif self._style != "words":
                following = next((w.start_s for w in words if w.start >= end), end_s)
                self._add_silent(self._text[start:end], max(following, self._cursor_s))
        self._known = until

    def take(self, until_s: float | None = None) -> dict[str, Any] | None:
        """Return the alignment of tokens not yet taken that begin before a time, or of all; None if there are none."""
        end = len(self._tokens)
        if until_s is not None:
            end = self._taken
            while end < len(self._tokens) and self._tokens[end].start_s < until_s:
                end += 1
        taken = self._tokens[self._taken : end]
        self._taken = end
        return self._alignment(taken) if taken else None

    def _add_word(self, start: int, end: int, word: Word) -> None:
        text = self._text[start:end]
        starts, ends = max(word.start_s, self._cursor_s), max(word.end_s, self._cursor_s)
        if self._style == "characters":
            step = (ends - starts) / len(text)
            self._tokens += [Token(c, starts + i * step, starts + (i + 1) * step) for i, c in enumerate(text)]
        elif self._style == "words":
            self._tokens.append(Token(text, starts, ends, word.phones))
        else:
            head, core, tail = _punctuation(text)
            self._tokens += [Token(c, starts, starts) for c in head]
            self._tokens.append(Token(core, starts, ends, word.phones))
            self._tokens += [Token(c, ends, ends) for c in tail]
        self._cursor_s = ends

    def _add_silent(self, text: str, end_s: float) -> None:
        if self._style == "characters":
            self._tokens += [Token(c, self._cursor_s, self._cursor_s) for c in text]
            return
        blank = text.isspace()
        self._tokens.append(Token(text, self._cursor_s, end_s if blank else self._cursor_s))
        if blank:
            self._cursor_s = end_s

    def _alignment(self, taken: Sequence[Token]) -> dict[str, Any]:
        texts = [token.text for token in taken]
        starts = [round(token.start_s, _ROUND) for token in taken]
        ends = [round(token.end_s, _ROUND) for token in taken]
        if self._style == "characters":
            return {
                "characterAlignment": {
                    "characters": texts,
                    "characterStartTimeSeconds": starts,
                    "characterEndTimeSeconds": ends,
                }
            }
        alignment: dict[str, Any] = {"words": texts, "wordStartTimeSeconds": starts, "wordEndTimeSeconds": ends}
        alignment["phoneticDetails"] = (
            [_details(index, token) for index, token in enumerate(taken)] if self._phonetic else []
        )
        return {"wordAlignment": alignment}


def _details(index: int, token: Token) -> dict[str, Any]:
    phones = token.phones or (Phone("[silence]", token.start_s, token.end_s - token.start_s),)
    return {
        "wordIndex": index,
        "phones": [
            {
                "phoneSymbol": phone.symbol,
                "startTimeSeconds": round(phone.start_s, _ROUND),
                "durationSeconds": round(phone.duration_s, _ROUND),
                "visemeSymbol": "" if phone.symbol == "[silence]" else viseme(phone.symbol),
            }
            for phone in phones
        ],
        "isPartial": False,
    }


def _runs(text: str, start: int, until: int) -> Iterator[tuple[int, int]]:
    position = start
    while position < until:
        match = _RUN.match(text, position)
        end = min(match.end(), until) if match else position + 1
        yield position, end
        position = end


def _punctuation(text: str) -> tuple[str, str, str]:
    """Split a run into leading punctuation, its core from first to last letter or digit, and trailing punctuation."""
    spoken = [index for index, character in enumerate(text) if character.isalnum()]
    if not spoken:
        return "", text, ""
    first, last = spoken[0], spoken[-1] + 1
    return text[:first], text[first:last], text[last:]
