"""Groups of failures, single failures and connections as Qt lists: every line can be read aloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index: TypeAlias = QModelIndex | QPersistentModelIndex
T = TypeVar("T")

ITEM_ROLE: Final = Qt.ItemDataRole.UserRole
"""Role of the thing itself."""


class LineItems(QAbstractListModel, Generic[T]):
    """Things that are shown a line each.

    Args:
        line: Returns a thing's line.
        sentence: Returns everything about it, for a screen reader.
        key: Returns what stays the same of a thing, so that a selection stays on it.
        parent: Qt parent.
    """

    def __init__(
        self,
        line: Callable[[T], str],
        sentence: Callable[[T], str],
        key: Callable[[T], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._line = line
        self._sentence = sentence
        self.key = key
        self._things: list[T] = []

    @property
    def things(self) -> Sequence[T]:
        """What is shown."""
        return self._things

    def show(self, things: Sequence[T]) -> bool:
        """Show these things; return whether they are other ones, so that the view has to find its place again."""
        before, self._things = self._things, list(things)
        if [self.key(each) for each in before] == [self.key(each) for each in self._things]:
            if self._things:
                self.dataChanged.emit(self.index(0), self.index(len(self._things) - 1))
            return False
        self.beginResetModel()
        self.endResetModel()
        return True

    def thing(self, row: int) -> T | None:
        """Return what stands in a row, or None."""
        return self._things[row] if 0 <= row < len(self._things) else None

    def row_of(self, key: object) -> int:
        """Return the row of the thing with a key, or -1."""
        return next((row for row, each in enumerate(self._things) if self.key(each) == key), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        """Return how many there are."""
        return 0 if parent.isValid() else len(self._things)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a view or a screen reader asks for."""
        thing = self.thing(index.row())
        if thing is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._line(thing)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self._sentence(thing)
        return thing if role == ITEM_ROLE else None
