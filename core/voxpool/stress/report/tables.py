"""A run as JSON, all of it, and as CSV with a line for each utterance."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

import orjson
import tomlkit

from voxpool.stress.report.leaving_out import presentable, with_stand_ins
from voxpool.stress.result import RunResult
from voxpool.stress.sample import Sample
from voxpool.stress.scrub import scrub_data

FORMAT: Final = "voxgrid-run/1"
"""Says in the JSON what it is."""
_DERIVED: Final = (
    "ttfa_ms",
    "corrected_ms",
    "uncorrected_ms",
    "late_start_ms",
    "queue_ms",
    "release_ms",
    "real_time_factor",
)
_STAND_INS: Final = (
    "# The texts were left out: others of the same length stand for them, so that the load is the same.\n"
    "# voxpool runs export --texts writes them."
)
_TEXTS: Final = ("label", "text")
_STORED: Final = tuple(each.name for each in fields(Sample))
# What a spreadsheet takes for the beginning of a formula, also after spaces (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_json(result: RunResult, texts: bool = False) -> str:
    """Return everything as JSON; ``RunResult.from_dict`` reads it again.

    Args:
        result: The run.
        texts: Whether texts and labels of the utterances are in it.
    """
    shown = presentable(result, texts=texts)
    head = replace(shown, ticks=(), samples=()).to_dict()
    del head["ticks"], head["samples"]
    parts = [_json({"format": FORMAT, **head}, orjson.OPT_INDENT_2).removesuffix("\n}")]
    # A line for each, and not one call for all of them, which would hold up every other thread of the process.
    for name, rows in (("ticks", shown.ticks), ("samples", shown.samples)):
        parts.append(f',\n  "{name}": [\n    ' + ",\n    ".join(map(_json, rows)) + "\n  ]")
    return "".join(parts) + "\n}\n"


def to_csv(result: RunResult, texts: bool = False) -> str:
    """Return one line for each utterance, with times in seconds and spans in milliseconds as the names say.

    A text that a spreadsheet would run as a formula has an apostrophe before it.

    Args:
        result: The run.
        texts: Whether the columns ``label`` and ``text`` are in it.
    """
    stored = [name for name in _STORED if texts or name not in _TEXTS]
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([*stored, *_DERIVED])
    for sample in presentable(result, texts=texts).samples:
        writer.writerow([_cell(getattr(sample, name)) for name in (*stored, *_DERIVED)])
    return file.getvalue()


def scenario_toml(result: RunResult) -> str:
    """Return the run's scenario as a file that can be run again; credentials are not in it, texts are."""
    return tomlkit.dumps(_without_nothing(scrub_data(result.scenario)))


def scenario_to_run(result: RunResult, texts: bool = False) -> str:
    """Return the run's scenario as a file that can be run again.

    Args:
        result: The run.
        texts: Whether its texts are in it; otherwise others of the same length stand for them.
    """
    if texts:
        return scenario_toml(result)
    kept = with_stand_ins(result.scenario)
    written = scenario_toml(replace(result, scenario=kept))
    return f"{_STAND_INS}\n{written}" if kept != result.scenario else written


def _without_nothing(data: Any) -> Any:
    """TOML has no null."""
    if isinstance(data, Mapping):
        return {name: _without_nothing(value) for name, value in data.items() if value is not None}
    if isinstance(data, list | tuple):
        return [_without_nothing(value) for value in data if value is not None]
    return data


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e-3 else round(value, 6)
    if isinstance(value, str) and str(value).lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def _json(data: object, option: int = 0) -> str:
    return orjson.dumps(data, default=dict, option=option | orjson.OPT_SERIALIZE_NUMPY).decode()
