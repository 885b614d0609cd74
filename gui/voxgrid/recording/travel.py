"""Going back in time: which recording is shown, at which moment, playing or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from voxgrid.notifications import Severity
from voxgrid.recording.past import Past

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.views.timeline_view import TimelineView

_FRAME_MS: Final = 33


class TimeTravel(QObject):
    """Shows moments of this session, or of a file that was opened.

    Args:
        desk: What a feature may use.
        view: The dock of the time line.
        parent: Qt parent.

    Attributes:
        own: This session's recording, or None while there is none.
        opened: A file that was opened, or None.

    Signals:
        changed(): Another recording, another moment, or playing began or ended.
    """

    changed = Signal()

    def __init__(self, desk: Desk, view: TimelineView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._view = view
        self.own: Past | None = None
        self.opened: Past | None = None
        self._wanted: float | None = None
        self._speed = 1
        self._mover = QTimer(self)
        self._mover.setSingleShot(True)
        self._mover.timeout.connect(self._move)
        self._player = QTimer(self)
        self._player.setTimerType(Qt.TimerType.PreciseTimer)
        self._player.setInterval(_FRAME_MS)
        self._player.timeout.connect(self.play_on)
        view.canvas.momentChosen.connect(self.choose)
        view.playRequested.connect(self.toggle_playing)
        view.speedChosen.connect(self.set_speed)
        view.liveRequested.connect(self.back_to_live)
        view.troubleRequested.connect(self.to_trouble)

    def __repr__(self) -> str:
        return f"<TimeTravel {self.shown!r}>"

    @property
    def shown(self) -> Past | None:
        """The recording that the line is of."""
        return self.opened or self.own

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._player.isActive()

    def end(self) -> None:
        """Stop, and close all files."""
        self._player.stop()
        self._mover.stop()
        for past in (self.own, self.opened):
            if past is not None:
                past.close()
        self.own = self.opened = None

    # --- which recording ---------------------------------------------------------------------------------

    def use_own(self, past: Past | None) -> None:
        """Take another recording for this session's."""
        before, self.own = self.own, past
        if before is not None:
            before.close()
        if self.opened is None:
            self._show_line()

    def show_file(self, past: Past) -> None:
        """Show a file that was opened, at its first error or its start."""
        before, self.opened = self.opened, past
        self._player.stop()
        # First the moment: until then the new one has none, and what the window shows is of the one before.
        self.go(past.first_trouble())
        self._show_line()
        if before is not None:
            before.close()

    def _show_line(self) -> None:
        past = self.shown
        if past is None:
            self._view.canvas.show_model(None, float)
        else:
            self._view.canvas.show_model(past.line, past.recording.wall)
        self.changed.emit()

    # --- which moment ------------------------------------------------------------------------------------

    def choose(self, at: float) -> None:
        """Go to a moment as soon as no newer one is asked for: a pointer moves faster than thirty times a second."""
        self._wanted = at
        self._mover.start()

    def _move(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self.go(wanted)

    def go(self, at: float) -> None:
        """Show a moment, in monotonic seconds of the recording that the line is of."""
        past = self.shown
        if past is None or past.empty:
            self._say("Nothing is recorded yet to go back in.")
            return
        bridge, presenter = self._desk.bridge, self._desk.presenter
        chosen = 0 if bridge.in_past or not past.own else presenter.chosen
        past.go(at)
        # What the window still holds of this session needs no reading.
        held = past.own and self._desk.frames.holds(past.at)
        bridge.show_past(past.models, past.at, None if held else past.recording.frames)
        if chosen:
            presenter.inspect(chosen)
        self.changed.emit()

    def holds(self, at: float) -> bool:
        """Whether the recording that the line is of has a moment."""
        past = self.shown
        return past is not None and not past.empty and past.recording.first <= at <= past.recording.last

    def back_to_live(self) -> None:
        """Show what is now; an opened file is closed."""
        self._player.stop()
        self._wanted = None
        bridge, presenter = self._desk.bridge, self._desk.presenter
        chosen = presenter.chosen if bridge.in_past and self.opened is None else 0
        opened, self.opened = self.opened, None
        bridge.show_live()
        if chosen:
            presenter.inspect(chosen)
        if opened is not None:
            opened.close()
            self._show_line()
        self.changed.emit()

    def to_trouble(self, forward: bool) -> None:
        """Go to the next or previous error or mark."""
        past = self.shown
        if past is None or past.empty:
            return
        here = past.at if self._desk.bridge.in_past else past.recording.last
        found = past.trouble_from(here, forward=forward)
        if found is None:
            self._say(f"There is no error or mark {'after' if forward else 'before'} this.")
            return
        self.go(found)

    # --- playing -----------------------------------------------------------------------------------------

    def toggle_playing(self) -> None:
        """Play from the moment that is shown, or stop."""
        past = self.shown
        if self._player.isActive():
            self._player.stop()
        elif past is not None and not past.empty:
            if not self._desk.bridge.in_past or past.at >= past.recording.last:
                self.go(past.recording.first)
            self._player.start()
        self.changed.emit()

    def set_speed(self, speed: int) -> None:
        """Play so many times as fast as it was."""
        self._speed = speed

    def play_on(self) -> None:
        """Show the next moment while it plays."""
        past = self.shown
        if past is None or not self._desk.bridge.in_past:
            self._player.stop()
        elif past.at >= past.recording.last:
            self._player.stop()
            if past.own:
                self.back_to_live()
        else:
            self.go(past.at + _FRAME_MS / 1000 * self._speed)
            return
        self.changed.emit()

    def _say(self, text: str) -> None:
        self._desk.notifications.post(text, severity=Severity.INFO, key="recording")
