"""The file of kept runs, or a folder of its own for as long as the window lives when that cannot be written."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

from voxpool.errors import RunsError
from voxpool.stress.recording import Batch
from voxpool.stress.result import RunResult
from voxpool.stress.store import RunStore


class Shelf:
    """Finds out on first use where runs can be kept.  Blocks, like the store: not for the GUI thread.

    Args:
        path: Where they should be kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._store: RunStore | None = None
        self._folder: Path | None = None
        self._problem = ""

    def __repr__(self) -> str:
        return f"<Shelf {self._path.name}>"

    @property
    def store(self) -> RunStore:
        """The store in use.

        Raises:
            RunsError: If runs can be kept nowhere at all.
        """
        with self._lock:
            if self._store is None:
                self._store = self._find()
            return self._store

    @property
    def problem(self) -> str:
        """What the person should know about where runs are kept, as a sentence, or ""."""
        return self._problem or (self._store.problem if self._store else "")

    def write(self, head: RunResult, batch: Batch) -> None:
        """Add to a run that goes on; see ``RunStore.write``."""
        self.store.write(head, batch)

    def save(self, result: RunResult) -> None:
        """Keep a finished run; see ``RunStore.save``."""
        self.store.save(result)

    def abandon(self, run_id: str) -> None:
        """Say that nobody will finish a run; see ``RunStore.abandon``."""
        self.store.abandon(run_id)

    def close(self) -> None:
        """Take away what was only for this session."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _find(self) -> RunStore:
        wanted = RunStore(self._path, own=True)
        try:
            wanted.prepare()
        except RunsError as error:
            try:
                self._folder = Path(tempfile.mkdtemp(prefix="voxgrid-runs-"))
            except OSError:
                raise error from None
            self._problem = f"{error} Until the window closes they are kept elsewhere; export what you need."
            return RunStore(self._folder / self._path.name)
        return wanted
