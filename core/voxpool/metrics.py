"""Distributions of durations: bounded memory, exact over the newest samples.

A reservoir keeps the newest samples of one quantity in a numpy ring and computes percentiles only when somebody
asks.  HdrHistogram would cover the whole run, but its wheel brings setuptools and pbr into every installation of
the bare pool; the newest few thousand utterances are what a person and a controller look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A snapshot of one quantity.

    Attributes:
        count: Samples recorded since the beginning.
        mean: Mean of all samples since the beginning, or 0 without any.
        smallest: Smallest sample since the beginning, or 0.
        largest: Largest sample since the beginning, or 0.
        p50: Median of the newest ``window`` samples (nearest rank), or 0.
        p90: 90th percentile of the same.
        p95: 95th percentile of the same.
        p99: 99th percentile of the same.
        window: Samples that the percentiles are computed from.
    """

    count: int = 0
    mean: float = 0.0
    smallest: float = 0.0
    largest: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    window: int = 0


class Reservoir:
    """The newest samples of one quantity, and the sums of all of them.

    Args:
        capacity: Samples kept for percentiles.
    """

    __slots__ = ("_count", "_largest", "_ring", "_smallest", "_total")

    def __init__(self, capacity: int = 4096) -> None:
        self._ring = np.zeros(capacity, dtype=np.float64)
        self._count = 0
        self._total = 0.0
        self._smallest = float("inf")
        self._largest = float("-inf")

    def __repr__(self) -> str:
        return f"<Reservoir of {self._count} samples>"

    def record(self, value: float) -> None:
        """Add one sample."""
        self._ring[self._count % len(self._ring)] = value
        self._count += 1
        self._total += value
        if value < self._smallest:
            self._smallest = value
        if value > self._largest:
            self._largest = value

    def snapshot(self) -> Distribution:
        """Return the distribution as it is now."""
        if not self._count:
            return Distribution()
        window = np.sort(self._ring[: min(self._count, len(self._ring))])
        # The nearest rank: a value that was really measured, at a tenth of the price of np.percentile.
        p50, p90, p95, p99 = (float(window[ceil(share / 100 * len(window)) - 1]) for share in PERCENTILES)
        return Distribution(
            count=self._count,
            mean=self._total / self._count,
            smallest=self._smallest,
            largest=self._largest,
            p50=p50,
            p90=p90,
            p95=p95,
            p99=p99,
            window=len(window),
        )
