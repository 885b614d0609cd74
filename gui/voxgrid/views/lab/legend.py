"""The line above a chart: its title, and for every series its line style, its name and its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from voxgrid.theme import Theme, mono_font, narrow_font, ui_font

HEIGHT: Final = 18
_SAMPLE: Final = 16
_GAP: Final = 4
_APART: Final = 10

SOLID: Final = Qt.PenStyle.SolidLine
DASHED: Final = Qt.PenStyle.DashLine
DOTTED: Final = Qt.PenStyle.DotLine
DASH_DOTTED: Final = Qt.PenStyle.DashDotLine
DASH_DOT_DOTTED: Final = Qt.PenStyle.DashDotDotLine


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart.

    Attributes:
        name: What people call it; also its key.
        token: Name of its colour.
        style: Its line style: series are told apart without colour too.
        steps: Whether a value holds until the next one.
    """

    name: str
    token: str
    style: Qt.PenStyle = SOLID
    steps: bool = False

    def pen(self, theme: Theme) -> QPen:
        """Return the pen in the theme's colour, one pixel wide whatever the zoom."""
        pen = QPen(QColor(getattr(theme.tokens, self.token)), 1, self.style)
        pen.setCosmetic(True)
        return pen


class Legend(QWidget):
    """Painted, not made of labels: it changes four times a second.

    Args:
        title: What the chart shows.
        theme: Colours.
    """

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._theme = theme
        self._items: tuple[tuple[Line, str], ...] = ()
        self._font, self._bold, self._mono = narrow_font(10), ui_font(10, bold=True), mono_font(10)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(200, HEIGHT)

    def show_items(self, items: tuple[tuple[Line, str], ...]) -> None:
        """Show every series with its value."""
        if items != self._items:
            self._items = items
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the title at the left and the series from the right."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setFont(self._bold)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QPointF(4, HEIGHT - 5), self._title)
        left = 4 + QFontMetrics(self._bold).horizontalAdvance(self._title) + _APART
        right = float(self.width() - 4)
        for line, value, wide in reversed(self._fitting(right - left)):
            self._paint_item(painter, line, value, right - wide, right)
            right -= wide + _APART

    def _fitting(self, room: float) -> list[tuple[Line, str, float]]:
        """Return as many series as there is room for, the first ones first, with their widths."""
        words, numbers = QFontMetrics(self._font), QFontMetrics(self._mono)
        fitting: list[tuple[Line, str, float]] = []
        for line, value in self._items:
            wide = _SAMPLE + 2 * _GAP + words.horizontalAdvance(line.name) + numbers.horizontalAdvance(value)
            room -= wide + _APART
            if room < -_APART:
                break
            fitting.append((line, value, wide))
        return fitting

    def _paint_item(self, painter: QPainter, line: Line, value: str, left: float, right: float) -> None:
        tokens = self._theme.tokens
        painter.setPen(line.pen(self._theme))
        painter.drawLine(QPointF(left, HEIGHT / 2), QPointF(left + _SAMPLE, HEIGHT / 2))
        painter.setFont(self._font)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QPointF(left + _SAMPLE + _GAP, HEIGHT - 5), line.name)
        painter.setFont(self._mono)
        painter.setPen(QColor(tokens.text))
        area = QRectF(left, 0, right - left, HEIGHT)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, value)
