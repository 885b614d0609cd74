"""How many, of what, and the button that fires them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSpinBox, QWidget

from voxassets.texts import text_sets
from voxgrid.speech.burst import MOST, TYPED
from voxgrid.views.widgets import Picker, give_room


class FirePanel(QWidget):
    """One row: the button, a count, and the source of the texts.

    Args:
        count: Shown first.
        source: Shown first.
        parent: Qt parent.

    Signals:
        fired(int, str): Count and source.
        changed(int, str): The person chose another count or source.
    """

    fired = Signal(int, str)
    changed = Signal(int, str)

    def __init__(self, count: int, source: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fire_panel")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.button = QPushButton()
        self.button.setObjectName("fire")
        self.button.setAccessibleName("Fire concurrent utterances")
        self.button.setProperty("role", "compact")
        self.button.clicked.connect(self.fire)
        self.count = QSpinBox()
        self.count.setObjectName("fire_count")
        self.count.setAccessibleName("How many at once")
        self.count.setRange(1, MOST)
        self.count.setPrefix("× ")
        self.count.setFixedWidth(62)
        self.count.setValue(count)
        give_room(self.count)
        self.source = Picker("fire_source", "Texts to fire")
        self.source.addItem("Text above", TYPED)
        for each in text_sets():
            self.source.addItem(each.title, each.name)
        self.source.setCurrentIndex(max(0, self.source.findData(source)))
        self.count.valueChanged.connect(self._changed)
        self.source.currentIndexChanged.connect(self._changed)
        row.addWidget(self.button)
        row.addWidget(self.count)
        row.addWidget(self.source, 1)
        self._show_count()

    def fire(self) -> None:
        """Report what is chosen."""
        self.fired.emit(self.count.value(), str(self.source.currentData()))

    def _changed(self) -> None:
        self._show_count()
        self.changed.emit(self.count.value(), str(self.source.currentData()))

    def _show_count(self) -> None:
        self.button.setText("Fire")
        self.button.setToolTip(f"Speak {self.count.value()} utterances at once (Ctrl+Shift+Enter)")
