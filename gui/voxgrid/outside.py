"""Files that another program shows."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from voxgrid.notifications import Notifications, Severity


def open_outside(path: Path, notifications: Notifications) -> None:
    """Have the system open a file or a folder; where nothing is there that does, say where it is."""
    if QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        notifications.resolve("outside")
    else:
        text = f"No program was found that opens {path}."
        notifications.post(text, hint="Look at it there yourself.", severity=Severity.WARNING, key="outside")
