"""The corner of the menu bar: layouts and commands, where there would be nothing else."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QToolBar, QToolButton, QWidget

HEIGHT: Final = 22


class Corner(QWidget):
    """A row of small buttons.

    Args:
        layouts: Actions of which one holds at a time, or none.
        commands: Opens the command palette.
    """

    def __init__(self, layouts: list[QAction], commands: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QActionGroup(self)
        self._group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 8, 1)
        row.setSpacing(2)
        for action in layouts:
            self._group.addAction(action)
            row.addWidget(self._button(action))
        row.addSpacing(8)
        button = self._button(commands)
        button.setText("Commands  Ctrl+K")
        row.addWidget(button)

    def place(self, window: QMainWindow) -> None:
        """Put it into the corner of the menu bar, or into a bar of its own where the system draws the menu."""
        menus = window.menuBar()
        if not menus.isNativeMenuBar():
            menus.setCornerWidget(self)
            return
        bar = QToolBar("Layouts", window)
        bar.setObjectName("corner_bar")
        bar.addWidget(self)
        window.addToolBar(bar)

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("role", "corner")
        button.setDefaultAction(action)
        button.setFixedHeight(HEIGHT)
        return button
