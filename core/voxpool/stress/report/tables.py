"""A run as JSON, all of it, and as CSV with a line for each utterance."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import fields
from typing import Any, Final

from voxpool.stress.report.leaving_out import presentable
from voxpool.stress.result import RunResult
from voxpool.stress.sample import Sample

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
    data: dict[str, Any] = {"format": FORMAT, **presentable(result, texts=texts).to_dict()}
    return json.dumps(data, indent=1, ensure_ascii=False, default=_plain) + "\n"


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


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e-3 else round(value, 6)
    if isinstance(value, str) and str(value).lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def _plain(value: Any) -> Any:
    """Turn a number of numpy's into one of Python's."""
    item = getattr(value, "item", None)
    if item is None:
        raise TypeError(f"{type(value).__name__} has no place in JSON")
    return item()
