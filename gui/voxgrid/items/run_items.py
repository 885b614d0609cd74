"""The kept runs as a Qt list; texts are made when somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from voxgrid.models import runs
from voxpool.stress.store import KeptRun

Index: TypeAlias = QModelIndex | QPersistentModelIndex

RUN_ROLE: Final = Qt.ItemDataRole.UserRole
"""Role of the run itself."""


class RunItems(QAbstractListModel):
    """Runs, newest first.

    Args:
        parent: Qt parent.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs: list[KeptRun] = []

    def show(self, found: Sequence[KeptRun]) -> None:
        """Show these runs."""
        self.beginResetModel()
        self._runs = list(found)
        self.endResetModel()

    def run(self, row: int) -> KeptRun | None:
        """Return the run of a row, or None when there is no such row."""
        return self._runs[row] if 0 <= row < len(self._runs) else None

    def row_of(self, run_id: str) -> int:
        """Return the row of a run, or -1."""
        return next((row for row, each in enumerate(self._runs) if each.run_id == run_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        """Return how many runs there are."""
        return 0 if parent.isValid() else len(self._runs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a view or a screen reader asks for."""
        run = self.run(index.row())
        if run is None:
            return None
        if role == RUN_ROLE:
            return run
        if role == Qt.ItemDataRole.DisplayRole:
            return run.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return runs.explain(run)
        return None
