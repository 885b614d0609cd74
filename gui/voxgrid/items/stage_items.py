"""The stages of one life as a Qt table: name, bar, time."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from voxgrid.models.stages import StageRow
from voxgrid.models.wording import millis

Index = QModelIndex | QPersistentModelIndex
_NOWHERE: Final = QModelIndex()
NAME, BAR, TIME = range(3)
_HEADS: Final = ("stage", "when", "time")


class StageItems(QAbstractTableModel):
    """One line per stage."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[StageRow, ...] = ()
        self._total_s = 0.0

    @property
    def total_s(self) -> float:
        """Length of the whole life in seconds, never 0."""
        return self._total_s or max((row.end_s for row in self._rows), default=0.0) or 1e-3

    def show(self, rows: tuple[StageRow, ...], total_s: float = 0.0) -> None:
        """Show other stages; only what differs is announced.

        Args:
            rows: Lines.
            total_s: Length of the life they are part of, in seconds; 0 for as long as these lines take.
        """
        rescaled, self._total_s = total_s != self._total_s, total_s
        if len(rows) != len(self._rows):
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows and (rows != self._rows or rescaled):
            self._rows = rows
            self.dataChanged.emit(self.index(0, BAR), self.index(len(rows) - 1, TIME))

    def stage(self, index: Index) -> StageRow:
        """Return the stage behind an index."""
        return self._rows[index.row()]

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of stages."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return three."""
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the name of a column."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the texts of a stage."""
        if not index.isValid():
            return None
        stage = self.stage(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return {NAME: stage.name, BAR: "", TIME: self._time(stage)}[index.column()]
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            until = "until now" if stage.running else f"to {millis(stage.end_s * 1000)}"
            note = f" ({stage.note})" if stage.note else ""
            return f"{stage.name}: {millis(stage.duration_ms)}, from {millis(stage.start_s * 1000)} {until}{note}"
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == TIME:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _time(self, stage: StageRow) -> str:
        if stage.note and stage.note != "cut short":
            return stage.note if stage.duration_ms < 1 else f"{stage.note} {millis(stage.duration_ms)}"
        return millis(stage.duration_ms) + ("…" if stage.running else "")
