"""Names and values, one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from voxgrid.models.conversation import Echo, SettingRow
from voxgrid.theme import mono_font
from voxgrid.views.widgets import label, restyle

_SIGNS: Final = {Echo.DIFFERENT: "≠ ", Echo.ADDED: "+ "}


class FactGrid(QWidget):
    """Shows facts; its labels are kept, so that a value that changes moves nothing.

    Args:
        name: Name for a screen reader.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, QLabel]] = []

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What is on show."""
        return [(name.text(), value.text()) for name, value in self._rows if not name.isHidden()]

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show names and values."""
        self._fit(len(facts))
        for (name, value), (said, worth) in zip(self._rows, facts, strict=False):
            self._put(name, value, said, worth, "value", f"{said}: {worth}")

    def show_settings(self, rows: Sequence[SettingRow]) -> None:
        """Show settings; what did not come back as it was sent is marked by a sign and a colour."""
        self._fit(len(rows))
        for (name, value), row in zip(self._rows, rows, strict=False):
            missing = " · not echoed" if row.echo is Echo.MISSING else ""
            role = "warning" if row.echo is Echo.DIFFERENT else "value"
            self._put(name, value, row.name, f"{_SIGNS.get(row.echo, '')}{row.value}{missing}", role, row.sentence)

    def _put(self, name: QLabel, value: QLabel, said: str, worth: str, role: str, sentence: str) -> None:
        if name.text() != said:
            name.setText(said)
        if value.text() != worth:
            value.setText(worth)
        if value.accessibleName() != sentence:
            value.setAccessibleName(sentence)
        restyle(value, "role", role)

    def _fit(self, number: int) -> None:
        while len(self._rows) < number:
            name, value = label("", "small"), label("", "value")
            for made in (name, value):
                made.setTextFormat(Qt.TextFormat.PlainText)
            value.setWordWrap(True)
            value.setFont(mono_font(11))
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(name, len(self._rows), 0)
            self._grid.addWidget(value, len(self._rows), 1)
            self._rows.append((name, value))
        for place, row in enumerate(self._rows):
            for made in row:
                if made.isHidden() is (place < number):
                    made.setVisible(place < number)
