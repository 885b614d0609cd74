"""A form made from a table of fields: a label and a number with its unit, or a list to choose from, for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QGridLayout, QLabel, QSpinBox, QWidget

from voxgrid.models.lab.fields import Field
from voxgrid.views.widgets import Picker, give_room, label

LABEL_WIDTH: Final = 82
_LEFT_OUT: Final = "–"


class Whole(QSpinBox):
    """A whole number; the wheel passes it by, so that scrolling the form changes nothing."""

    def wheelEvent(self, event: Any) -> None:
        """Leave it to what scrolls."""
        event.ignore()


class Decimal(QDoubleSpinBox):
    """A number that shows no more decimals than it has; the wheel passes it by."""

    def textFromValue(self, value: float) -> str:
        """Write it short."""
        return f"{value:.{self.decimals()}f}".rstrip("0").rstrip(".") if self.decimals() else f"{value:.0f}"

    def wheelEvent(self, event: Any) -> None:
        """Leave it to what scrolls."""
        event.ignore()


class List(Picker):
    """A list to choose from that the wheel passes by."""

    def wheelEvent(self, event: Any) -> None:
        """Leave it to what scrolls."""
        event.ignore()


class FieldsView(QWidget):
    """Shows the fields of one kind.

    Args:
        name: Object name.

    Signals:
        edited(str, object): The person changed a field; None leaves an optional one out.
    """

    edited = Signal(str, object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._fields: tuple[Field, ...] | None = None
        self._editors: dict[str, Whole | Decimal | List] = {}
        self._grid = grid(self)

    def show_fields(self, fields: tuple[Field, ...], values: Mapping[str, Any]) -> None:
        """Show these fields with their values; what has none is left out, or at its default."""
        if fields != self._fields:
            self._rebuild(fields)
        for field in fields:
            editor = self._editors[field.name]
            editor.blockSignals(True)
            _show(editor, field, values.get(field.name, None if field.optional else field.default))
            editor.blockSignals(False)

    def editor(self, name: str) -> QWidget:
        """Return the editor of a field."""
        return self._editors[name]

    def _rebuild(self, fields: tuple[Field, ...]) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._fields, self._editors = fields, {}
        for row, field in enumerate(fields):
            editor = self._make(field)
            name = label(field.title, "small")
            name.setToolTip(field.tip)
            name.setBuddy(editor)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(editor, row, 1)
            self._editors[field.name] = editor
            if self.isVisible():
                name.show()
                editor.show()
        self.setVisible(bool(fields))

    def _make(self, field: Field) -> Whole | Decimal | List:
        editor: Whole | Decimal | List
        if field.choices:
            editor = List(f"field_{field.name}", field.title)
            for value, words in field.choices:
                editor.addItem(words, value)
            editor.currentIndexChanged.connect(lambda _: self.edited.emit(field.name, editor.currentData()))
        else:
            editor = make_number(field)
            editor.valueChanged.connect(lambda _: self.edited.emit(field.name, read_number(editor, field)))
        editor.setToolTip(_tip(field))
        return editor


def grid(owner: QWidget) -> QGridLayout:
    """Return the layout of a column of labels and a column of editors."""
    made = QGridLayout(owner)
    made.setContentsMargins(0, 0, 0, 0)
    made.setHorizontalSpacing(8)
    made.setVerticalSpacing(4)
    made.setColumnMinimumWidth(0, LABEL_WIDTH)
    made.setColumnStretch(1, 1)
    return made


def make_number(field: Field) -> Whole | Decimal:
    """Return an editor for a number."""
    factor = 100 if field.percent else 1
    editor: Whole | Decimal
    if field.whole:
        editor = Whole()
        # An optional number has a place below its range that means: left out.
        editor.setRange(int(field.low) - int(field.optional), int(min(field.high, 2**31 - 1)))
    else:
        editor = Decimal()
        editor.setDecimals(0 if field.percent and field.high > 0.5 else 2)
        step = 0.01 if field.optional else 0.0
        editor.setRange(field.low * factor - step, field.high * factor)
    editor.setObjectName(f"field_{field.name}")
    editor.setAccessibleName(f"{field.title}{', percent' if field.percent else ''}")
    editor.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    editor.setKeyboardTracking(False)
    # As wide as the form has room for: the longest number of its range would be wider than the dock.
    editor.setMinimumWidth(60)
    editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if field.unit:
        editor.setSuffix(f" {field.unit.strip()}")
    if field.optional:
        editor.setSpecialValueText(_LEFT_OUT)
    give_room(editor)
    return editor


def read_number(editor: Whole | Decimal, field: Field) -> float | int | None:
    """Return the number of an editor, or None where it is left out."""
    value = editor.value()
    if field.optional and value <= editor.minimum():
        return None
    return int(value) if field.whole else round(value / (100 if field.percent else 1), 6)


def show_number(editor: Whole | Decimal, field: Field, value: Any) -> None:
    """Show a number, or that it is left out."""
    if value is None:
        editor.setValue(editor.minimum())  # type: ignore[arg-type]
    elif isinstance(editor, Whole):
        editor.setValue(int(value))
    else:
        editor.setValue(float(value) * (100 if field.percent else 1))


def field_label(text: str, editor: QWidget, tip: str = "") -> QLabel:
    """Return the label of an editor that is no field of a table."""
    made = label(text, "small")
    made.setBuddy(editor)
    made.setToolTip(tip)
    return made


def _show(editor: Whole | Decimal | List, field: Field, value: Any) -> None:
    if isinstance(editor, List):
        editor.setCurrentIndex(max(0, editor.findData(str(value))))
    else:
        show_number(editor, field, value)


def _tip(field: Field) -> str:
    if field.choices:
        return field.tip
    factor = 100 if field.percent else 1
    low = f"{field.low * factor:g}"
    return f"{field.tip} From {low} to {field.high * factor:,g}{field.unit}.".strip()
