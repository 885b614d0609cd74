"""The time line of a run as columns of numbers: what the charts draw, bounded however long the run is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from voxpool.stress.result import Tick

MOST: Final = 2400
"""Points kept: ten minutes of quarter seconds.  A longer run is kept at half the resolution, then at a quarter..."""
KINDS: Final = 5
"""Kinds of errors with a line of their own; the rarer ones share the line "other"."""
OTHER: Final = "other"
_RATE_SPAN_S: Final = 1.0

Series = npt.NDArray[np.float64]

_READ: Final[Mapping[str, Callable[[Tick], float | None]]] = {
    "at_s": lambda tick: tick.at_s,
    "target": lambda tick: tick.target,
    "in_flight": lambda tick: tick.in_flight,
    "slots_held": lambda tick: tick.slots_held,
    "generating": lambda tick: tick.generating,
    "waiting": lambda tick: tick.waiting,
    "oldest_wait_s": lambda tick: tick.oldest_wait_s,
    "ttfa_p50_ms": lambda tick: tick.ttfa_p50_ms,
    "ttfa_p95_ms": lambda tick: tick.ttfa_p95_ms,
    "ttfa_p99_ms": lambda tick: tick.ttfa_p99_ms,
    "stalls": lambda tick: tick.stalls,
    "loop_lag_ms": lambda tick: tick.loop_lag_ms,
    "late_start_ms": lambda tick: tick.late_start_ms,
    "cpu_percent": lambda tick: tick.cpu_percent,
}
_RATES: Final = ("arrivals", "completions")
_KIND_COLUMNS: Final = tuple(f"errors_{place}" for place in range(KINDS + 1))
_COLUMNS: Final = (*_READ, *_RATES, *_KIND_COLUMNS)
_PLACES: Final = {name: place for place, name in enumerate(_COLUMNS)}


class Timeline:
    """Ticks as columns.

    Two neighbours become one when there are more than ``MOST``, the larger value of both surviving: a peak must not
    vanish because the run is long.

    Args:
        most: Points kept.

    Attributes:
        kinds: Kinds of errors in the order of their first appearance, at most ``KINDS``.
        newest: The newest tick, or None before the first.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._table = np.full((most, len(_COLUMNS)), np.nan)
        self._length = 0
        self._merge = 1
        self._pending: list[Series] = []
        self._recent: deque[Tick] = deque()
        self.kinds: list[str] = []
        self.newest: Tick | None = None

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"<Timeline {self._length} points of {self._merge} ticks>"

    @property
    def ends_s(self) -> float:
        """Seconds since the run began at the newest tick."""
        return self.newest.at_s if self.newest is not None else 0.0

    def add(self, tick: Tick, unknown: Collection[str] = ()) -> None:
        """Take in a tick.

        Args:
            tick: The tick.
            unknown: Columns that stay empty, because whoever made the tick cannot know them.
        """
        self.newest = tick
        row = self._row(tick)
        row[[_PLACES[name] for name in unknown]] = np.nan
        self._pending.append(row)
        if len(self._pending) < self._merge:
            return
        self._table[self._length] = _joined(np.stack(self._pending))
        self._pending.clear()
        self._length += 1
        if self._length == self._most:
            self._halve()

    def column(self, name: str) -> Series:
        """Return a series, shape (n,); NaN where there was nothing to measure.

        Args:
            name: A field of ``Tick`` (``arrivals`` and ``completions`` as rates per second), or ``errors_0`` and so on
                for the kinds of errors, the last one being all the rarer ones together.

        Raises:
            KeyError: If there is none of that name.
        """
        return self._table[: self._length, _PLACES[name]]

    def index_at(self, at_s: float) -> int | None:
        """Return the place of the point nearest to a moment, or None without any."""
        if not self._length:
            return None
        moments = self.column("at_s")
        place = int(np.searchsorted(moments, at_s))
        if place == 0:
            return 0
        if place == self._length:
            return self._length - 1
        return place if moments[place] - at_s < at_s - moments[place - 1] else place - 1

    def error_series(self) -> list[tuple[str, Series]]:
        """Return the kinds of errors with their counts since the run began."""
        named = [(kind, self.column(f"errors_{place}")) for place, kind in enumerate(self.kinds)]
        rest = self.column(f"errors_{KINDS}")
        if rest.size and rest[-1] > 0:
            named.append((OTHER, rest))
        return named

    def _row(self, tick: Tick) -> Series:
        row = np.full(len(_COLUMNS), np.nan)
        for name, read in _READ.items():
            value = read(tick)
            if value is not None:
                row[_PLACES[name]] = value
        span_s = self._remember(tick)
        for name in _RATES:
            row[_PLACES[name]] = sum(getattr(each, name) for each in self._recent) / span_s
        row[_PLACES["errors_0"] : _PLACES[f"errors_{KINDS}"] + 1] = self._errors(tick)
        return row

    def _remember(self, tick: Tick) -> float:
        """Keep the ticks of the last second, and return how many seconds they stand for."""
        last_s = self._recent[-1].at_s if self._recent else 0.0
        self._recent.append(tick)
        step_s = max(1e-3, tick.at_s - last_s)
        while len(self._recent) > 1 and tick.at_s - self._recent[0].at_s >= _RATE_SPAN_S - 1e-6:
            self._recent.popleft()
        return max(1e-3, tick.at_s - self._recent[0].at_s + step_s)

    def _errors(self, tick: Tick) -> Series:
        counts = np.zeros(KINDS + 1)
        for kind, count in tick.errors.items():
            if kind not in self.kinds and len(self.kinds) < KINDS:
                self.kinds.append(kind)
            counts[self.kinds.index(kind) if kind in self.kinds else KINDS] += count
        return counts

    def _halve(self) -> None:
        pairs = self._table[: self._length // 2 * 2].reshape(-1, 2, len(_COLUMNS))
        self._length = len(pairs)
        self._table[: self._length] = np.stack([_joined(pair) for pair in pairs])
        self._table[self._length :] = np.nan
        self._merge *= 2


def _joined(rows: Series) -> Series:
    """Return the largest of each column; NaN only where all are."""
    return np.asarray(np.fmax.reduce(rows, axis=0), np.float64)
