"""Whether the last session ended properly, what it died of, and when it is time for a careful start.

While a session lives there is a file beside the log that says so; it goes when the session ends properly.  One that
is still there, of a process that is not, tells of a crash.  What the interpreter itself died of is written by
``faulthandler`` into a second file.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psutil

from voxpool.scrub import scrub

_logger = logging.getLogger(__name__)

MARKER: Final = "session.json"
TRACE: Final = "crash.log"
CAREFUL_AFTER: Final = 2
"""Starts in a row that crashed, after which the next one leaves out what may be the cause."""
STEADY_MS: Final = 60_000
"""A session that lived this long is no crashed start."""
_TRACE_CHARACTERS: Final = 8000


@dataclass(frozen=True, slots=True)
class LastSession:
    """How the last session ended.

    Attributes:
        crashed: Whether it did not end properly.
        starts: Starts in a row that crashed, this one not counted.
        trace: What the interpreter died of, secrets taken out, or "".
    """

    crashed: bool = False
    starts: int = 0
    trace: str = ""

    @property
    def careful(self) -> bool:
        """Whether to start with the first layout and without recording."""
        return self.starts >= CAREFUL_AFTER

    @property
    def sentence(self) -> str:
        """What a person should know, or ""."""
        if not self.crashed:
            return ""
        if self.careful:
            done = "this one has the first layout and does not record"
            return f"The last {self.starts} starts of Voxgrid ended badly: {done}."
        died = "crashed" if self.trace else "did not end properly: it was killed, or the machine went off"
        return f"The last session of Voxgrid {died}."


class SessionMarker:
    """The files of one session.

    Args:
        folder: Where they are, or None when nothing can be written: then nothing is known and nothing told.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._trace: IO[str] | None = None
        self._began = False

    def __repr__(self) -> str:
        return f"<SessionMarker {'begun' if self._began else 'idle'} {self._folder}>"

    def begin(self) -> LastSession:
        """Read what the last session left, and begin this one.  Never raises for a file."""
        if self._folder is None:
            return LastSession()
        left = _read(self._folder / MARKER)
        if left is not None and _lives(left):
            # Another window of the same person is open: its files are its own.
            return LastSession()
        last = LastSession()
        if left is not None:
            last = LastSession(True, _starts(left) + 1, _tail(self._folder / TRACE))
        self._write(last.starts)
        self._watch()
        return last

    def steady(self) -> None:
        """Note that this start is no crashed one, whatever comes."""
        if self._began:
            self._write(-1)

    def end(self) -> None:
        """End properly: nothing is left to tell."""
        if self._trace is not None:
            faulthandler.disable()
            self._trace.close()
            self._trace = None
        if self._began and self._folder is not None:
            self._began = False
            for name in (MARKER, TRACE):
                (self._folder / name).unlink(missing_ok=True)

    def _write(self, starts: int) -> None:
        if self._folder is None:
            return
        process = psutil.Process()
        known = {"pid": process.pid, "born": process.create_time(), "starts": starts}
        try:
            (self._folder / MARKER).write_text(json.dumps(known), encoding="utf-8")
        except OSError as error:
            _logger.info("a crash of this session could not be told: %s", error)
            return
        self._began = True

    def _watch(self) -> None:
        if not self._began or self._folder is None:
            return
        try:
            self._trace = (self._folder / TRACE).open("w", encoding="utf-8")
            faulthandler.enable(self._trace)
        except (OSError, ValueError) as error:
            _logger.info("what the interpreter dies of cannot be written: %s", error)


def _read(file: Path) -> dict[str, object] | None:
    """Return what a marker says; a damaged one says that there was a session; None: there is none."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    try:
        known = json.loads(text)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _starts(left: dict[str, object]) -> int:
    starts = left.get("starts")
    return starts if isinstance(starts, int) and -1 <= starts < 1000 else 0


def _lives(left: dict[str, object]) -> bool:
    """Whether the process of a marker is there: the very same, not another one with its number."""
    pid, born = left.get("pid"), left.get("born")
    if not isinstance(pid, int) or not isinstance(born, int | float) or pid == os.getpid():
        return False
    try:
        return bool(abs(psutil.Process(pid).create_time() - born) < 1.0)
    except (psutil.Error, ValueError, OverflowError):
        return False


def _tail(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return scrub(text[-_TRACE_CHARACTERS:]).strip()
