"""All that is folded from one pool's events, and what changed of it in one frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from voxgrid.models.connections import ConnectionBook
from voxgrid.models.failure_book import FailureBook
from voxgrid.models.grid import GridModel, Place
from voxgrid.models.queue import QueueModel
from voxgrid.models.stages import LifeBook
from voxgrid.models.suspects import Comparison
from voxgrid.models.totals import TotalsModel
from voxpool.events import Event

Fold = Callable[[Any], None]


class Folds(Protocol):
    """A model that takes in events."""

    @property
    def folds(self) -> Mapping[type[Event], Fold]:
        """What it does with which kind of event."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What changed since the last frame.

    Attributes:
        now: Monotonic seconds.
        cells: Cells to repaint.
        rows: Row heads to repaint.
        lives: Utterances whose life changed.
        queue: Whether the queue changed.
        errors: Whether an error was added.
    """

    now: float
    cells: set[Place]
    rows: set[int]
    lives: set[int]
    queue: bool
    errors: bool


@dataclass(slots=True)
class Models:
    """All that is folded from one pool's events."""

    grid: GridModel = field(default_factory=GridModel)
    queue: QueueModel = field(default_factory=QueueModel)
    totals: TotalsModel = field(default_factory=TotalsModel)
    lives: LifeBook = field(default_factory=LifeBook)
    errors: FailureBook = field(default_factory=FailureBook)
    connections: ConnectionBook = field(default_factory=ConnectionBook)
    comparison: Comparison = field(default_factory=Comparison)

    def folds(self) -> dict[type[Event], tuple[Fold, ...]]:
        """Return who takes in which kind of event: a burst is thousands of them in one frame."""
        models: tuple[Folds, ...] = (
            self.grid,
            self.queue,
            self.totals,
            self.lives,
            self.errors,
            self.connections,
            self.comparison,
        )
        kinds = {kind for model in models for kind in model.folds}
        return {kind: tuple(model.folds[kind] for model in models if kind in model.folds) for kind in kinds}

    def take(self, now: float) -> Frame:
        """Return what changed since the last time, and begin anew."""
        grid, lives, queue, errors = self.grid, self.lives, self.queue, self.errors
        frame = Frame(now, grid.dirty, grid.dirty_rows, lives.changed, queue.changed, errors.changed)
        grid.dirty, grid.dirty_rows, lives.changed = set(), set(), set()
        queue.changed = errors.changed = False
        return frame
