"""Everything that was told in this session, with a report of each that is safe to post."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from voxgrid.notifications import Notification, Notifications, report


class NotificationsDialog(QDialog):
    """A list of notifications, the newest first, and the chosen one in full.

    Args:
        notifications: What was told.
    """

    def __init__(self, notifications: Notifications, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Notifications")
        self._told: list[Notification] = []
        self._notifications = notifications
        self.list = QListWidget(self)
        self.list.setAccessibleName("Notifications of this session, the newest first")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.details = QPlainTextEdit(self)
        self.details.setReadOnly(True)
        self.details.setProperty("role", "details")
        self.details.setAccessibleName("The chosen notification in full")
        self.copy = QPushButton("Copy report", self)
        self.copy.setToolTip("Copy the chosen one with its details; the report holds no keys")
        self.clear = QPushButton("Clear", self)
        self.clear.clicked.connect(notifications.forget_history)
        close = QPushButton("Close", self)
        close.clicked.connect(self.close)
        self.copy.clicked.connect(self.copy_report)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self.details)
        split.setSizes([260, 160])
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addWidget(self.clear)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.addWidget(split, 1)
        column.addLayout(buttons)
        self.list.currentRowChanged.connect(self._show_chosen)
        notifications.changed.connect(self.refresh)
        self.resize(640, 480)
        self.refresh()

    def refresh(self) -> None:
        """Show what was told until now."""
        chosen = self.list.currentRow()
        self._told = list(reversed(self._notifications.history))
        self.list.clear()
        for each in self._told:
            time_of_day = datetime.fromtimestamp(each.at).astimezone().strftime("%H:%M:%S")
            again = f" (×{each.count})" if each.count > 1 else ""
            item = QListWidgetItem(f"{time_of_day}  {each.text}{again}")
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole, f"{each.severity.value} at {time_of_day}: {each.text} {each.hint}"
            )
            self.list.addItem(item)
        self.list.setCurrentRow(min(max(0, chosen), len(self._told) - 1))
        self._show_chosen(self.list.currentRow())

    def copy_report(self) -> None:
        """Put the report of the chosen one on the clipboard."""
        row = self.list.currentRow()
        if 0 <= row < len(self._told):
            QGuiApplication.clipboard().setText(report(self._told[row]))

    def _show_chosen(self, row: int) -> None:
        some = 0 <= row < len(self._told)
        self.copy.setEnabled(some)
        self.clear.setEnabled(some)
        self.details.setPlainText(report(self._told[row]) if some else "Nothing was told yet.")
