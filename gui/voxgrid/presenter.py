"""What the window shows of the pool, and what its views ask for: the wires between bridge, views and speech."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal

from voxgrid.bridge import Bridge
from voxgrid.grid_menus import GridMenus
from voxgrid.loop_lag import LoopLag
from voxgrid.models.board import Frame
from voxgrid.models.grid import Place
from voxgrid.models.inspection import Inspection, Spoken, inspect, inspect_absent, inspect_empty
from voxgrid.models.stages import Life
from voxgrid.models.totals import percentile
from voxgrid.notifications import Notifications, Severity
from voxgrid.speech.notice import as_sentence
from voxgrid.views.main_window import MainWindow
from voxgrid.views.save_dialog import ask_where_to_save
from voxgrid.views.status_line import LAG_LIMIT_MS, Status
from voxpool.events import PoolNotice

if TYPE_CHECKING:
    from voxgrid.speech import SpeechController, UtteranceRecord
    from voxgrid.speech.endpoints import EndpointState
    from voxgrid.speech.notice import Notice
    from voxpool.frames.store import FrameStore

_STATUS_EVERY_S: Final = 0.25
_INSPECT_EVERY_S: Final = 0.1
_WARNING_KINDS: Final = frozenset({"credential_rejected", "connection_limit"})
_ENDS: Final = {"credential_accepted": "credential_rejected", "resumed": "paused"}
"""What a notice of the pool puts an end to."""
_NOT_KEPT: Final = (
    "The sound of that context is not kept any more.",
    "History keeps the last ones; how many is a setting.",
)
_APART: Final = (
    "This run speaks in a process of its own: its sound does not come to this window.",
    "To hear a run, choose “In this window” as its place in the scenario.",
)


class Presenter(QObject):
    """Keeps the views true.

    Args:
        window: The views.
        bridge: The models.
        controller: Speech.
        notifications: Where sentences go.
        lag: The probe of the event loop.
        clock: Monotonic time in seconds; the pool's clock.
        frames: The frames of the pool in use.

    Attributes:
        frames: The frames of what is shown, for what only they know of a context.

    Signals:
        chosenChanged(): Another utterance is in the inspector, or the chosen one got another context.
        framesAsked(): The frames of the chosen context are to be shown.
        pastSoundAsked(int): The recorded sound of an utterance of the past is to be heard, or no longer.
    """

    chosenChanged = Signal()
    framesAsked = Signal()
    pastSoundAsked = Signal(int)

    def __init__(
        self,
        window: MainWindow,
        bridge: Bridge,
        controller: SpeechController,
        notifications: Notifications,
        lag: LoopLag,
        clock: Callable[[], float] = time.monotonic,
        frames: FrameStore | None = None,
    ) -> None:
        super().__init__(window)
        self.frames = frames
        self._spoken = Spoken()
        self._window = window
        self._bridge = bridge
        self._controller = controller
        self._notifications = notifications
        self._lag = lag
        self._clock = clock
        self._chosen = 0
        self._empty_place: Place | None = None
        self._following = 0
        self._status_at = self._inspected_at = float("-inf")
        self._connect_bridge()
        self._connect_views()
        self._connect_controller()
        self._menus = GridMenus(window, bridge, controller, self)

    @property
    def chosen(self) -> int:
        """The utterance in the inspector, or 0."""
        return self._chosen

    @property
    def cell(self) -> Place | None:
        """The cell that is chosen in the grid, or None."""
        index = self._window.cockpit.grid.currentIndex()
        return (index.row(), index.column()) if index.isValid() else None

    def _connect_bridge(self) -> None:
        bridge = self._bridge
        bridge.framed.connect(self._framed)
        bridge.second.connect(self._second)
        bridge.moved.connect(self._second)
        bridge.replaced.connect(self._replaced)
        bridge.noticed.connect(self._pool_noticed)
        bridge.livelyChanged.connect(self._lag.set_busy)

    def _connect_views(self) -> None:
        grid, queue, inspector = self._window.cockpit.grid, self._window.cockpit.queue, self._window.inspector
        grid.cellChosen.connect(self._cell_chosen)
        grid.inspectRequested.connect(self.inspect_in_front)
        queue.inspectRequested.connect(self.inspect)
        inspector.saveRequested.connect(self.save)
        inspector.cellRequested.connect(self.show_cell)
        inspector.waveform.sought.connect(self._seek)
        for view in (grid, inspector):
            view.listenRequested.connect(self.toggle_listening)
            view.interruptRequested.connect(self.interrupt)
        queue.interruptRequested.connect(self.interrupt)

    def _connect_controller(self) -> None:
        controller = self._controller
        controller.poolChanged.connect(self._bridge.attach)
        controller.poolChanged.connect(lambda _pool: self._pool_changed())
        controller.recordAdded.connect(self._record_added)
        controller.recordChanged.connect(self._record_changed)
        controller.recordEnded.connect(self._record_changed)
        controller.notice.connect(self.show_notice)
        controller.endpointChanged.connect(self.show_endpoint)

    # --- showing -----------------------------------------------------------------------------------------

    def _framed(self, frame: Frame) -> None:
        cockpit, models = self._window.cockpit, self._bridge.models
        cockpit.grid.refresh(frame.cells, frame.rows, frame.now)
        if frame.queue:
            cockpit.queue.refresh(models.queue)
        self._follow()
        if self._chosen in frame.lives:
            self.chosenChanged.emit()
        # Time goes backwards too, when a recording is scrubbed.
        if self._chosen in frame.lives or abs(frame.now - self._inspected_at) >= _INSPECT_EVERY_S:
            self._refresh_inspector(frame.now)
        if abs(frame.now - self._status_at) >= _STATUS_EVERY_S:
            self._refresh_numbers(frame.now)

    def _second(self) -> None:
        now = self._clock()
        cockpit, models = self._window.cockpit, self._bridge.models
        cockpit.grid.refresh(set(), set(), now)
        cockpit.trends.refresh(models.totals.history, models.grid.slots)
        self._refresh_numbers(now)
        self._refresh_inspector(now)

    def _refresh_numbers(self, now: float) -> None:
        self._status_at = now
        cockpit, models = self._window.cockpit, self._bridge.models
        cockpit.legend.show_counts(models.grid.counts())
        if len(models.queue):
            cockpit.queue.refresh(models.queue)
        self._window.status_line.show_status(self.status())

    def status(self) -> Status:
        """Return everything on the status line, as it is now."""
        models = self._bridge.models
        folding = percentile(self._bridge.fold_ms, 0.95)
        painting = percentile(self._window.cockpit.grid.paint_ms, 0.95)
        return Status(
            in_use=models.grid.in_use,
            slots=models.grid.slots,
            waiting=len(models.queue),
            done=models.totals.done,
            failed=models.totals.failed,
            cancelled=models.totals.cancelled,
            ttfa_p50_ms=models.totals.ttfa_ms(0.5),
            ttfa_p95_ms=models.totals.ttfa_ms(0.95),
            lag_p99_ms=self._lag.p99_ms(),
            frame_p95_ms=None if folding is None else folding + (painting or 0.0),
            underflows=self._controller.player.underflows,
            bottleneck=self._bottleneck(),
        )

    def _bottleneck(self) -> str:
        """Say when the numbers tell more about this machine than about the service."""
        load, late_ms = self._controller.load, self._lag.p99_ms()
        if load.is_bottleneck:
            return str(load)
        if self._bridge.lively and late_ms is not None and late_ms > LAG_LIMIT_MS:
            return f"This window is late by {late_ms:.0f} ms: latencies may include that."
        return ""

    def _replaced(self) -> None:
        self._window.cockpit.items.replace(self._bridge.models.grid)
        self._window.cockpit.queue.refresh(self._bridge.models.queue)
        self._choose(0)
        self._empty_place = None
        self._window.inspector.show_inspection(None)
        self._window.inspector.show_errors(0)
        self._window.inspector.show_sound(None)
        self._refresh_numbers(self._clock())

    # --- the inspector -----------------------------------------------------------------------------------

    def _choose(self, utterance_id: int) -> None:
        if utterance_id != self._chosen:
            self._chosen = utterance_id
            self.chosenChanged.emit()

    def inspect(self, utterance_id: int) -> None:
        """Show an utterance, and the cell it is in."""
        self._choose(utterance_id)
        self._refresh_inspector(self._clock())
        place = self._bridge.models.grid.place_of(utterance_id)
        if place is not None:
            self._window.cockpit.grid.choose(*place)

    def show_life(self, life: Life) -> None:
        """Show a life that no pool in use knows any more, such as one of a run that is over."""
        self._chosen = 0
        self._empty_place = None
        self._window.inspector.show_inspection(inspect(life, None, None, self._clock()))
        self._window.inspector.show_sound(None)

    def show_cell(self, row: int, column: int) -> None:
        """Go to a cell, and leave what is inspected: an attempt that failed may have lost it to somebody else."""
        grid = self._window.cockpit.grid
        with QSignalBlocker(grid):
            grid.choose(row, column)
        grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_for_frames(self, utterance_id: int) -> None:
        """Inspect an utterance, and have its frames shown."""
        self.inspect(utterance_id)
        self.framesAsked.emit()

    def inspect_in_front(self, utterance_id: int) -> None:
        """Show an utterance and give the inspector the keyboard."""
        self.inspect(utterance_id)
        self._window.bring_up("inspector")

    def _cell_chosen(self, row: int, column: int) -> None:
        cell = self._bridge.models.grid.cell(row, column)
        self._choose(cell.utterance_id)
        self._empty_place = None if cell.utterance_id else (row, column)
        if cell.utterance_id:
            self._refresh_inspector(self._clock())
        else:
            self._window.inspector.show_inspection(inspect_empty(cell))
            self._window.inspector.show_sound(None)

    def _refresh_inspector(self, now: float) -> None:
        self._inspected_at = now
        inspection = self._inspection(now)
        if inspection is None and self._chosen and self._bridge.in_past:
            # What it became later must not stand beside a grid of before.
            inspection = inspect_absent(self._chosen)
            self._window.inspector.show_sound(None)
        if inspection is not None and inspection != self._window.inspector.shown:
            self._window.inspector.show_inspection(inspection)
        cell = self.cell
        self._window.inspector.show_errors(self._bridge.models.errors.count_of_cell(*cell) if cell else 0)

    def _inspection(self, now: float) -> Inspection | None:
        models = self._bridge.models
        life = models.lives.get(self._chosen)
        if life is None:
            return None
        place = models.grid.place_of(self._chosen)
        cell = models.grid.cell(*place) if place is not None else None
        # What sounds now has nothing to do with the utterance of that number in a recording.
        record = None if self._bridge.in_past else self._controller.records.get(self._chosen)
        self._window.inspector.show_sound(record)
        shown = inspect(life, cell, record, now, self.frames, self._spoken)
        return replace(shown, running=False) if self._bridge.in_past else shown

    def _follow(self) -> None:
        """Go to the cell of what the playground just spoke, once it has one; fill a chosen cell that was empty."""
        if self._bridge.in_past:
            return
        if self._empty_place is not None and not self._chosen:
            row, column = self._empty_place
            if self._bridge.models.grid.cell(row, column).utterance_id:
                self._cell_chosen(row, column)
        place = self._bridge.models.grid.place_of(self._following) if self._following else None
        if place is not None:
            self._following, utterance_id = 0, self._following
            self.inspect(utterance_id)

    # --- acting ------------------------------------------------------------------------------------------

    def toggle_listening(self, utterance_id: int) -> None:
        """Hear an utterance, or no longer."""
        if self._bridge.in_past:
            self.pastSoundAsked.emit(utterance_id)
            return
        record = self._controller.records.get(utterance_id)
        if record is None:
            text, hint = _APART if self._bridge.apart else _NOT_KEPT
            self._notifications.post(text, hint=hint, severity=Severity.INFO, key="listen")
            return
        self._controller.listen(utterance_id, not record.listening)
        self._bridge.hear(utterance_id)

    def interrupt(self, utterance_id: int) -> None:
        """Interrupt an utterance, or take it out of the queue."""
        if not self._is_past():
            self._controller.cancel(utterance_id)

    def save(self, utterance_id: int) -> None:
        """Ask for a file and write an utterance's sound into it."""
        record = None if self._is_past() else self._controller.records.get(utterance_id)
        if record is not None:
            ask_where_to_save(self._window, record.label, lambda path: self._controller.save(utterance_id, path))

    def _seek(self, moment_s: float) -> None:
        """Hear what the inspector shows from a moment of its audio on."""
        record = self._window.inspector.waveform.record
        if record is not None:
            self._controller.replay(record.id, moment_s)

    def act_on_chosen(self, act: Callable[[int], None]) -> None:
        """Do something with the utterance in the inspector, if there is one; in the past only look at it."""
        harmless = act in (self.inspect_in_front, self.toggle_listening)
        if self._chosen and (harmless or not self._is_past()):
            act(self._chosen)

    def _is_past(self) -> bool:
        """Whether what is shown is over, which is then said: nothing can be done with it."""
        if self._bridge.in_past:
            text = "What you see is a moment of a recording: it can be looked at and heard, and nothing else."
            hint = "Back to live: Alt+End."
            self._notifications.post(text, hint=hint, severity=Severity.INFO, key="past")
        return self._bridge.in_past

    # --- what speech says --------------------------------------------------------------------------------

    def _record_added(self, record: UtteranceRecord) -> None:
        if record.source == "speak":
            self._following = record.id
        self._bridge.wake()

    def _record_changed(self, record: UtteranceRecord) -> None:
        self._bridge.hear(record.id)
        if record is self._window.inspector.waveform.record:
            self._window.inspector.waveform.refresh()

    def show_notice(self, notice: Notice) -> None:
        """Show a sentence of the speech half, or take one away."""
        if notice.resolved:
            self._notifications.resolve(notice.kind)
            if not notice.text:
                return
        self._notifications.post(
            notice.text, hint=notice.hint, details=notice.detail, severity=notice.severity, key=notice.kind
        )

    def _pool_noticed(self, notice: PoolNotice) -> None:
        if notice.kind in _ENDS:
            self._notifications.resolve(f"pool/{_ENDS[notice.kind]}")
        severity = Severity.WARNING if notice.kind in _WARNING_KINDS else Severity.INFO
        # The pool speaks in clauses, as errors do; here they stand alone.
        self._notifications.post(as_sentence(notice.text), severity=severity, key=f"pool/{notice.kind}")

    def _pool_changed(self) -> None:
        """Take away what the old pool said; the next one finds out for itself."""
        for item in self._notifications.items:
            if item.key.startswith("pool/"):
                self._notifications.resolve(item.key)

    def show_endpoint(self, state: EndpointState) -> None:
        """Show what is spoken to."""
        self._window.top_bar.show_endpoint(state.text or state.choice.title, state.problem, ready=state.ready)
