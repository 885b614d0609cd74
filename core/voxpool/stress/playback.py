"""What a listener would have noticed: a player that starts at the first audio and runs dry when chunks are late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TOLERANCE_S: Final = 0.02
"""Gaps shorter than this are not counted: any player holds that much."""


@dataclass(slots=True)
class Playback:
    """A player without a loudspeaker, fed with arrival times.

    After running dry it goes on with the next chunk, as a real one does, so one late chunk is one stall.

    Attributes:
        stalls: Times it ran dry for longer than :data:`TOLERANCE_S`.
        stalled_s: Sum of those silences, in seconds.
        longest_s: The longest of them.
    """

    stalls: int = 0
    stalled_s: float = 0.0
    longest_s: float = 0.0
    _dry_at: float | None = None

    def arrived(self, at_s: float, seconds: float) -> None:
        """Take one chunk.

        Args:
            at_s: When it arrived, in monotonic seconds; never before the one before it.
            seconds: How long it sounds.
        """
        start = at_s
        if self._dry_at is not None:
            gap = at_s - self._dry_at
            if gap > TOLERANCE_S:
                self.stalls += 1
                self.stalled_s += gap
                self.longest_s = max(self.longest_s, gap)
            start = max(at_s, self._dry_at)
        self._dry_at = start + seconds
