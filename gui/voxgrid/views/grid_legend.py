"""The legend above the grid: every sign with its word, and how many cells show it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from voxgrid.models.cell import Look
from voxgrid.models.wording import STATE_MEANINGS
from voxgrid.theme import Theme, blend, mono_font, narrow_font, ui_font
from voxgrid.views.glyphs import draw_glyph
from voxgrid.views.grid_delegate import look_color
from voxpool.events import SlotState

SHOWN: Final = (
    (Look.RESERVED, "reserved"),
    (Look.CREATING, "creating"),
    (Look.OPEN, "open, idle"),
    (Look.GENERATING, "generating"),
    (Look.DRAINING, "draining"),
    (Look.CLOSING, "closing"),
    (Look.ZOMBIE, "zombie"),
    (Look.FAILED, "failed"),
)
_HEIGHT: Final = 26
_GLYPH: Final = 11
_SPACE: Final = 10
_GAP: Final = 4
"""The least between two signs."""
_LEFT: Final = 8
_HEADING: Final = "SLOTS"


class GridLegend(QWidget):
    """Signs, words and counts.

    Args:
        theme: Colours.
        indent: Where the signs may begin, so that they stand above the cells.
    """

    def __init__(self, theme: Theme, indent: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._indent = indent
        self._past = ""
        self._counts: dict[Look, int] = dict.fromkeys(Look, 0)
        self._spots: list[tuple[QRect, Look]] = []
        self._wide, self._narrow = ui_font(11), narrow_font(10)
        self._font = self._wide
        self._mono = mono_font(11, bold=True)
        self._heading = ui_font(11, bold=True)
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName("Legend of the grid")
        self.show_counts(self._counts)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return a fixed height."""
        return QSize(400, _HEIGHT)

    def show_counts(self, counts: dict[Look, int]) -> None:
        """Show how many cells are in each state."""
        if counts != self._counts or not self.accessibleDescription():
            self._counts = dict(counts)
            self.setAccessibleDescription(", ".join(f"{counts.get(look, 0)} {word}" for look, word in SHOWN))
            self.update()

    def show_past(self, moment: str) -> None:
        """Mark that a moment of the past is shown, or with "" that it is now again."""
        if moment != self._past:
            self._past = moment
            self.setAccessibleName(f"Past, {moment}. Legend of the grid" if moment else "Legend of the grid")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw heading and signs."""
        painter = QPainter(self)
        baseline = self.height() // 2 + 4
        self._paint_heading(painter, baseline)
        number = QFontMetrics(self._mono).horizontalAdvance("000") + 4
        room, words = self._fit()
        widths = _widths(self._font, words)
        counted = sum(widths) + len(SHOWN) * (number + _GAP) <= room
        wanted = [width + (number if counted else 0) for width in widths]
        space = min(_SPACE, (room - sum(wanted)) / (len(SHOWN) - 1))
        x = self.width() - 4 - sum(wanted) - space * (len(SHOWN) - 1)
        self._spots = []
        for (look, _), word, width in zip(SHOWN, words, wanted, strict=True):
            self._paint_entry(painter, round(x), baseline, look, word, counted)
            self._spots.append((QRect(round(x), 0, round(width), self.height()), look))
            x += width + space

    def _fit(self) -> tuple[int, list[str]]:
        """Choose the font; return the room for the signs, in pixels, and their words.

        Docks may leave little room: rather narrow words, or none where no cell is so, than words that run together.
        """
        words = [word for _, word in SHOWN]
        beyond_indent = self.width() - self._indent - 4
        heading = QFontMetrics(self._heading).horizontalAdvance(_HEADING) + 2 * _LEFT
        room = beyond_indent if self._past else max(beyond_indent, self.width() - heading - 4)
        for font, space in ((self._wide, beyond_indent), (self._narrow, beyond_indent), (self._narrow, room)):
            self._font = font
            if sum(_widths(font, words)) + len(SHOWN) * _GAP <= space:
                return space, words
        return room, [word if self._counts.get(look, 0) else "" for look, word in SHOWN]

    def _paint_heading(self, painter: QPainter, baseline: int) -> None:
        tokens = self._theme.tokens
        if not self._past:
            painter.setFont(self._heading)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QPoint(_LEFT, baseline), _HEADING)
            return
        painter.fillRect(0, 0, self._indent - 4, self.height(), blend(tokens.warning, tokens.background, 0.2))
        painter.fillRect(0, 0, self.width(), 2, QColor(tokens.warning))
        painter.setFont(self._mono)
        painter.setPen(QColor(tokens.warning))
        painter.drawText(QPoint(_LEFT, baseline), f"PAST {self._past}")

    def _paint_entry(self, painter: QPainter, x: int, baseline: int, look: Look, word: str, counted: bool) -> None:
        tokens = self._theme.tokens
        some = self._counts.get(look, 0) > 0
        color = QColor(look_color(tokens, look))
        draw_glyph(painter, look, QRectF(x, baseline - 10, _GLYPH, _GLYPH), color)
        painter.setFont(self._font)
        painter.setPen(QColor(tokens.text if some else tokens.muted))
        painter.drawText(QPoint(x + _GLYPH + 4, baseline), word)
        if counted and some:
            left = x + _GLYPH + 8 + QFontMetrics(self._font).horizontalAdvance(word)
            painter.setFont(self._mono)
            painter.setPen(color)
            painter.drawText(QPoint(left, baseline), str(self._counts[look]))

    def event(self, event: QEvent) -> bool:
        """Explain the sign under the pointer."""
        if isinstance(event, QHelpEvent):
            look = next((look for spot, look in self._spots if spot.contains(event.pos())), None)
            if look is not None:
                meaning = STATE_MEANINGS[SlotState(look.value)]
                QToolTip.showText(event.globalPos(), f"{self._counts.get(look, 0)} {look.value}: {meaning}", self)
            else:
                hint = "In a cell: the text, the time to first audio in ms, the waveform so far, the age"
                QToolTip.showText(event.globalPos(), hint, self)
            return True
        return super().event(event)


def _widths(font: QFont, words: list[str]) -> list[int]:
    metrics = QFontMetrics(font)
    return [_GLYPH + 4 + metrics.horizontalAdvance(word) for word in words]
