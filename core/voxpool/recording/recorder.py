"""Recording in a thread of its own: whoever has something to record hands it over and goes on at once."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxpool.errors import RecordingError
from voxpool.recording.items import Recorded
from voxpool.recording.writer import RecordingWriter

_logger = logging.getLogger(__name__)

_MOST_WAITING: Final = 20_000
"""Batches that may wait for a slow disk; beyond them the newest are dropped and counted."""
_NAP_S: Final = 0.25
_ITEMS_A_BREATH: Final = 10


_BREATH_S: Final = 0.0005


def breathe() -> None:
    """Let other threads go first.

    A thread that computes gives the interpreter away every five milliseconds only, and the window, which asks for it
    after every call of Qt's, would wait that long each time: its loop was 30 ms late at p99 (measured), and is not now.
    """
    time.sleep(_BREATH_S)


@dataclass(frozen=True, slots=True)
class _Flush:
    done: threading.Event


class Recorder:
    """Writes what it is handed, in its own thread, until it is closed or nothing can be written any more.

    Args:
        writer: Writes; used by the thread alone.
        clock: Monotonic seconds; the clock that stamps what is recorded.
        on_problem: Told once, in a sentence, when nothing can be written any more; called in the thread.

    Attributes:
        lost: Batches dropped because the disk was too slow.
        cpu_s: Processor time that the thread has used, in seconds.
    """

    def __init__(
        self,
        writer: RecordingWriter,
        clock: Callable[[], float] = time.monotonic,
        on_problem: Callable[[str], None] | None = None,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._on_problem = on_problem
        self._waiting: queue.SimpleQueue[list[Recorded] | _Flush | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._broken = False
        self.lost = 0
        self.cpu_s = 0.0

    def __repr__(self) -> str:
        return f"<Recorder {self._writer!r}, {self._waiting.qsize()} waiting, {self.lost} lost>"

    @property
    def running(self) -> bool:
        """Whether what is handed over is written."""
        return self._thread.is_alive() and not self._broken

    @property
    def files(self) -> list[Path]:
        """The files of this session that are still there, oldest first."""
        return list(self._writer.files)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, items: Iterable[Recorded]) -> None:
        """Hand over what happened, oldest first; never waits."""
        if self._broken:
            return
        if self._waiting.qsize() >= _MOST_WAITING:
            self.lost += 1
            return
        self._waiting.put(list(items))

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Have everything so far on the disk; whether that was done in time."""
        request = _Flush(threading.Event())
        self._waiting.put(request)
        return self._thread.is_alive() and request.done.wait(timeout_s)

    def close(self, timeout_s: float = 1.0) -> None:
        """Write what waits and end."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                _logger.warning("the recorder did not end within %.1f s", timeout_s)

    def _run(self) -> None:
        began = time.thread_time()
        try:
            while self._step():
                self.cpu_s = time.thread_time() - began
        finally:
            self._try(self._writer.close)

    def _step(self) -> bool:
        """Do what was handed over next; whether to go on."""
        try:
            request = self._waiting.get(timeout=_NAP_S)
        except queue.Empty:
            self._try(lambda: self._writer.tick(self._clock()))
            return True
        if request is None:
            return False
        if isinstance(request, _Flush):
            self._try(self._writer.flush)
            request.done.set()
            return True
        self._try(lambda: self._write(request))
        return True

    def _write(self, items: list[Recorded]) -> None:
        for number, item in enumerate(items, 1):
            self._writer.write(item)
            if number % _ITEMS_A_BREATH == 0:
                breathe()

    def _try(self, act: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            act()
        except (OSError, RecordingError) as error:
            self._break(_sentence(error))
        except Exception:
            _logger.exception("recording failed")
            self._break("Something in the recorder itself failed; this session is not recorded any further.")

    def _break(self, sentence: str) -> None:
        self._broken = True
        try:
            self._writer.abandon()
        except OSError as error:
            _logger.warning("the recording's file could not be closed: %s", error)
        if self._on_problem is not None:
            self._on_problem(sentence)


def _sentence(error: OSError | RecordingError) -> str:
    if isinstance(error, RecordingError):
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}."
    where = f" to {error.filename}" if error.filename else ""
    return f"The session cannot be recorded{where}: {error.strerror or error}."
