"""The charts of a report as Plotly figures: plain data, colours by name, so that the page fills in those of its theme.

Source: Plotly's figure schema.  A colour is written ``"color:open"`` here and looked up in the page's style sheet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from voxpool.stress.distribution import curve
from voxpool.stress.report.timeline import growth, heat, per_second, thinned
from voxpool.stress.report.words import MEASURES
from voxpool.stress.result import Mark, MarkKind, Percentiles, RunResult, SearchResult, Tick

Data = dict[str, Any]

HUES: Final = ("open", "creating", "draining", "generating", "failed", "zombie", "muted")
"""Colours of lines that mean nothing in particular, in order."""
SLOTS: Final = 100
"""The service's limits where the scenario says nothing: contexts of an account (protocol.md section 10)."""
_DASHES: Final = ("solid", "dash", "dot", "dashdot")
_ONE_TWO_FIVE: Final = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]
_MOST_MARKS: Final = 40
_LABEL: Final = 28
"""Characters of an annotation that its label shows."""
_ONE_LABEL: Final = 0.012
"""Annotations nearer to each other than this share of the time share a label."""
_MARK_HUES: Final = {
    MarkKind.PHASE: "muted",
    MarkKind.FAULT: "failed",
    MarkKind.THRESHOLD: "creating",
    MarkKind.EDIT: "accent",
    MarkKind.TOOL: "zombie",
    MarkKind.STOP: "failed",
    MarkKind.SERVICE: "failed",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart.

    Attributes:
        name: For the page's anchors.
        title: What it shows.
        note: A sentence on how to read it, or "".
        data: Plotly's traces.
        layout: Plotly's layout, without colours of the theme.
        wide: Whether it takes the whole width.
        timed: Whether its x axis is the time of the run; such charts are zoomed together.
    """

    name: str
    title: str
    data: list[Data]
    layout: Data = field(default_factory=dict)
    note: str = ""
    wide: bool = False
    timed: bool = False


def figures(result: RunResult) -> list[Figure]:
    """Return every chart that the run has something to show for."""
    ticks = thinned(result.ticks)
    made = [*_search(result.search), *_distribution(result)]
    if len(ticks) > 1:
        marks = result.marks
        made += [
            _first_audio(ticks, marks),
            _in_use(ticks, marks, result),
            _flow(ticks, marks),
            _waiting(ticks, marks),
            *_errors(ticks, marks),
            _stalls(ticks, marks),
            _tool(ticks, marks),
        ]
    return made


def curves(named: Sequence[tuple[str, Percentiles]], name: str, title: str) -> Figure:
    """Return percentile curves over each other, with the tail spread out as HdrHistogram draws it."""
    data = []
    for place, (label, percentiles) in enumerate(named):
        shares, values = curve(percentiles)
        if not len(values):
            continue
        # Where 90 % is 10, 99 % is 100: the axis is that of 1 / (1 - share), in the logarithm.
        x = [1.0 / max(1.0 - share / 100.0, 1e-9) for share in shares]
        texts = [f"p{share:.6g}" for share in shares]
        hover = "%{text}: %{y:,.1f} ms<extra>" + label + "</extra>"
        line = _line(label, x, values.tolist(), HUES[place % len(HUES)], text=texts, hovertemplate=hover)
        line["line"]["dash"] = _DASHES[place % len(_DASHES)]
        data.append(line)
    shown = [1, 2, 10, 100, 1000, 10_000, 100_000]
    labels = ["0", "p50", "p90", "p99", "p99.9", "p99.99", "p99.999"]
    axis = {"type": "log", "tickvals": shown, "ticktext": labels, "title": {"text": "percentile"}}
    layout = {"xaxis": axis, "yaxis": {"title": {"text": "ms"}, "rangemode": "tozero"}, "hovermode": "closest"}
    note = "The further right, the rarer. A curve ends at the largest value measured."
    return Figure(name, title, data, layout, note, wide=True)


def _distribution(result: RunResult) -> list[Figure]:
    named = [
        (MEASURES[name], result.distributions[name])
        for name in ("corrected", "uncorrected", "ttfa")
        if name in result.distributions
    ]
    figure = curves(named, "distribution", "Time to first audio by percentile")
    return [figure] if figure.data else []


def _search(search: SearchResult | None) -> list[Figure]:
    if search is None or not search.steps:
        return []
    steps = sorted(search.steps, key=lambda step: step.level)
    levels = [step.level for step in steps]
    data = [
        _line("p50", levels, [step.ttfa_p50_ms for step in steps], "open"),
        _line("p95", levels, [step.ttfa_p95_ms for step in steps], "draining"),
    ]
    for passed, symbol, hue, name in ((True, "circle", "generating", "held"), (False, "x", "failed", "failed")):
        chosen = [step for step in steps if step.passed is passed]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"thresholds {name}",
                "x": [step.level for step in chosen],
                "y": [step.ttfa_p95_ms for step in chosen],
                "text": [step.why or f"{step.error_rate:.1%} failed" for step in chosen],
                "hovertemplate": "%{x:,.4g}: %{y:,.0f} ms, %{text}<extra></extra>",
                "marker": {"symbol": symbol, "size": 11, "color": f"color:{hue}"},
            }
        )
    lines = [
        (level, hue, text)
        for level, hue, text in ((search.safe, "generating", "safe"), (search.breaking, "failed", "breaks"))
        if level is not None
    ]
    layout = {
        "xaxis": {"title": {"text": search.unit}},
        "yaxis": {"title": {"text": "first audio, ms"}, "rangemode": "tozero"},
        "shapes": [_upright(level, hue) for level, hue, _ in lines],
        "annotations": [_label(level, text, hue) for level, hue, text in lines],
        "hovermode": "closest",
    }
    return [Figure("knee", "The search for the breaking point", data, layout, "Each point is one level tried.", True)]


def _first_audio(ticks: list[Tick], marks: Sequence[Mark]) -> Figure:
    x = _times(ticks)
    data: list[Data] = []
    warm = heat(ticks)
    if warm is not None:
        data.append(
            {
                "type": "heatmap",
                "name": "utterances",
                "x": warm.time_edges.tolist(),
                "y": warm.value_edges.tolist(),
                "z": [[count or None for count in row] for row in warm.counts.tolist()],
                "colorscale": "color:heat",
                "showscale": False,
                "hovertemplate": "%{z} utterances near %{y:.0f} ms at %{x:.1f} s<extra></extra>",
            }
        )
    for name, hue in (("p50", "open"), ("p95", "draining"), ("p99", "failed")):
        values = [getattr(tick, f"ttfa_{name}_ms") for tick in ticks]
        data.append(_line(f"{name} of the last 10 s", x, values, hue))
    layout = _over_time("ms", marks, labelled=True)
    layout["yaxis"] |= {"type": "log", "rangemode": "normal", "tickvals": _ONE_TWO_FIVE, "tickformat": ","}
    note = "Corrected: counted from when each utterance should have begun. Stronger fields hold more of them."
    return Figure("first-audio", "Time to first audio over the run", data, layout, note, wide=True, timed=True)


def _in_use(ticks: list[Tick], marks: Sequence[Mark], result: RunResult) -> Figure:
    x = _times(ticks)
    slots, generations = limits(result)
    data = [
        _line("utterances in flight", x, [tick.in_flight for tick in ticks], "accent"),
        _line("slots held", x, [tick.slots_held for tick in ticks], "creating"),
        _line("generating", x, [tick.generating for tick in ticks], "generating"),
    ]
    layout = _over_time("utterances", marks)
    for limit, text in {generations: "limit of generations", slots: "limit of slots"}.items():
        layout["shapes"].append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": limit, "y1": limit, "line": _dash("failed")}
        )
        layout["annotations"].append(
            {"xref": "paper", "x": 1, "y": limit, "text": f"{text}: {limit}", "xanchor": "right", "yanchor": "bottom"}
            | _small("failed")
        )
    return Figure("in-use", "In use, against the limits", data, layout, timed=True)


def limits(result: RunResult) -> tuple[int, int]:
    """Return how many slots the scenario's pool has, and how many generations it allows at once."""
    pool = result.scenario.get("pool", {})
    pool = pool if isinstance(pool, dict) else {}

    def whole(name: str, default: int) -> int:
        value = pool.get(name, default)
        return value if isinstance(value, int) and value > 0 else default

    slots = whole("max_connections", 20) * whole("contexts_per_connection", 5)
    return slots, min(slots, whole("max_generations", slots))


def _flow(ticks: list[Tick], marks: Sequence[Mark]) -> Figure:
    x = _times(ticks)
    data = [
        _line("arrivals", x, per_second(ticks, "arrivals"), "open"),
        _line("completions", x, per_second(ticks, "completions"), "generating"),
    ]
    return Figure("flow", "Arrivals and completions", data, _over_time("a second", marks), timed=True)


def _waiting(ticks: list[Tick], marks: Sequence[Mark]) -> Figure:
    x = _times(ticks)
    data = [
        _line("waiting", x, [tick.waiting for tick in ticks], "creating"),
        _line("oldest wait, s", x, [tick.oldest_wait_s for tick in ticks], "draining", yaxis="y2"),
    ]
    layout = _over_time("utterances", marks) | {"yaxis2": _second_axis("s")}
    return Figure("waiting", "Waiting for a slot", data, layout, timed=True)


def _errors(ticks: list[Tick], marks: Sequence[Mark]) -> list[Figure]:
    kinds = sorted({kind for tick in ticks for kind in tick.errors})
    if not kinds:
        return []
    x = _times(ticks)
    data = [
        _line(kind, x, [tick.errors.get(kind, 0) for tick in ticks], HUES[(place + 4) % len(HUES)])
        for place, kind in enumerate(kinds)
    ]
    return [Figure("errors-over-time", "Failed utterances, by kind", data, _over_time("so far", marks), timed=True)]


def _stalls(ticks: list[Tick], marks: Sequence[Mark]) -> Figure:
    bars = {
        "type": "bar",
        "name": "stalls",
        "x": _times(ticks),
        "y": growth(ticks, "stalls"),
        "marker": {"color": "color:failed"},
        "hovertemplate": "%{y} at %{x:.1f} s<extra></extra>",
    }
    layout = _over_time("stalls", marks) | {"bargap": 0}
    return Figure("stalls", "Silences that a listener would have heard", [bars], layout, timed=True)


def _tool(ticks: list[Tick], marks: Sequence[Mark]) -> Figure:
    x = _times(ticks)
    data = [
        _line("loop lag, ms", x, [tick.loop_lag_ms for tick in ticks], "zombie"),
        _line("late start, ms", x, [tick.late_start_ms for tick in ticks], "creating"),
        _line("CPU, % of a core", x, [tick.cpu_percent for tick in ticks], "muted", yaxis="y2"),
    ]
    layout = _over_time("ms", marks) | {"yaxis2": _second_axis("%")}
    return Figure(
        "tool", "This tool itself", data, layout, "When these rise, the times are the tool's own.", timed=True
    )


# --- parts -----------------------------------------------------------------------------------------------


def _times(ticks: list[Tick]) -> list[float]:
    return [tick.at_s for tick in ticks]


def _line(name: str, x: Sequence[float], y: Sequence[float | None], hue: str, **more: Any) -> Data:
    made: Data = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": [None if value is None else round(value, 4) for value in y],
        "line": {"color": f"color:{hue}", "width": 1.6},
    }
    return made | more


def _over_time(unit: str, marks: Sequence[Mark], *, labelled: bool = False) -> Data:
    shown = marks[:_MOST_MARKS]
    return {
        "xaxis": {"title": {"text": "seconds"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
        "shapes": [_upright(mark.at_s, _MARK_HUES[mark.kind]) for mark in shown],
        "annotations": [*_labels(shown)] if labelled else [],
        "hovermode": "x unified" if not labelled else "closest",
    }


def _labels(marks: Sequence[Mark]) -> Iterator[Data]:
    """Yield a label for each annotation; of those that would stand on each other all are in one."""
    near = max((mark.at_s for mark in marks), default=0.0) * _ONE_LABEL
    groups: list[list[Mark]] = []
    for mark in marks:
        if groups and mark.at_s - groups[-1][0].at_s <= near:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    for group in groups:
        texts = [mark.text if len(mark.text) <= _LABEL else f"{mark.text[: _LABEL - 1]}…" for mark in group[:2]]
        more = f" + {len(group) - 2}" if len(group) > 2 else ""
        yield _label(group[0].at_s, "; ".join(texts) + more, _MARK_HUES[group[0].kind])


def _second_axis(unit: str) -> Data:
    return {"overlaying": "y", "side": "right", "title": {"text": unit}, "rangemode": "tozero", "showgrid": False}


def _upright(x: float, hue: str) -> Data:
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": _dash(hue), "layer": "below"}


def _label(x: float, text: str, hue: str) -> Data:
    place = {"x": x, "yref": "paper", "y": 1, "xanchor": "left", "yanchor": "top", "textangle": 90}
    # Plotly reads a little HTML in texts.
    return place | {"text": text.replace("&", "&amp;").replace("<", "&lt;")} | _small(hue)


def _small(hue: str) -> Data:
    return {"showarrow": False, "font": {"size": 10, "color": f"color:{hue}"}}


def _dash(hue: str) -> Data:
    return {"color": f"color:{hue}", "width": 1, "dash": "dot"}
