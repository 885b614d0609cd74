"""Every action with its key, on one page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from voxgrid.theme import mono_font
from voxgrid.views.palette import describe

GRID_KEYS = (
    ("Grid: move", "Arrow keys"),
    ("Grid: open in the inspector", "Enter"),
    ("Grid: listen", "Space, double click"),
    ("Grid: interrupt", "Delete"),
    ("Grid: choose several", "Shift+arrow keys"),
    ("Errors: go to the cell", "Enter"),
    ("Faults: remove the chosen one", "Delete"),
    ("Queue: inspect, interrupt", "Enter, Delete"),
)


class KeysDialog(QDialog):
    """A table of actions and keys.

    Args:
        actions: What the menus hold.
    """

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = [*((describe(action), _keys(action)) for action in actions if _keys(action)), *GRID_KEYS]
        self.table = QTableWidget(len(rows), 2, self)
        self.table.setAccessibleName("Actions and their keys")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().hide()
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        for row, (what, keys) in enumerate(rows):
            self.table.setItem(row, 0, QTableWidgetItem(what))
            item = QTableWidgetItem(keys)
            item.setFont(mono_font(11))
            self.table.setItem(row, 1, item)
        column = QVBoxLayout(self)
        column.addWidget(self.table)
        self.resize(460, 560)


def _keys(action: QAction) -> str:
    written = action.text().partition("\t")[2]
    return written or action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
