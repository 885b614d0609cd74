"""Small helpers for building the speech views."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QToolButton, QWidget


def label(text: str, role: str, name: str = "") -> QLabel:
    """Return a label that the style sheet knows by its role."""
    made = QLabel(text)
    made.setProperty("role", role)
    if name:
        made.setObjectName(name)
    return made


def sentence(name: str, role: str = "error") -> QLabel:
    """Return a label for a sentence that is hidden while it is empty."""
    made = label("", role, name)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.hide()
    return made


def say(made: QLabel, text: str, role: str = "") -> None:
    """Show a sentence, or hide the label when there is none."""
    if role and made.property("role") != role:
        restyle(made, "role", role)
    made.setText(text)
    made.setVisible(bool(text))


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property that the style sheet looks at."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def tool_button(text: str, name: str, spoken: str = "", role: str = "") -> QToolButton:
    """Return a small button."""
    made = QToolButton()
    made.setText(text)
    made.setObjectName(name)
    made.setAccessibleName(spoken or text)
    if role:
        made.setProperty("role", role)
    return made


def hairline() -> QFrame:
    """Return a thin line between groups."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Plain)
    line.setFixedHeight(1)
    line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return line
