"""One chart of the stress lab: fixed ranges, hairlines, no smoothing, so that a repaint costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from voxgrid.models.lab.charting import MARK_STYLES
from voxgrid.theme import Theme, mono_font
from voxgrid.views.lab.legend import DASHED, DOTTED, Legend, Line
from voxpool.stress.result import Mark, MarkKind

_AXIS_WIDE: Final = 34
_AXIS_HIGH: Final = 16
_HEADROOM: Final = 1.18
_STYLES: Final = {"solid": Qt.PenStyle.SolidLine, "dashed": DASHED, "dotted": DOTTED}

Numbers = npt.NDArray[np.float64]


def hair(color: str | QColor, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Return a pen one pixel wide, whatever the zoom."""
    pen = QPen(QColor(color), 1, style)
    pen.setCosmetic(True)
    return pen


class Chart(QWidget):
    """Series over the seconds of a run.

    Args:
        title: What it shows.
        lines: Its series.
        theme: Colours.
        log: Whether the values given are powers of ten.
        parent: Qt parent.

    Signals:
        hovered(object): Seconds under the pointer, or None when it left.
        zoomed(float, float): The person chose a stretch of time.
        resetRequested(): The person wants to see everything again.
    """

    hovered = Signal(object)
    zoomed = Signal(float, float)
    resetRequested = Signal()

    def __init__(
        self, title: str, lines: Sequence[Line], theme: Theme, *, log: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.title = title
        self._theme = theme
        self._lines = {line.name: line for line in lines}
        self._log = log
        self._scale: tuple[float, float, tuple[tuple[float, str], ...]] = (0.0, 0.0, ())
        self._limits: tuple[float, ...] = ()
        self.legend = Legend(title, theme, self)
        # A menu of pyqtgraph's that nobody may open would take half of the time that a chart takes to be made.
        self.plot = pg.PlotWidget(self, enableMenu=False)
        self._items: dict[str, Any] = {}
        self._limit_items: list[Any] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.legend)
        column.addWidget(self.plot, 1)
        self._set_up()
        self._image: Any = None
        self._marks = {kind: self._add_item() for kind in MarkKind}
        for line in lines:
            self._items[line.name] = self._add_item(step=line.steps)
        self._cross = pg.InfiniteLine(angle=90, movable=False)
        self._cross.hide()
        self.plot.addItem(self._cross, ignoreBounds=True)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()

    # --- showing -----------------------------------------------------------------------------------------

    def show_line(self, name: str, moments: Numbers, values: Numbers) -> None:
        """Show other values of a series; NaN leaves a hole."""
        self._items[name].setData(moments, values, connect="finite")

    def show_kinds(self, lines: Sequence[Line]) -> None:
        """Have exactly these series: errors come by kinds that nobody knows beforehand."""
        for line in lines:
            if line.name not in self._items:
                self._items[line.name] = self._add_item(step=line.steps)
            if line != self._lines.get(line.name):
                # In another run the same kind may come in another place, and with that in another look.
                self._items[line.name].setPen(line.pen(self._theme))
        wanted = {line.name: line for line in lines}
        for name in self._items.keys() - wanted.keys():
            self._items[name].setData([], [])
        self._lines = wanted

    def show_heat(self, shades: npt.NDArray[np.uint8], width_s: float, low: float, high: float) -> None:
        """Lay a heat map behind the lines, shape (time, value), from 0 to ``width_s`` and ``low`` to ``high``."""
        if self._image is None:
            self._image = pg.ImageItem(axisOrder="col-major")
            self._image.setZValue(-10)
            self.plot.addItem(self._image, ignoreBounds=True)
            self._color_heat()
        self._image.setImage(shades, autoLevels=False, levels=(0, 255))
        self._image.setRect(QRectF(0, low, width_s, high - low))

    def show_values(self, values: dict[str, str]) -> None:
        """Show a value beside every series' name."""
        items = tuple((line, values.get(name, "–")) for name, line in self._lines.items())
        self.legend.show_items(items)

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Draw the annotations as lines from top to bottom, each kind in a style of its own."""
        low, high = self._scale[0], self._scale[1] * _HEADROOM
        for kind, item in self._marks.items():
            moments = [mark.at_s for mark in marks if mark.kind is kind]
            item.setData(np.repeat(moments, 2), np.tile([low, high], len(moments)), connect="pairs")

    def show_limits(self, limits: tuple[float, ...]) -> None:
        """Draw these values as dotted lines across."""
        if limits == self._limits:
            return
        self._limits = limits
        while len(self._limit_items) < len(limits):
            line = pg.InfiniteLine(angle=0, movable=False)
            line.setPen(hair(self._theme.tokens.faint, DOTTED))
            self.plot.addItem(line, ignoreBounds=True)
            self._limit_items.append(line)
        for line, limit in zip(self._limit_items, limits, strict=False):
            line.setPos(limit)
            line.show()
        for line in self._limit_items[len(limits) :]:
            line.hide()

    def show_cross(self, at_s: float | None) -> None:
        """Draw the crosshair at a moment, or take it away."""
        if at_s is not None:
            self._cross.setPos(at_s)
        self._cross.setVisible(at_s is not None)

    def set_values(self, low: float, top: float, ticks: Sequence[tuple[float, str]]) -> None:
        """Let the values go from ``low`` to a little above ``top``, where its label needs the space."""
        if (low, top, tuple(ticks)) == self._scale:
            return
        self._scale = low, top, tuple(ticks)
        self.plot.setYRange(low, low + (top - low) * (1.0 if self._log else _HEADROOM), padding=0)
        self.plot.getAxis("left").setTicks([list(ticks)])

    def set_span(self, start_s: float, end_s: float) -> None:
        """Show this stretch of time."""
        self.plot.setXRange(start_s, end_s, padding=0)

    def set_time_labels(self, shown: bool) -> None:
        """Show the time axis' labels, or only its lines."""
        axis = self.plot.getAxis("bottom")
        axis.setStyle(showValues=shown)
        axis.setHeight(_AXIS_HIGH if shown else 1)

    def set_ticks(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Label the time axis."""
        self.plot.getAxis("bottom").setTicks([list(ticks)])

    # --- the pointer -------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the pointer over the plot; a double click shows everything again."""
        if event.type() is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self.hovered.emit(self._seconds_at(event.position()))
        elif event.type() is QEvent.Type.Leave:
            self.hovered.emit(None)
        elif event.type() is QEvent.Type.MouseButtonDblClick:
            self.resetRequested.emit()
            return True
        return super().eventFilter(watched, event)

    def _seconds_at(self, position: QPointF) -> float | None:
        box = self.plot.getViewBox()
        where = self.plot.mapToScene(position.toPoint())
        if not box.sceneBoundingRect().contains(where):
            return None
        return float(box.mapSceneToView(where).x())

    def _ranged(self, *_: object) -> None:
        start, end = self.plot.getViewBox().viewRange()[0]
        self.zoomed.emit(float(start), float(end))

    # --- making ------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        plot = self.plot
        plot.setObjectName("plot")
        plot.setAccessibleName(self.title)
        plot.setAntialiasing(False)
        plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setMinimumHeight(34)
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=True, y=False)
        plot.disableAutoRange()
        # Wider than any zoom of ours; the wheel must not lose the run.
        plot.getViewBox().setLimits(xMin=0.0, minXRange=0.5)
        plot.getViewBox().sigRangeChangedManually.connect(self._ranged)
        plot.getPlotItem().layout.setContentsMargins(0, 1, 4, 0)
        plot.viewport().setMouseTracking(True)
        plot.viewport().installEventFilter(self)
        left, bottom = plot.getAxis("left"), plot.getAxis("bottom")
        left.setWidth(_AXIS_WIDE)
        for axis in (left, bottom):
            axis.setStyle(
                tickFont=mono_font(9), tickLength=0, autoExpandTextSpace=False, tickTextOffset=3, maxTickLevel=0
            )
            axis.enableAutoSIPrefix(False)
            axis.setGrid(70)
        self.set_time_labels(False)

    def _add_item(self, *, step: bool = False) -> Any:
        item = pg.PlotCurveItem(antialias=False, stepMode="right" if step else None, skipFiniteCheck=False)
        self.plot.addItem(item, ignoreBounds=True)
        return item

    def _apply_theme(self) -> None:
        tokens = self._theme.tokens
        self.plot.setBackground(QColor(tokens.panel))
        for name in ("left", "bottom"):
            axis = self.plot.getAxis(name)
            axis.setPen(hair(tokens.line))
            axis.setTickPen(hair(tokens.line))
            axis.setTextPen(QColor(tokens.muted))
        for name, line in self._lines.items():
            self._items[name].setPen(line.pen(self._theme))
        for kind, item in self._marks.items():
            token, style = MARK_STYLES[kind]
            item.setPen(hair(getattr(tokens, token), _STYLES[style]))
        for line in self._limit_items:
            line.setPen(hair(tokens.faint, DOTTED))
        self._cross.setPen(hair(tokens.text, DOTTED))
        self._color_heat()

    def _color_heat(self) -> None:
        if self._image is None:
            return
        back, front = QColor(self._theme.tokens.panel), QColor(self._theme.tokens.open)
        share = np.linspace(0, 1, 256)[:, None] * 0.75
        ends = [np.array([color.red(), color.green(), color.blue()]) for color in (back, front)]
        self._image.setLookupTable(np.asarray(ends[0] * (1 - share) + ends[1] * share, np.uint8))
