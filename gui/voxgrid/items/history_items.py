"""The finished utterances as a Qt list; texts are made when somebody looks."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from voxgrid.models import history
from voxgrid.speech.record import UtteranceRecord

Index: TypeAlias = QModelIndex | QPersistentModelIndex

RECORD_ROLE: Final = Qt.ItemDataRole.UserRole
"""Role of the record itself."""


class HistoryItems(QAbstractListModel):
    """Records, newest first.

    Args:
        parent: Qt parent.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records: list[UtteranceRecord] = []

    def show(self, records: list[UtteranceRecord]) -> None:
        """Show these records."""
        self.beginResetModel()
        self._records = records
        self.endResetModel()

    def record(self, row: int) -> UtteranceRecord | None:
        """Return the record of a row, or None when there is no such row."""
        return self._records[row] if 0 <= row < len(self._records) else None

    def row_of(self, record: UtteranceRecord | None) -> int:
        """Return the row of a record, or -1."""
        return next((row for row, each in enumerate(self._records) if each is record), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        """Return how many records there are."""
        return 0 if parent.isValid() else len(self._records)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a view or a screen reader asks for."""
        record = self.record(index.row())
        if record is None:
            return None
        if role == RECORD_ROLE:
            return record
        if role == Qt.ItemDataRole.DisplayRole:
            return history.title(record)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return history.explain(record)
        return None
