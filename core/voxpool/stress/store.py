"""Kept runs, in one SQLite file: listed, searched, opened, renamed, deleted, and written while they go on.

What is discarded is out of sight for everybody, and may be taken back by the program that discarded it.  When that
program empties its bin, or is no more, it is deleted for good.

Threads: every method of ``RunStore`` may be called from any thread, opens a connection of its own and blocks for as
long as the disk takes, so an event loop calls it through ``asyncio.to_thread``.  ``begin`` is the exception: it returns
at once, as does everything of the ``Recording`` that it returns, whose thread does the writing.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import platformdirs
import psutil

from voxpool.errors import RunsError
from voxpool.stress import storefile, storerows
from voxpool.stress.recording import Batch, Recording
from voxpool.stress.result import RunResult, Verdict
from voxpool.stress.scrub import scrub_mark, scrub_result, scrub_sample, scrub_text

_logger = logging.getLogger(__name__)
T = TypeVar("T")

MAX_RUNS: Final = 200
MAX_BYTES: Final = 500_000_000
_COLUMNS: Final = (
    "run_id, name, title, note, began_at, url, ended, verdict, wall_s, p95_ms, safe, started, failed, bytes"
)

_KEPT: Final = "WHERE run_id NOT IN (SELECT run_id FROM discarded)"


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A line of the list.

    Attributes:
        run_id: Unique id.
        name: The scenario's name, or the one that it was given later.
        note: What somebody wrote about it.
        began_at: Seconds since the epoch.
        url: The endpoint.
        verdict: How to read it, or None while it goes on.
        wall_s: Duration in seconds.
        p95_ms: 95th percentile of the corrected time to first audio, or None.
        safe: The safe number that a search found, or None.
        started: Utterances begun.
        failed: Utterances that failed.
        bytes: Room that it takes.
    """

    run_id: str
    name: str
    note: str
    began_at: float
    url: str
    verdict: Verdict | None
    wall_s: float
    p95_ms: float | None
    safe: float | None
    started: int
    failed: int
    bytes: int


def default_path() -> Path:
    """Return the user's file of kept runs, the same for the window and the command line."""
    return Path(platformdirs.user_data_dir("voxgrid", appauthor=False)) / "runs.sqlite"


class RunStore:
    """Kept runs.

    What only reads makes and changes nothing: a file that is not there has no runs.  A file of another program or of a
    newer Voxgrid stays as it is, and so does a damaged one unless it is the app's own.

    Args:
        path: The file; made with its folder when something is kept first.
        own: The file is the app's own, and not one that somebody named: when it is damaged and something is to be
            kept, it is put aside under another name and a new one is begun; ``problem`` then says so.
        max_runs: Most runs; beyond it the oldest go.
        max_bytes: Most bytes of all runs together; the newest stays whatever its size.

    Attributes:
        problem: What became of a damaged file, as a sentence, or "".
    """

    def __init__(self, path: Path, *, own: bool = False, max_runs: int = MAX_RUNS, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.problem = ""
        self._own = own
        self._max_runs = max_runs
        self._max_bytes = max_bytes
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<RunStore {self.path.name}>"

    def begin(self, head: RunResult) -> Recording:
        """Begin to keep a run.

        Args:
            head: A result with what is known beforehand: id, name, when, endpoint, seed, scenario, environment.

        Returns:
            The listener to give to the run; tell it the result with ``finish``.
        """
        return Recording(self, scrub_result(head))

    def list(self, search: str = "") -> Sequence[KeptRun]:
        """Return the kept runs, newest first.

        Args:
            search: Words that all must occur in name, note, endpoint, verdict or id.

        Raises:
            RunsError: If the file cannot be read.
        """

        def act(db: sqlite3.Connection) -> list[KeptRun]:
            dead = {result.run_id: result for result in _dead(db)}
            found = db.execute(f"SELECT {_COLUMNS} FROM runs {_KEPT} ORDER BY began_at DESC, run_id")  # noqa: S608 - ours
            return [_over(run, dead[run.run_id]) if run.run_id in dead else run for run in map(_kept, found)]

        return [run for run in self._read(act) if matches(run, search)]

    def prepare(self) -> None:
        """Make the file ready to keep runs in, and tidy up after programs that ended before their runs did.

        Raises:
            RunsError: If it cannot be written.
        """
        self._do(self._bury)

    def load(self, run_id: str) -> RunResult:
        """Return a run with everything that was kept of it.

        Raises:
            RunsError: If there is no such run, or what was kept is damaged.
        """

        def act(db: sqlite3.Connection) -> RunResult:
            row = db.execute(
                f"SELECT result, ended, title, pid, pid_began FROM runs {_KEPT} AND run_id = ?",  # noqa: S608 - ours
                (run_id,),
            ).fetchone()
            if row is None:
                raise RunsError(f"There is no kept run {run_id}.")
            blob, ended, title, *process = row
            if ended or _lives(*process):
                return storerows.loaded(db, run_id, blob, ended, title)
            lost = storerows.salvaged(db, run_id, blob)
            return replace(lost, name=title or lost.name)

        return self._read(act)

    def save(self, result: RunResult) -> None:
        """Keep a finished run, instead of whatever was written of it while it went on.

        Raises:
            RunsError: If the file cannot be written.
        """
        clean = scrub_result(result)

        def act(db: sqlite3.Connection) -> None:
            self._bury(db)
            self._put(db, clean)
            self._bound(db)

        self._do(act)
        self._shrink()

    def write(self, head: RunResult, batch: Batch) -> None:
        """Add to a run that goes on in this process; it is made when it is not there.

        Raises:
            RunsError: If the file cannot be written.
        """

        def act(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (head.run_id,)).fetchone() is None:
                storerows.insert(db, head)
            storerows.append(db, head.run_id, clean)

        clean = Batch([*map(scrub_sample, batch.samples)], batch.ticks, [*map(scrub_mark, batch.marks)])
        self._do(act)

    def abandon(self, run_id: str) -> None:
        """Say that nobody will finish a run; it counts as one whose program ended.

        Raises:
            RunsError: If the file cannot be written.
        """
        self._do(lambda db: db.execute("UPDATE runs SET pid = 0 WHERE run_id = ? AND NOT ended", (run_id,)))

    def delete(self, run_id: str) -> None:
        """Delete a run for good; nothing happens when it is not there.

        Raises:
            RunsError: If it still goes on, or the file cannot be written.
        """

        def act(db: sqlite3.Connection) -> None:
            self._bury(db)
            _check_over(db, run_id)
            db.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))

        self._do(act)
        self._shrink()

    def discard(self, run_ids: Iterable[str]) -> None:
        """Put runs out of sight, all or none; those that are not there are passed over.

        Raises:
            RunsError: If one still goes on, or the file cannot be written.
        """

        def act(db: sqlite3.Connection) -> None:
            self._bury(db)
            for run_id in run_ids:
                _check_over(db, run_id)
                db.execute(
                    "INSERT OR REPLACE INTO discarded SELECT run_id, ?, ? FROM runs WHERE run_id = ?",
                    (*_this_process(), run_id),
                )

        self._do(act)

    def restore(self, run_ids: Iterable[str]) -> None:
        """Take discarded runs back; nothing happens with those that are gone for good.

        Raises:
            RunsError: If the file cannot be written.
        """

        def act(db: sqlite3.Connection) -> None:
            self._bury(db)
            db.executemany("DELETE FROM discarded WHERE run_id = ?", [(each,) for each in run_ids])

        self._do(act)

    def empty_bin(self) -> None:
        """Delete for good what this program discarded.

        Raises:
            RunsError: If the file cannot be written.
        """
        mine = "(SELECT run_id FROM discarded WHERE pid = ? AND pid_began = ?)"
        self._do(lambda db: db.execute(f"DELETE FROM runs WHERE run_id IN {mine}", _this_process()))  # noqa: S608 - ours
        self._shrink()

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name; "" gives it back the scenario's.

        Raises:
            RunsError: If there is no such run, or the file cannot be written.
        """
        self._set(run_id, "title", scrub_text(name.strip()[:200]))

    def note(self, run_id: str, note: str) -> None:
        """Write something about a run.

        Raises:
            RunsError: If there is no such run, or the file cannot be written.
        """
        self._set(run_id, "note", scrub_text(note.strip()[:4000]))

    # --- inside ------------------------------------------------------------------------------------------

    def _do(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run one transaction; a damaged file of our own is put aside, and the next one is tried once."""
        with self._lock:
            try:
                return self._once(act, write=True)
            except storefile.Unusable as trouble:
                if not (self._own and trouble.damaged):
                    raise RunsError(f"Runs cannot be kept: {self.path} {trouble.why}.") from trouble
                self.problem = storefile.put_aside(self.path, trouble)
                _logger.info("%s", self.problem)
            try:
                return self._once(act, write=True)
            except storefile.Unusable as trouble:
                raise RunsError(f"Runs cannot be kept: {self.path} {trouble.why}.") from trouble

    def _read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run what makes and changes nothing."""
        with self._lock:
            try:
                return self._once(act, write=False)
            except storefile.Unusable as trouble:
                raise RunsError(f"Kept runs cannot be read: {self.path} {trouble.why}.") from trouble

    def _once(self, act: Callable[[sqlite3.Connection], T], *, write: bool) -> T:
        with storefile.opened(self.path, write=write) as db:
            return act(db)

    def _set(self, run_id: str, column: str, value: str) -> None:
        def act(db: sqlite3.Connection) -> None:
            changed = db.execute(f"UPDATE runs SET {column} = ? WHERE run_id = ?", (value, run_id))  # noqa: S608 - ours
            if not changed.rowcount:
                raise RunsError(f"There is no kept run {run_id}.")

        self._do(act)

    def _bury(self, db: sqlite3.Connection) -> None:
        """Turn runs whose process died into aborted ones, and delete what such a process discarded."""
        for lost in _dead(db):
            self._put(db, lost)
        for run_id, pid, pid_began in db.execute("SELECT run_id, pid, pid_began FROM discarded").fetchall():
            if not _lives(pid, pid_began):
                db.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))

    def _put(self, db: sqlite3.Connection, result: RunResult) -> None:
        if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (result.run_id,)).fetchone() is None:
            storerows.insert(db, result)
        db.execute("DELETE FROM chunks WHERE run_id = ?", (result.run_id,))
        storerows.append(db, result.run_id, Batch([*result.samples], [*result.ticks], [*result.marks]))
        blob = storefile.pack(replace(result, samples=(), ticks=(), marks=()))
        corrected = result.distributions.get("corrected")
        db.execute(
            "UPDATE runs SET name = ?, url = ?, ended = 1, verdict = ?, wall_s = ?, p95_ms = ?, safe = ?, started = ?,"
            " failed = ?, result = ?, bytes = ? + (SELECT coalesce(sum(length(data)), 0) FROM chunks"
            " WHERE chunks.run_id = runs.run_id) WHERE run_id = ?",
            (
                result.name,
                result.url,
                result.verdict.value,
                result.wall_s,
                corrected.p95 if corrected else None,
                result.search.safe if result.search else None,
                result.started,
                result.failed,
                blob,
                len(blob),
                result.run_id,
            ),
        )

    def _bound(self, db: sqlite3.Connection) -> None:
        """Delete the oldest finished runs beyond the bounds, discarded ones before all others; the newest one stays."""
        order = "run_id IN (SELECT run_id FROM discarded), began_at DESC, run_id"
        ended = db.execute(f"SELECT run_id, bytes FROM runs WHERE ended ORDER BY {order}").fetchall()  # noqa: S608 - ours
        total = 0
        for place, (run_id, size) in enumerate(ended):
            total += size
            if place and (place >= self._max_runs or total > self._max_bytes):
                db.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))

    def _shrink(self) -> None:
        """Give room back to the disk."""
        with self._lock, closing(storefile.connected(self.path, timeout_s=0.1)) as db:
            try:
                db.execute("PRAGMA incremental_vacuum").fetchall()
            except sqlite3.OperationalError as error:
                _logger.debug("not now: %s", error)  # somebody reads; the next time will do


def _this_process() -> tuple[int, float]:
    """Return what tells this process from every other, past ones included."""
    return os.getpid(), psutil.Process().create_time()


def _check_over(db: sqlite3.Connection, run_id: str) -> None:
    row = db.execute("SELECT ended FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is not None and not row[0]:
        raise RunsError("A run that still goes on cannot be deleted; stop it first.")


def _dead(db: sqlite3.Connection) -> list[RunResult]:
    """Return what is left of runs whose process died before they ended."""
    going_on = db.execute("SELECT run_id, pid, pid_began, result FROM runs WHERE NOT ended").fetchall()
    return [
        storerows.salvaged(db, run_id, head) for run_id, pid, pid_began, head in going_on if not _lives(pid, pid_began)
    ]


def _lives(pid: int, began: float) -> bool:
    try:
        # A number is used again; the time when the process began tells them apart.
        return bool(pid) and abs(float(psutil.Process(pid).create_time()) - began) < 1.0
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _kept(row: Iterable[Any]) -> KeptRun:
    run_id, name, title, note, began_at, url, ended, verdict, *numbers = row
    known = verdict if verdict in set(Verdict) else Verdict.ABORTED
    return KeptRun(run_id, title or name, note, began_at, url, Verdict(known) if ended else None, *numbers)


def _over(run: KeptRun, result: RunResult) -> KeptRun:
    """Return the line of a run that its own process could not finish."""
    corrected = result.distributions.get("corrected")
    return replace(
        run,
        verdict=result.verdict,
        wall_s=result.wall_s,
        p95_ms=corrected.p95 if corrected else None,
        started=result.started,
        failed=result.failed,
    )


def matches(run: KeptRun, search: str) -> bool:
    """Whether every word of a search occurs in a run's name, note, endpoint, verdict or id."""
    verdict = run.verdict.value if run.verdict else "running"
    text = f"{run.name} {run.note} {run.url} {verdict} {run.run_id}".casefold()
    return all(word in text for word in search.casefold().split())
