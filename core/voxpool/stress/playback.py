"""What a listener would have noticed: a player that starts at the first audio and runs dry when chunks are late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TOLERANCE_S: Final = 0.001
"""Gaps shorter than this are rounding, not silence."""


@dataclass(slots=True)
class Playback:
    """A player without a loudspeaker, fed with arrival times.

    It begins so much after the first audio as its jitter buffer holds.  After running dry it goes on with the next
    chunk, so one late chunk is one stall.  So is the silence before an utterance breaks off: whoever listened waited
    for what never came.

    Attributes:
        jitter_s: Its jitter buffer, in seconds.
        stalls: Times it ran dry.
        stalled_s: Sum of those silences, in seconds.
        longest_s: The longest of them.
        begins_s: When it began to play, in monotonic seconds, or None before the first audio.
        ends_s: When it is through with what has arrived, in monotonic seconds, or None before the first audio.
    """

    jitter_s: float = 0.02
    stalls: int = 0
    stalled_s: float = 0.0
    longest_s: float = 0.0
    begins_s: float | None = None
    ends_s: float | None = None

    @property
    def lasts_s(self) -> float:
        """Seconds from its beginning to its end, silences included."""
        return 0.0 if self.begins_s is None or self.ends_s is None else self.ends_s - self.begins_s

    def arrived(self, at_s: float, seconds: float) -> None:
        """Take one chunk.

        Args:
            at_s: When it arrived, in monotonic seconds; never before the one before it.
            seconds: How long it sounds; nothing is no audio.
        """
        if seconds <= 0:
            return
        if self.ends_s is None:
            self.begins_s = at_s + self.jitter_s
            self.ends_s = self.begins_s + seconds
            return
        self._waited(at_s)
        self.ends_s = max(at_s, self.ends_s) + seconds

    def silent_s(self, at_s: float) -> float:
        """Return how long it has had nothing to play, in seconds; 0 while it has, and before the first audio.

        Args:
            at_s: The time, in monotonic seconds.
        """
        gap = 0.0 if self.ends_s is None else at_s - self.ends_s
        return gap if gap > TOLERANCE_S else 0.0

    def broke_off(self, at_s: float) -> None:
        """Take note that the rest never comes: a silence until then was heard as one.

        Args:
            at_s: When that was known, in monotonic seconds.
        """
        self._waited(at_s)
        if self.ends_s is not None:
            self.ends_s = max(at_s, self.ends_s)

    def _waited(self, at_s: float) -> None:
        gap = self.silent_s(at_s)
        if gap > 0:
            self.stalls += 1
            self.stalled_s += gap
            self.longest_s = max(self.longest_s, gap)
