"""Every action of the window with its key and its place in the menu, as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


@dataclass(frozen=True, slots=True)
class Entry:
    """One action.

    Attributes:
        name: How code calls it.
        text: What the menu says, with its mnemonic.
        keys: Its shortcut, or "".
        act: What it does.
        shown_key: A key that another widget handles, for the menu to show.
        checkable: Whether it has a check mark.
        tip: A sentence for the status tip.
    """

    name: str
    text: str
    keys: str
    act: Callable[[], None]
    shown_key: str = ""
    checkable: bool = False
    tip: str = ""


def make_action(window: QMainWindow, entry: Entry) -> QAction:
    """Make the action of an entry; its key works wherever the keyboard is in the window."""
    text = f"{entry.text}\t{entry.shown_key}" if entry.shown_key else entry.text
    action = QAction(text, window)
    action.setObjectName(entry.name)
    action.setCheckable(entry.checkable)
    action.setAutoRepeat(False)
    if entry.keys:
        action.setShortcut(QKeySequence(entry.keys))
    if entry.tip:
        action.setStatusTip(entry.tip)
        action.setToolTip(entry.tip)
    action.triggered.connect(lambda _checked=False: entry.act())
    window.addAction(action)
    return action


def add_menu(window: QMainWindow, title: str, entries: list[Entry | QAction | None]) -> QMenu:
    """Add a menu to the menu bar, or more entries to the one with that title, behind a line.

    Args:
        window: Where.
        title: With its mnemonic.
        entries: Actions in order; None is a line between groups.
    """
    there = {action.text(): action.menu() for action in window.menuBar().actions()}
    menu = there.get(title)
    if isinstance(menu, QMenu):
        menu.addSeparator()
    else:
        menu = window.menuBar().addMenu(title)
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        action = entry if isinstance(entry, QAction) else make_action(window, entry)
        action.setProperty("menu", title.replace("&", ""))
        menu.addAction(action)
    return menu


def all_actions(window: QMainWindow) -> list[QAction]:
    """Return every action of the menus, in their order."""
    found: list[QAction] = []

    def collect(menu: QMenu) -> None:
        for action in menu.actions():
            below = action.menu()
            if isinstance(below, QMenu):
                collect(below)
            elif not action.isSeparator():
                found.append(action)

    for action in window.menuBar().actions():
        menu = action.menu()
        if isinstance(menu, QMenu):
            collect(menu)
    return found
