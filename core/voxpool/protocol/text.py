"""Text on its way to the service: cut to the length of a message, or collected to sentences from tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from voxpool.errors import SettingError
from voxpool.protocol.graphemes import inside_cluster
from voxpool.protocol.sentences import Spans, markup_spans, sentence_ends, unfinished_markup

TEXT_LIMIT: Final = 2000
"""Characters in one ``send_text`` (protocol.md section 10); old deployments take 1000."""

_WORD_END: Final = re.compile(r"\s+|[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef](?![、。，．！？：；…ー」』）】》〉])")
"""Behind white space, and behind a character of scripts that write none, unless punctuation belongs to it."""


def width(text: str) -> int:
    """Return the length in UTF-16 units.

    Whether the service counts those or code points is not known (section 17, number 13); what fits by this count
    fits by the other.
    """
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def slice_text(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """Cut text into pieces that fit into one message each.

    Cuts are made behind the last sentence that fits, else behind the last word, else between two characters as a
    reader sees them.  Never inside ``[...]``, ``<...>`` or the content of ``<verbatim>`` and ``<lang>``, unless
    one of those alone is longer than a message.

    Args:
        text: Any text.
        limit: Most characters of a piece, at least 1, in UTF-16 units (so not more in code points).

    Returns:
        The pieces; joined they are the text, exactly.  No piece is empty; an empty text has none.

    Raises:
        SettingError: If the limit is below 1.
    """
    if limit < 1:
        raise SettingError("text_limit", limit, "at least 1 character")
    return _slice(text, limit, len(text))


def _slice(text: str, limit: int, markup_at: int) -> list[str]:
    """Cut text of which everything from ``markup_at`` on is markup that has not ended yet."""
    if not text:
        return []
    if width(text) <= limit:
        return [text]
    cutter = _Cutter(text, limit, markup_at)
    pieces, start = [], 0
    while start < len(text):
        end = cutter.next(start)
        pieces.append(text[start:end])
        start = end
    return pieces


class _Cutter:
    """Finds the places to cut in one text."""

    def __init__(self, text: str, limit: int, markup_at: int) -> None:
        self._text = text
        self._limit = limit
        spans = [span for span in markup_spans(text) if span[0] < markup_at]
        self._spans = Spans([*spans, (markup_at, len(text))])
        self._sentences = [end for end in sentence_ends(text) if end <= markup_at]
        self._words = [match.end() for match in _WORD_END.finditer(text) if self._fits(match.end())]

    def next(self, start: int) -> int:
        """Return where the piece that begins at ``start`` ends."""
        reach = self._reach(start)
        if reach == len(self._text):
            return reach
        for places in (self._sentences, self._words):
            index = bisect_right(places, reach) - 1
            if index >= 0 and places[index] > start:
                return places[index]
        return self._cut_word(start, reach)

    def _reach(self, start: int) -> int:
        """Return how far a piece may go by its width; at least one character."""
        end = min(start + self._limit, len(self._text))
        excess = width(self._text[start:end]) - self._limit
        while excess > 0:
            end -= 1
            excess -= 2 if self._text[end] > "\uffff" else 1
        return max(end, start + 1)

    def _fits(self, at: int) -> bool:
        return not self._spans.hold(at) and not inside_cluster(self._text, at)

    def _cut_word(self, start: int, reach: int) -> int:
        """Cut where there is neither sentence nor word: outside markup, else between characters, else anywhere."""
        for at in range(reach, start, -1):
            if self._fits(at):
                return at
        for at in range(reach, start, -1):
            if not inside_cluster(self._text, at):
                return at
        return reach


class SentenceAssembler:
    """Collects the tokens of a language model to sentences, for auto mode's ``CLIENT_SEGMENTED`` (section 6.3).

    Sent token by token, text would be spoken in fragments (section 13, number 23).  Sentences keep the space that
    follows them, since the service adds none and then reads punctuation aloud (number 16)::

        assembler = SentenceAssembler()
        for token in tokens:
            for sentence in assembler.feed(token):
                await utterance.send(sentence)
        for sentence in assembler.finish():
            await utterance.send(sentence)

    Joined, the sentences are the tokens, exactly.  A sentence is known to be complete when the next one begins.

    Args:
        limit: Most characters of a sentence; a longer one is cut as ``slice_text`` does.
    """

    __slots__ = ("_buffer", "_limit")

    def __init__(self, limit: int = 1000) -> None:
        if limit < 1:
            raise SettingError("limit", limit, "at least 1 character")
        self._limit = limit
        self._buffer = ""

    def __repr__(self) -> str:
        return f"<SentenceAssembler {len(self._buffer)} characters waiting>"

    @property
    def waiting(self) -> str:
        """Text of the sentence that is not complete yet."""
        return self._buffer

    def feed(self, token: str) -> list[str]:
        """Take a token; return the sentences that it completes, often none."""
        self._buffer += token
        markup_at = unfinished_markup(self._buffer)
        unfinished = len(self._buffer) - markup_at
        sentences = self._complete(markup_at)
        if width(self._buffer) > self._limit:
            *whole, self._buffer = _slice(self._buffer, self._limit, len(self._buffer) - unfinished)
            sentences += whole
        return sentences

    def finish(self) -> list[str]:
        """Return what is left, and begin anew."""
        sentences = self._complete(len(self._buffer)) + slice_text(self._buffer, self._limit)
        self._buffer = ""
        return sentences

    def _complete(self, reach: int) -> list[str]:
        """Take complete sentences from the front of the buffer, up to ``reach``."""
        sentences: list[str] = []
        start = 0
        for end in sentence_ends(self._buffer):
            if end > reach:
                break
            sentences += slice_text(self._buffer[start:end], self._limit)
            start = end
        self._buffer = self._buffer[start:]
        return sentences
