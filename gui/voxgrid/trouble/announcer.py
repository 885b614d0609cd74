"""Tells a screen reader of new errors: politely, and not more often than somebody can listen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from voxgrid.models.failure_words import announcement
from voxgrid.models.failures import Failure

PAUSE_MS: Final = 5000
"""Time between two announcements; what comes in between is said together."""


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say something when it has time; nothing happens where none listens."""
    event = QAccessibleAnnouncementEvent(widget, text)
    event.setPoliteness(QAccessible.AnnouncementPoliteness.Polite)
    QAccessible.updateAccessibility(event)


class Announcer:
    """Announces failures.

    Args:
        widget: In whose name.
        say: Says it.
    """

    def __init__(self, widget: QWidget, say: Callable[[QWidget, str], None] = announce) -> None:
        self._widget = widget
        self._say = say
        self._waiting: list[Failure] = []
        self._pause = QTimer(widget)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._speak)

    def tell(self, fresh: Sequence[Failure]) -> None:
        """Announce these, now or when the pause is over."""
        if not fresh:
            return
        self._waiting += fresh
        if not self._pause.isActive():
            self._speak()

    def stop(self) -> None:
        """Say nothing more."""
        self._waiting.clear()
        self._pause.stop()

    def _speak(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._say(self._widget, announcement(waiting))
            self._pause.start()
