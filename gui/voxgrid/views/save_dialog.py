"""Asking where to save: without a nested event loop, which would stall every connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def suggested_name(label: str) -> str:
    """Return a file name made of the first words of a text."""
    words = re.findall(r"[\w']+", label.lower())[:6]
    return "-".join(words) or "utterance"


def ask_where_to_save(parent: QWidget, label: str, save: Callable[[Path], None]) -> QFileDialog:
    """Open a file dialog and return at once.

    Args:
        parent: The window.
        label: A text that the suggested name is made of.
        save: Called with the chosen file.
    """
    music = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
    dialog = QFileDialog(parent, "Save as WAV", str(Path(music) / f"{suggested_name(label)}.wav"), "WAV (*.wav)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("wav")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda path: save(Path(path)))
    dialog.open()
    return dialog
