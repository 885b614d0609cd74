"""A page of facts and sentences: a column that scrolls up and down alone."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget


class Page(QScrollArea):
    """Holds a column as wide as there is room.

    Args:
        name: Object name.
        spoken: Name for a screen reader.
        spacing: Between the parts of the column, in pixels.
        parent: Qt parent.

    Attributes:
        page: What scrolls.
        column: Its layout.
    """

    def __init__(self, name: str, spoken: str, spacing: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.page = QWidget(self)
        # A long word, such as an id, would else widen the page, and everything on it would be cut off at the right.
        self.page.setMinimumWidth(1)
        self.column = QVBoxLayout(self.page)
        self.column.setContentsMargins(12, 8, 12, 12)
        self.column.setSpacing(spacing)
        self.setWidget(self.page)


def page_in(view: QWidget, name: str, spacing: int) -> QVBoxLayout:
    """Let a page fill a view, and return its column; the keyboard goes past it to what is in it.

    Args:
        view: What it fills.
        name: Object name of what scrolls.
        spacing: Between the parts of the column, in pixels.
    """
    outer = QVBoxLayout(view)
    outer.setContentsMargins(0, 0, 0, 0)
    made = Page(f"{name}_scroll", view.accessibleName(), spacing)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.page.setObjectName(name)
    made.column.setContentsMargins(12, 2, 12, 8)
    outer.addWidget(made)
    return made.column


def plain(role: str = "", text: str = "") -> QLabel:
    """Return a label that shows any text as it is: what others wrote may look like markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    return made


def readable(role: str = "") -> QLabel:
    """Return a label for sentences, which can be marked and copied."""
    made = plain(role)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
