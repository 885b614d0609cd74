"""The waiting queue under the grid: a chip for each waiter with its place and age."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from voxgrid.items.queue_items import QueueItems
from voxgrid.models.queue import QueueModel
from voxgrid.models.wording import count, millis
from voxgrid.theme import Theme, mono_font


class _Chips(QStyledItemDelegate):
    """Paints one waiter."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = mono_font(10)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        return QSize(QFontMetrics(self._font).horizontalAdvance(text) + 18, 22)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect).adjusted(2.5, 1.5, -2.5, -1.5)
        painter.setBrush(QColor(tokens.hover if selected else tokens.raised))
        painter.setPen(QPen(QColor(tokens.accent if selected else tokens.line), 1))
        painter.drawRoundedRect(rect, 5, 5)
        painter.setFont(self._font)
        painter.setPen(QColor(tokens.text if index.row() == 0 else tokens.muted))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(index.data(Qt.ItemDataRole.DisplayRole)))
        painter.restore()


class _ChipList(QListView):
    """One line of chips; Delete cancels, Enter inspects."""

    chosen = Signal(int)
    cancelRequested = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        items = self.model()
        waiter = items.waiter(self.currentIndex()) if isinstance(items, QueueItems) else None
        if waiter is not None and event.key() == Qt.Key.Key_Delete:
            self.cancelRequested.emit(waiter.utterance_id)
        elif waiter is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(waiter.utterance_id)
        else:
            super().keyPressEvent(event)


class QueueView(QWidget):
    """How many wait, how long the oldest has, and a chip for each of the first ones.

    Args:
        theme: Colours.
        clock: Monotonic time in seconds.

    Signals:
        inspectRequested(int): An utterance id.
        interruptRequested(int): An utterance id.
    """

    inspectRequested = Signal(int)
    interruptRequested = Signal(int)

    def __init__(
        self, theme: Theme, clock: Callable[[], float] = time.monotonic, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._items = QueueItems(clock, self)
        self._head = QLabel(self)
        self._head.setProperty("role", "small")
        self._head.setMinimumWidth(QFontMetrics(self._head.font()).horizontalAdvance("Waiting 1,000 · oldest 00.0 s  "))
        self.chips = _ChipList(self)
        self._configure(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 4, 3)
        row.setSpacing(6)
        row.addWidget(self._head)
        row.addWidget(self.chips, 1)
        self.setFixedHeight(30)
        self.refresh(QueueModel())

    def _configure(self, theme: Theme) -> None:
        chips = self.chips
        chips.setObjectName("queue")
        chips.setAccessibleName("Waiting utterances, the next one first")
        chips.setModel(self._items)
        chips.setItemDelegate(_Chips(theme, chips))
        chips.setFlow(QListView.Flow.LeftToRight)
        chips.setWrapping(False)
        chips.setFrameShape(QListView.Shape.NoFrame)
        chips.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        chips.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        chips.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        chips.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        chips.setUniformItemSizes(False)
        chips.activated.connect(self._inspect)
        chips.clicked.connect(self._inspect)
        chips.chosen.connect(self.inspectRequested)
        chips.cancelRequested.connect(self.interruptRequested)
        theme.changed.connect(chips.viewport().update)

    def refresh(self, queue: QueueModel) -> None:
        """Show the queue as it is now."""
        self._items.show(queue.waiters)
        if not len(queue):
            longest = f" · longest wait {millis(queue.longest_ms)}" if queue.longest_ms >= 1 else ""
            text = f"Nobody waits{longest}"
        else:
            text = f"Waiting {count(len(queue))} · oldest {millis(queue.oldest_s(self._clock()) * 1000)}"
        if text != self._head.text():
            self._head.setText(text)

    def _inspect(self, index: QModelIndex) -> None:
        waiter = self._items.waiter(index)
        if waiter is not None:
            self.inspectRequested.emit(waiter.utterance_id)
