"""The command palette: every action of the window, found by typing a few letters of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from voxgrid.models.matching import rank

WIDTH: int = 520


class CommandPalette(QDialog):
    """A field and a list.

    Args:
        actions: What can be found; disabled and nameless ones are left out.
    """

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("palette")
        self.setAccessibleName("Commands")
        self._actions = [action for action in actions if plain(action) and action.isEnabled()]
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Type to find a command")
        self.field.setAccessibleName("Find a command")
        self.found = QListWidget(self)
        self.found.setAccessibleName("Commands found")
        self.found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.found.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.field)
        column.addWidget(self.found)
        self.field.textChanged.connect(self.search)
        self.field.installEventFilter(self)
        self.found.itemClicked.connect(self._run)
        self.resize(WIDTH, 380)
        self.search("")

    def search(self, text: str) -> None:
        """Show what fits, the best first."""
        self.found.clear()
        for place in rank(text, [describe(action) for action in self._actions]):
            action = self._actions[place]
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QListWidgetItem(f"{describe(action)}    {keys}".rstrip())
            item.setData(Qt.ItemDataRole.UserRole, place)
            self.found.addItem(item)
        self.found.setCurrentRow(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys and Enter of the field work on the list."""
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self.found.count():
                self.found.setCurrentRow((self.found.currentRow() + step) % self.found.count())
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.found.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        action = self._actions[item.data(Qt.ItemDataRole.UserRole)]
        self.close()
        action.trigger()


def plain(action: QAction) -> str:
    """Return an action's name without its mnemonic and its written key."""
    return action.text().split("\t")[0].replace("&", "").rstrip("…")


def describe(action: QAction) -> str:
    """Return an action's name with the menu it is in."""
    menu = action.property("menu")
    return f"{menu}: {plain(action)}" if menu else plain(action)
