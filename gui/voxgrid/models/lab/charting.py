"""What the charts show and say: titles, tops of axes, values at a moment, and a sentence for who cannot see them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from voxgrid.models.lab.heat import HIGH, LOW
from voxgrid.models.lab.scale import clock, nice_top
from voxgrid.models.lab.timeline import Series, Timeline
from voxgrid.models.wording import millis
from voxpool.stress.result import Mark, MarkKind

MARK_STYLES: Final[dict[MarkKind, tuple[str, str]]] = {
    MarkKind.PHASE: ("faint", "solid"),
    MarkKind.FAULT: ("bad", "solid"),
    MarkKind.THRESHOLD: ("warning", "dashed"),
    MarkKind.EDIT: ("accent", "dashed"),
    MarkKind.TOOL: ("zombie", "dotted"),
    MarkKind.STOP: ("text", "dotted"),
    MarkKind.SERVICE: ("bad", "dashed"),
}
"""Colour token and line style of each kind of annotation."""

MARK_WORDS: Final[dict[MarkKind, str]] = {
    MarkKind.PHASE: "phase",
    MarkKind.FAULT: "fault",
    MarkKind.THRESHOLD: "threshold",
    MarkKind.EDIT: "edited",
    MarkKind.TOOL: "tool",
    MarkKind.STOP: "stopped",
    MarkKind.SERVICE: "service",
}

LOG_TICKS: Final = ((2.0, "0.1s"), (3.0, "1s"), (4.0, "10s"))
LOG_TOP: Final = HIGH


@dataclass(frozen=True, slots=True)
class Drawn:
    """One series of a chart.

    Attributes:
        name: What people call it.
        column: Of the time line.
        write: Turns a value into words of a fixed width.
    """

    name: str
    column: str
    write: Callable[[float | None], str]


@dataclass(frozen=True, slots=True)
class ChartPlan:
    """One chart.

    Attributes:
        key: How code calls it.
        title: What people call it.
        drawn: Its series.
        least: Smallest upper end of its axis.
        unit: Of the axis, in a word.
        log: Whether its axis is in powers of ten of milliseconds.
        height: How high it is beside the others.
        tip: What there is to say about its numbers.
    """

    key: str
    title: str
    drawn: tuple[Drawn, ...]
    least: float
    unit: str = ""
    log: bool = False
    height: int = 2
    tip: str = ""


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


CHARTS: Final = (
    ChartPlan(
        "in_use", "In use", (Drawn("slots", "slots_held", _whole), Drawn("generating", "generating", _whole)), 10
    ),
    ChartPlan("waiting", "Waiting", (Drawn("in the queue", "waiting", _whole),), 5),
    ChartPlan("oldest", "Oldest wait", (Drawn("seconds", "oldest_wait_s", _seconds),), 1, "s"),
    ChartPlan(
        "rates",
        "Per second",
        (Drawn("arrivals", "arrivals", _rate), Drawn("completions", "completions", _rate)),
        2,
    ),
    ChartPlan(
        "ttfa",
        "First audio, corrected",
        (
            Drawn("p50", "ttfa_p50_ms", millis),
            Drawn("p95", "ttfa_p95_ms", millis),
            Drawn("p99", "ttfa_p99_ms", millis),
        ),
        LOG_TOP,
        "ms",
        True,
        4,
        "Times to first audio of the last ten seconds, corrected: from when each was due. The status line tells those "
        "of the last 1,000 utterances, from their first text.",
    ),
    ChartPlan("errors", "Errors", (), 4),
    ChartPlan("stalls", "Stalls", (Drawn("in all", "stalls", _whole),), 4),
    ChartPlan(
        "lag",
        "Loop lag",
        (Drawn("lag", "loop_lag_ms", millis), Drawn("late starts", "late_start_ms", millis)),
        20,
        "ms",
    ),
)
"""In the order in which they stand."""


def values_at(plan: ChartPlan, line: Timeline, place: int | None) -> dict[str, str]:
    """Return the words beside each series: at a point of the time line, or at its end when ``place`` is None."""
    if not len(line):
        return {}
    at = len(line) - 1 if place is None else place
    if plan.key == "errors":
        return {kind: f"{series[at]:.0f}" for kind, series in line.error_series()}
    return {each.name: each.write(_at(line.column(each.column), at)) for each in plan.drawn}


def top_of(plan: ChartPlan, line: Timeline, limits: Sequence[float] = ()) -> float:
    """Return the upper end of a chart's axis."""
    if plan.log:
        return LOG_TOP
    series = [each for _, each in line.error_series()] if plan.key == "errors" else []
    series += [line.column(each.column) for each in plan.drawn]
    highest = max((_highest(each) for each in series), default=0.0)
    # A limit far above everything would flatten the chart; one that is near is worth seeing.
    near = [limit for limit in limits if limit <= max(highest, plan.least) * 4 or limit <= 200]
    return nice_top(max([highest * 1.04, *(limit * 1.04 for limit in near)]), plan.least)


def value_ticks(plan: ChartPlan, top: float, limits: Sequence[float] = ()) -> list[tuple[float, str]]:
    """Return the labels of a chart's axis: the limits that are drawn, or else its end and its middle."""
    if plan.log:
        return list(LOG_TICKS)
    shown: list[float] = []
    for limit in sorted(limits, reverse=True):
        # Labels of limits that are close to each other would lie over each other.
        if limit <= top and all(abs(limit - other) > 0.25 * top for other in shown):
            shown.append(limit)
    return [(value, _short(value) + plan.unit) for value in shown or [top / 2, top]]


def summary(plan: ChartPlan, line: Timeline) -> str:
    """Return a chart in a sentence, for a screen reader."""
    if not len(line):
        return f"{plan.title}: no run yet."
    if plan.key == "errors":
        kinds = [f"{kind} {series[-1]:.0f}" for kind, series in line.error_series()]
        said = ", ".join(kinds) if kinds else "none"
    else:
        said = ", ".join(_said(each, line) for each in plan.drawn)
    return f"{plan.title} after {clock(line.ends_s)}: {said}."


def near_mark(marks: Sequence[Mark], at_s: float, within_s: float) -> Mark | None:
    """Return the annotation nearest to a moment, if there is one near."""
    near = [mark for mark in marks if abs(mark.at_s - at_s) <= within_s]
    return min(near, key=lambda mark: abs(mark.at_s - at_s), default=None)


def in_powers(values: Series) -> Series:
    """Return milliseconds as powers of ten, not below the axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(np.log10(values), LOW, HIGH), np.float64)


def _said(drawn: Drawn, line: Timeline) -> str:
    series = line.column(drawn.column)
    return f"{drawn.name} {drawn.write(_at(series, len(series) - 1))}, at most {drawn.write(_highest(series))}"


def _at(series: Series, place: int) -> float | None:
    value = float(series[place])
    return None if math.isnan(value) else value


def _highest(series: Series) -> float:
    return float(np.fmax.reduce(series, initial=0.0)) if series.size else 0.0


def _short(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
