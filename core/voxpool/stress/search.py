"""The search for the breaking point, as a rule: levels and verdicts in, the next level out."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

from voxpool.stress.shapes import Search

MOST_TRIES: Final = 200
"""Levels tried at most, repetitions included."""


class BreakingPoint:
    """Raises the level until it fails, then halves the gap between the highest that holds and the lowest that fails.

    One unlucky try decides nothing: a failure is repeated until it has happened ``repeats`` times and more often than
    not.  On the way a level that holds is believed at once; the answer itself has to hold ``repeats`` times.

    Args:
        load: Where to begin, how far to go, how fine.
    """

    def __init__(self, load: Search) -> None:
        self._load = load
        # Rounded down: nobody wants a level above the highest.
        self._top = max(1, math.floor(load.most / load.step + 1e-9))
        self._good: Counter[int] = Counter()
        self._bad: Counter[int] = Counter()
        self._tries = 0

    def __repr__(self) -> str:
        return f"<BreakingPoint safe {self.safe} breaking {self.breaking}, {self._tries} tries>"

    @property
    def safe(self) -> float | None:
        """The highest level that held, below the lowest that failed; None when none did."""
        level = self._highest_good()
        return level * self._load.step if level else None

    @property
    def breaking(self) -> float | None:
        """The lowest level that failed, or None."""
        level = self._lowest_bad()
        return None if level is None else level * self._load.step

    def record(self, level: float, *, passed: bool) -> None:
        """Take the verdict on a level."""
        self._tries += 1
        (self._good if passed else self._bad)[self._whole(level)] += 1

    def next_level(self) -> float | None:
        """Return the level to try next, or None when the answer is as fine as wanted."""
        level = None if self._tries >= MOST_TRIES else self._next()
        return None if level is None else level * self._load.step

    def _whole(self, level: float) -> int:
        return max(1, round(level / self._load.step))

    def _next(self) -> int | None:
        doubtful = self._doubtful()
        if doubtful is not None:
            return doubtful
        good, bad = self._highest_good(), self._lowest_bad()
        if bad is None and good < self._top:
            first = min(self._top, self._whole(self._load.start))
            return min(self._top, max(good + 1, round(good * self._load.factor)) if good else first)
        if bad is not None and bad - good > max(1, int(good * self._load.precision)):
            return (good + bad) // 2
        return good if 0 < self._good[good] < self._load.repeats else None

    def _fails(self, level: int) -> bool:
        good, bad = self._good[level], self._bad[level]
        return bad >= self._load.repeats and bad > good

    def _doubtful(self) -> int | None:
        """Return a level that failed, but not often enough to be sure, if the answer depends on it."""
        ceiling = self._lowest_bad()
        for level in sorted(self._bad):
            relevant = ceiling is None or level < ceiling
            sure = self._good[level] >= self._load.repeats and self._good[level] > self._bad[level]
            if relevant and not sure and not self._fails(level):
                return level
        return None

    def _highest_good(self) -> int:
        """Return the highest level that held more often than not, below the lowest that fails; 0 without any."""
        ceiling = self._lowest_bad()
        return max(
            (each for each in self._good if self._good[each] > self._bad[each] and (ceiling is None or each < ceiling)),
            default=0,
        )

    def _lowest_bad(self) -> int | None:
        return min((level for level in self._bad if self._fails(level)), default=None)
