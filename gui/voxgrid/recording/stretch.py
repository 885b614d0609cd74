"""A stretch of a recording as the stress lab shows time: every slot a lane, every second a point of the charts."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from voxgrid.models.lab.lanes import Lanes
from voxgrid.models.lab.picture import MARKS_KEPT, Picture
from voxgrid.recording.replica import Replica
from voxpool.events import Event, Outcome, UtteranceEnded, UtteranceRetried
from voxpool.frames.record import FrameRecord
from voxpool.recording.items import Coming, Item, Mark, PoolBegan, RunMark, RunTick, Second, Sounds
from voxpool.stress.result import Mark as Annotation
from voxpool.stress.result import MarkKind, Tick

if TYPE_CHECKING:
    from voxpool.recording.reader import Recording

OF_A_RUN: Final = ("target", "stalls", "loop_lag_ms", "late_start_ms", "cpu_percent")
"""Columns of the charts that a recording tells of stress runs alone."""
_STALE_S: Final = 3.0
"""How long what a run told of itself is believed: it tells once a second, as late as the window's loop is."""
_KINDS: Final = frozenset(MarkKind)
_SPAN_S: Final = 10.0
"""Percentiles are of the first audios of so many seconds, as those of a run are."""


class Stretch:
    """Reads a stretch block by block, so that a window stays quick meanwhile.

    It begins at a keyframe: what was under way then is known from it.

    Args:
        recording: Open; it may still grow.
        begin: First moment, monotonic seconds of the recording.
        end: Last moment.

    Attributes:
        begin: First moment.
        end: Last moment.
        picture: Lanes, points of the charts and marks; moments in it are seconds since the recording began.
    """

    def __init__(self, recording: Recording, begin: float, end: float) -> None:
        self.begin, self.end = max(begin, recording.first), end
        self._recording = recording
        self._origin = recording.first
        opening = recording.opening
        self._replica = Replica(opening.rows, opening.columns)
        self._number = self._place()
        self._errors: dict[str, int] = {}
        self._run: RunTick | None = None
        self._phase = ""
        models = self._replica.models
        self._counted = models.totals.asked, self._ended
        grid = models.grid
        lanes = Lanes(len(grid.rows), grid.columns, self._origin)
        lanes.begin_with(models, self.begin)
        self.picture = Picture(
            slots=len(grid.rows) * grid.columns,
            lanes=lanes,
            lives=models.lives,
            span=(self.begin - self._origin, max(self.begin + 1.0, end) - self._origin),
        )

    def __repr__(self) -> str:
        return f"<Stretch {self.begin:.1f} to {self.end:.1f}, {'read' if self.read_up else 'being read'}>"

    @property
    def ends_s(self) -> float:
        """The last moment of it that is recorded, in seconds since the recording began."""
        return min(self.end, self._recording.last) - self._origin

    @property
    def read_up(self) -> bool:
        """Whether all that is recorded of it by now was read."""
        heads = self._recording.heads
        return self._number >= len(heads) or heads[self._number].first > self.end

    def read(self, budget_s: float) -> bool:
        """Read on for so long, a block at least; whether there is more to read."""
        until = time.perf_counter() + budget_s
        while not self.read_up:
            items, _ = self._recording.block(self._number)
            self._number += 1
            for item in items:
                if not isinstance(item, FrameRecord):
                    self._take(item)
            if time.perf_counter() >= until:
                break
        return not self.read_up

    # --- inside ------------------------------------------------------------------------------------------

    def _place(self) -> int:
        for number, state in self._recording.keyframes_before(self.begin):
            try:
                self._replica.load(state)
            except ValueError as error:
                self._recording.complain_of(number, f"a keyframe cannot be read: {str(error)[:100]}")
                continue
            self.begin = self._recording.heads[number].first
            return number
        self.begin = self._recording.first
        return 0

    @property
    def _ended(self) -> int:
        totals = self._replica.models.totals
        return totals.done + totals.failed + totals.cancelled

    def _take(self, item: Event | Item) -> None:
        if isinstance(item, Sounds):
            # Neither lanes nor charts show waveforms, and these are most of the bytes.
            return
        self._replica.fold(item)
        if isinstance(item, Event):
            self.picture.lanes.fold(item)
            self._count(item)
        elif isinstance(item, Second):
            self._second(item.at)
        elif isinstance(item, RunTick):
            self._run = item
            self._note_phase(item.at, item.phase)
        elif isinstance(item, Mark | RunMark):
            self._mark(item)
        elif isinstance(item, PoolBegan):
            self._begin_pool(item)

    def _mark(self, item: Mark | RunMark) -> None:
        if isinstance(item, Mark):
            self._annotate(item.at, MarkKind.FAULT if item.kind == "fault" else MarkKind.EDIT, item.text)
        elif item.kind == MarkKind.PHASE:
            self._note_phase(item.at, item.text)
        elif item.kind in _KINDS:
            self._annotate(item.at, MarkKind(item.kind), item.text)

    def _note_phase(self, at: float, phase: str) -> None:
        """Mark where a phase begins, or from where on it is known in this stretch."""
        if phase not in ("", self._phase):
            self._annotate(at, MarkKind.PHASE, phase)
        self._phase = phase

    def _annotate(self, at: float, kind: MarkKind, text: str) -> None:
        self.picture.marks.append(Annotation(at - self._origin, kind, text))
        del self.picture.marks[:-MARKS_KEPT]

    def _begin_pool(self, item: PoolBegan) -> None:
        models, lanes = self._replica.models, self.picture.lanes
        lanes.begin_anew(item.at, len(models.grid.rows), models.grid.columns)
        if item.coming is Coming.RETURN:
            lanes.go_on_with(models, item.at)
        self._counted = models.totals.asked, self._ended
        self._run, self._phase = None, ""

    def _count(self, event: Event) -> None:
        if isinstance(event, UtteranceRetried):
            kind = "retried"
        elif isinstance(event, UtteranceEnded) and event.outcome is Outcome.FAILED:
            kind = "failed" if event.code is None else f"code {event.code}"
        else:
            return
        self._errors[kind] = self._errors.get(kind, 0) + 1

    def _second(self, at: float) -> None:
        models = self._replica.models
        totals, grid = models.totals, models.grid
        before, self._counted = self._counted, (totals.asked, self._ended)
        run = self._run if self._run is not None and at - self._run.at < _STALE_S else None
        p50, p95, p99 = (totals.ttfa_ms(share, at - _SPAN_S) for share in (0.5, 0.95, 0.99))
        tick = Tick(
            at_s=at - self._origin,
            arrivals=self._counted[0] - before[0],
            completions=self._counted[1] - before[1],
            in_flight=grid.in_use + len(models.queue),
            slots_held=grid.in_use,
            generating=sum(
                cell.state.holds_slot and cell.ttfa_ms is not None and cell.outcome is None for cell in grid.cells()
            ),
            waiting=len(models.queue),
            oldest_wait_s=models.queue.oldest_s(at),
            ttfa_p50_ms=p50,
            ttfa_p95_ms=p95,
            ttfa_p99_ms=p99,
            errors=dict(self._errors),
        )
        if run is None:
            self.picture.add_tick(tick, unknown=OF_A_RUN)
            return
        self.picture.add_tick(replace(tick, **{name: getattr(run, name) for name in OF_A_RUN}))
