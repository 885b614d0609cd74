"""Kept runs for the window: asked on the GUI thread, answered there, and done on a thread of their own.

The disk never holds up a frame.  Work goes to one worker thread in the order in which it was asked for; what it
brings comes back as a queued signal.  The worker never holds anything of Qt's but this object.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from PySide6.QtCore import QObject, Signal

from voxgrid.models.runs import Compared, Summary, compared, summary
from voxgrid.notifications import Notifications, Severity
from voxgrid.runs.files import Write
from voxgrid.runs.shelf import Shelf
from voxpool.errors import RunsError
from voxpool.stress.recording import Recording
from voxpool.stress.result import RunResult
from voxpool.stress.scrub import scrub_result
from voxpool.stress.store import KeptRun, default_path

_logger = logging.getLogger(__name__)
T = TypeVar("T")

CLOSE_S: Final = 0.8
"""How long ending may wait for the disk, in seconds."""
RESULT_S: Final = 0.4
"""How long ending waits for the result of a run that the stress lab stops at the same time."""
SWITCH_S: Final = 0.001
"""How long the worker may keep the interpreter while the window wants it.

With Python's 5 ms, opening a run of 20,000 utterances held up the window's timers by 24 ms at p99; with 1 ms by 4 ms.
"""
_PROBLEM: Final = "runs/kept"


class RunsKeeper(QObject):
    """Everything that the window does with kept runs.

    The stress lab calls ``begin`` with what is known of a run, gives what it returns to the run as a listener, and
    calls ``finish`` with both when it is over.

    Args:
        notifications: Where sentences go.
        path: The file; by default the user's, which the command line shares.
        parent: Qt parent.

    Signals:
        changed(): ``runs`` is another list.
    """

    changed = Signal()
    _answered = Signal(int, object, object)

    def __init__(self, notifications: Notifications, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs: Sequence[KeptRun] = ()
        self._notifications = notifications
        self._shelf = Shelf(path or default_path())
        self._worker: ThreadPoolExecutor | None = None
        self._waiting: dict[int, tuple[Callable[[Any], None], str]] = {}
        self._asked = 0
        self._interval_s = sys.getswitchinterval()
        self._recordings: list[Recording] = []
        self._closed = False
        self._discarded = False
        self._all_finished: asyncio.Event | None = None
        self._told = ""
        self._answered.connect(self._answer)

    def __repr__(self) -> str:
        return f"<RunsKeeper {len(self.runs)} runs, {len(self._recordings)} going on>"

    # --- for the stress lab ------------------------------------------------------------------------------

    def begin(self, head: RunResult) -> Recording:
        """Begin to keep a run; returns at once.

        Args:
            head: A result with what is known beforehand: id, name, when, endpoint, seed, scenario, environment.

        Returns:
            The run's listener.
        """
        recording = Recording(self._shelf, scrub_result(head))
        self._recordings.append(recording)
        self.refresh()
        return recording

    def finish(self, recording: Recording, result: RunResult) -> None:
        """Keep the result; returns at once, and says so when it could not be kept."""
        recording.finish(result)
        if self._all_finished is not None and not self._going_on:
            self._all_finished.set()

        def over(_kept: bool) -> None:
            if recording in self._recordings:
                self._recordings.remove(recording)
            if recording.problem:
                hint = "Export it from its summary before you close the window."
                self._notifications.post(recording.problem, hint=hint, key=f"{_PROBLEM}/{recording.run_id}")
            self.refresh()

        self._ask(recording.close, over, "Keeping the run")

    # --- for the list ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the list anew."""
        self._ask(lambda: self._shelf.store.list(), self._listed, "Reading the kept runs")

    def open(self, run_id: str, show: Callable[[Summary], None]) -> None:
        """Load a run and show its summary."""
        self._ask(lambda: summary(self._shelf.store.load(run_id)), show, "Opening the run")

    def compare(self, run_ids: Sequence[str], show: Callable[[Compared], None]) -> None:
        """Load runs and compare each with the first."""
        ids = list(run_ids)
        self._ask(lambda: compared([self._shelf.store.load(each) for each in ids]), show, "Comparing runs")

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name."""
        self._change(lambda: self._shelf.store.rename(run_id, name), "Renaming the run")

    def note(self, run_id: str, note: str) -> None:
        """Write something about a run."""
        self._change(lambda: self._shelf.store.note(run_id, note), "Writing the note")

    def delete(self, run_ids: Sequence[str], done: Callable[[], None] = lambda: None) -> None:
        """Put runs out of sight until the window closes, which deletes them for good.

        Args:
            run_ids: Which; all or none.
            done: Told when that worked.
        """
        ids = list(run_ids)

        def over(_nothing: None) -> None:
            self._discarded = True
            self.refresh()
            done()

        self._ask(lambda: self._shelf.store.discard(ids), over, "Deleting")

    def restore(self, run_ids: Sequence[str]) -> None:
        """Take runs back that were deleted in this session."""
        ids = list(run_ids)
        self._change(lambda: self._shelf.store.restore(ids), "Taking the runs back")

    def write(self, run_ids: Sequence[str], write: Write, done: Callable[[Path], None]) -> None:
        """Load runs and write them to a file.

        Args:
            run_ids: Which.
            write: Writes them; runs on the worker and must not touch Qt.
            done: Told of the file.
        """
        ids = list(run_ids)
        self._ask(lambda: write([self._shelf.store.load(each) for each in ids]), done, "Writing the file")

    async def close(self) -> None:
        """End; a run that still goes on is kept as an aborted one."""
        self._all_finished = asyncio.Event()
        if not self._going_on:
            self._all_finished.set()
        try:
            await asyncio.wait_for(self._all_finished.wait(), RESULT_S)
        except TimeoutError:
            _logger.info("a run was still going on when the window closed")
        self._closed = True
        recordings, self._recordings = self._recordings, []
        await asyncio.gather(*(asyncio.to_thread(recording.close, CLOSE_S) for recording in recordings))
        self._rest()
        self._waiting.clear()
        await asyncio.to_thread(self._clear_away)

    def _clear_away(self) -> None:
        if self._discarded:
            try:
                self._shelf.store.empty_bin()
            except RunsError as error:
                # Whoever opens the list next does it, because this process is no more.
                _logger.warning("what was deleted is still in the file: %s", error)
        self._shelf.close()

    @property
    def _going_on(self) -> bool:
        return not all(recording.finished for recording in self._recordings)

    # --- inside ------------------------------------------------------------------------------------------

    def _change(self, work: Callable[[], None], doing: str) -> None:
        self._ask(work, lambda _nothing: self.refresh(), doing)

    def _ask(self, work: Callable[[], T], then: Callable[[T], None], doing: str) -> None:
        if self._closed:
            return
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="kept runs")
            self._interval_s = sys.getswitchinterval()
            sys.setswitchinterval(min(self._interval_s, SWITCH_S))
        self._asked += 1
        number = self._asked
        # Stays here: what is shown holds widgets, which the worker must never be the last to let go.
        self._waiting[number] = (then, doing)
        self._worker.submit(_work, work, number, self._answered)

    def _rest(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=False, cancel_futures=True)
            self._worker = None
            sys.setswitchinterval(self._interval_s)

    def _answer(self, number: int, value: object, error: object) -> None:
        then, doing = self._waiting.pop(number, (None, ""))
        if then is None:
            return
        if not self._waiting and self._worker is not None:
            # A thread that has nothing to do would only be left behind.
            self._rest()
        self._tell_problem()
        if isinstance(error, Exception):
            self._notifications.exception(error, "" if isinstance(error, RunsError) else doing)
            return
        self._notifications.resolve(f"RunsError/{doing}")
        then(value)

    def _tell_problem(self) -> None:
        problem = self._shelf.problem
        if problem and problem != self._told:
            self._told = problem
            self._notifications.post(problem, severity=Severity.WARNING, key=_PROBLEM)

    def _listed(self, runs: Sequence[KeptRun]) -> None:
        if runs != self.runs:
            self.runs = runs
            self.changed.emit()


def _work(work: Callable[[], object], number: int, answered: Any) -> None:
    value: object = None
    failed: Exception | None = None
    try:
        value = work()
    except Exception as error:  # noqa: BLE001 - told on the GUI thread, whatever it is
        failed = error
    try:
        answered.emit(number, value, failed)
    except RuntimeError:
        # The window is gone, and with it whoever waited.
        _logger.debug("nobody waits for answer %d any more", number)
