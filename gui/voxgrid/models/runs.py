"""Kept runs as the window shows them: lines of a list, a summary, a comparison.  Plain data, made on any thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voxpool.stress.compare import METHOD, SHARES, Change, compare
from voxpool.stress.distribution import curve
from voxpool.stress.report import words
from voxpool.stress.report.timeline import per_second, thinned
from voxpool.stress.result import Percentiles, RunResult, Tick
from voxpool.stress.store import KeptRun, matches

Numbers = npt.NDArray[np.float64]

POINTS: Final = 600
"""Most points of a line: more than a chart here has pixels."""
_HUES: Final = ("open", "creating", "draining", "generating", "failed", "muted")
_CHECKED: Final = {
    True: ("✓ held", "good"),
    False: ("✕ did not hold", "bad"),
    None: ("not measured", "muted"),
}
_STYLES: Final = ("solid", "dashed", "dotted")
_MEASURES: Final = tuple(words.MEASURES)
_COMPARED: Final = {"corrected": "corrected", "uncorrected": "uncorrected", "ttfa": "from the first text"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart.

    Attributes:
        name: For the legend.
        x: Seconds, or how rare (1 / (1 - share)) as a power of ten.
        y: Values; NaN leaves a hole.
        hue: Name of a colour of the theme.
        style: solid, dashed or dotted.
    """

    name: str
    x: Numbers
    y: Numbers
    hue: str
    style: str = "solid"


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart.

    Attributes:
        title: What it shows.
        unit: Of its values.
        lines: Its lines.
        tail: Whether its x axis is that of percentiles, else the seconds of the run.
    """

    title: str
    unit: str
    lines: tuple[Line, ...]
    tail: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Texts in rows.

    Attributes:
        heads: Titles of the columns.
        rows: Texts.
        tones: For each row the colour of its last cell, or "".
        wide: The column that takes what room is left.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    tones: tuple[str, ...] = ()
    wide: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """A run, opened.

    Attributes:
        run_id: The run.
        name: Its name.
        reading: Its verdict in words.
        sentences: Why.
        facts: Where, when, how long: one line.
        tiles: Title and value of the most important numbers.
        percentiles: Every distribution.
        checks: Thresholds and errors.
        pictures: Its charts.
    """

    run_id: str
    name: str
    reading: words.Reading
    sentences: tuple[str, ...]
    facts: str
    tiles: tuple[tuple[str, str], ...]
    percentiles: Table
    checks: Table
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Runs, compared with the first.

    Attributes:
        run_ids: The runs.
        names: What they are called here; all different.
        sentences: One for each run after the first, and one for each that compares with nothing.
        picture: Their percentile curves over each other.
        table: Differences with their verdicts.
        method: How it was found out.
    """

    run_ids: tuple[str, ...]
    names: tuple[str, ...]
    sentences: tuple[str, ...]
    picture: Picture
    table: Table
    method: str


# --- the list --------------------------------------------------------------------------------------------


def chosen(runs: Sequence[KeptRun], search: str) -> list[KeptRun]:
    """Return the runs that a search finds, in their order."""
    return [run for run in runs if matches(run, search)]


def figures(run: KeptRun) -> str:
    """Return the numbers of a line: the safe number when there is one, and the p95."""
    safe = "" if run.safe is None else f"safe {words.number(run.safe)}   "
    return f"{safe}p95 {words.millis(run.p95_ms)} ms" if run.p95_ms is not None else safe.strip() or words.NOTHING


def facts(run: KeptRun) -> str:
    """Return when a run began and how long it took."""
    return f"{time.strftime('%d %b %H:%M', time.localtime(run.began_at))} · {words.duration(run.wall_s)}"


def explain(run: KeptRun) -> str:
    """Return everything about a line, for a tool tip and a screen reader."""
    reading = words.reading(run.verdict)
    counts = f"{run.started:,} utterances, {run.failed:,} failed"
    when = f"{words.moment(run.began_at)}, {words.duration(run.wall_s)}"
    parts = [f"{reading.word}: {run.name}", when, figures(run), counts]
    return "\n".join([*parts, *(each for each in (run.url, run.note) if each)])


# --- a summary -------------------------------------------------------------------------------------------


def summary(result: RunResult) -> Summary:
    """Make everything that the window shows of a run."""
    reading = words.reading_of(result)
    safe, left_out = words.safe_number(result), words.left_out(result)
    return Summary(
        result.run_id,
        result.name,
        reading,
        (
            *words.sentences(result),
            *([f"{left_out}."] if left_out else []),
            *(each for each in (safe, words.judged(result)) if each),
        ),
        f"{words.moment(result.began_at)} · {words.duration(result.wall_s)} · {result.url or 'no endpoint'} · "
        f"seed {result.seed}",
        (
            ("utterances", f"{result.started:,}"),
            ("failed", f"{result.failed:,}"),
            ("interrupted", f"{result.interrupted:,}"),
            *([("cut short", f"{result.cut_short:,}")] if result.cut_short else []),
            ("most at once", f"{result.peak_in_flight:,}"),
            ("stalls", f"{result.stalls:,}"),
            ("cost", words.money(result.cost_usd)),
        ),
        _percentiles(result),
        _checks(result),
        tuple(_pictures(result)),
    )


def _percentiles(result: RunResult) -> Table:
    found = [(name, result.distributions[name]) for name in _MEASURES if name in result.distributions]
    rows = tuple(
        (
            words.MEASURES[name],
            *(words.millis(each) for each in (values.p50, values.p90, values.p95, values.p99, values.p999, values.max)),
            f"{values.count:,}",
        )
        for name, values in found
        if values.count
    )
    return Table(("milliseconds", "p50", "p90", "p95", "p99", "p99.9", "max", "count"), rows)


def _checks(result: RunResult) -> Table:
    rows, tones = [], []
    for each in result.thresholds:
        said, tone = _CHECKED[words.held(each, result.verdict)]
        rows.append((each.text, words.number(each.value), said))
        tones.append(tone)
    for error in result.errors:
        rows.append((error.kind, f"{error.count:,}", error.words))
        tones.append("bad")
    return Table(("threshold or error", "measured", ""), tuple(rows), tuple(tones), wide=2)


def _pictures(result: RunResult) -> list[Picture]:
    ticks = thinned(result.ticks, POINTS)
    made = []
    named = [(name, result.distributions.get(name, Percentiles())) for name in _COMPARED]
    tail = [_tail(_COMPARED[name], values, place) for place, (name, values) in enumerate(named) if values.count]
    if len(ticks) > 1:
        made += [
            _over_time("First audio", "ms", ticks, {f"p{each} of 10 s": f"ttfa_p{each}_ms" for each in (50, 95, 99)}),
            _over_time(
                "In use", "", ticks, {"in flight": "in_flight", "slots": "slots_held", "generating": "generating"}
            ),
            _over_time("Waiting", "", ticks, {"waiting": "waiting"}),
            _rates(ticks),
            _over_time("Loop lag", "ms", ticks, {"loop lag": "loop_lag_ms", "late start": "late_start_ms"}),
        ]
    return [*([Picture("Percentiles", "ms", tuple(tail), tail=True)] if tail else []), *made]


def _over_time(title: str, unit: str, ticks: Sequence[Tick], names: dict[str, str]) -> Picture:
    x = np.array([tick.at_s for tick in ticks])
    lines = [
        Line(name, x, np.array([_number(getattr(tick, field)) for tick in ticks]), _HUES[place], _STYLES[place % 3])
        for place, (name, field) in enumerate(names.items())
    ]
    return Picture(title, unit, tuple(lines))


def _rates(ticks: Sequence[Tick]) -> Picture:
    x = np.array([tick.at_s for tick in ticks])
    lines = [
        Line(name, x, np.array(per_second(ticks, name)), hue, style)
        for name, hue, style in (("arrivals", "open", "solid"), ("completions", "generating", "dashed"))
    ]
    return Picture("Arrivals", "a second", tuple(lines))


def _tail(name: str, values: Percentiles, place: int) -> Line:
    shares, found = curve(values)
    rarity = -np.log10(np.maximum(1.0 - shares / 100.0, 1e-9))
    return Line(name, rarity, found, _HUES[place % len(_HUES)], _STYLES[place % len(_STYLES)])


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


# --- a comparison ----------------------------------------------------------------------------------------

_TONES: Final = {Change.FASTER: "good", Change.SLOWER: "bad", Change.SAME: "muted", Change.TOO_FEW: "muted"}
_SIGNS: Final = {Change.FASTER: "▼ ", Change.SLOWER: "▲ ", Change.SAME: "= ", Change.TOO_FEW: "? "}


def compared(results: Sequence[RunResult]) -> Compared:
    """Compare runs with the first of them.

    Raises:
        ValueError: If a histogram is damaged.
    """
    names = words.distinct_names(results)
    pairs = [compare(results[0], other, tuple(_COMPARED)) for other in results[1:]]
    rows, tones = [], []
    for name, pair in zip(names[1:], pairs, strict=True):
        for place, each in enumerate(pair.differences):
            between = "" if each.low is None else f"{words.signed(each.low)} to {words.signed(each.high)}"
            first = place % len(SHARES) == 0
            what = _COMPARED[each.measure] if first else ""
            numbers = (words.millis(each.before), words.millis(each.after), words.signed(each.delta_ms), between)
            rows.append((name if place == 0 else "", what, each.name, *numbers, f"{_SIGNS[each.change]}{each.change}"))
            tones.append(_TONES[each.change])
    heads = ("run", "measure", "", "before, ms", "after, ms", "difference", "true difference lies in", "verdict")
    lines = [
        _tail(name, result.distributions.get("corrected", Percentiles()), place)
        for place, (name, result) in enumerate(zip(names, results, strict=True))
    ]
    return Compared(
        tuple(result.run_id for result in results),
        tuple(names),
        (
            *(f"{name} against {names[0]}: {pair.sentence()}." for name, pair in zip(names[1:], pairs, strict=True)),
            *words.caveats(names, results),
        ),
        Picture("Corrected time to first audio", "ms", tuple(lines), tail=True),
        Table(heads, tuple(rows), tuple(tones)),
        METHOD,
    )
