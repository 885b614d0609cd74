"""The table of frames: painted rows, and a place at the end that it keeps only while nobody looks elsewhere."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QItemSelection, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from voxgrid.items.frame_items import CONNECTION, CONTEXT, DELTA, KIND, SUMMARY, TIME, WAY, FrameItems
from voxgrid.models import frame_words as words
from voxgrid.models.frame_list import Change
from voxgrid.theme import SMALL_PIXELS, Theme, mono_font, ui_font
from voxpool.frames.record import FrameRecord

ROW: Final = 20
_WIDTHS: Final = {TIME: 72, DELTA: 70, WAY: 22, CONNECTION: 42, CONTEXT: 78, KIND: 66}
_RIGHT: Final = frozenset({TIME, DELTA, CONNECTION})


class _Rows(QStyledItemDelegate):
    """Paints a cell: numbers in the fixed-width face, the kind in its colour."""

    def __init__(self, items: FrameItems, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._items = items
        self._theme = theme
        self._mono = mono_font(SMALL_PIXELS)
        self._plain = ui_font(SMALL_PIXELS)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row, column = index.row(), index.column()
        record = self._items.record(row)
        if record is None:
            return
        tokens = self._theme.tokens
        rect: QRect = option.rect
        painter.setFont(self._plain if column in (KIND, SUMMARY) else self._mono)
        painter.setPen(tokens.color(self._token(record, column)))
        side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
        inner = rect.adjusted(6, 0, -6, 0)
        text = self._items.text(record, row, column)
        if column in (SUMMARY, CONTEXT):
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _token(self, record: FrameRecord, column: int) -> str:
        if column == KIND:
            return words.tone(record)
        if column == WAY:
            return "accent" if record.inbound else "draining"
        if column == SUMMARY:
            return "failed" if words.tone(record) == "failed" else "text"
        return "muted"


class FrameTable(QTableView):
    """Lists frames; follows the newest until the user looks at another place.

    Args:
        items: What is listed.
        theme: Colours.

    Signals:
        chosen(list): Frames are selected, oldest first.
        followed(bool): Whether it goes with the newest frame changed.
    """

    chosen = Signal(list)
    followed = Signal(bool)

    def __init__(self, items: FrameItems, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items = items
        self._following = True
        self._below = 0
        self._moving = False
        self._serials: tuple[int, ...] = ()
        self.setObjectName("frames")
        self.setAccessibleName("Frames, oldest first")
        self.setModel(items)
        self.setItemDelegate(_Rows(items, theme, self))
        self._configure()
        self.pill = QPushButton(self)
        self.pill.setObjectName("frames_below")
        self.pill.setProperty("role", "primary")
        self.pill.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pill.clicked.connect(lambda: self.follow(True))
        self.pill.hide()
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        theme.changed.connect(self.viewport().update)

    def _configure(self) -> None:
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        # By row, so that the place in a list whose top goes away can be kept exactly.
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        rows = self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(ROW)
        rows.setDefaultSectionSize(ROW)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(20)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in _WIDTHS.items():
            head.resizeSection(column, width)
        # Never wider than the list: what has no room is written in full beside it.
        head.setSectionResizeMode(SUMMARY, QHeaderView.ResizeMode.Stretch)

    # --- following -----------------------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        """Whether the newest frame stays in view."""
        return self._following

    @property
    def below(self) -> int:
        """Frames that came since it stopped following."""
        return self._below

    def follow(self, on: bool) -> None:
        """Go to the newest frame and stay there, or stay here."""
        if on:
            self._below = 0
            self._to_end()
        if on != self._following:
            self._following = on
            self.followed.emit(on)
        self._show_pill()

    def refresh(self) -> Change:
        """Show what came: once for all of it.  The place that is read does not move."""
        bar = self.verticalScrollBar()
        place = bar.value()
        self._moving = True
        change = self._items.advance()
        if change.reset:
            self._select_again()
            self._below = 0
            self._moving = False
            self.follow(True)
            return change
        if change and not self._following:
            bar.setValue(place - change.removed)
            self._below += change.appended
            self._show_pill()
        self._moving = False
        if change and self._following:
            self._to_end()
        return change

    def _to_end(self) -> None:
        self._moving = True
        # Rows that were just added count for the bar only after this.
        self.updateGeometries()
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self._moving = False

    def _scrolled(self, value: int) -> None:
        if not self._moving:
            self.follow(value >= self.verticalScrollBar().maximum())

    def _show_pill(self) -> None:
        shown = not self._following and self._below > 0
        if shown:
            self.pill.setText(f"↓ {words.below(self._below)}")
            self._place_pill()
        if shown is self.pill.isHidden():
            self.pill.setVisible(shown)

    def _place_pill(self) -> None:
        self.pill.adjustSize()
        area = self.viewport().geometry()
        self.pill.move(area.center().x() - self.pill.width() // 2, area.bottom() - self.pill.height() - 6)

    # --- choosing ------------------------------------------------------------------------------------------

    @property
    def records(self) -> list[FrameRecord]:
        """The selected frames, oldest first."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        found = [self._items.record(row) for row in rows]
        return [record for record in found if record is not None]

    def choose(self, serial: int) -> bool:
        """Select a frame and bring it into view; False when it is not listed."""
        row = self._items.row_of(serial)
        if row < 0:
            return False
        self.selectRow(row)
        self.scrollTo(self._items.index(row, 0), QAbstractItemView.ScrollHint.PositionAtCenter)
        return True

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Tell what is selected; whoever looks at an older frame does not want to be taken away from it."""
        super().selectionChanged(selected, deselected)
        records = self.records
        serials = tuple(record.serial for record in records)
        if self._moving or serials == self._serials:
            return
        self._serials = serials
        if records and self.currentIndex().row() < self._items.rowCount() - 1:
            self.follow(False)
        self.chosen.emit(records)

    def _select_again(self) -> None:
        """Find what was selected in other rows."""
        rows = [self._items.row_of(serial) for serial in self._serials]
        if len(rows) == 1 and rows[0] >= 0:
            self.selectRow(rows[0])
        kept = tuple(record.serial for record in self.records)
        if kept != self._serials:
            self._serials = kept
            self.chosen.emit(self.records)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """End goes to the newest frame and follows it."""
        super().keyPressEvent(event)
        if event.key() == Qt.Key.Key_End:
            self.follow(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the end in view, and the pill in its place."""
        super().resizeEvent(event)
        self._place_pill()
        if self._following:
            self._to_end()
