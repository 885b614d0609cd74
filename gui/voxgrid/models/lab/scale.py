"""Upper ends of axes: round numbers that grow in steps, so that a chart does not jump with every value."""

from __future__ import annotations

import math


def nice_top(value: float, least: float) -> float:
    """Return the smallest of 1, 1.2, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is at least both.

    Args:
        value: What must fit.
        least: The result is never smaller than this.
    """
    wanted = max(value, least)
    if not math.isfinite(wanted) or wanted <= 0:
        return max(least, 1.0)
    power = 10.0 ** math.floor(math.log10(wanted))
    for step in (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8):
        if step * power >= wanted * (1 - 1e-9):
            return step * power
    return 10 * power


_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400)
_SPANS_S = (10, 20, 30, 60, 90, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600)


def time_top(seconds: float, planned_s: float | None) -> float:
    """Return where the time axis ends.

    Args:
        seconds: The moment of the newest value.
        planned_s: How long the run is meant to take, or None when nobody knows.
    """
    if planned_s is not None and seconds <= planned_s * 1.02:
        return max(5.0, planned_s)
    for span in _SPANS_S:
        if seconds <= span:
            return float(span)
    hours = math.ceil(seconds / 3600)
    return hours * 3600.0


def clock(seconds: float, *, precise: bool = False) -> str:
    """Return a moment of a run: ``"0:07"``, ``"12:30"``, ``"1:02:03"``; with tenths when ``precise``."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    tail = f"{seconds - whole // 60 * 60:04.1f}" if precise else f"{whole % 60:02d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def time_ticks(start_s: float, end_s: float, wanted: int = 5) -> list[tuple[float, str]]:
    """Return round moments within a stretch of time, with their labels."""
    span = max(1e-6, end_s - start_s)
    step = next((each for each in _STEPS_S if span / each <= wanted), _STEPS_S[-1])
    first = math.ceil(start_s / step - 1e-9)
    last = math.floor(end_s / step + 1e-9)
    return [(number * step, clock(number * step, precise=step < 1)) for number in range(first, last + 1)]
