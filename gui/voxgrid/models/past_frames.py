"""The frames around a moment of a recording that is too long to be held whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from voxgrid.models.stages import LifeBook
from voxpool.frames.record import FrameRecord
from voxpool.frames.store import FrameStore

BEFORE_S: Final = 10.0
"""Seconds read before the moment: enough to see what led to it, and no longer to read than a blink."""
AFTER_S: Final = 2.0
MOST: Final = 20_000
"""Frames held."""


class PastWindow:
    """A stretch of a recording as a store, read anew when the moment leaves it."""

    def __init__(self) -> None:
        self._store = FrameStore(MOST)
        self._from = self._until = 0.0

    def __repr__(self) -> str:
        return f"<PastWindow {self._from:.1f} to {self._until:.1f} {self._store!r}>"

    def covers(self, moment: float) -> bool:
        """Whether the frames around a moment are here already."""
        # Half of what is read before stays, so that a pointer that goes back and forth reads once.
        return self._from + BEFORE_S / 2 <= moment <= self._until

    def at(self, moment: float, read: Callable[[float, float], Iterable[FrameRecord]], lives: LifeBook) -> FrameStore:
        """Return the frames around a moment.

        Args:
            moment: Monotonic seconds of the recording.
            read: Returns the frames of a stretch, oldest first.
            lives: The utterances at that moment: whose the contexts are.
        """
        if not self.covers(moment):
            self._read(moment, read)
        for life in lives.newest():
            for attempt in life.attempts:
                self._store.name_context(attempt.context_id, life.utterance_id)
        return self._store

    def _read(self, moment: float, read: Callable[[float, float], Iterable[FrameRecord]]) -> None:
        self._store = FrameStore(MOST)
        self._from, self._until = moment - BEFORE_S, moment + AFTER_S
        for record in islice(read(self._from, self._until), 2 * MOST):
            self._store.add(record)
        if self._store.seen >= 2 * MOST:
            # More than can be held: what was read ends before the moment does.
            self._until = moment
