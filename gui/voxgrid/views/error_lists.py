"""The lists of the errors dock: groups with a count and a sparkline, and single lines."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from voxgrid.items.failure_items import ITEM_ROLE, LineItems
from voxgrid.models.cell import Look
from voxgrid.models.failure_words import group_line
from voxgrid.models.failures import STEPS, Group, Kind
from voxgrid.models.wording import count
from voxgrid.theme import Theme, Tokens, mono_font, ui_font
from voxgrid.views.glyphs import draw_glyph

Index = QModelIndex | QPersistentModelIndex
_HEIGHT: Final = 44
_LINE: Final = 22
_SPARK_WIDTH: Final = STEPS * 3
_LOOKS: Final = {Kind.SLOT: Look.ZOMBIE, Kind.FRAME: Look.CANCELLED, Kind.CONNECTION: Look.CLOSING}


def paint_plate(painter: QPainter, option: QStyleOptionViewItem, tokens: Tokens) -> None:
    """Paint what lies behind a line: selected or not, and where the keyboard is."""
    rect = QRectF(option.rect).adjusted(1.5, 0.5, -1.5, -0.5)
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    focused = selected and bool(option.state & QStyle.StateFlag.State_HasFocus)
    if selected or option.state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(QPen(QColor(tokens.accent), 1) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.hover))
        painter.drawRoundedRect(rect, 4, 4)


class GroupDelegate(QStyledItemDelegate):
    """Paints a group: sign, title, how often and where, and when in the last two minutes.

    Args:
        theme: Colours.
        parent: The view.

    Attributes:
        now: Monotonic moment that ages are shown for, in seconds.
    """

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._title = ui_font(12)
        self._small = ui_font(11)
        self._mono = mono_font(11, bold=True)
        self.now = 0.0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines."""
        return QSize(120, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one group."""
        group: Group = index.data(ITEM_ROLE)
        tokens = self._theme.tokens
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_plate(painter, option, tokens)
        rect = option.rect.adjusted(8, 4, -8, -4)
        color = QColor(tokens.zombie if group.kind is Kind.SLOT else tokens.bad)
        draw_glyph(painter, _LOOKS.get(group.kind, Look.FAILED), QRectF(rect.x(), rect.y() + 3, 12, 12), color)
        self._paint_count(painter, rect, group)
        self._paint_texts(painter, rect, group)
        self._paint_spark(painter, rect, group, color)
        painter.restore()

    def _paint_count(self, painter: QPainter, rect: QRect, group: Group) -> None:
        painter.setFont(self._mono)
        painter.setPen(QColor(self._theme.tokens.text))
        painter.drawText(
            QRect(rect.right() - 90, rect.y(), 90, 18), Qt.AlignmentFlag.AlignRight, f"×{count(group.count)}"
        )

    def _paint_texts(self, painter: QPainter, rect: QRect, group: Group) -> None:
        tokens = self._theme.tokens
        used = QFontMetrics(self._mono).horizontalAdvance(f"×{count(group.count)}") + 10
        room = rect.width() - 19 - used
        painter.setFont(self._title)
        title = QFontMetrics(self._title).elidedText(group.title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRect(rect.x() + 19, rect.y(), room, 18), Qt.AlignmentFlag.AlignLeft, title)
        painter.setFont(self._small)
        painter.setPen(QColor(tokens.muted))
        room = rect.width() - 19 - _SPARK_WIDTH - 8
        line = QFontMetrics(self._small).elidedText(
            group_line(group, self.now), Qt.TextElideMode.ElideRight, max(20, room)
        )
        painter.drawText(QRect(rect.x() + 19, rect.y() + 19, max(20, room), 17), Qt.AlignmentFlag.AlignLeft, line)

    def _paint_spark(self, painter: QPainter, rect: QRect, group: Group, color: QColor) -> None:
        steps = group.sparkline(self.now)
        top = max(1, *steps)
        base, left = rect.bottom() - 1, rect.right() - _SPARK_WIDTH + 1
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for number, value in enumerate(steps):
            high = max(1, round(13 * value / top)) if value else 1
            bar = color if value else QColor(self._theme.tokens.line)
            painter.fillRect(left + number * 3, base - high, 2, high, bar)


class LineDelegate(QStyledItemDelegate):
    """Paints a single line in the fixed-width face."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mono = mono_font(11)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """One line."""
        return QSize(120, _LINE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one line."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_plate(painter, option, self._theme.tokens)
        rect = option.rect.adjusted(8, 0, -8, 0)
        painter.setFont(self._mono)
        painter.setPen(QColor(self._theme.tokens.text))
        text = QFontMetrics(self._mono).elidedText(
            str(index.data(Qt.ItemDataRole.DisplayRole)), Qt.TextElideMode.ElideRight, rect.width()
        )
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()


class LineList(QListView):
    """A list that keeps its place when its contents change.

    Args:
        items: What is shown.
        name: Object name.
        spoken: Name for a screen reader.
        delegate: What paints a line.

    Signals:
        chosen(object): The thing that the keyboard or the pointer went to.
        opened(object): Enter, or a click on it.
    """

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(
        self,
        items: LineItems[Any],
        name: str,
        spoken: str,
        delegate: QStyledItemDelegate,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._items = items
        self._key: object = None
        self._showing = False
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setModel(items)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.clicked.connect(self._open)
        self.activated.connect(self._open)
        self.selectionModel().currentChanged.connect(self._moved)

    def show_things(self, things: list[Any]) -> None:
        """Show these; the selected one stays selected while it is among them."""
        self._showing = True
        if self._items.show(things):
            row = self._items.row_of(self._key)
            if row >= 0:
                self.setCurrentIndex(self._items.index(row))
        self._showing = False

    def choose(self, key: object) -> bool:
        """Select the thing with a key; return whether it is there."""
        row = self._items.row_of(key)
        if row >= 0:
            self.setCurrentIndex(self._items.index(row))
        return row >= 0

    def forget(self) -> None:
        """Select nothing."""
        self._key = None
        if self.currentIndex().isValid():
            self.setCurrentIndex(QModelIndex())

    @property
    def current(self) -> Any:
        """The selected thing, or None."""
        return self._items.thing(self.currentIndex().row()) if self.currentIndex().isValid() else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        thing = self._items.thing(current.row()) if current.isValid() else None
        if thing is None:
            return
        self._key = self._items.key(thing)
        if not self._showing:
            self.chosen.emit(thing)

    def _open(self, index: QModelIndex) -> None:
        thing = self._items.thing(index.row())
        if thing is not None:
            self.opened.emit(thing)
