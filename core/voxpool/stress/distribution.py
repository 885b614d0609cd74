"""From values to a distribution and back: an HDR histogram in microseconds, three significant digits.

Source: HdrHistogram's own rules; a value is found again within 0.1 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram

from voxpool.stress.result import Percentiles

Array = npt.NDArray[np.float64]

PER_UNIT: Final = 1000
"""Steps of the histogram for one unit: microseconds for a millisecond."""
_LOWEST: Final = 1
_HIGHEST: Final = 24 * 3600 * 1_000_000
_DIGITS: Final = 3


def measure(values: Iterable[float]) -> Percentiles:
    """Return the distribution of values in milliseconds (or of a ratio); negative ones count as 0."""
    histogram = HdrHistogram(_LOWEST, _HIGHEST, _DIGITS)
    count, total, low, high = 0, 0.0, math.inf, -math.inf
    for value in values:
        count, total = count + 1, total + value
        low, high = min(low, value), max(high, value)
        histogram.record_value(min(_HIGHEST, max(0, round(value * PER_UNIT))))
    if not count:
        return Percentiles()
    p50, p90, p95, p99, p999 = (
        min(high, histogram.get_value_at_percentile(percent) / PER_UNIT) for percent in (50, 90, 95, 99, 99.9)
    )
    return Percentiles(count, total / count, low, p50, p90, p95, p99, p999, high, histogram.encode().decode("ascii"))


def spread(percentiles: Percentiles) -> tuple[Array, Array]:
    """Return the values of a histogram, ascending, and how often each was recorded; empty without a histogram.

    Raises:
        ValueError: If the histogram is damaged.
    """
    if not percentiles.hdr:
        return np.empty(0), np.empty(0)
    try:
        histogram = HdrHistogram.decode(percentiles.hdr)
        pairs = [
            (item.value_iterated_to, item.count_at_value_iterated_to)
            for item in histogram.get_recorded_iterator()
            if item.count_at_value_iterated_to
        ]
    # The codec fails with whatever its parts raise: zlib, base64, struct, ctypes, index errors.
    except Exception as error:
        raise ValueError(f"the histogram cannot be read ({type(error).__name__})") from error
    both = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    return both[:, 0] / PER_UNIT, both[:, 1]


def curve(percentiles: Percentiles, points: int = 240) -> tuple[Array, Array]:
    """Return percentiles from 0 to 100 and the value at each, for the curve that shows the tail.

    The last percentile is that of the largest value: ``100 - 100 / count``.  Beyond it nothing was measured.
    """
    values, counts = spread(percentiles)
    if not len(values):
        return np.empty(0), np.empty(0)
    total = counts.sum()
    tail = np.geomspace(1.0, max(1.0 / total, 1e-9), points)
    shares = 1.0 - tail
    ranks = np.maximum(1.0, np.ceil(shares * total - 1e-9))
    found = values[np.minimum(np.searchsorted(np.cumsum(counts), ranks), len(values) - 1)]
    return shares * 100.0, found
