"""The dock of the charts: its buttons, the reading at the pointer, and over time or by level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from voxgrid.models.lab.picture import Picture
from voxgrid.theme import Theme, mono_font
from voxgrid.views.lab.pictures import save_png, save_svg
from voxgrid.views.widgets import label, tool_button

if TYPE_CHECKING:
    from voxgrid.views.lab.charts_view import ChartsView
    from voxgrid.views.lab.knee_view import KneeView

TIME, LEVELS = range(2)
_BREATH_MS: Final = 8
"""Between two charts that are made: what was made is painted, and everybody else has a turn."""
_IDLE: Final = "Wheel zooms, drag moves, double click shows all"


class ChartsDock(QWidget):
    """Shows a picture as charts.  They are made when they are first seen, one after the other: all take a while.

    Args:
        theme: Colours.

    Signals:
        made(): Every chart is made.
        pauseToggled(bool): The view stands still, or goes on; the run does not care.
        saveRequested(): Save the charts as a picture.
    """

    made = Signal()
    pauseToggled = Signal(bool)
    saveRequested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("charts")
        self.setAccessibleName("Charts of the run")
        self._theme = theme
        self._picture = Picture()
        self._charts: ChartsView | None = None
        self._knee: KneeView | None = None
        self._making = QTimer(self)
        self._making.setInterval(_BREATH_MS)
        self._making.timeout.connect(self._make_next)
        self._paused = False
        self._moment_s: float | None = None
        self.tabs = QTabBar()
        self.tabs.setObjectName("charts_tabs")
        self.tabs.setAccessibleName("Over time or by level")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab("Over time")
        self.tabs.addTab("Knee")
        self.readout = QLabel(_IDLE)
        self.readout.setProperty("role", "small")
        self.readout.setObjectName("chart_readout")
        self.readout.setFont(mono_font(10))
        # However long an annotation under the pointer is: the dock must not grow with it, and all others give way.
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.pause = tool_button("Pause", "charts_pause", "Pause the view", "flat")
        self.pause.setCheckable(True)
        self.pause.setToolTip("The view stands still, the run goes on (Alt+Shift+P)")
        self.pause.toggled.connect(self._toggle)
        self.save = tool_button("Save…", "charts_save", "Save the charts as a picture", "flat")
        self.save.setToolTip("Save the charts as PNG or SVG")
        self.save.clicked.connect(self.saveRequested)
        self._pages = QStackedWidget()
        self._waiting = label("", "muted")
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(self._waiting)
        self.tabs.currentChanged.connect(self._show_page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(self.readout)
        column.addWidget(self._pages, 1)
        self.readout.setContentsMargins(12, 0, 8, 2)

    @property
    def charts(self) -> ChartsView | None:
        """The charts, once they were seen."""
        return self._charts

    @property
    def complete(self) -> bool:
        """Whether nothing is being made (any more)."""
        return not self._making.isActive()

    @property
    def knee(self) -> KneeView | None:
        """The knee, once it was seen."""
        return self._knee

    @property
    def paused(self) -> bool:
        """Whether the view stands still."""
        return self._paused

    def show_picture(self, picture: Picture, *, search: bool = False) -> None:
        """Show another run.

        Args:
            picture: The run.
            search: Whether it is a search: then its levels come in front.
        """
        self._picture = picture
        self.pause.setChecked(False)
        if self._charts is not None:
            self._charts.show_picture(picture)
        self._show_knee()
        self.tabs.setCurrentIndex(LEVELS if search else TIME)

    def change_picture(self, picture: Picture) -> None:
        """Show another stretch of the same time."""
        self._picture = picture
        if self._charts is not None:
            self._charts.show_picture(picture)
        self._show_knee()

    def show_moment(self, at_s: float | None) -> None:
        """Draw a line at a moment of the past, or none when that is not shown."""
        self._moment_s = at_s
        self.pause.setEnabled(at_s is None)
        if self._charts is not None:
            self._charts.show_moment(at_s)

    def refresh(self) -> None:
        """The run went on; nothing moves while the view is paused."""
        if self._paused:
            return
        if self._charts is not None:
            self._charts.refresh()
        if self._knee is not None and self._knee.table.rowCount() != len(self._picture.steps):
            self._show_knee()

    def finish(self) -> None:
        """The run is over: draw the end of it."""
        if self._charts is not None and not self._paused:
            self._charts.refresh()
        self._show_knee()

    def stop(self) -> None:
        """Leave no timer."""
        self._making.stop()
        if self._charts is not None:
            self._charts.stop()

    def reset_zoom(self) -> None:
        """Show the whole run."""
        if self._charts is not None:
            self._charts.reset_zoom()

    def save_picture(self, path: Path) -> str:
        """Write the page that is shown to a PNG or SVG file; return "" or why it could not be written."""
        charts = self._begin()
        while not charts.complete:
            charts.make_next()
        if self.tabs.currentIndex() == TIME or self._knee is None:
            return charts.save(path)
        write = save_svg if path.suffix.lower() == ".svg" else save_png
        written = write(self._knee, path, self._picture.name, self._theme.tokens.background)
        return "" if written else f"{path} could not be written."

    def showEvent(self, event: QShowEvent) -> None:
        """Make the charts when they are first seen, with frames in between."""
        super().showEvent(event)
        charts = self._begin()
        if not charts.complete:
            self._making.start()
        if not self._paused:
            charts.refresh()

    def sizeHint(self) -> QSize:
        """Return the size of one column."""
        return QSize(400, 600)

    # --- inside ------------------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 6, 0)
        row.setSpacing(2)
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(self.pause)
        row.addWidget(self.save)
        return row

    def _begin(self) -> ChartsView:
        """Return the charts, of which the first time none is made yet."""
        if self._charts is not None:
            return self._charts
        from voxgrid.views.lab.charts_view import ChartsView

        self._charts = charts = ChartsView(self._theme, self, at_once=False)
        charts.readout.connect(self._read_out)
        self._pages.addWidget(charts)
        charts.show_picture(self._picture)
        charts.show_moment(self._moment_s)
        self._show_page(self.tabs.currentIndex())
        return charts

    def _read_out(self, said: str) -> None:
        wide = self.readout.contentsRect().width()
        self.readout.setText(self.readout.fontMetrics().elidedText(said or _IDLE, Qt.TextElideMode.ElideRight, wide))
        self.readout.setToolTip(said)

    def _make_next(self) -> None:
        charts = self._begin()
        if not charts.complete:
            charts.make_next()
        if charts.complete:
            self._making.stop()
            self.made.emit()

    def _show_page(self, page: int) -> None:
        if self._charts is None:
            return
        if page == LEVELS and self._knee is None:
            from voxgrid.views.lab.knee_view import KneeView

            self._knee = KneeView(self._theme, self)
            self._pages.addWidget(self._knee)
            self._show_knee()
        self._pages.setCurrentWidget(self._charts if page == TIME or self._knee is None else self._knee)
        self.readout.setVisible(page == TIME)
        if page == TIME and not self._paused:
            # What came while the levels were in front waits to be drawn, also when the run is over.
            self._charts.refresh()

    def _show_knee(self) -> None:
        if self._knee is not None:
            result = self._picture.result
            self._knee.show_steps(self._picture.steps, None if result is None else result.search)

    def _toggle(self, paused: bool) -> None:
        self._paused = paused
        self.pause.setText("Paused" if paused else "Pause")
        self.pauseToggled.emit(paused)
        if not paused:
            self.refresh()
        elif self._charts is not None:
            self._charts.settle()
