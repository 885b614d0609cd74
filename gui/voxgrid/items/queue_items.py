"""The waiters as a Qt list."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from voxgrid.models.queue import Waiter
from voxgrid.models.wording import age_words, millis

Index = QModelIndex | QPersistentModelIndex
_NOWHERE: Final = QModelIndex()
SHOWN: Final = 200
"""Waiters in the list; the rest is a number."""


class QueueItems(QAbstractListModel):
    """The first waiters, in the order they will be served.

    Args:
        clock: Monotonic time in seconds, for ages.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._waiters: tuple[Waiter, ...] = ()

    def show(self, waiters: tuple[Waiter, ...]) -> None:
        """Show these waiters; the selection stays with its place unless their number changes."""
        waiters = waiters[:SHOWN]
        before, after = len(self._waiters), len(waiters)
        if after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
            self._waiters = waiters
            self.endRemoveRows()
        elif after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
            self._waiters = waiters
            self.endInsertRows()
        else:
            self._waiters = waiters
        if after:
            self.dataChanged.emit(self.index(0), self.index(after - 1))

    def waiter(self, index: Index) -> Waiter | None:
        """Return the waiter behind an index, or None."""
        return self._waiters[index.row()] if index.isValid() and index.row() < len(self._waiters) else None

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many waiters are in the list."""
        return 0 if parent.isValid() else len(self._waiters)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a chip's text, and a sentence about it."""
        waiter = self.waiter(index)
        if waiter is None:
            return None
        waited = max(0.0, self._clock() - waiter.since)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{index.row() + 1}  #{waiter.utterance_id}  {millis(waited * 1000):>7}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return (
                f"Place {index.row() + 1}: utterance {waiter.utterance_id}, waiting {age_words(waited)}, {waiter.label}"
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            again = f"\nwaits for attempt {waiter.attempt}" if waiter.attempt > 1 else ""
            return f"Place {index.row() + 1} · #{waiter.utterance_id} {waiter.label}{again}\nDelete: cancel"
        return None
