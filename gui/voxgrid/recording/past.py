"""One recording that can be gone back in: its line, and the models at the moment that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voxgrid.models.board import Models
from voxgrid.models.timeline import SAME_S, TimelineModel, clock_text, span_text
from voxgrid.recording.replica import Replica
from voxpool.events import Event
from voxpool.recording.items import Item
from voxpool.recording.reader import Recording
from voxpool.recording.scrubber import Scrubber
from voxpool.recording.writer import is_error


class Past:
    """A recording with a moment.

    Args:
        recording: Open; closed with this.
        own: Whether it is this very session's, which goes on.

    Attributes:
        recording: The recording.
        own: Whether it is this session's.
        line: Its activity, errors and marks.
    """

    def __init__(self, recording: Recording, *, own: bool) -> None:
        self.recording = recording
        self.own = own
        opening = recording.opening
        self._replica = Replica(opening.rows, opening.columns)
        self._scrubber = Scrubber(recording, self._replica)
        self.line = TimelineModel(recording)

    def __repr__(self) -> str:
        return f"<Past {self.name} at {self.at:.1f}>"

    @property
    def name(self) -> str:
        """What people call it."""
        return "This session" if self.own else self.recording.paths[0].name

    @property
    def at(self) -> float:
        """The moment, monotonic seconds of the recording."""
        return self._scrubber.at

    @property
    def models(self) -> Models:
        """The models at the moment; always the same objects."""
        return self._replica.models

    @property
    def visiting(self) -> bool:
        """Whether the pool on show at the moment is a guest's."""
        return self._replica.visiting

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not self.recording.heads

    def go(self, at: float) -> None:
        """Go to a moment, as near to it as the recording has one."""
        self._scrubber.to(min(max(at, self.recording.first), self.recording.last))

    def follow(self, paths: Sequence[Path]) -> bool:
        """Take in what was recorded since; whether that was anything."""
        return self.recording.grow(paths) and self.line.follow()

    def clock(self, at: float | None = None) -> str:
        """Return the time of day of a moment, by default of the one that is shown, with tenths."""
        return clock_text(self.recording.wall(self.at if at is None else at), tenths=True)

    def summary(self) -> str:
        """Return in a few words what it is."""
        said = [self.name, span_text(self.recording.duration_s)]
        if not self.recording.opening.texts:
            said.append("without texts")
        if not self._scrubber.whole:
            said.append("this moment could not be read whole")
        elif self.recording.problems:
            said.append("damaged in places")
        return " · ".join(said)

    def first_trouble(self) -> float:
        """Return the moment to begin with: the first error, or the start."""
        trouble = self.line.next_trouble(self.recording.first - 1.0)
        if trouble is None:
            return self.recording.first
        return self.exactly(trouble)

    def exactly(self, trouble: float) -> float:
        """Return when the first error happened in the block that begins at a moment; a mark's moment is its own."""
        number = self.recording.number_at(trouble)
        if number < 0 or self.recording.heads[number].first != trouble:
            return trouble
        found = self._first_error(number)
        return trouble if found is None else found

    def trouble_from(self, at: float, *, forward: bool) -> float | None:
        """Return the moment of the next (or previous) error or mark, or None.

        Blocks are told apart, not errors: the first one stands for its block, wherever in it ``at`` is.
        """
        number = max(0, self.recording.number_at(at))
        block = self.recording.heads[number].first
        elsewhere = self.line.next_trouble(at if forward else block, forward=forward)
        found = [self._first_error(number), None if elsewhere is None else self.exactly(elsewhere)]
        found += [flag.at for flag in self.line.flags if block <= flag.at]
        if forward:
            return min((each for each in found if each is not None and each > at + SAME_S), default=None)
        return max((each for each in found if each is not None and each < at - SAME_S), default=None)

    def _first_error(self, number: int) -> float | None:
        if not self.recording.heads[number].errors:
            return None
        items, _ = self.recording.block(number)
        return next((item.at for item in items if isinstance(item, Event | Item) and is_error(item)), None)

    def close(self) -> None:
        """Close its files."""
        self.recording.close()
