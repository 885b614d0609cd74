"""What a kept run can be written as.  Everything here runs on the keeper's worker and knows no Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from voxpool import private
from voxpool.stress.result import RunResult

Write = Callable[[list[RunResult]], Path]
"""Writes runs to a file and returns it."""

MOST_PAGES: Final = 12
"""Pages for the browser that are kept; each has the chart library in it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        name: How code calls it.
        title: How people call it.
        suffix: Of its files.
    """

    name: str
    title: str
    suffix: str


KINDS: Final = (
    Kind("html", "report (HTML)", ".html"),
    Kind("json", "JSON", ".json"),
    Kind("csv", "CSV, a line for each utterance", ".csv"),
    Kind("trace", "Chrome trace for Perfetto", ".trace.json"),
    Kind("scenario", "scenario, to run it again", ".toml"),
)


def suggested_name(name: str, kind: Kind) -> str:
    """Return a file name made of a run's name."""
    words = re.findall(r"\w+", name.lower())[:6]
    return f"{'-'.join(words) or 'run'}{kind.suffix}"


def kind_of(path: Path, name_filter: str) -> Kind | None:
    """Return what a person chose: what the file's name says, else the filter of the dialog."""
    ends = [kind for kind in KINDS if path.name.lower().endswith(kind.suffix)]
    if ends:
        return max(ends, key=lambda kind: len(kind.suffix))
    return next((kind for kind in KINDS if name_filter.startswith(kind.title)), None)


def export_to(path: Path, kind: Kind, *, texts: bool) -> Write:
    """Return what writes one run to a file."""

    def write(results: list[RunResult]) -> Path:
        # What these need is large, and a window that exports nothing does not wait for it.
        from voxpool.stress.export.trace import write_trace
        from voxpool.stress.report.html import write_html
        from voxpool.stress.report.tables import scenario_to_run, to_csv, to_json

        file = path if path.suffix else path.with_name(path.name + kind.suffix)
        result = results[0]
        if kind.name == "html":
            write_html(result, file, texts)
        elif kind.name == "trace":
            write_trace(result, file, texts=texts)
        elif kind.name == "scenario":
            file.write_text(scenario_to_run(result, texts), encoding="utf-8")
        elif kind.name == "csv":
            file.write_text(to_csv(result, texts), encoding="utf-8", newline="")
        else:
            file.write_text(to_json(result, texts), encoding="utf-8")
        return file

    return write


def report_page(results: list[RunResult]) -> Path:
    """Write the report of a run where the browser can open it; without texts."""
    from voxpool.stress.report.html import write_html

    file = _page(results)
    write_html(results[0], file)
    return file


def comparison_page(results: list[RunResult]) -> Path:
    """Write a comparison where the browser can open it."""
    from voxpool.stress.report.html import write_comparison

    file = _page(results)
    write_comparison(results, file)
    return file


def _page(results: Sequence[RunResult]) -> Path:
    folder = Path(platformdirs.user_cache_dir("voxgrid", appauthor=False)) / "reports"
    private.make_folder(folder)
    for old in sorted(folder.glob("*.html"), key=lambda file: file.stat().st_mtime)[: -MOST_PAGES + 1 or None]:
        old.unlink(missing_ok=True)
    name = "-".join(re.sub(r"\W+", "", result.run_id)[:24] for result in results[:4])
    return folder / f"{name}.html"
