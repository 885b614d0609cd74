"""How many first audios came how late, over time: a heat map that stays as large as it is."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

COLUMNS: Final = 160
ROWS: Final = 32
LOW: Final = 1.0
"""Lower edge as the power of ten of milliseconds: 10 ms."""
HIGH: Final = 4.5
"""Upper edge: about 32 s."""
_FIRST_COLUMN_S: Final = 0.5


class Heat:
    """Counts by time and latency.

    Attributes:
        counts: Shape (``COLUMNS``, ``ROWS``): time, then latency from ``LOW`` to ``HIGH`` in powers of ten.
        column_s: Seconds that a column stands for; doubled whenever the run outgrows the map.
    """

    def __init__(self) -> None:
        self.counts: npt.NDArray[np.float32] = np.zeros((COLUMNS, ROWS), np.float32)
        self.column_s = _FIRST_COLUMN_S

    def __repr__(self) -> str:
        return f"<Heat {int(self.counts.sum())} values, {self.column_s} s a column>"

    @property
    def width_s(self) -> float:
        """Seconds that the whole map spans."""
        return COLUMNS * self.column_s

    def add(self, at_s: float, values_ms: tuple[float, ...]) -> None:
        """Take in the times to first audio that came in at a moment.

        Args:
            at_s: Seconds since the run began, not negative.
            values_ms: In milliseconds; beyond the edges they count as the edge.
        """
        if not values_ms:
            return
        while at_s >= self.width_s:
            self._widen()
        column = int(at_s / self.column_s)
        for value in values_ms:
            share = (math.log10(max(value, 1e-3)) - LOW) / (HIGH - LOW)
            self.counts[column, min(ROWS - 1, max(0, int(share * ROWS)))] += 1

    def shades(self) -> npt.NDArray[np.uint8]:
        """Return shades from 0 to 255: the root of the share of the fullest field, so that few still show."""
        fullest = float(self.counts.max())
        if fullest <= 0:
            return np.zeros(self.counts.shape, np.uint8)
        shades = np.sqrt(self.counts / fullest) * 215
        shades[self.counts > 0] += 40
        return np.asarray(shades, np.uint8)

    def _widen(self) -> None:
        self.counts[: COLUMNS // 2] = self.counts.reshape(COLUMNS // 2, 2, ROWS).sum(axis=1)
        self.counts[COLUMNS // 2 :] = 0
        self.column_s *= 2
