"""Row heads of the grid: number, state, ping, age, and why the connection last closed."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetrics, QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from voxgrid.items.grid_items import GridItems
from voxgrid.models.cell import Look, RowState
from voxgrid.models.sentences import row_words
from voxgrid.theme import Theme, Tokens, mono_font, narrow_font, ui_font
from voxgrid.views.glyphs import draw_glyph
from voxgrid.views.grid_layout import ONE_LINE, TWO_LINES
from voxpool.events import ConnectionState

WIDTH: Final = 122
_NUMBER_WIDTH: Final = 19
_SIGNS: Final = {
    ConnectionState.CONNECTING: (Look.CREATING, "creating"),
    ConnectionState.OPEN: (Look.GENERATING, "good"),
    ConnectionState.RETIRING: (Look.DRAINING, "draining"),
    ConnectionState.CLOSED: (Look.OPEN, "faint"),
}


class GridRows(QHeaderView):
    """Vertical header of the grid.

    Args:
        items: The rows.
        theme: Colours.
        parent: The view.

    Attributes:
        now: Monotonic moment that ages are shown for, in seconds.

    Signals:
        menuRequested(int, QPoint): The context menu of a head: row, global position.
    """

    menuRequested = Signal(int, QPoint)

    def __init__(self, items: GridItems, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._items = items
        self._theme = theme
        self.now = time.monotonic()
        self._small = ui_font(11)
        self._tiny = narrow_font(10)
        self._mono = mono_font(10)
        self._digit = QFontMetrics(self._mono).horizontalAdvance("0")
        self._number = mono_font(11, bold=True)
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(ONE_LINE)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        """Return the fixed width."""
        return QSize(WIDTH, 100)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the head under the pointer."""
        row = self.logicalIndexAt(event.pos())
        if row >= 0:
            self.menuRequested.emit(row, event.globalPos())

    def update_row(self, row: int) -> None:
        """Repaint one head."""
        self.viewport().update(0, self.sectionViewportPosition(row), WIDTH, self.sectionSize(row))

    def paintSection(self, painter: QPainter, rect: QRect, row_number: int, /) -> None:
        """Draw one head."""
        tokens = self._theme.tokens
        row = self._items.model.rows[row_number]
        painter.fillRect(rect, QColor(tokens.background))
        words = row_words(row, self.now)
        middle = rect.center().y() + 1
        self._paint_number(painter, rect, row, tokens)
        left, right = rect.x() + _NUMBER_WIDTH + 18, rect.right() - 4
        second = any(words[2:]) and rect.height() >= TWO_LINES
        if row.troubled and words[3] and not second:
            words = (words[3], words[1], "", "")
        upper = middle - 1 if second else middle + 4
        self._paint_first(painter, left, right, upper, words, row)
        if second:
            self._paint_second(painter, left, right, middle + 10, words, row)

    def _paint_number(self, painter: QPainter, rect: QRect, row: RowState, tokens: Tokens) -> None:
        painter.setFont(self._number)
        painter.setPen(QColor(tokens.text if row.live else tokens.faint))
        number = QRectF(rect.x(), rect.y(), _NUMBER_WIDTH, rect.height())
        painter.drawText(number, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row.row + 1))
        square = QRectF(rect.x() + _NUMBER_WIDTH + 5, rect.center().y() - 4, 9, 9)
        if row.troubled:
            draw_glyph(painter, Look.FAILED, square, QColor(tokens.failed))
        elif row.state is not None:
            look, color = _SIGNS[row.state]
            draw_glyph(painter, look, square, QColor(getattr(tokens, color)))
        else:
            draw_glyph(painter, Look.EMPTY, square, QColor(tokens.faint))

    def _paint_first(
        self, painter: QPainter, left: int, right: int, y: int, words: tuple[str, str, str, str], row: RowState
    ) -> None:
        tokens = self._theme.tokens
        painter.setFont(self._small)
        color = tokens.failed if row.troubled else tokens.text if row.live else tokens.muted
        painter.setPen(QColor(color if row.state else tokens.faint))
        painter.drawText(QPointF(left, y), words[0])
        painter.setFont(self._mono)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(QPointF(right - self._digit * len(words[1]), y), words[1])

    def _paint_second(
        self, painter: QPainter, left: int, right: int, y: int, words: tuple[str, str, str, str], row: RowState
    ) -> None:
        tokens = self._theme.tokens
        painter.setFont(self._mono)
        painter.setPen(QColor(tokens.faint))
        painter.drawText(QPointF(left, y), words[2])
        if words[3]:
            metrics = QFontMetrics(self._tiny)
            room = right - left - self._digit * len(words[2]) - 6
            text = metrics.elidedText(
                words[3] if row.troubled else f"was {words[3]}", Qt.TextElideMode.ElideRight, room
            )
            painter.setFont(self._tiny)
            painter.setPen(QColor(tokens.failed if row.troubled else tokens.faint))
            painter.drawText(QPointF(right - metrics.horizontalAdvance(text), y), text)
