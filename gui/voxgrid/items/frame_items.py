"""The listed frames as a Qt table: nothing is kept here, rows are asked for as they are painted."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from voxgrid.models import frame_words as words
from voxgrid.models.frame_list import Change, FrameList
from voxpool.frames.record import FrameRecord

Index = QModelIndex | QPersistentModelIndex
_NOWHERE: Final = QModelIndex()
TIME, DELTA, WAY, CONNECTION, CONTEXT, KIND, SUMMARY = range(7)
_HEADS: Final = ("time", "delta", "", "conn", "context", "kind", "summary")
_HEAD_TIPS: Final = (
    "Seconds since the first frame",
    "Time since the row above",
    "↓ from the service, ↑ to it",
    "Serial number of the connection",
    "Context, and the number of its utterance",
    "What the frame says; type: in the filter",
    "Its content; audio is folded",
)


class FrameItems(QAbstractTableModel):
    """Adapts a ``FrameList``.

    Args:
        frames: What is listed.
    """

    def __init__(self, frames: FrameList, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._frames = frames
        self._shown = 0

    def advance(self) -> Change:
        """Look on, and announce what changed at once for all rows."""
        # Qt asks for the number of rows while it is told of the change: that number changes in between, never before.
        change = self._frames.advance()
        rows = len(self._frames.rows)
        if change.reset:
            self.beginResetModel()
            self._shown = rows
            self.endResetModel()
            return change
        if change.removed:
            self.beginRemoveRows(QModelIndex(), 0, change.removed - 1)
            self._shown -= change.removed
            self.endRemoveRows()
        if change.appended:
            self.beginInsertRows(QModelIndex(), self._shown, rows - 1)
            self._shown = rows
            self.endInsertRows()
        return change

    def record(self, row: int) -> FrameRecord | None:
        """Return the frame of a row, or None."""
        return self._frames.rows[row] if 0 <= row < self._shown else None

    def row_of(self, serial: int) -> int:
        """Return the row of a frame, or -1."""
        low, high = 0, self._shown
        while low < high:
            middle = (low + high) // 2
            if self._frames.rows[middle].serial < serial:
                low = middle + 1
            else:
                high = middle
        return low if low < self._shown and self._frames.rows[low].serial == serial else -1

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many frames are listed."""
        return 0 if parent.isValid() else self._shown

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return seven."""
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's name, and what it means."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[section]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return _HEAD_TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in (TIME, DELTA, CONNECTION) else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, or the row as a sentence."""
        record = self.record(index.row()) if index.isValid() else None
        if record is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(record, index.row(), index.column())
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return words.sentence(
                record, self._frames.store.began_at, self._frames.store.utterance_of(record.context_id)
            )
        return None

    def text(self, record: FrameRecord, row: int, column: int) -> str:
        """Return what stands in a column."""
        if column == TIME:
            return words.moment(record, self._frames.store.began_at)
        if column == DELTA:
            return words.delta(record, self.record(row - 1))
        if column == WAY:
            return words.ARROWS[record.direction]
        if column == CONNECTION:
            return str(record.connection_id)
        if column == CONTEXT:
            return words.context_words(record, self._frames.store.utterance_of(record.context_id))
        return str(record.kind) if column == KIND else record.summary
