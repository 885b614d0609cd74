"""What a stress run tells of itself, for the recording: a line a second, and its annotations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from voxpool.recording.items import Item, RunMark, RunTick
from voxpool.stress.ledger import merged
from voxpool.stress.result import Mark, MarkKind, Tick
from voxpool.stress.sample import Sample

_EVERY_S: Final = 1.0
MARKS_A_SECOND: Final = 10
"""Annotations recorded of each second; a run that has more of them has told what there is to tell."""
_LONGEST: Final = 200
"""Characters of an annotation."""


class RunNotes:
    """A ``RunListener`` that hands on as little as the charts of the past need.

    Args:
        note: Takes an item.
        clock: Monotonic time in seconds; the clock of the recording.
    """

    def __init__(self, note: Callable[[Item], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._note = note
        self._clock = clock
        self._held: list[Tick] = []
        self._phase = ""
        self._marks = 0

    def __repr__(self) -> str:
        return f"<RunNotes {self._phase!r} {len(self._held)} ticks held>"

    def begin(self) -> None:
        """Another run begins: nothing of the one before is known of it."""
        self._held, self._phase, self._marks = [], "", 0

    def on_sample(self, sample: Sample) -> None:
        """The pool's events tell of every utterance."""

    def on_tick(self, tick: Tick) -> None:
        """Note the seconds, each by its worst."""
        self._held.append(tick)
        if tick.at_s - self._held[0].at_s < _EVERY_S - 0.3:
            # Ticks are a quarter of a second apart: four of them are a second.
            return
        worst, self._held, self._marks = merged(self._held), [], 0
        self._note(
            RunTick(
                at=self._clock(),
                phase=self._phase,
                target=worst.target,
                stalls=worst.stalls,
                loop_lag_ms=worst.loop_lag_ms,
                late_start_ms=worst.late_start_ms,
                cpu_percent=worst.cpu_percent,
            )
        )

    def on_mark(self, mark: Mark) -> None:
        """Note an annotation; a phase in any case."""
        text = mark.text[:_LONGEST]
        if mark.kind is MarkKind.PHASE:
            self._phase = text
        elif self._marks >= MARKS_A_SECOND:
            return
        self._marks += 1
        self._note(RunMark(at=self._clock(), kind=mark.kind.value, text=text))
