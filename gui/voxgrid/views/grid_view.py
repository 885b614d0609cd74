"""The grid: twenty connections by five slots, all of them in view, repainting what changed and nothing else."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from PySide6.QtCore import QEvent, QItemSelection, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from voxgrid.items.grid_items import GridItems, Index
from voxgrid.models.cell import CellState
from voxgrid.models.grid import Place
from voxgrid.models.sentences import cell_age
from voxgrid.theme import Theme
from voxgrid.views.grid_delegate import GridDelegate
from voxgrid.views.grid_layout import ONE_LINE, TWO_LINES
from voxgrid.views.grid_rows import WIDTH, GridRows

MAX_ROW: Final = 54
MIN_COLUMN: Final = 84
_PAINTS_KEPT: Final = 600
_AGES_EVERY_S: Final = 0.25


class GridView(QTableView):
    """Shows the cells and says what the user wants done with them.

    Args:
        items: The cells.
        theme: Colours.

    Attributes:
        paint_ms: How long the last paints took, in milliseconds.

    Signals:
        cellChosen(int, int): The keyboard or the pointer went to another cell: row, column.
        inspectRequested(int): Enter or a double click: an utterance id.
        listenRequested(int): Space: an utterance id.
        interruptRequested(int): Delete: an utterance id.
        menuRequested(int, int, QPoint): The context menu of a cell: row, column, global position.
        rowMenuRequested(int, QPoint): The context menu of a row's head: row, global position.
    """

    cellChosen = Signal(int, int)
    inspectRequested = Signal(int)
    listenRequested = Signal(int)
    interruptRequested = Signal(int)
    menuRequested = Signal(int, int, QPoint)
    rowMenuRequested = Signal(int, QPoint)

    def __init__(self, items: GridItems, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items = items
        self._ages: dict[Place, str] = {}
        self._rows_age = 0
        self._aged_at = 0.0
        self.paint_ms: deque[float] = deque(maxlen=_PAINTS_KEPT)
        self.setObjectName("grid")
        self.setAccessibleName("Grid of connections and slots")
        self.setAccessibleDescription(
            "Arrow keys move, Enter opens a context in the inspector, Space listens to it, Delete interrupts it."
        )
        self._rows = GridRows(items, theme, self)
        self._delegate = GridDelegate(items, theme, self)
        self.setModel(items)
        self.setVerticalHeader(self._rows)
        self.setItemDelegate(self._delegate)
        self._configure()
        self._rows.menuRequested.connect(self.rowMenuRequested)
        theme.changed.connect(self.viewport().update)
        items.modelReset.connect(self._reshape)

    def _configure(self) -> None:
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setMinimumSectionSize(MIN_COLUMN)
        self.setCornerButtonEnabled(False)
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(WIDTH + 5 * MIN_COLUMN)
        self.setMinimumHeight(20 * ONE_LINE)

    # --- what is shown -----------------------------------------------------------------------------------

    def refresh(self, cells: set[Place], rows: set[int], now: float) -> None:
        """Repaint some cells and row heads, and those whose age reads differently now.

        Args:
            cells: Places that changed.
            rows: Rows that changed.
            now: Monotonic seconds, for ages.
        """
        self._delegate.now = self._rows.now = now
        self._items.refresh(cells)
        self._delegate.draw_waves(cells)
        if now - self._aged_at >= _AGES_EVERY_S or now < self._aged_at:
            self._aged_at = now
            cells = cells | self._aged(now)
            rows = rows | self._aged_rows(now)
        if cells:
            self.viewport().update(self._region(cells))
        for row in rows:
            self._rows.update_row(row)

    def cell_at(self, index: Index) -> CellState | None:
        """Return the cell behind an index, or None."""
        return self._items.cell(index) if index.isValid() else None

    def choose(self, row: int, column: int) -> None:
        """Move the keyboard to a cell."""
        self.setCurrentIndex(self._items.index(row, column))

    def _region(self, places: set[Place]) -> QRegion:
        region = QRegion()
        layout = self._delegate.layout
        xs = [self.columnViewportPosition(column) for column in range(self._items.columnCount())]
        ys = [self.rowViewportPosition(row) for row in range(self._items.rowCount())]
        for row, column in places:
            region += QRegion(xs[column], ys[row], layout.width, layout.height)
        return region

    def _aged(self, now: float) -> set[Place]:
        stale = set()
        for cell in self._items.model.cells():
            place = (cell.row, cell.column)
            shown = f"{cell_age(cell, now)}{int(now - cell.since) if cell.running else ''}"
            if self._ages.get(place) != shown:
                self._ages[place] = shown
                stale.add(place)
        return stale

    def _aged_rows(self, now: float) -> set[int]:
        if int(now) == self._rows_age:
            return set()
        self._rows_age = int(now)
        return {row.row for row in self._items.model.rows if row.state is not None}

    # --- size --------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room equally among the cells."""
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        rows, columns = max(1, self._items.rowCount()), max(1, self._items.columnCount())
        room = self.viewport().height()
        height = min(MAX_ROW, room // rows)
        if height < ONE_LINE:
            # More than fits in any way: then it may as well be legible.
            height = TWO_LINES
        width = max(MIN_COLUMN, self.viewport().width() // columns)
        fits = height * rows <= room
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if fits else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(policy)
        spare = room - height * rows if fits and height < MAX_ROW else 0
        for row in range(rows):
            # Pixels that cannot be shared equally go between the rows, evenly spread.
            self._rows.resizeSection(row, height + (row * spare % rows < spare))
        self.horizontalHeader().setDefaultSectionSize(width)
        self._delegate.resize(width, height, self.devicePixelRatioF())

    def _reshape(self) -> None:
        self._ages.clear()
        self._delegate.hovered = self._delegate.current = None
        self._delegate.selected = set()
        self._share_room()
        self._delegate.rebuild()
        self.viewport().update()

    def event(self, event: QEvent) -> bool:
        """Follow a move to a screen of another density."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._share_room()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells that are in the stale region, and note how long it took.

        The table view's own loop asks style, model and selection about each cell before it lets the delegate
        paint: 2 ms for a hundred (measured), for answers that are known here.
        """
        began = time.perf_counter()
        region, layout, model = event.region(), self._delegate.layout, self._items.model
        xs = [self.columnViewportPosition(column) for column in range(model.columns)]
        painter = QPainter(self.viewport())
        for row in range(len(model.rows)):
            y = self.rowViewportPosition(row)
            for column, x in enumerate(xs):
                if region.intersects(QRect(x, y, layout.width, layout.height)):
                    self._delegate.paint_cell(painter, x, y, model.cell(row, column))
        painter.end()
        self.paint_ms.append((time.perf_counter() - began) * 1000)

    # --- what the user does ------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter inspects, Space listens, Delete interrupts; everything else as in any table."""
        intent = {
            Qt.Key.Key_Return: self.inspectRequested,
            Qt.Key.Key_Enter: self.inspectRequested,
            Qt.Key.Key_Space: self.listenRequested,
            Qt.Key.Key_Delete: self.interruptRequested,
        }.get(Qt.Key(event.key()))
        if intent is None or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
            return
        for cell in self._acted_on():
            intent.emit(cell.utterance_id)
            if intent is self.inspectRequested:
                break

    def _acted_on(self) -> list[CellState]:
        """Return the selected cells that have an utterance, else the one the keyboard is at."""
        places = self._delegate.selected or ({self._delegate.current} if self._delegate.current else set())
        cells = [self._items.model.cell(*place) for place in sorted(places)]
        return [cell for cell in cells if cell.utterance_id]

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Listen to the cell."""
        cell = self.cell_at(self.indexAt(event.position().toPoint()))
        if cell is not None and cell.utterance_id:
            self.listenRequested.emit(cell.utterance_id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the cell under the pointer."""
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        self._hover((index.row(), index.column()) if index.isValid() else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Light up none."""
        super().leaveEvent(event)
        self._hover(None)

    def _hover(self, place: Place | None) -> None:
        before = self._delegate.hovered
        if place != before:
            self._delegate.hovered = place
            self._repaint({spot for spot in (before, place) if spot is not None})

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the cell under the pointer, or of the one the keyboard is at."""
        keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        if index.isValid():
            where = self.visualRect(index).center() if keyboard else event.pos()
            self.setCurrentIndex(index)
            self.menuRequested.emit(index.row(), index.column(), self.viewport().mapToGlobal(where))

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Follow the keyboard."""
        super().currentChanged(current, previous)
        place = (current.row(), current.column()) if current.isValid() else None
        before, self._delegate.current = self._delegate.current, place
        self._repaint({spot for spot in (before, place) if spot is not None})
        if place is not None:
            self.cellChosen.emit(*place)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Follow the selection."""
        super().selectionChanged(selected, deselected)
        before = self._delegate.selected
        self._delegate.selected = {(index.row(), index.column()) for index in self.selectedIndexes()}
        self._repaint(before ^ self._delegate.selected)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        if not self.currentIndex().isValid():
            self.choose(0, 0)
        self._focus(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it went elsewhere."""
        super().focusOutEvent(event)
        self._focus(False)

    def _focus(self, on: bool) -> None:
        self._delegate.focused = on
        if self._delegate.current is not None:
            self._repaint({self._delegate.current})

    def _repaint(self, places: set[Place]) -> None:
        if places:
            self.viewport().update(self._region(places))
