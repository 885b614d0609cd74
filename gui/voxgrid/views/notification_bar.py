"""Notifications above the grid: one sentence, what to try, details one click away."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from voxgrid.notifications import Notification, Notifications, Severity

READ_MS: Final = 8000
"""How long news that asks for nothing stays."""


class NotificationBar(QFrame):
    """Shows the newest notification; hidden when there is none.

    Args:
        notifications: What to show.
    """

    def __init__(self, notifications: Notifications, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notifications = notifications
        self._shown: Notification | None = None
        self.setAccessibleName("Notification")
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._hint = QLabel(self)
        self._hint.setProperty("role", "small")
        self._hint.setWordWrap(True)
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        self._details = QPlainTextEdit(self)
        self._details.setReadOnly(True)
        self._details.setProperty("role", "details")
        self._details.setAccessibleName("Details")
        self._details.setMaximumHeight(160)
        self._more = QPushButton(self)
        self._more.setProperty("role", "link")
        self._more.setAccessibleName("Show or hide the details")
        self._more.clicked.connect(self._toggle)
        self._act = QPushButton(self)
        self._act.setAccessibleName("Act on the notification")
        self._act.clicked.connect(self._run)
        self._dismiss = QPushButton("Dismiss", self)
        self._dismiss.setProperty("role", "link")
        self._dismiss.clicked.connect(self.dismiss)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.setInterval(READ_MS)
        self._fade.timeout.connect(self._dismiss_information)
        self._arrange()
        notifications.changed.connect(self.refresh)
        self.refresh()

    def _arrange(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(self._text)
        texts.addWidget(self._hint)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addLayout(texts, 1)
        for button in (self._act, self._more, self._dismiss):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 8, 6)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self._details)

    def refresh(self) -> None:
        """Show the newest notification, or nothing."""
        item = self._notifications.newest
        if item is None:
            self._shown = None
            self._fade.stop()
            self.hide()
            return
        if self._shown is None or item.key != self._shown.key:
            self._details.hide()
        self._shown = item
        more = len(self._notifications.items) - 1
        again = f"  (×{item.count})" if item.count > 1 else ""
        self._text.setText(f"{item.text}{again}")
        self._hint.setText(" · ".join(part for part in (item.hint, f"{more} more" if more else "") if part))
        self._hint.setVisible(bool(self._hint.text()))
        self._details.setPlainText(item.details)
        self._act.setVisible(item.action is not None)
        self._act.setText(item.action.label if item.action else "")
        self._label_more()
        self.setAccessibleDescription(f"{item.text} {item.hint}")
        self._restyle(item)
        self._fade.stop()
        if item.severity is Severity.INFO:
            self._fade.start()
        self.show()

    def dismiss(self) -> None:
        """Take the one on show away."""
        if self._shown is not None:
            self._notifications.dismiss(self._shown.key)

    def _dismiss_information(self) -> None:
        """Good news goes away by itself, unless somebody is reading it."""
        if self.underMouse() or self._details.isVisibleTo(self):
            self._fade.start()
        elif self._shown is not None and self._shown.severity is Severity.INFO:
            self.dismiss()

    def _restyle(self, item: Notification) -> None:
        role = {"error": "error", "warning": "warning"}.get(item.severity.value, "notice")
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)

    def _label_more(self) -> None:
        self._more.setVisible(bool(self._shown and self._shown.details))
        self._more.setText("Hide details" if self._details.isVisibleTo(self) else "Details")

    def _toggle(self) -> None:
        self._details.setVisible(not self._details.isVisibleTo(self))
        self._label_more()

    def _run(self) -> None:
        item = self._shown
        if item is not None and item.action is not None:
            self.dismiss()
            item.action.run()
