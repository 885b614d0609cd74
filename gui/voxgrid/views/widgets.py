"""Small helpers for building the speech views."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLabel, QLineEdit, QToolButton, QWidget


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


def give_room(spin: QAbstractSpinBox) -> None:
    """Move a spin box's text away from its frame: a style sheet's padding does not reach it."""
    line = spin.findChild(QLineEdit)
    if line is not None:
        line.setTextMargins(6, 0, 4, 0)


class Picker(QComboBox):
    """A list to choose from that may be narrow, and paints its own arrow (a style sheet takes Qt's away).

    Args:
        name: Object name.
        spoken: Name for a screen reader.
        parent: Qt parent.
    """

    def __init__(self, name: str, spoken: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setMinimumWidth(40)

    def showPopup(self) -> None:
        """Open as wide as the longest choice: the picker itself may have no room for it."""
        view = self.view()
        wanted = view.sizeHintForColumn(0) + view.verticalScrollBar().sizeHint().width() + 8
        view.setMinimumWidth(min(wanted, self.screen().availableGeometry().width() // 2))
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Add the arrow."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole.PlaceholderText
        painter.setPen(QPen(self.palette().color(role), 1.4))
        x, y = self.width() - 13.0, self.height() / 2
        painter.drawPolyline(QPolygonF([QPointF(x - 3.5, y - 1.5), QPointF(x, y + 2), QPointF(x + 3.5, y - 1.5)]))
