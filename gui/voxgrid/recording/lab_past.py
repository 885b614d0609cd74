"""The stress lab's lanes and charts while the past is shown: those of the recording, around the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from voxgrid.recording.stretch import Stretch

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.lab.lab import StressLab
    from voxgrid.recording.past import Past
    from voxgrid.recording.travel import TimeTravel

_AROUND_S: Final = 60.0
"""Seconds before and after the moment that are read; more where the lanes show more."""
_PACE_MS: Final = 8
_BUDGET_S: Final = 0.003


class LabPast(QObject):
    """Has lanes and charts follow the moment.  A run that goes on is not disturbed.

    Args:
        desk: What a feature may use.
        travel: Which moment of which recording.
        lab: Whose lanes and charts.
        parent: Qt parent.
    """

    def __init__(self, desk: Desk, travel: TimeTravel, lab: StressLab, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._travel, self._lab = desk, travel, lab
        self._past: Past | None = None
        self._shown: Stretch | None = None
        self._coming: Stretch | None = None
        self._reader = QTimer(self)
        self._reader.setInterval(_PACE_MS)
        self._reader.timeout.connect(self._read)
        travel.changed.connect(self.show)
        lab.runningChanged.connect(self._run_changed)
        desk.bridge.second.connect(self.show)
        for name in ("charts", "lanes"):
            desk.window.docks[name].visibilityChanged.connect(self._seen)

    def __repr__(self) -> str:
        return f"<LabPast {self._shown!r}>"

    @property
    def stretch(self) -> Stretch | None:
        """What is shown, or None while that is a run."""
        return self._shown

    def end(self) -> None:
        """Read no more; leaves no timer."""
        self._reader.stop()
        self._past = self._shown = self._coming = None

    def show(self) -> None:
        """Show the moment, or the run again when that is over."""
        past = self._travel.shown if self._desk.bridge.in_past else None
        if past is None or past.empty or self._lab.running:
            self._leave()
            return
        if not self._visible:
            return
        if past is not self._past:
            self._past, self._shown, self._coming = past, None, None
        self._cover(past)
        self._mark(past)

    # --- inside ------------------------------------------------------------------------------------------

    @property
    def _visible(self) -> bool:
        docks = self._lab.docks
        return docks.charts.isVisible() or docks.lanes.isVisible()

    def _seen(self, visible: bool) -> None:
        if visible:
            self.show()

    def _cover(self, past: Past) -> None:
        """Have what is around the moment read, unless it is, or is being read."""
        span_s = self._lab.docks.lanes.lanes.span_s
        around = max(_AROUND_S, span_s)
        first, last = past.recording.first, past.recording.last
        wanted = max(first, past.at - span_s / 2), min(last, past.at + span_s / 2)
        covered = any(
            each is not None and each.begin <= wanted[0] and wanted[1] <= each.end
            for each in (self._shown, self._coming)
        )
        if not covered:
            self._coming = Stretch(past.recording, past.at - around, past.at + around)
        if self._coming is not None or (self._shown is not None and not self._shown.read_up):
            self._reader.start()

    def _read(self) -> None:
        stretch = self._coming or self._shown
        past = self._past
        if stretch is None or past is None or not self._visible:
            self._reader.stop()
            return
        if stretch.read(_BUDGET_S):
            return
        self._reader.stop()
        if self._coming is not None:
            fresh = self._shown is None
            self._shown, self._coming = self._coming, None
            self._lab.docks.show_past(self._shown.picture, fresh=fresh)
        self._lab.docks.charts.refresh()
        self._mark(past)

    def _mark(self, past: Past) -> None:
        if self._shown is not None:
            self._lab.docks.move_past(past.at - past.recording.first, self._shown.ends_s)

    def _run_changed(self, running: bool) -> None:
        if running:
            # The run has shown itself already.
            self.end()
        else:
            self.show()

    def _leave(self) -> None:
        shown = self._shown
        self.end()
        if shown is not None and not self._lab.running:
            self._lab.docks.show_run()
