"""Times that run through: protocol.md section 8.

The service counts every synthesis from 0.  A context's own time line is the audio received for it, so the
offset of a synthesis is the audio received before it began; it moves only when a synthesis ends, because with
the ASYNC transport times arrive after their audio.  The offset belongs to one context, never to a connection
(section 13, numbers 11 and 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxpool.protocol.messages import Timestamps


@dataclass(slots=True)
class TimedWord:
    """A word (or a character, as the settings ask) and when it sounds.

    It is not frozen because a frozen dataclass costs three times as much to make; treat it as read-only.

    Attributes:
        text: The token as the service spelled it: with or without punctuation, perhaps blank or empty.
        start_s: Start in seconds from the first audio of the context; never before that of the word before.
        end_s: End in seconds, never before ``start_s``.
    """

    text: str
    start_s: float
    end_s: float


class TimeLine:
    """Makes the times of one context continuous.

    Attributes:
        offset_s: Audio received before the current synthesis, in seconds.
    """

    __slots__ = ("_last_s", "offset_s")

    def __init__(self) -> None:
        self.offset_s = 0.0
        self._last_s = 0.0

    def synthesis_ended(self, received_s: float) -> None:
        """Begin the next synthesis: its times count from the audio received so far (section 5.3)."""
        self.offset_s = received_s

    def place(self, timestamps: Timestamps) -> tuple[TimedWord, ...]:
        """Return the words of an alignment on the context's own time line.

        Starts never go back and no end lies before its start, whatever the service sends.
        """
        words = []
        for text, start_s, end_s in zip(timestamps.texts, timestamps.starts_s, timestamps.ends_s, strict=True):
            self._last_s = max(self.offset_s + start_s, self._last_s)
            words.append(TimedWord(text, self._last_s, max(self.offset_s + end_s, self._last_s)))
        return tuple(words)
