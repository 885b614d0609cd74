"""Runs as rows: one for what a list shows and what stands once, and chunks of samples, ticks and marks."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import psutil

from voxpool.errors import RunsError
from voxpool.stress import storefile
from voxpool.stress.recording import Batch
from voxpool.stress.remains import GOING_ON, salvage
from voxpool.stress.result import Mark, MarkKind, RunResult, Tick
from voxpool.stress.sample import Sample

_logger = logging.getLogger(__name__)
T = TypeVar("T")


def insert(db: sqlite3.Connection, head: RunResult) -> None:
    """Add a run that begins, or is over already."""
    db.execute(
        "INSERT INTO runs (run_id, name, began_at, url, pid, pid_began, result) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            head.run_id,
            head.name,
            head.began_at,
            head.url,
            os.getpid(),
            psutil.Process().create_time(),
            storefile.pack(replace(head, samples=(), ticks=(), marks=())),
        ),
    )


def append(db: sqlite3.Connection, run_id: str, batch: Batch) -> None:
    """Add what happened in a run."""
    for kind, rows in (("sample", batch.samples), ("tick", batch.ticks), ("mark", batch.marks)):
        number = db.execute(
            "SELECT coalesce(max(number), 0) FROM chunks WHERE run_id = ? AND kind = ?", (run_id, kind)
        ).fetchone()[0]
        for number, piece in enumerate(storefile.pieces(rows), start=number + 1):  # noqa: B020 - goes on counting
            db.execute(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?)", (run_id, kind, number, len(piece), storefile.pack(piece))
            )


def _chunks(db: sqlite3.Connection, run_id: str, kind: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
    found: list[T] = []
    for (data,) in db.execute("SELECT data FROM chunks WHERE run_id = ? AND kind = ? ORDER BY number", (run_id, kind)):
        found += map(read, storefile.unpack(data))
        # Lets a waiting thread, which may be the window's, go on between two chunks.
        time.sleep(0)
    return found


def _details(db: sqlite3.Connection, run_id: str) -> tuple[list[Tick], list[Mark], list[Sample]]:
    return (
        _chunks(db, run_id, "tick", Tick.from_dict),
        _chunks(db, run_id, "mark", lambda each: Mark(each["at_s"], MarkKind(each["kind"]), each["text"])),
        _chunks(db, run_id, "sample", Sample.from_dict),
    )


def loaded(db: sqlite3.Connection, run_id: str, blob: bytes, ended: int, title: str) -> RunResult:
    """Return a run from its row and its chunks.

    Raises:
        RunsError: If they are damaged.
    """
    try:
        head = RunResult.from_dict(storefile.unpack(blob))
        ticks, marks, samples = _details(db, run_id)
    except (ValueError, KeyError, TypeError) as error:
        raise RunsError(f"Run {run_id} cannot be opened: {error}.") from error
    if title:
        head = replace(head, name=title)
    if ended:
        return replace(head, ticks=tuple(ticks), marks=tuple(marks), samples=tuple(samples))
    return replace(salvage(head, ticks, marks, samples), reasons=(GOING_ON,))


def salvaged(db: sqlite3.Connection, run_id: str, blob: bytes) -> RunResult:
    """Return what is left of a run whose process died; at least its name and when it began."""
    try:
        return salvage(RunResult.from_dict(storefile.unpack(blob)), *_details(db, run_id))
    except (ValueError, KeyError, TypeError) as error:
        _logger.warning("nothing of run %s can be read: %s", run_id, error)
        row = db.execute("SELECT name, began_at FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        return salvage(RunResult(run_id=run_id, name=row[0], began_at=row[1], wall_s=0.0), (), (), ())
