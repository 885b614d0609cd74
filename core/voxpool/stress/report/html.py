"""One self-contained HTML file: opens offline, in dark and light, zooms, prints, and asks nobody for anything.

Plotly is written into the file whole (4.8 MB).  It brings zoom, hover, logarithmic axes and heat maps that a page of
our own would have to imitate; nothing is fetched, and the page's content policy forbids that it ever is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from voxpool.stress import compare as comparing
from voxpool.stress.report import words
from voxpool.stress.report.figures import Figure, curves, figures
from voxpool.stress.report.leaving_out import presentable
from voxpool.stress.report.tables import scenario_toml
from voxpool.stress.result import Percentiles, RunResult
from voxpool.stress.sample import Sample
from voxpool.whole import whole

SLOWEST: Final = 25
"""Rows of the table of slowest utterances."""
_SHARES: Final = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999))
_BEYOND: Final = 10
"""A percentile with fewer values beyond it is written faintly."""
_UNITS: Final = {"real_time_factor": ""}


@dataclass(frozen=True, slots=True)
class Cell:
    """A percentile in a table.

    Attributes:
        text: The value.
        thin: Whether too few values lie beyond it to lean on.
        tip: Why, or "".
    """

    text: str
    thin: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A distribution in a table.

    Attributes:
        title: What it is.
        unit: Its unit, or "" for a ratio.
        count: How many values.
        cells: p50 to p99.9.
        most: The largest.
        lead: Whether it is one of the two that are set against each other.
    """

    title: str
    unit: str
    count: str
    cells: tuple[Cell, ...]
    most: str
    lead: bool


def write_html(result: RunResult, path: Path, texts: bool = False) -> None:
    """Write the report of a run.

    Args:
        result: The run.
        path: The file; what was there is replaced once the new one is whole.
        texts: Whether texts and labels of the utterances are in it.

    Raises:
        OSError: If it cannot be written.
    """
    _write(path, to_html(result, texts=texts))


def to_html(result: RunResult, *, texts: bool = False) -> str:
    """Return the report of a run."""
    shown = presentable(result, texts=texts)
    return _page(
        "report.html.j2",
        figures(shown),
        result=shown,
        texts=texts,
        reading=words.reading_of(shown),
        sentences=words.sentences(shown),
        tiles=_tiles(shown),
        rows=_rows(shown),
        slowest=_slowest(shown.measured),
        safe=words.safe_number(shown),
        scenario=scenario_toml(shown).strip(),
    )


def write_comparison(results: Sequence[RunResult], path: Path) -> None:
    """Write a comparison of two or more runs, each with the first; texts are never in it.

    Raises:
        OSError: If it cannot be written.
        ValueError: If there are fewer than two, or a histogram is damaged.
    """
    _write(path, comparison_html(results))


def comparison_html(results: Sequence[RunResult]) -> str:
    """Return the comparison of two or more runs.

    Raises:
        ValueError: If there are fewer than two, or a histogram is damaged.
    """
    if len(results) < 2:
        raise ValueError("a comparison needs at least two runs")
    shown = [presentable(result, texts=False) for result in results]
    names = words.distinct_names(shown)
    pairs = [comparing.compare(shown[0], other) for other in shown[1:]]
    return _page(
        "comparison.html.j2",
        [
            curves([(name, run.distributions.get(measure, Percentiles())) for name, run in named], measure, title)
            for measure, title in ((each, words.MEASURES[each]) for each in comparing.MEASURES)
            if (named := [(n, r) for n, r in zip(names, shown, strict=True) if measure in r.distributions])
        ],
        runs=list(zip(names, shown, strict=True)),
        pairs=list(zip(names[1:], pairs, strict=True)),
        caveats=words.caveats(names, shown),
        method=comparing.METHOD,
        measures=comparing.MEASURES,
    )


# --- parts -----------------------------------------------------------------------------------------------


def _tiles(result: RunResult) -> list[tuple[str, str, str]]:
    """Return the summary: title, value, and what stands below it."""
    ended = max(1, result.done + result.failed + result.cancelled)
    return [
        ("utterances", f"{result.started:,}", f"{result.done:,} heard to their end"),
        ("failed", f"{result.failed:,}", words.percent(result.failed / ended)),
        ("interrupted", f"{result.interrupted:,}", "on purpose"),
        *([("cut short", f"{result.cut_short:,}", "by the end of the run")] if result.cut_short else []),
        ("most at once", f"{result.peak_in_flight:,}", f"on {words.quantity(result.peak_connections, 'connection')}"),
        ("stalls", f"{result.stalls:,}", f"in {words.quantity(result.stalled_utterances, 'utterance')}"),
        ("duration", words.duration(result.wall_s), words.moment(result.began_at)),
        ("audio", words.duration(result.audio_s), f"{result.chunks:,} chunks"),
        ("characters", f"{result.characters:,}", f"{result.wasted_characters:,} wasted"),
        ("cost", words.money(result.cost_usd), "estimated"),
    ]


def _rows(result: RunResult) -> list[Row]:
    ordered = sorted(
        result.distributions.items(),
        key=lambda item: list(words.MEASURES).index(item[0]) if item[0] in words.MEASURES else len(words.MEASURES),
    )
    return [_row(name, each) for name, each in ordered if each.count]


def _row(name: str, values: Percentiles) -> Row:
    return Row(
        words.MEASURES.get(name, name),
        _UNITS.get(name, "ms"),
        f"{values.count:,}",
        tuple(_cell(getattr(values, field), values.count, share) for field, share in _SHARES),
        words.millis(values.max),
        name in ("corrected", "uncorrected"),
    )


def _cell(value: float | None, count: int, share: float) -> Cell:
    beyond = int(count * (1 - share) + 1e-9)
    if beyond >= _BEYOND:
        return Cell(words.millis(value))
    return Cell(words.millis(value), thin=True, tip=f"only {beyond} of {count:,} values lie beyond it")


def _slowest(samples: Sequence[Sample]) -> list[Sample]:
    heard = [sample for sample in samples if sample.corrected_ms is not None]
    return sorted(heard, key=lambda sample: -(sample.corrected_ms or 0.0))[:SLOWEST]


def _page(template: str, charts: list[Figure], **values: Any) -> str:
    return (
        _templates()
        .get_template(template)
        .render(
            charts=charts,
            chart_data=_for_script([asdict(chart) for chart in charts]),
            plotly=Markup(get_plotlyjs()),  # noqa: S704 - a library's own code, nothing of ours goes into it
            words=words,
            **values,
        )
    )


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("voxpool.stress.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _for_script(data: Any) -> Markup:
    """Return JSON that may stand in a script element: no character ends it early."""
    text = orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
    for character, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("\u2028", "\\u2028")):
        text = text.replace(character, escaped)
    return Markup(text)  # noqa: S704 - escaped above


def _write(path: Path, text: str) -> None:
    with whole(path) as file:
        file.write(text.encode())
