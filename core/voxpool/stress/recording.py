"""A run written down while it goes on: the listener only appends, a thread of its own turns it into rows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from voxpool.errors import RunsError
from voxpool.stress.result import Mark, RunResult, Tick
from voxpool.stress.sample import Sample

_logger = logging.getLogger(__name__)
T = TypeVar("T")

COMMIT_S: Final = 1.0
"""How long what happened may stay unwritten: what a crash costs at most."""
MOST_PENDING: Final = 50_000
"""Samples, ticks and marks each that wait while nothing can be written; the oldest go beyond it."""


@dataclass(slots=True)
class Batch:
    """What happened since the last commit."""

    samples: list[Sample] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.samples or self.ticks or self.marks)


class Keeping(Protocol):
    """Where a recording puts things; ``RunStore`` is one.  Called on the recording's thread."""

    def write(self, head: RunResult, batch: Batch) -> None:
        """Add to a run, which is made when it is not there."""

    def save(self, result: RunResult) -> None:
        """Keep the finished run."""

    def abandon(self, run_id: str) -> None:
        """Nobody will finish this run."""


class Recording:
    """Follows one run (a ``RunListener``): every method returns at once, whatever the disk does.

    Args:
        keeping: Where it goes.
        head: What is known when the run begins: id, name, scenario, endpoint, seed, environment.

    Attributes:
        problem: Why something could not be written, as a sentence, or "".
    """

    def __init__(self, keeping: Keeping, head: RunResult) -> None:
        self.problem = ""
        self._keeping = keeping
        self._head = head
        self._batch = Batch()
        self._result: RunResult | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._work, name=f"keep run {head.run_id}", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Recording {self._head.run_id} {'over' if self._over else 'going on'}>"

    @property
    def run_id(self) -> str:
        """The run."""
        return self._head.run_id

    @property
    def finished(self) -> bool:
        """Whether the result was given."""
        return self._result is not None

    def on_sample(self, sample: Sample) -> None:
        """Take in an utterance."""
        with self._lock:
            self._batch.samples.append(sample)

    def on_tick(self, tick: Tick) -> None:
        """Take in a tick."""
        with self._lock:
            self._batch.ticks.append(tick)

    def on_mark(self, mark: Mark) -> None:
        """Take in an annotation."""
        with self._lock:
            self._batch.marks.append(mark)

    def finish(self, result: RunResult) -> None:
        """Take in the result; it is on disk when ``close`` returns."""
        self._result = result
        self._end()

    def close(self, timeout_s: float | None = None) -> bool:
        """Wait until all is written.  Blocks: off an event loop, or with ``asyncio.to_thread``.

        A recording that is closed without a result leaves an aborted run.

        Args:
            timeout_s: How long at most, or None.

        Returns:
            Whether everything is on disk.
        """
        self._end()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self.problem

    def _end(self) -> None:
        self._over = True
        self._wake.set()

    # --- on the thread -----------------------------------------------------------------------------------

    def _work(self) -> None:
        self._try(lambda: self._keeping.write(self._head, Batch()))
        while not self._wake.wait(COMMIT_S):
            self._flush()
        result = self._result
        if result is not None and self._try(lambda: self._keeping.save(result)):
            return
        # Without a result, what was written stays, as what is left of an aborted run.
        why = self.problem
        self._flush()
        self._try(lambda: self._keeping.abandon(self.run_id))
        self.problem = self.problem or why

    def _flush(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, Batch()
        if batch and not self._try(lambda: self._keeping.write(self._head, batch)):
            with self._lock:
                self._batch = _joined(batch, self._batch)

    def _try(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except RunsError as error:
            self.problem = str(error)
        except (
            Exception
        ) as error:  # the thread's last line of defence: the run must go on, and somebody must hear of it
            _logger.exception("keeping run %s failed", self._head.run_id)
            self.problem = f"The run could not be kept ({type(error).__name__}: {error})."
        else:
            self.problem = ""
            return True
        return False


def _joined(old: Batch, new: Batch) -> Batch:
    return Batch(
        _newest((*old.samples, *new.samples)), _newest((*old.ticks, *new.ticks)), _newest((*old.marks, *new.marks))
    )


def _newest(rows: Iterable[T]) -> list[T]:
    return list(rows)[-MOST_PENDING:]
