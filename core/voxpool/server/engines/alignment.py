"""From an engine's events to the words of a text.  Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from voxpool.server.speech import Phone, Word

_WORD: Final = re.compile(r"\S+")
_Event = tuple[float, float, tuple[Phone, ...]]


def tokens(text: str) -> list[tuple[int, int]]:
    """Return start and end of every run of non-space characters that has something to speak."""
    return [match.span() for match in _WORD.finditer(text) if any(c.isalnum() for c in match.group())]


def words_from(text: str, events: Sequence[tuple[int, float, float, tuple[Phone, ...]]]) -> tuple[Word, ...]:
    """Give every word of a text the time at which it sounds.

    Engines split a word (``$5.20``) and join words (``of the``), so events are told apart by their position in the
    text and not by counting: several events in one word make it longer, and words without an event share, by their
    length, the time of the word before them (or after, at the beginning).

    Args:
        text: The spoken text.
        events: Position in the text, start and end in seconds, and the sounds, in the order of time.
    """
    spans = tokens(text)
    heard = _by_span(spans, events)
    if not heard:
        return ()
    groups: list[tuple[list[int], _Event]] = []
    for index in range(len(spans)):
        event = heard.get(index)
        if event is None and groups:
            groups[-1][0].append(index)
        elif event is not None:
            first = [] if groups else list(range(index))
            groups.append(([*first, index], event))
    return tuple(word for members, event in groups for word in _share([spans[i] for i in members], event))


def _by_span(
    spans: Sequence[tuple[int, int]], events: Sequence[tuple[int, float, float, tuple[Phone, ...]]]
) -> dict[int, _Event]:
    starts = [start for start, _ in spans]
    heard: dict[int, _Event] = {}
    latest = 0
    for position, start_s, end_s, phones in events:
        # Never back to an earlier word: some engines report the rest of a number at its beginning.
        index = max(latest, bisect_right(starts, position) - 1)
        if not spans:
            break
        latest = index
        before = heard.get(index)
        if before is not None:
            start_s, phones = before[0], before[2] + phones
        heard[index] = (start_s, max(end_s, start_s), phones)
    return heard


def _share(spans: Sequence[tuple[int, int]], event: _Event) -> list[Word]:
    """Divide an event between words by their length; the sounds go to the word in which they begin."""
    start_s, end_s, phones = event
    total = sum(end - start for start, end in spans)
    words: list[Word] = []
    begins = start_s
    done = 0
    for start, end in spans:
        done += end - start
        ends = end_s if done == total else start_s + (end_s - start_s) * done / total
        last = done == total
        own = tuple(p for p in phones if (begins <= p.start_s or not words) and (p.start_s < ends or last))
        words.append(Word(start, end, begins, ends, own))
        begins = ends
    return words
