"""The grid as a Qt table: every cell and row head can be read aloud; painting reads the model behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from voxgrid.models.cell import CellState, Look
from voxgrid.models.grid import GridModel, Place
from voxgrid.models.sentences import cell_sentence, cell_tip, row_sentence

Index = QModelIndex | QPersistentModelIndex
_NOWHERE: Final = QModelIndex()
_FLAGS: Final = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren


class GridItems(QAbstractTableModel):
    """Adapts a ``GridModel``.

    Args:
        model: What is shown.
        clock: Monotonic time in seconds, for ages in sentences.
    """

    def __init__(
        self, model: GridModel, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._clock = clock
        self._looks: dict[Place, Look] = {}
        self._shape = (len(model.rows), model.columns)

    @property
    def model(self) -> GridModel:
        """What is shown."""
        return self._model

    def replace(self, model: GridModel) -> None:
        """Show another pool's grid."""
        self.beginResetModel()
        self._model = model
        self._looks.clear()
        self._shape = (len(model.rows), model.columns)
        self.endResetModel()

    def refresh(self, cells: set[Place]) -> None:
        """Tell Qt about cells whose state changed, so that a screen reader may say it.

        A waveform that grew is not worth a signal: the view repaints its rectangle and nothing else happens.
        """
        if self._model.reshaped:
            self._model.reshaped = False
            self.beginResetModel()
            self._shape = (len(self._model.rows), self._model.columns)
            self.endResetModel()
        for row, column in cells:
            look = self._model.cell(row, column).look
            if self._looks.get((row, column)) is not look:
                self._looks[row, column] = look
                index = self.createIndex(row, column)
                self.dataChanged.emit(index, index)

    def cell(self, index: Index) -> CellState:
        """Return the cell behind an index."""
        return self._model.cell(index.row(), index.column())

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of connections."""
        return 0 if parent.isValid() else self._shape[0]

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of slots on each connection."""
        return 0 if parent.isValid() else self._shape[1]

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every cell can be selected."""
        return _FLAGS

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the texts of a cell: its snippet, its sentence, its tool tip."""
        if not index.isValid():
            return None
        cell = self.cell(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.snippet
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return cell_sentence(cell, self._clock())
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell_tip(cell, self._clock())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the texts of a row head, or the name of a column."""
        if orientation is Qt.Orientation.Horizontal:
            return f"Slot {section + 1}" if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return str(section + 1)
        if role in (
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.AccessibleDescriptionRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return row_sentence(self._model.rows[section], self._clock())
        return None
