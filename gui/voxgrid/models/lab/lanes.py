"""Every slot as a lane of time: which utterance was in it, in which stage, from when to when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from voxpool.events import (
    Event,
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)

if TYPE_CHECKING:
    from voxgrid.models.board import Models

KEPT: Final = 160
"""Bars kept for each lane; older ones are forgotten."""
_QUEUED_KEPT: Final = 20_000


class Stage(IntEnum):
    """What is happening to an utterance, in the order of its life."""

    QUEUE = 0
    CREATE = 1
    WAIT = 2
    AUDIO = 3
    CLOSING = 4
    ZOMBIE = 5


_STAGE_OF: Final[dict[SlotState, Stage]] = {
    SlotState.RESERVED: Stage.CREATE,
    SlotState.CREATING: Stage.CREATE,
    SlotState.OPEN: Stage.WAIT,
    SlotState.GENERATING: Stage.WAIT,
    SlotState.DRAINING: Stage.AUDIO,
    SlotState.CLOSING: Stage.CLOSING,
    SlotState.ZOMBIE: Stage.ZOMBIE,
}


@dataclass(slots=True, eq=False)
class Bar:
    """One context of an utterance in its lane.  Moments are seconds since the run began.

    Attributes:
        utterance_id: Serial number in the run's pool.
        label: A snippet of its text.
        row: Connection, from 0.
        column: Slot, from 0.
        queued_s: When it asked for this slot.
        begins: Stages with the moment each began, in order; the first one begins when the slot was granted.
        end_s: When the slot was free again, or None.
        outcome: How the utterance ended, or None; FAILED also for an attempt that another one followed.
    """

    utterance_id: int
    label: str
    row: int
    column: int
    queued_s: float
    begins: list[tuple[float, Stage]] = field(default_factory=list)
    end_s: float | None = None
    outcome: Outcome | None = None

    @property
    def start_s(self) -> float:
        """When it got the slot."""
        return self.begins[0][0] if self.begins else self.queued_s

    def spans(self, now_s: float) -> Iterator[tuple[float, float, Stage]]:
        """Yield beginning, end and stage; a stage that lasts ends now."""
        last = len(self.begins) - 1
        for place, (begin, stage) in enumerate(self.begins):
            end = self.begins[place + 1][0] if place < last else self.end_s if self.end_s is not None else now_s
            yield begin, max(begin, end), stage

    def stage_at(self, at_s: float) -> Stage:
        """Return the stage at a moment."""
        found = Stage.QUEUE
        for begin, stage in self.begins:
            if begin <= at_s:
                found = stage
        return found

    def words(self, now_s: float) -> str:
        """Return what a person wants to know of it in one line."""
        end = self.end_s if self.end_s is not None else now_s
        how = self.outcome.value if self.outcome is not None else "running"
        return (
            f"#{self.utterance_id} · connection {self.row + 1}, slot {self.column + 1} · {how} · "
            f"{self.start_s:.2f} to {end:.2f} s · {self.label}"
        )


class Lanes:
    """The lanes of one pool, folded from its events.

    Args:
        rows: Connections.
        columns: Slots of each.
        began_at: The pool's clock when the run began, in seconds.

    Attributes:
        earliest_s: The earliest moment that changed since ``take``, or None when nothing did.
        granted: Bars that got their slot since ``take``.
    """

    def __init__(self, rows: int = 20, columns: int = 5, began_at: float = 0.0) -> None:
        self.rows = rows
        self.columns = columns
        self._began_at = began_at
        self._lanes: dict[tuple[int, int], deque[Bar]] = {}
        self._open: dict[int, Bar] = {}
        self._queued: dict[int, tuple[float, str]] = {}
        self.earliest_s: float | None = None
        self.granted: list[Bar] = []
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            UtteranceQueued: self._asked,
            UtteranceGranted: self._got,
            SlotChanged: self._changed,
            FirstAudio: self._sounded,
            UtteranceRetried: self._retried,
            UtteranceEnded: self._ended,
        }

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __repr__(self) -> str:
        return f"<Lanes {self.rows}x{self.columns} {len(self)} bars>"

    def fold(self, event: Event) -> None:
        """Take in one event; kinds that say nothing about slots are passed over."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def take(self) -> tuple[float | None, list[Bar]]:
        """Return ``earliest_s`` and ``granted``, and begin anew."""
        taken = self.earliest_s, self.granted
        self.earliest_s, self.granted = None, []
        return taken

    def bars(self, row: int, column: int, from_s: float, to_s: float) -> Iterator[Bar]:
        """Yield the bars of a lane that are (partly) within a stretch of time, newest first."""
        for bar in reversed(self._lanes.get((row, column), ())):
            if bar.end_s is not None and bar.end_s < from_s:
                return
            if bar.start_s <= to_s:
                yield bar

    def at(self, row: int, column: int, at_s: float, slack_s: float = 0.0) -> Bar | None:
        """Return the bar of a lane at a moment, or the one nearest to it within ``slack_s``."""
        best, distance = None, slack_s
        for bar in self.bars(row, column, at_s - slack_s, at_s + slack_s):
            end = bar.end_s if bar.end_s is not None else max(at_s, bar.start_s)
            off = max(0.0, bar.start_s - at_s, at_s - end)
            if off <= distance:
                best, distance = bar, off
        return best

    def of(self, utterance_id: int) -> Bar | None:
        """Return the newest bar of an utterance, or None when there is none (any more)."""
        found = self._open.get(utterance_id)
        if found is not None:
            return found
        bars = (bar for lane in self._lanes.values() for bar in reversed(lane))
        return next((bar for bar in bars if bar.utterance_id == utterance_id), None)

    def begin_with(self, models: Models, at: float) -> None:
        """Take in what is under way at a moment, as models that were folded up to it know it."""
        # Also who had a slot at once, or will be asked for again: its text is told only when it asks.
        for asked in models.queue.asked:
            self._queued[asked.utterance_id] = (asked.at - self._began_at, asked.label)
        for waiter in models.queue.waiters:
            self._queued[waiter.utterance_id] = (waiter.since - self._began_at, waiter.label)
        for cell in models.grid.cells():
            life = models.lives.get(cell.utterance_id) if cell.state.holds_slot else None
            attempt = life.attempt(cell.context_id) if life is not None else None
            if life is None or attempt is None or attempt.granted_at > at:
                continue
            bar = Bar(life.utterance_id, life.label, cell.row, cell.column, attempt.waited_from - self._began_at)
            begins = (
                (attempt.granted_at, Stage.CREATE),
                (attempt.confirmed_at, Stage.WAIT),
                (attempt.first_audio_at, Stage.AUDIO),
                (attempt.ended_at, Stage.CLOSING),
                (attempt.zombie_at, Stage.ZOMBIE),
            )
            bar.begins += [(moment - self._began_at, stage) for moment, stage in begins if moment is not None]
            bar.outcome = life.outcome
            self._lanes.setdefault((cell.row, cell.column), deque(maxlen=KEPT)).append(bar)
            self._open[life.utterance_id] = bar

    def begin_anew(self, at: float, rows: int = 0, columns: int = 0) -> None:
        """Another pool is watched from a moment on: nothing of the one before goes on, and its ids come again.

        Args:
            at: The pool's clock, in seconds.
            rows: Its connections; lanes of a pool that had more stay.
            columns: Slots of each.
        """
        self.rows, self.columns = max(self.rows, rows), max(self.columns, columns)
        moment = self._s(at)
        for bar in list(self._open.values()):
            self._forget(bar, moment)
        self._queued.clear()

    def go_on_with(self, models: Models, at: float) -> None:
        """A pool is watched again from a moment on: what is under way in it goes on, and was not seen before."""
        self.begin_with(models, at)
        moment = self._s(at)
        for bar in self._open.values():
            bar.begins = [(moment, bar.stage_at(moment)), *(each for each in bar.begins if each[0] > moment)]

    # --- folding -----------------------------------------------------------------------------------------

    def _s(self, at: float) -> float:
        moment = at - self._began_at
        if self.earliest_s is None or moment < self.earliest_s:
            self.earliest_s = moment
        return moment

    def _asked(self, event: UtteranceQueued) -> None:
        self._queued[event.utterance_id] = (event.at - self._began_at, event.label)
        if len(self._queued) > _QUEUED_KEPT:
            del self._queued[next(iter(self._queued))]

    def _got(self, event: UtteranceGranted) -> None:
        moment = self._s(event.at)
        asked_s, label = self._queued.get(event.utterance_id, (moment, ""))
        bar = Bar(event.utterance_id, label, event.row, event.column, max(asked_s, moment - event.waited_ms / 1000))
        bar.begins.append((moment, Stage.CREATE))
        self._forget(self._open.get(event.utterance_id), moment)
        lane = self._lanes.setdefault((event.row, event.column), deque(maxlen=KEPT))
        if lane:
            # Events may have been lost: whoever is in the slot now, the one before is not.
            self._forget(lane[-1], moment)
        lane.append(bar)
        self._open[event.utterance_id] = bar
        self.rows = max(self.rows, event.row + 1)
        self.granted.append(bar)

    def _changed(self, event: SlotChanged) -> None:
        bar = self._open.get(event.utterance_id)
        if bar is None or (bar.row, bar.column) != (event.row, event.column):
            return
        moment = self._s(event.at)
        if event.new is SlotState.FAILED:
            bar.outcome = Outcome.FAILED
        if not event.new.holds_slot:
            bar.end_s = moment
            self._settle(bar)
            return
        stage = _STAGE_OF[event.new]
        if stage is not bar.begins[-1][1] and not (stage is Stage.WAIT and bar.begins[-1][1] is Stage.AUDIO):
            bar.begins.append((moment, stage))

    def _sounded(self, event: FirstAudio) -> None:
        bar = self._open.get(event.utterance_id)
        if bar is not None and bar.begins[-1][1] < Stage.AUDIO:
            bar.begins.append((self._s(event.at), Stage.AUDIO))

    def _retried(self, event: UtteranceRetried) -> None:
        self._queued[event.utterance_id] = (event.at - self._began_at, self._label(event.utterance_id))
        self._over(event.utterance_id, Outcome.FAILED, event.at)

    def _ended(self, event: UtteranceEnded) -> None:
        self._queued.pop(event.utterance_id, None)
        self._over(event.utterance_id, event.outcome, event.at)

    def _over(self, utterance_id: int, outcome: Outcome, at: float) -> None:
        bar = self._open.get(utterance_id)
        if bar is None:
            return
        moment = self._s(at)
        bar.outcome = outcome
        if bar.end_s is None and bar.begins[-1][1] < Stage.CLOSING:
            bar.begins.append((moment, Stage.CLOSING))
        self._settle(bar)

    def _label(self, utterance_id: int) -> str:
        bar = self._open.get(utterance_id)
        return bar.label if bar is not None else self._queued.get(utterance_id, (0.0, ""))[1]

    def _settle(self, bar: Bar) -> None:
        """Let go of a bar to which nothing more can happen."""
        if bar.end_s is not None and bar.outcome is not None and self._open.get(bar.utterance_id) is bar:
            del self._open[bar.utterance_id]

    def _forget(self, bar: Bar | None, moment: float) -> None:
        if bar is None:
            return
        if bar.end_s is None:
            bar.end_s = moment
        if self._open.get(bar.utterance_id) is bar:
            del self._open[bar.utterance_id]
