"""The lab's docks: where they stand on a small and on a large window, and what is in them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt

from voxgrid.layouts import LAYOUTS, Layout
from voxgrid.models.lab.picture import Picture
from voxgrid.theme import Theme
from voxgrid.views.lab.charts_dock import ChartsDock
from voxgrid.views.lab.lab_view import SCENARIO, LabView
from voxgrid.views.lab.lanes_dock import LanesDock
from voxgrid.views.main_window import MainWindow

STRESS: Final = next(layout for layout in LAYOUTS if layout.name == "stress")
WIDE: Final = 1700
"""From this width of the window on, charts and lanes stand side by side."""
_LEFT_WIDE: Final = 290
_RIGHT_WIDE: Final = 400
_RIGHT_WIDER: Final = 470


class LabDocks:
    """Adds the docks and shows a run in all of them.

    Args:
        window: Where.
        theme: Colours.

    Attributes:
        lab: Scenario and run.
        charts: Charts.
        lanes: Lanes.
        picture: The run that is shown.
    """

    def __init__(self, window: MainWindow, theme: Theme) -> None:
        self._window = window
        self.lab, self.charts, self.lanes = LabView(theme), ChartsDock(theme), LanesDock(theme)
        self.picture = Picture()
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        window.add_dock("stress", "Stress lab", self.lab, left)
        charts = window.add_dock("charts", "Charts", self.charts, right)
        window.add_dock("lanes", "Lanes", self.lanes, right)
        window.tabifyDockWidget(window.docks["inspector"], charts)
        window.tabifyDockWidget(charts, window.docks["lanes"])
        # Two sets of charts are one too many: the small ones give their room to the grid.
        # Asked a moment later: while docks move between tabs they are hidden and shown again.  What is queued goes away
        # with the dock, so that a window that is deleted asks nothing any more.
        charts.visibilityChanged.connect(self._spare_trends, Qt.ConnectionType.QueuedConnection)
        window.layoutComing.connect(self._come)
        window.layoutShown.connect(self._arrange)
        # The last session may have had a larger screen.
        window.restored.connect(self._save_width)

    def show_picture(self, picture: Picture, *, running: bool) -> None:
        """Show another run."""
        self.picture = picture
        self.charts.show_moment(None)
        self.lanes.show_past(False)
        found = picture.result is not None and picture.result.search is not None
        self.charts.show_picture(picture, search=picture.search or found)
        self.lanes.show_picture(picture)
        self.lab.run.show_picture(picture, running=running)

    def tick(self, unit: str, *, editable: bool) -> None:
        """The run went on by a tick."""
        picture, tick = self.picture, self.picture.line.newest
        if tick is None:
            return
        self.lab.run.show_picture(picture, running=True, phase=picture.phase)
        self.lab.run.show_target(tick.target, unit, editable=editable)
        self.charts.refresh()

    def move(self, now_s: float) -> None:
        """A frame passed; a paused view stands still."""
        if not self.charts.paused:
            self.lanes.lanes.show_now(now_s)

    def end(self) -> None:
        """The run is over."""
        self.lanes.lanes.show_now(self.picture.line.ends_s)
        self.lanes.lanes.stop()
        self.lanes.trace.setEnabled(self.picture.result is not None)
        self.lab.run.show_picture(self.picture, running=False)
        self.charts.finish()

    def show_past(self, picture: Picture, *, fresh: bool) -> None:
        """Show a stretch of a recording in charts and lanes; the run is not forgotten.

        Args:
            picture: The stretch.
            fresh: Whether a run, or another recording, was shown before.
        """
        if fresh:
            self.charts.show_picture(picture)
            self.lanes.show_picture(picture)
            self.lanes.show_past(True)
        else:
            self.charts.change_picture(picture)
            self.lanes.lanes.change_picture(picture)

    def move_past(self, at_s: float, ends_s: float) -> None:
        """Mark a moment of the stretch, which is recorded up to ``ends_s``; seconds since the recording began."""
        self.lanes.lanes.show_moment(at_s, ends_s)
        self.charts.show_moment(at_s)

    def show_run(self) -> None:
        """Show the run again, after the past."""
        picture = self.picture
        self.charts.show_moment(None)
        self.charts.show_picture(picture, search=picture.result is not None and picture.result.search is not None)
        self.lanes.show_past(False)
        self.lanes.show_picture(picture)
        self.lanes.lanes.show_now(picture.line.ends_s)
        self.lanes.lanes.stop()
        self.lanes.trace.setEnabled(picture.result is not None)

    def stop(self) -> None:
        """Leave no timer."""
        self.lanes.lanes.stop()
        self.charts.stop()

    @property
    def shown(self) -> Picture:
        """What charts and lanes show: the run, or a stretch of a recording."""
        return self.lanes.lanes.picture

    def show_scenario(self) -> None:
        """Bring the form in front."""
        self._window.bring_up("stress")
        self.lab.show_page(SCENARIO)

    def _spare_trends(self, _visible: bool) -> None:
        self._window.cockpit.spare_trends(not self._window.docks["charts"].isHidden())

    def _come(self, layout: Layout) -> None:
        """Lay lanes over charts in a narrow window before they are seen: it would grow to hold both, and stay so."""
        docks = self._window.docks
        if layout is STRESS and self._window.width() < WIDE:
            self._window.tabifyDockWidget(docks["charts"], docks["lanes"])

    def _save_width(self) -> None:
        """Lay lanes over charts in a window that is too narrow for both, and would grow beyond its screen."""
        window, charts, lanes = self._window, self._window.docks["charts"], self._window.docks["lanes"]
        apart = lanes not in window.tabifiedDockWidgets(charts) and not lanes.isFloating() and not lanes.isHidden()
        if apart and window.dockWidgetArea(lanes) is window.dockWidgetArea(charts) and window.width() < WIDE:
            window.tabifyDockWidget(charts, lanes)
            charts.raise_()

    def _arrange(self, layout: Layout) -> None:
        if layout is not STRESS:
            return
        window, docks = self._window, self._window.docks
        wide = window.width() >= WIDE
        if wide and docks["lanes"] in window.tabifiedDockWidgets(docks["charts"]):
            # Qt splits nothing that lies in tabs: the lanes are taken out and put beside them.
            window.removeDockWidget(docks["lanes"])
            window.addDockWidget(window.dockWidgetArea(docks["charts"]), docks["lanes"], Qt.Orientation.Horizontal)
            docks["lanes"].show()
        for dock in [docks[name] for name in ("runs", "inspector") if name in docks]:
            window.tabifyDockWidget(docks["charts"], dock)
        columns = [docks["stress"], docks["charts"], *([docks["lanes"]] if wide else [])]
        right = _RIGHT_WIDER if wide else _RIGHT_WIDE
        window.resizeDocks(columns, [_LEFT_WIDE, right, right][: len(columns)], Qt.Orientation.Horizontal)
