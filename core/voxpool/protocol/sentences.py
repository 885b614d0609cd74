"""Where sentences end, and where markup stands: for cutting text into messages (protocol.md sections 4.2, 6.3, 6.4)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

MARKUP_REACH: Final = 300
"""An opening ``[`` or ``<`` that has not closed after so many characters is punctuation, not markup."""

_R: Final = MARKUP_REACH
_MARKUP: Final = re.compile(
    # an element whose content belongs to its tags; a tag; a steering tag
    rf"<(verbatim|lang)\b[^<>]{{0,{_R}}}>.{{0,{_R}}}?</\1>|</?[A-Za-z][^<>]{{0,{_R}}}>|\[[^\[\]]{{1,{_R}}}\]",
    re.DOTALL | re.IGNORECASE,
)
_UNFINISHED: Final = re.compile(
    rf"<(verbatim|lang)\b[^<>]{{0,{_R}}}>(?:(?!</\1>).){{0,{_R + 10}}}\Z"
    rf"|<(?:/?[A-Za-z][^<>]{{0,{_R}}}|/)?\Z|\[[^\[\]]{{0,{_R}}}\Z",
    re.DOTALL | re.IGNORECASE,
)

_CLOSERS: Final = "\"'”’»›)\\]}」』）】》〉*_"
_CJK_CLOSERS: Final = "”’»›)\\]}」』）】》〉"
"""Without the straight quotes, which open as well as close where no space tells which."""
_ENDERS: Final = re.compile(
    rf"(?P<latin>(?<![.!?…])[.!?…]++[{_CLOSERS}]*+(?=\s))\s+"  # needs a space behind it
    rf"|(?P<other>[。！？｡؟।॥]+[.!?…。！？｡؟।॥{_CJK_CLOSERS}]*)\s*"  # needs none
    r"|\n[^\S\n]*\n\s*"  # an empty line
)
_FULL_STOP: Final = re.compile(r"\.(?![.!?…])")
_LAST_WORD: Final = re.compile(r"[\w.&'’-]*$")
_DOTTED: Final = re.compile(r"(?:\w\.)+\w")
_OPENERS: Final = "\"'“‘„«‹¿¡({*_-–— \t\n"

_AHEAD: Final = 16
"""Characters looked at for the first letter of what follows."""

_NEVER: Final = re.compile(
    r"mr|mrs|ms|mx|dr|prof|st|sr|jr|rev|hon|gen|col|capt|lt|sgt|gov|sen|rep|pres|messrs|mme|mlle|hr|vs|viz|cf"
    r"|bzw|ca|evtl|ggf|inkl|vgl|usf|sra|srta"
)
"""Abbreviations that another word follows."""
_BEFORE_NUMBER: Final = re.compile(
    r"no|nos|nr|nrs|p|pp|vol|ch|chap|sec|sect|art|figs?|eq|ref|tel|ext|approx|núm",
)
"""Abbreviations when a number follows."""


def markup_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every piece of markup, in order; they do not overlap."""
    return [match.span() for match in _MARKUP.finditer(text)]


def unfinished_markup(text: str) -> int:
    """Return where markup begins that more text may close, or the length of the text where there is none.

    Section 6.3 holds text back from there as well.
    """
    match = _UNFINISHED.search(text)
    return match.start() if match else len(text)


class Spans:
    """Answers whether a position lies inside one of some spans that do not overlap."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def hold(self, at: int) -> bool:
        """Whether a cut at ``at`` would go through a span."""
        index = bisect_right(self._starts, at) - 1
        return index >= 0 and self._starts[index] < at < self._ends[index]


def sentence_ends(text: str) -> Iterator[int]:
    """Yield the position behind every sentence that more text follows, its trailing space included.

    Decimals, abbreviations, initials, list numbers, markup and whatever goes on in lower case do not end one.
    """
    spans = Spans(markup_spans(text))
    begin = 0
    for match in _ENDERS.finditer(text):
        end = match.end() if match["other"] is None else _behind_quote(text, begin, match)
        if end >= len(text) or spans.hold(match.start()) or spans.hold(end):
            continue
        if match["latin"] is not None and not _is_end(text, begin, match, end):
            continue
        yield end
        begin = end


def _behind_quote(text: str, begin: int, match: re.Match[str]) -> int:
    """Return where a sentence without a space behind it ends: behind a straight quote that was opened in it."""
    end = match.end()
    if text[end : end + 1] == '"' and text.count('"', begin, end) % 2:
        end += 1
    return end


def _is_end(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    """Whether punctuation with a space behind it ends a sentence that began at ``begin``."""
    ahead = text[end : end + _AHEAD]
    following = ahead.lstrip(_OPENERS)[:1]
    if following.islower() or (not following and len(ahead) < _AHEAD):
        return False
    if not _FULL_STOP.match(match["latin"]):
        return True
    word = _LAST_WORD.search(text, max(begin, match.start() - 40), match.start())
    return not _is_abbreviation(word[0] if word else "", following, text[begin : match.start()])


def _is_abbreviation(word: str, following: str, sentence: str) -> bool:
    """Whether the full stop behind a word belongs to the word."""
    lower = word.lower()
    if lower in ("a.m", "p.m"):
        return not following.isupper()
    if word.isdigit():
        return sentence.rpartition("\n")[2].strip() == word  # "1. First", a list
    return (
        _NEVER.fullmatch(lower) is not None
        or (following.isdigit() and _BEFORE_NUMBER.fullmatch(lower) is not None)
        or (len(word) == 1 and word.isupper() and word != "I")
        or _DOTTED.fullmatch(word) is not None
    )
