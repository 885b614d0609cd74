"""One run as the window shows it: folded from ticks, marks and the pool's events; kept after the run ended."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from voxgrid.models.lab.heat import Heat
from voxgrid.models.lab.lanes import Lanes
from voxgrid.models.lab.timeline import Timeline
from voxgrid.models.stages import LifeBook
from voxpool.stress.result import Mark, MarkKind, RunResult, Step, Tick

MARKS_KEPT: Final = 500
_STEPS_KEPT: Final = 500
_LEVEL: Final = re.compile(r"(?P<level>[\d.e+]+) utterances [^:]*: (?P<how>holds|fails)(: (?P<why>.*))?")
"""How the engine annotates the end of a level."""
_HOLDS_AGAIN: Final = "holds again"


@dataclass(slots=True, eq=False)
class Picture:
    """Everything that is shown of one run.

    Attributes:
        name: The scenario's name.
        unit: What a level of the load is, in words.
        slots: Slots of the run's pool.
        generations: Most utterances that may generate at once, or None.
        planned_s: How long the load is meant to take, without its drain, in seconds, or None when nobody knows.
        thresholds: As written in the scenario.
        line: Ticks as columns.
        heat: Times to first audio over time.
        lanes: Every slot over time.
        marks: Annotations, oldest first, the last ``MARKS_KEPT``.
        steps: Levels that a search has tried so far.
        lives: The lives that the window folded of the run's events, or None.
        result: What is left when the run is over, or None while it goes on.
        span: The stretch that the charts show when nobody zooms, in seconds, or None for the whole run.
        crossed: When a threshold was crossed first, in seconds, by its text.
        heard: Utterances since the warm-up of which audio has come.
        targeted: Whether the load has a target that can be shown and edited; a burst comes all at once.
        paid: Whether its characters cost money.
        search: Whether it searches for the breaking point: its thresholds are judged at each level.
    """

    name: str = ""
    unit: str = ""
    slots: int = 100
    generations: int | None = None
    planned_s: float | None = None
    thresholds: tuple[str, ...] = ()
    line: Timeline = field(default_factory=Timeline)
    heat: Heat = field(default_factory=Heat)
    lanes: Lanes = field(default_factory=Lanes)
    marks: list[Mark] = field(default_factory=list)
    steps: tuple[Step, ...] = ()
    lives: LifeBook | None = None
    result: RunResult | None = None
    span: tuple[float, float] | None = None
    crossed: dict[str, float] = field(default_factory=dict)
    heard: int = 0
    targeted: bool = True
    paid: bool = False
    search: bool = False

    @property
    def limits(self) -> tuple[float, ...]:
        """The two limits of the pool: slots and, where there is one, generations."""
        slots = float(self.slots)
        return (slots,) if self.generations is None else (slots, float(self.generations))

    @property
    def phase(self) -> str:
        """Name of the phase that the run is in, or ""."""
        return next((mark.text for mark in reversed(self.marks) if mark.kind is MarkKind.PHASE), "")

    @property
    def stopping(self) -> bool:
        """Whether the run was told to stop: nobody begins any more."""
        return any(mark.kind is MarkKind.STOP for mark in self.marks)

    def add_tick(self, tick: Tick, unknown: Collection[str] = ()) -> None:
        """Take in a tick, of which some columns may be unknown."""
        self.line.add(tick, unknown)
        # What is heard in the warm-up is in the charts alone.
        self.heard += len(tick.ttfa_ms) if tick.started else 0
        self.heat.add(max(0.0, tick.at_s), tick.ttfa_ms)

    def add_mark(self, mark: Mark) -> None:
        """Take in an annotation."""
        self.marks.append(mark)
        del self.marks[:-MARKS_KEPT]
        if mark.kind is MarkKind.THRESHOLD:
            self._note_threshold(mark)

    def _note_threshold(self, mark: Mark) -> None:
        level = _LEVEL.fullmatch(mark.text)
        if level is not None:
            self._note_level(level)
            return
        for text in self.thresholds:
            if mark.text.startswith(text) and not mark.text.endswith(_HOLDS_AGAIN):
                self.crossed.setdefault(text, mark.at_s)

    def _note_level(self, level: re.Match[str]) -> None:
        """Add a level of a search as it was seen live; what was measured of it in all replaces it at the end."""
        tick = self.line.newest
        p50, p95 = (None, None) if tick is None else (tick.ttfa_p50_ms, tick.ttfa_p95_ms)
        step = Step(float(level["level"]), level["how"] == "holds", p50, p95, 0.0, level["why"] or "")
        self.steps = (*self.steps, step)[-_STEPS_KEPT:]

    def end(self, result: RunResult) -> None:
        """The run is over."""
        self.result = result
        if result.search is not None:
            self.steps = result.search.steps
