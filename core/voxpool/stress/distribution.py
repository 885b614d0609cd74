"""From values to a distribution and back: an HDR histogram in microseconds, three significant digits.

A value is found again within 0.1 %; percentiles are those of ``voxpool.stress.measure``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram

from voxpool.stress.measure import Histogram
from voxpool.stress.result import Percentiles

Array = npt.NDArray[np.float64]

PER_UNIT: Final = 1000
"""Steps of the histogram for one unit: microseconds for a millisecond."""


def measure(values: Iterable[float]) -> Percentiles:
    """Return the distribution of values in milliseconds (or of a ratio); negative ones count as 0."""
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram.percentiles()


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

    It ends at ``100 - 100 / count``, with the largest value: beyond that percentile there is no other.
    """
    values, counts = spread(percentiles)
    if not len(values):
        return np.empty(0), np.empty(0)
    total = counts.sum()
    tail = np.geomspace(1.0, max(1.0 / total, 1e-9), points)
    shares = 1.0 - tail
    ranks = np.maximum(1.0, np.ceil(shares * total - 1e-9))
    ranks[-1] = total
    found = values[np.minimum(np.searchsorted(np.cumsum(counts), ranks), len(values) - 1)]
    return shares * 100.0, found
