"""A table of texts that can be read, chosen and copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from voxgrid.models.runs import Table
from voxgrid.theme import SMALL_PIXELS, Theme, mono_font, ui_font


class TableView(QTableWidget):
    """Shows a table; Ctrl+C copies what is chosen.

    Args:
        table: What it shows.
        numbers: Columns of numbers: from the first to before the last of them.
        spoken: Name for a screen reader.
        theme: Colours.
        parent: Qt parent.
    """

    def __init__(self, table: Table, numbers: range, spoken: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(len(table.rows), len(table.heads), parent)
        self._table = table
        self._theme = theme
        self.setAccessibleName(spoken)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(21)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)
        header.setSectionResizeMode(table.wide, QHeaderView.ResizeMode.Stretch)
        self.setStyleSheet("QTableView::item { padding: 0 6px; }")
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        for column in range(len(table.heads)):
            align = (right if column in numbers else left) | Qt.AlignmentFlag.AlignVCenter
            head = QTableWidgetItem(table.heads[column])
            head.setTextAlignment(align)
            self.setHorizontalHeaderItem(column, head)
            for row, texts in enumerate(table.rows):
                item = QTableWidgetItem(texts[column])
                item.setTextAlignment(align)
                item.setFont(mono_font(SMALL_PIXELS) if column in numbers else ui_font(SMALL_PIXELS))
                self.setItem(row, column, item)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy on Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = sorted({index.row() for index in self.selectedIndexes()})
            chosen = [self._table.heads, *(self._table.rows[row] for row in rows)]
            QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in chosen))
            return
        super().keyPressEvent(event)

    def _apply_theme(self) -> None:
        last = len(self._table.heads) - 1
        for row, tone in enumerate(self._table.tones):
            item = self.item(row, last)
            if item is not None:
                item.setForeground(QColor(getattr(self._theme.tokens, tone or "text")))
