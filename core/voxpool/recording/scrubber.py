"""Going to a moment of a recording: the keyframe before it, and what happened since."""

from __future__ import annotations

from typing import Protocol

from voxpool.events import Event
from voxpool.frames.record import FrameRecord
from voxpool.recording.items import Item
from voxpool.recording.reader import Recording


class Replica(Protocol):
    """The whole state at a moment."""

    def reset(self, rows: int, columns: int) -> None:
        """Go back to the state of a pool that has just been made."""

    def load(self, state: bytes) -> None:
        """Take the state that ``State.snapshot`` made.

        Raises:
            ValueError: It is no such state; nothing has changed then.
        """

    def fold(self, what: Event | Item) -> None:
        """Take in what happened."""


class Scrubber:
    """Keeps a replica at a moment of a recording.

    Args:
        recording: The recording.
        replica: What shows the moment.

    Attributes:
        at: The moment, monotonic seconds; before everything until the first ``to``.
        whole: Whether everything that led to this moment could be read.
    """

    def __init__(self, recording: Recording, replica: Replica) -> None:
        self._recording = recording
        self._replica = replica
        self.at = float("-inf")
        self.whole = True
        self._number = -1
        """Block that the replica is in."""
        self._taken = 0
        """Items of it that the replica has taken in."""
        self._placed = False

    def to(self, at: float) -> None:
        """Go to a moment: the replica has taken in everything up to it, and nothing after it."""
        # Folding a block or two costs as much as loading a keyframe.
        if not (self._placed and at >= self.at) or self._recording.has_keyframe_in(self._number + 3, at):
            self._place(at)
        self._forward(at)
        self.at = at

    def _place(self, at: float) -> None:
        self._placed = self.whole = True
        for number, state in self._recording.keyframes_before(at):
            try:
                self._replica.load(state)
            except ValueError as error:
                self._recording.complain_of(number, f"a keyframe cannot be read: {str(error)[:100]}")
                self.whole = False
                continue
            self._number, self._taken = number, 0
            return
        opening = self._recording.opening
        self._replica.reset(opening.rows, opening.columns)
        self._number, self._taken = 0, 0

    def _forward(self, at: float) -> None:
        last = self._recording.number_at(at)
        while self._number <= last:
            items, whole = self._recording.block(self._number)
            self.whole = self.whole and whole
            for item in items[self._taken :]:
                if item.at > at and self._number == last:
                    return
                if not isinstance(item, FrameRecord):
                    self._replica.fold(item)
                self._taken += 1
            if self._number == last:
                return
            self._number += 1
            self._taken = 0
