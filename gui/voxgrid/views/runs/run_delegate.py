"""Paints a kept run in two lines: verdict and name, then when, how long, and its numbers."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from voxgrid.items.run_items import RUN_ROLE, Index
from voxgrid.models import runs
from voxgrid.theme import SMALL_PIXELS, Theme, mono_font, ui_font
from voxpool.stress.report.words import reading
from voxpool.stress.store import KeptRun

HEIGHT: Final = 42
_SIGN: Final = 20
_GAP: Final = 8


class RunDelegate(QStyledItemDelegate):
    """The painter of the list.

    Args:
        theme: Colours.
        parent: The list.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines."""
        return QSize(160, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one run."""
        run: KeptRun = index.data(RUN_ROLE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        tokens = self._theme.tokens
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, tokens.color("accent", 0.22))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, tokens.color("hover"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(tokens.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        inner = rect.adjusted(8, 4, -8, -4)
        above = QRect(inner.left() + _SIGN, inner.top(), inner.width() - _SIGN, inner.height() // 2)
        below = above.translated(0, above.height())
        self._paint_name(painter, run, QRect(inner.left(), above.top(), _SIGN, above.height()), above)
        self._paint_figures(painter, run, below)

    def _paint_name(self, painter: QPainter, run: KeptRun, sign: QRect, line: QRect) -> None:
        said = reading(run.verdict)
        painter.setPen(self._theme.tokens.color(said.tone))
        painter.setFont(ui_font(bold=True))
        painter.drawText(sign, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, said.sign)
        painter.setFont(ui_font(SMALL_PIXELS, bold=True))
        _right(painter, line, said.word)
        painter.setFont(ui_font())
        painter.setPen(self._theme.tokens.color("text"))
        _left(painter, line, run.name)

    def _paint_figures(self, painter: QPainter, run: KeptRun, line: QRect) -> None:
        painter.setFont(mono_font(SMALL_PIXELS))
        painter.setPen(self._theme.tokens.color("text"))
        _right(painter, line, runs.figures(run))
        painter.setFont(ui_font(SMALL_PIXELS))
        painter.setPen(self._theme.tokens.color("muted"))
        _left(painter, line, runs.facts(run))


def _right(painter: QPainter, line: QRect, text: str) -> None:
    """Write at the right end and take that much off the line."""
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
    line.setRight(line.right() - painter.fontMetrics().horizontalAdvance(text) - _GAP)


def _left(painter: QPainter, line: QRect, text: str) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
