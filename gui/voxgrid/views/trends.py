"""Three small charts under the grid: slots in use, first audio p95, errors a minute, over the last two minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QWidget

from voxgrid.models.totals import HISTORY, Sample
from voxgrid.models.wording import millis
from voxgrid.theme import Theme, mono_font, ui_font

HEIGHT: Final = 54


class Trend(QWidget):
    """One chart.

    Args:
        title: What it shows.
        token: Name of the colour.
        theme: Colours.
    """

    def __init__(self, title: str, token: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._token = token
        self._theme = theme
        self._values: list[float | None] = []
        self._shown = ""
        self._top = 1.0
        self._font = ui_font(10)
        self._mono = mono_font(11)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName(title)
        self.setToolTip(title)
        theme.changed.connect(self.update)

    def show_values(self, values: Sequence[float | None], shown: str, top: float) -> None:
        """Show a series.

        Args:
            values: One a second, the newest last; None where there was nothing to measure.
            shown: The newest value in words.
            top: Value at the upper edge.
        """
        self._values, self._shown, self._top = list(values), shown, max(top, 1e-9)
        self.setAccessibleDescription(f"{self._title}: {shown}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card, the numbers and the line."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.panel))
        painter.drawRoundedRect(card, 6, 6)
        place = self.width() - 9 - QFontMetrics(self._mono).horizontalAdvance(self._shown)
        title = QFontMetrics(self._font).elidedText(self._title, Qt.TextElideMode.ElideRight, place - 9 - 6)
        painter.setFont(self._font)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QPointF(9, 15), title)
        painter.setFont(self._mono)
        painter.setPen(QColor(tokens.text))
        painter.drawText(QPointF(place, 15), self._shown)
        self._paint_line(painter, QRectF(9, 21, self.width() - 18, self.height() - 27))

    def _paint_line(self, painter: QPainter, area: QRectF) -> None:
        color = QColor(getattr(self._theme.tokens, self._token))
        painter.setPen(QPen(QColor(self._theme.tokens.line), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        for run in self._runs(area):
            filled = QPolygonF([*run, QPointF(run[-1].x(), area.bottom()), QPointF(run[0].x(), area.bottom())])
            shade = QColor(color)
            shade.setAlphaF(0.16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            painter.drawPolygon(filled)
            painter.setPen(QPen(color, 1.3))
            painter.drawPolyline(QPolygonF(run))

    def _runs(self, area: QRectF) -> list[list[QPointF]]:
        """Return the stretches without a hole, as points."""
        runs: list[list[QPointF]] = [[]]
        step = area.width() / (HISTORY - 1)
        left = area.right() - step * (len(self._values) - 1)
        for place, value in enumerate(self._values):
            if value is None:
                runs.append([])
                continue
            height = min(1.0, value / self._top) * area.height()
            runs[-1].append(QPointF(left + place * step, area.bottom() - height))
        return [run for run in runs if len(run) > 1]


class Trends(QWidget):
    """The three charts side by side.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._in_use = Trend("in use", "generating", theme, self)
        self._ttfa = Trend("first audio p95, last 10 s", "open", theme, self)
        self._errors = Trend("errors in the last minute", "failed", theme, self)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 4, 6)
        row.setSpacing(8)
        for trend in (self._in_use, self._ttfa, self._errors):
            row.addWidget(trend, 1)
        self.refresh((), 100)

    def refresh(self, history: Sequence[Sample], slots: int) -> None:
        """Show the last two minutes.

        Args:
            history: One sample a second, the newest last.
            slots: All slots.
        """
        now = history[-1] if history else Sample(0, 0, None, 0)
        self._in_use.show_values([sample.in_use for sample in history], f"{now.in_use}/{slots}", slots)
        latencies = [sample.ttfa_p95_ms for sample in history]
        highest = max((value for value in latencies if value is not None), default=100.0)
        self._ttfa.show_values(latencies, millis(now.ttfa_p95_ms), highest * 1.2)
        errors = [float(sample.errors_per_minute) for sample in history]
        self._errors.show_values(errors, str(now.errors_per_minute), max(4.0, *errors, 0.0) * 1.2)
