"""The time line of a run, thinned out for a picture: no chart needs more points than it has pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from voxpool.stress.result import Tick

MOST: Final = 1200
"""Points of a line."""
COLUMNS: Final = 160
"""Columns of the heat map."""
ROWS: Final = 36
"""Its rows, evenly apart in the logarithm."""
_HIGHEST: Final = (
    "in_flight",
    "slots_held",
    "generating",
    "waiting",
    "oldest_wait_s",
    "connections",
    "loop_lag_ms",
    "late_start_ms",
    "cpu_percent",
)
_SUMMED: Final = ("arrivals", "completions")


def thinned(ticks: Sequence[Tick], most: int = MOST) -> list[Tick]:
    """Join neighbours until at most ``most`` are left: peaks stay, what was counted is added up."""
    step = -(-len(ticks) // most) if ticks else 1
    return [_joined(ticks[start : start + step]) for start in range(0, len(ticks), step)] if step > 1 else list(ticks)


def _joined(group: Sequence[Tick]) -> Tick:
    highest = {name: max(getattr(tick, name) for tick in group) for name in _HIGHEST}
    summed = {name: sum(getattr(tick, name) for tick in group) for name in _SUMMED}
    values = tuple(value for tick in group for value in tick.ttfa_ms)
    return replace(group[-1], ttfa_ms=values, **highest, **summed)


def per_second(ticks: Sequence[Tick], name: str) -> list[float]:
    """Return what was counted at each tick as a rate."""
    befores = [0.0, *(tick.at_s for tick in ticks)]
    return [
        float(getattr(tick, name)) / max(tick.at_s - before, 1e-9) for tick, before in zip(ticks, befores, strict=False)
    ]


def growth(ticks: Sequence[Tick], name: str) -> list[float]:
    """Return by how much a total grew from tick to tick."""
    totals = [float(getattr(tick, name)) for tick in ticks]
    return [max(0.0, now - before) for now, before in zip(totals, [0.0, *totals], strict=False)]


@dataclass(frozen=True, slots=True)
class Heat:
    """How many first audios fell where.

    Attributes:
        time_edges: Edges of the columns in seconds.
        value_edges: Edges of the rows in milliseconds.
        counts: By row and column.
    """

    time_edges: npt.NDArray[np.float64]
    value_edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]


def heat(ticks: Sequence[Tick]) -> Heat | None:
    """Return the heat map of the corrected time to first audio, or None without any."""
    times = np.array([tick.at_s for tick in ticks for _ in tick.ttfa_ms])
    values = np.array([value for tick in ticks for value in tick.ttfa_ms])
    if not len(values):
        return None
    values = np.maximum(values, 1.0)
    low, high = values.min() * 0.95, values.max() * 1.05
    columns = max(1, min(COLUMNS, len(ticks)))
    time_edges = np.linspace(0.0, max(ticks[-1].at_s, 1e-9), columns + 1)
    value_edges = np.geomspace(low, max(high, low * 1.5), ROWS + 1)
    counts, _, _ = np.histogram2d(values, times, bins=(value_edges, time_edges))
    return Heat(time_edges, value_edges, counts.astype(np.int64))
