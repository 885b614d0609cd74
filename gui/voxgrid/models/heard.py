"""What a listener would have heard of one utterance: pure arithmetic on when its audio came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from voxgrid.models.wording import millis

BUFFER_S: Final = 0.06
"""How long a player waits behind the first audio before it begins: what telephony usually does."""
_NOTICED_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Heard:
    """Silences in the middle of speech.

    Attributes:
        gaps: How many.
        silent_s: All together, in seconds.
        longest_s: The longest, in seconds.
    """

    gaps: int = 0
    silent_s: float = 0.0
    longest_s: float = 0.0

    def __str__(self) -> str:
        if not self.gaps:
            return "none"
        longest = f", longest {millis(self.longest_s * 1000)}" if self.gaps > 1 else ""
        return f"{self.gaps}: {millis(self.silent_s * 1000)}{longest}"


def listen(arrivals: Iterable[tuple[float, float]], buffer_s: float = BUFFER_S) -> Heard:
    """Return the gaps that a player would have had.

    It begins ``buffer_s`` after the first chunk came, and after running dry goes on with the next chunk at once.

    Args:
        arrivals: When each chunk came and how long it sounds, in seconds.
        buffer_s: Seconds.
    """
    dry_at: float | None = None
    gaps, silent, longest = 0, 0.0, 0.0
    for at_s, duration_s in arrivals:
        if dry_at is None:
            dry_at = at_s + buffer_s
        late = at_s - dry_at
        if late > _NOTICED_S:
            gaps += 1
            silent += late
            longest = max(longest, late)
            dry_at = at_s
        dry_at += duration_s
    return Heard(gaps, silent, longest)
