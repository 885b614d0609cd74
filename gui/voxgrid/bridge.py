"""Between the pool and the views: events are folded into models once per frame, never drawn one by one.

While something happens a precise timer ticks thirty times a second.  When nothing has happened for a while it
stops, and the next event (or sound) starts it again; one slow timer then keeps the ages right.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from voxgrid.models.board import Fold, Models
from voxgrid.models.cell import CellState
from voxgrid.models.failure_book import MINUTE_S
from voxgrid.models.grid import GridModel
from voxgrid.models.sentences import is_lively
from voxgrid.models.sound import BARS, expected_s, show_sound
from voxpool.events import Event, EventStream, PoolNotice, Subscription
from voxpool.frames.record import FrameRecord

if TYPE_CHECKING:
    from voxpool.config import PoolConfig

_logger = logging.getLogger(__name__)

FRAME_MS: Final = 33
_IDLE_FRAMES: Final = 15
"""Frames without anything new after which the frame timer stops."""
_EVENTS_HELD: Final = 100_000
PastFrames = Callable[[float, float], Iterable[FrameRecord]]
"""Returns the frames from one moment to another, oldest first."""
Watcher = Callable[[list[Event]], None]
"""Takes the events of one frame, oldest first, when they have been folded into the models."""


class PoolLike(Protocol):
    """What the bridge needs of a pool."""

    @property
    def config(self) -> PoolConfig:
        """How many rows and columns."""

    @property
    def events(self) -> EventStream:
        """Every transition."""


class EnvelopeLike(Protocol):
    """Levels of an utterance."""

    @property
    def levels(self) -> npt.NDArray[np.uint8]:
        """Shape (n,), 0 to 255, of equal duration each."""


class RecordLike(Protocol):
    """What the bridge needs of an utterance's record."""

    @property
    def text(self) -> str:
        """What is spoken."""

    @property
    def envelope(self) -> EnvelopeLike:
        """Its levels."""

    @property
    def audio_s(self) -> float:
        """Seconds received."""

    @property
    def played_s(self) -> float:
        """Position that is heard, in seconds."""

    @property
    def listening(self) -> bool:
        """Whether it is heard."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""


RecordOf = Callable[[int], RecordLike | None]


@dataclass(slots=True, eq=False)
class _Shown:
    """A pool and what was folded of it."""

    pool: PoolLike | None = None
    subscription: Subscription | None = None
    models: Models = field(default_factory=Models)
    folds: dict[type[Event], tuple[Fold, ...]] = field(default_factory=dict)
    lost: int = 0


class Bridge(QObject):
    """Folds one pool's events into models at a fixed cadence.

    Args:
        record_of: Returns the record of an utterance id, or None.
        clock: Monotonic time in seconds; the pool's clock.

    Attributes:
        past_frames: Where the frames of the moment that is shown are, where they are not this session's.
        fold_ms: How long the last frames' folding took, in milliseconds, views' reactions included.

    Signals:
        framed(Frame): Something changed.
        second(): A second passed: ages, charts.
        replaced(): The models are other ones.
        visitChanged(bool): Another pool is followed: that of a visit, or the one in use again.
        noticed(PoolNotice): The pool has something to say.
        moved(): Another moment of a recording is shown.
        pastChanged(bool): Another time is shown: a moment of a recording, or now again.
        livelyChanged(bool): Something happens, or nothing any more.
    """

    framed = Signal(object)
    second = Signal()
    replaced = Signal()
    visitChanged = Signal(bool)
    noticed = Signal(object)
    moved = Signal()
    pastChanged = Signal(bool)
    livelyChanged = Signal(bool)

    def __init__(
        self, record_of: RecordOf, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._record_of = record_of
        self._clock = clock
        self._shown = _Shown()
        self._home: _Shown | None = None
        self._quiet = 0
        self._past: Models | None = None
        self._past_at = 0.0
        self.past_frames: PastFrames | None = None
        self._apart = False
        self.fold_ms: deque[float] = deque(maxlen=600)
        self._watchers: list[Watcher] = []
        self._frames = self._make_timer(FRAME_MS, Qt.TimerType.PreciseTimer, self.tick)
        self._seconds = self._make_timer(1000, Qt.TimerType.CoarseTimer, self.tick_second)

    def __repr__(self) -> str:
        return f"<Bridge {'lively' if self.lively else 'asleep'} {self.models.grid!r}>"

    @property
    def live(self) -> Models:
        """Of the pool that is followed, whatever moment is shown."""
        return self._shown.models

    @property
    def pool(self) -> PoolLike | None:
        """The pool that is followed: the one in use, or the one that is visited."""
        return self._shown.pool

    @property
    def visiting(self) -> bool:
        """Whether the pool that is followed is not the one in use."""
        return self._home is not None

    @property
    def apart(self) -> bool:
        """Whether the pool that is followed speaks in another process: no sound and no frames of it come here."""
        return self.visiting and self._apart

    @property
    def models(self) -> Models:
        """What is shown: the pool in use, or a moment of a recording."""
        return self.live if self._past is None else self._past

    @property
    def in_past(self) -> bool:
        """Whether a moment of a recording is shown."""
        return self._past is not None

    def now(self) -> float:
        """Return the moment that is shown, in monotonic seconds: ages are told from it."""
        return self._clock() if self._past is None else self._past_at

    def show_past(self, models: Models, at: float, frames: PastFrames | None = None) -> None:
        """Show a moment of a recording, or another one; folding and recording go on meanwhile.

        Args:
            models: As they were.
            at: The moment, in monotonic seconds of the recording.
            frames: Returns the recorded frames of a stretch of time; None when they are those of this session.
        """
        other, self._past, self._past_at = models is not self._past, models, at
        self.past_frames = frames
        if other:
            self.replaced.emit()
        self.framed.emit(models.take(at))
        self.moved.emit()
        if other:
            self.pastChanged.emit(True)

    def show_live(self) -> None:
        """Show the pool in use again."""
        if self._past is None:
            return
        self._past = None
        self.past_frames = None
        self.replaced.emit()
        self.moved.emit()
        self.wake()
        self.pastChanged.emit(False)

    @property
    def lively(self) -> bool:
        """Whether the frame timer runs."""
        return self._frames.isActive()

    @property
    def lost(self) -> int:
        """Events of this pool that the window was too slow for."""
        return self._shown.lost

    def watch(self, watcher: Watcher) -> None:
        """Have every frame's events handed on; the watcher must be quick and must not raise."""
        self._watchers.append(watcher)

    def start(self) -> None:
        """Begin to tick."""
        self._seconds.start()
        self.wake()

    def stop(self) -> None:
        """End; leaves no timer and no subscription."""
        self._frames.stop()
        self._seconds.stop()
        self._leave(self._shown)
        if self._home is not None:
            self._leave(self._home)

    def attach(self, pool: PoolLike | None) -> None:
        """Show another pool, from its first event on; without one the last picture stays until the next comes."""
        if self._home is not None:
            # Somebody else's pool is on show: this one is shown when that visit is over.
            self._leave(self._home)
            self._home = self._enter(pool) if pool is not None else _Shown(models=self._home.models)
            return
        self._leave(self._shown)
        if pool is None:
            self._shown.pool = None
            return
        self._show(self._enter(pool))

    def visit(self, pool: PoolLike, *, apart: bool = False) -> Models:
        """Show a pool that is not the one in use, such as that of a run, until ``come_back``.

        The one in use is not forgotten: its events wait, and its picture with them.

        Args:
            pool: Which one.
            apart: Whether it speaks in another process.

        Returns:
            The models of the pool that is shown from now on.
        """
        self._apart = apart
        if self._home is None:
            self._home = self._shown
        else:
            self._leave(self._shown)
        self._show(self._enter(pool))
        self.visitChanged.emit(True)
        return self.live

    def come_back(self) -> None:
        """Show the pool in use again; harmless when it is shown."""
        if self._home is None:
            return
        home, self._home = self._home, None
        self._leave(self._shown)
        self._show(home)
        self.visitChanged.emit(False)

    def wake(self) -> None:
        """Start the frame timer, if it sleeps: something happened."""
        self._quiet = 0
        if not self._frames.isActive() and self._seconds.isActive():
            self._frames.start()
            self.livelyChanged.emit(True)

    def tick(self) -> None:
        """Fold what waits and tell the views once."""
        began = time.perf_counter()
        now = self._clock()
        happened = self._fold()
        self._follow_sounds()
        frame = self.live.take(now)
        if happened or frame.cells or frame.rows or frame.errors:
            self._quiet = 0
            if self._past is None:
                self.framed.emit(frame)
            self.fold_ms.append((time.perf_counter() - began) * 1000)
        elif not self._expecting():
            self._rest()

    def tick_second(self) -> None:
        """Take a sample for the charts and let ages be shown anew."""
        models = self.live
        now = self._clock()
        errors = models.errors.count_since(now - MINUTE_S)
        models.totals.sample(now, models.grid.in_use, len(models.queue), errors)
        self.second.emit()

    def hear(self, utterance_id: int) -> None:
        """Show at once that an utterance is heard, or no longer: also one that ended long ago."""
        place = self.live.grid.place_of(utterance_id)
        if place is not None:
            self._follow_sound(self.live.grid.cell(*place))
        self.wake()

    # --- inside ------------------------------------------------------------------------------------------

    def _make_timer(self, interval_ms: int, kind: Qt.TimerType, act: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setTimerType(kind)
        timer.setInterval(interval_ms)
        timer.timeout.connect(act)
        return timer

    def _enter(self, pool: PoolLike) -> _Shown:
        models = Models(GridModel(pool.config.max_connections, pool.config.contexts_per_connection))
        return _Shown(pool, pool.events.subscribe(_EVENTS_HELD, self.wake), models, models.folds())

    def _show(self, shown: _Shown) -> None:
        self._shown = shown
        if self._past is None:
            self.replaced.emit()
        self.wake()

    def _leave(self, shown: _Shown) -> None:
        if shown.subscription is not None:
            if shown is self._shown:
                self._fold()
            shown.subscription.close()
            shown.subscription = None

    def _fold(self) -> int:
        shown = self._shown
        if shown.subscription is None:
            return 0
        events = list(shown.subscription.drain())
        for event in events:
            if isinstance(event, PoolNotice):
                self._notice(event)
                continue
            for fold in shown.folds.get(type(event), ()):
                fold(event)
        if shown.subscription.lost > shown.lost:
            _logger.warning("the window was too slow and lost %d events", shown.subscription.lost - shown.lost)
            shown.lost = shown.subscription.lost
        if events:
            for watcher in self._watchers:
                watcher(events)
        return len(events)

    def _notice(self, notice: PoolNotice) -> None:
        pool = self._shown.pool
        if notice.kind == "resized" and pool is not None:
            self.live.grid.resize(pool.config.max_connections)
        self.noticed.emit(notice)

    def _follow_sounds(self) -> None:
        """Give cells that are heard, or still speak, the sound they have by now."""
        grid = self.live.grid
        for cell in grid.cells():
            if cell.utterance_id and (cell.outcome is None or cell.listening or len(cell.bars) < BARS):
                self._follow_sound(cell)

    def _follow_sound(self, cell: CellState) -> None:
        record = self._record_of(cell.utterance_id)
        # A failed attempt's cell must not sound with the attempt that took its place.
        if record is None or self.live.grid.place_of(cell.utterance_id) != (cell.row, cell.column):
            return
        played_s = record.played_s if record.listening else None
        total_s = expected_s(record.text, record.audio_s, ended=record.ended)
        if show_sound(cell, record.envelope.levels, record.audio_s, total_s, played_s):
            self.live.grid.touch(cell.row, cell.column)

    def _expecting(self) -> bool:
        """Whether something is under way that will move soon."""
        models = self.live
        if len(models.queue):
            return True
        return any(cell.listening or is_lively(cell.state) for cell in models.grid.cells())

    def _rest(self) -> None:
        self._quiet += 1
        if self._quiet >= _IDLE_FRAMES:
            self._frames.stop()
            self.livelyChanged.emit(False)
