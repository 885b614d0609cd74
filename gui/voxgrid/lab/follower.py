"""Follows one run for the window: ticks, marks and events become its picture."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from voxgrid.models.lab.lanes import Lanes
from voxgrid.models.lab.picture import Picture
from voxpool.events import Event
from voxpool.stress.result import Mark, Tick
from voxpool.stress.sample import Sample


class Follower(QObject):
    """A ``RunListener`` and a watcher of the bridge at once.

    Args:
        picture: What it fills.
        clock: Monotonic seconds; that of the run's pool.

    Signals:
        ticked(): A quarter of a second passed in the run.
    """

    ticked = Signal()

    def __init__(self, picture: Picture, clock: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.picture = picture
        self._clock = clock
        self._began_at: float | None = None
        self._early: list[Event] = []

    @property
    def now_s(self) -> float:
        """Seconds since the run began, 0 before it did."""
        return 0.0 if self._began_at is None else max(0.0, self._clock() - self._began_at)

    def watch(self, events: list[Event]) -> None:
        """Take in the events of a frame; those before the run began wait, for nobody knows their moment yet."""
        if self._began_at is None:
            self._early += events
            return
        lanes = self.picture.lanes
        for event in events:
            lanes.fold(event)

    def on_sample(self, sample: Sample) -> None:
        """Nothing is drawn for one utterance: ticks count them."""

    def on_tick(self, tick: Tick) -> None:
        """Take in a tick."""
        self._begin(tick.at_s)
        self.picture.add_tick(tick)
        self.ticked.emit()

    def on_mark(self, mark: Mark) -> None:
        """Take in an annotation."""
        self._begin(mark.at_s)
        self.picture.add_mark(mark)

    def _begin(self, at_s: float) -> None:
        """Learn from the first thing that is told when the run began."""
        if self._began_at is not None:
            return
        self._began_at = self._clock() - at_s
        before = self.picture.lanes
        self.picture.lanes = Lanes(before.rows, before.columns, self._began_at)
        early, self._early = self._early, []
        self.watch(early)
