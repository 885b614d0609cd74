"""A recording as a line: how much happened when, and where something went wrong.  Pure arithmetic on block heads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voxpool.recording.items import Mark

if TYPE_CHECKING:
    from voxpool.recording.blocks import BlockHead
    from voxpool.recording.reader import Recording

_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
_MARKS_SHOWN: Final = 1000
SAME_S: Final = 0.05
"""Moments nearer to each other than this are one place: they are told apart by tenths."""
LEAST_S: Final = 5.0
"""The shortest stretch that fills the line."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flag:
    """A place on the line.

    Attributes:
        at: Monotonic seconds of the recording.
        kind: ``"mark"`` or ``"fault"``.
        text: In a few words.
    """

    at: float
    kind: str
    text: str


class TimelineModel:
    """Activity, errors and marks over a recording.

    Args:
        recording: The recording; it may grow, see ``follow``.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._taken = 0
        self._moments: Floats = np.zeros(0)
        self._counts: Floats = np.zeros(0)
        self._errors: Floats = np.zeros(0)
        self.flags: list[Flag] = []
        self.follow()

    def __repr__(self) -> str:
        return f"<TimelineModel {self._taken} blocks, {self._errors.size} with errors, {len(self.flags)} flags>"

    @property
    def first(self) -> float:
        """Its first moment, monotonic seconds."""
        return self._recording.first

    @property
    def last(self) -> float:
        """Its last moment, monotonic seconds."""
        return self._recording.last

    def follow(self) -> bool:
        """Take in blocks that were added; whether there were any."""
        fresh = self._recording.heads[self._taken :]
        if not fresh:
            return False
        self._taken += len(fresh)
        self._add(fresh)
        return True

    def _add(self, heads: Sequence[BlockHead]) -> None:
        """Keep how much had happened by when: what happened between two moments is then a difference."""
        before = self._counts[-1] if self._counts.size else 0.0
        edges = np.array([(head.first, max(head.last, head.first + 1e-3)) for head in heads]).ravel()
        grown = before + np.cumsum([head.events for head in heads], dtype=np.float64)
        counts = np.column_stack((np.concatenate(([before], grown[:-1])), grown)).ravel()
        self._moments = np.concatenate((self._moments, edges))
        self._counts = np.concatenate((self._counts, counts))
        self._errors = np.concatenate((self._errors, [head.first for head in heads if head.errors]))
        for head in heads:
            if head.marks and len(self.flags) < _MARKS_SHOWN:
                found = self._recording.items(head.first, head.last)
                self.flags += [Flag(item.at, item.kind, item.text[:200]) for item in found if isinstance(item, Mark)]

    def activity(self, begin: float, end: float, bins: int) -> Floats:
        """Return how many items a second there were in each of ``bins`` equal parts of a stretch."""
        edges = np.linspace(begin, end, bins + 1)
        if not self._moments.size:
            return np.zeros(bins)
        return np.diff(np.interp(edges, self._moments, self._counts)) * bins / max(end - begin, 1e-9)

    def troubled(self, begin: float, end: float, bins: int) -> list[int]:
        """Return the parts of a stretch, of ``bins`` equal ones, in which something failed."""
        inside = self._errors[(self._errors >= begin) & (self._errors <= end)]
        # A recording of one moment has no width, and a histogram of numpy's refuses bins that narrow.
        width = end - begin
        places = (inside - begin) / width * bins if width > 0 else np.zeros(inside.size)
        return [int(place) for place in np.unique(np.minimum(places.astype(np.intp), bins - 1))]

    def next_trouble(self, at: float, *, forward: bool = True) -> float | None:
        """Return the nearest moment after (or before) another at which something failed or a flag stands."""
        moments = np.sort(np.concatenate((self._errors, [flag.at for flag in self.flags])))
        if forward:
            later = moments[moments > at + SAME_S]
            return float(later[0]) if later.size else None
        earlier = moments[moments < at - SAME_S]
        return float(earlier[-1]) if earlier.size else None


def step_s(span_s: float, most: int) -> int:
    """Return after how many seconds each to write the time, so that it is written at most ``most`` times."""
    wanted = span_s / max(1, most)
    return next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1] * (1 + int(wanted // _STEPS_S[-1])))


def clock_text(wall: float, *, tenths: bool = False) -> str:
    """Return a moment as the time of day: ``"14:03:22"``, or ``"14:03:22.4"``."""
    # Rounded first, so that .96 is not the next second's .0 of this one.
    wall = round(wall, 1) if tenths else wall
    text = time.strftime("%H:%M:%S", time.localtime(wall))
    return f"{text}.{int(wall * 10 + 1e-6) % 10}" if tenths else text


def span_text(seconds: float) -> str:
    """Return a duration: ``"4.2 s"``, ``"3:07"``, ``"2:00:00"``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
