"""A chart of a finished run: drawn once, with zoom by dragging or wheel and the values under the pointer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from voxgrid.models.runs import Line, Picture
from voxgrid.theme import SMALL_PIXELS, Theme, mono_font, ui_font
from voxpool.stress.report.words import millis

STYLES: Final = {
    "solid": Qt.PenStyle.SolidLine,
    "dashed": Qt.PenStyle.DashLine,
    "dotted": Qt.PenStyle.DotLine,
}
_STROKE: Final = 20
_APART: Final = 14
"""Pixels of a line's stroke with its gap, and between one line and the next."""
_PERCENTILES: Final = ((0.0, "0"), (math.log10(2), "p50"), (1.0, "p90"), (2.0, "p99"), (3.0, "p99.9"), (4.0, "p99.99"))


class PictureView(QWidget):
    """One chart with its legend.

    Args:
        picture: What it shows.
        theme: Colours.
        parent: Qt parent.
    """

    def __init__(self, picture: Picture, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = picture
        self._theme = theme
        self.legend = LegendLine(picture, theme, self)
        self.plot = pg.PlotWidget(self)
        self._curves: list[Any] = []
        self._set_up()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.legend)
        column.addWidget(self.plot, 1)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()
        self.reset()

    def reset(self) -> None:
        """Show everything again."""
        x = [float(np.nanmax(line.x)) for line in self.picture.lines if len(line.x)]
        y = [float(np.nanmax(line.y)) for line in self.picture.lines if len(line.y) and not np.isnan(line.y).all()]
        self.plot.setXRange(0.0, max(x, default=1.0) or 1.0, padding=0.01)
        self.plot.setYRange(0.0, (max(y, default=1.0) or 1.0) * 1.08, padding=0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the pointer; a double click shows everything again."""
        if event.type() is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self.legend.show_values(self._values_at(event.position()))
        elif event.type() is QEvent.Type.Leave:
            self.legend.show_values(None)
        elif event.type() is QEvent.Type.MouseButtonDblClick:
            self.reset()
            return True
        return super().eventFilter(watched, event)

    def _values_at(self, position: QPointF) -> tuple[str, list[str]] | None:
        box = self.plot.getViewBox()
        where = self.plot.mapToScene(position.toPoint())
        if not box.sceneBoundingRect().contains(where):
            return None
        x = float(box.mapSceneToView(where).x())
        at = f"p{100 * (1 - 10 ** -max(0.0, x)):.5g}" if self.picture.tail else f"{x:.1f} s"
        return at, [millis(_value(line, x)) for line in self.picture.lines]

    def _set_up(self) -> None:
        plot = self.plot
        plot.setAccessibleName(self.picture.title)
        plot.setAccessibleDescription("; ".join(line.name for line in self.picture.lines))
        plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setMinimumHeight(90)
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.disableAutoRange()
        plot.getViewBox().setMouseMode(pg.ViewBox.RectMode)
        plot.getPlotItem().layout.setContentsMargins(0, 2, 8, 0)
        plot.viewport().setMouseTracking(True)
        plot.viewport().installEventFilter(self)
        for name in ("left", "bottom"):
            axis = plot.getAxis(name)
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickFont=mono_font(9), tickLength=0, tickTextOffset=4, maxTickLevel=0)
            axis.setGrid(60)
        plot.getAxis("left").setWidth(44)
        if self.picture.tail:
            plot.getAxis("bottom").setTicks([list(_PERCENTILES)])
        for line in self.picture.lines:
            curve = pg.PlotCurveItem(line.x, line.y, connect="finite", antialias=False)
            plot.addItem(curve, ignoreBounds=True)
            self._curves.append(curve)

    def _apply_theme(self) -> None:
        tokens = self._theme.tokens
        self.plot.setBackground(QColor(tokens.panel))
        for name in ("left", "bottom"):
            axis = self.plot.getAxis(name)
            axis.setPen(QPen(QColor(tokens.line), 1))
            axis.setTextPen(QColor(tokens.muted))
        for line, curve in zip(self.picture.lines, self._curves, strict=True):
            curve.setPen(line_pen(line, self._theme))


class LegendLine(QWidget):
    """Title, and every line's stroke and name, with the values under the pointer.

    Args:
        picture: The chart.
        theme: Colours.
        parent: Qt parent.
    """

    def __init__(self, picture: Picture, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = picture
        self._theme = theme
        self._values: tuple[str, list[str]] | None = None
        self.setFixedHeight(20)
        self.setToolTip("\n".join(line.name for line in picture.lines))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(240, 20)

    def show_values(self, values: tuple[str, list[str]] | None) -> None:
        """Show where the pointer is and the values there; None for neither."""
        if values != self._values:
            self._values = values
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write it."""
        painter = QPainter(self)
        tokens = self._theme.tokens
        at, values = self._values or ("percentile" if self._picture.tail else "seconds", [])
        unit = f", {self._picture.unit}" if self._picture.unit else ""
        painter.setFont(ui_font(SMALL_PIXELS, bold=True))
        painter.setPen(tokens.color("text"))
        x = 8 + _write(painter, 8, f"{self._picture.title}{unit}") + _APART
        small, mono = QFontMetrics(ui_font(SMALL_PIXELS)), QFontMetrics(mono_font(SMALL_PIXELS))
        taken = sum(6 + mono.horizontalAdvance(value) for value in values)
        names = fitting(
            [line.name for line in self._picture.lines],
            small,
            self.width() - 8 - mono.horizontalAdvance(at) - x - taken,
        )
        for place, (line, name) in enumerate(zip(self._picture.lines, names, strict=True)):
            painter.setPen(line_pen(line, self._theme, 2))
            painter.drawLine(x, 10, x + 16, 10)
            painter.setPen(tokens.color("muted"))
            painter.setFont(ui_font(SMALL_PIXELS))
            x += _STROKE + _write(painter, x + _STROKE, name)
            if place < len(values):
                painter.setPen(tokens.color("text"))
                painter.setFont(mono_font(SMALL_PIXELS))
                x += 6 + _write(painter, x + 6, values[place])
            x += _APART
        painter.setPen(tokens.color("muted"))
        painter.setFont(mono_font(SMALL_PIXELS))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect().adjusted(0, 0, -8, 0), right, at)


def fitting(names: Sequence[str], metrics: QFontMetrics, room: int) -> list[str]:
    """Return the names as they are, or each cut to an equal share of the room where they do not fit.

    They are cut in the middle: names of runs often begin alike and end in a number.

    Args:
        names: What stands beside the strokes.
        metrics: Of their font.
        room: For all of them with their strokes, in pixels.
    """
    most = room // max(1, len(names)) - _STROKE - _APART
    wide = [metrics.horizontalAdvance(name) for name in names]
    if sum(wide) + len(names) * (_STROKE + _APART) <= room:
        return list(names)
    return [metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, max(0, most)) for name in names]


def line_pen(line: Line, theme: Theme, width: int = 1) -> QPen:
    """Return the pen of a line; its width stays whatever the zoom."""
    pen = QPen(QColor(getattr(theme.tokens, line.hue)), width, STYLES[line.style])
    pen.setCosmetic(True)
    return pen


def _value(line: Line, x: float) -> float | None:
    if not len(line.x) or x < line.x[0] or x > line.x[-1]:
        return None
    place = int(np.searchsorted(line.x, x))
    return float(line.y[min(place, len(line.y) - 1)])


def _write(painter: QPainter, x: int, text: str) -> int:
    painter.drawText(x, 14, text)
    return painter.fontMetrics().horizontalAdvance(text)
