"""The form of voice, model and everything else that a context is created with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from voxgrid.models.parameters import LABELS, Checked, Form, check
from voxgrid.views import parameter_fields as fields
from voxgrid.views.voice_chooser import VoiceChooser
from voxgrid.views.widgets import Picker, give_room, restyle
from voxpool.protocol.settings import MODELS, RANGES

if TYPE_CHECKING:
    from voxpool.voices import Voice


class ParametersView(QWidget):
    """Edits a ``Form``; says beside a field what is wrong with it; greys out what has no effect.

    Args:
        form: What it shows first.
        parent: Qt parent.

    Signals:
        formChanged(Form, Checked): The person changed something.
        voiceChosen(str): The person chose a voice on purpose.
        moreToggled(bool): The rarely used part was opened or closed.
    """

    formChanged = Signal(object, object)
    voiceChosen = Signal(str)
    moreToggled = Signal(bool)

    def __init__(self, form: Form, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("parameters")
        self._form = form
        self._fields: dict[str, QWidget] = {}
        self._errors: dict[str, QLabel] = {}
        self._labels: dict[str, QLabel] = {}
        self._setters: dict[str, Callable[[Any], None]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._grid = fields.grid()
        layout.addLayout(self._grid)
        self.more = QPushButton()
        layout.addWidget(self.more)
        self._rest = QWidget()
        rest = QVBoxLayout(self._rest)
        rest.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._rest)
        self._build_first()
        self._grid = fields.grid()
        rest.addLayout(self._grid)
        self._build_rest()
        self._build_more()
        self._show_all()

    @property
    def form(self) -> Form:
        """What it holds."""
        return self._form

    def set_form(self, form: Form) -> None:
        """Show another form, without reporting it as the person's."""
        self._form = form
        self._show_all()

    def set_voices(self, voices: tuple[Voice, ...]) -> None:
        """Offer the endpoint's voices."""
        self.voice.set_voices(voices)

    def add_row(self, title: str, field: QWidget) -> None:
        """Add a field of somebody else's to the rarely used part."""
        row = self._grid.rowCount()
        self._grid.addWidget(self._label(title, field), row, 0)
        self._grid.addWidget(field, row, 1)

    def set_more(self, shown: bool) -> None:
        """Open or close the rarely used part."""
        self.more.setChecked(shown)

    def error(self, name: str) -> str:
        """Return the sentence beside a field, or ""."""
        return self._errors[name].text() if name in self._errors else ""

    # --- building ----------------------------------------------------------------------------------------

    def _build_first(self) -> None:
        self.voice = VoiceChooser()
        self.voice.chosen.connect(self._voice_chosen)
        self._add("voice", self.voice, self.voice.set_voice)
        model = self._choice("model", tuple((name, name) for name in MODELS), editable=True)
        self._add("model", model, model.setEditText)
        self._add_choice("delivery_mode", fields.DELIVERY)
        self._add_rate()
        encoding = self._choice("encoding", fields.ENCODINGS)
        rate = self._choice("sample_rate_hz", fields.RATES, convert=int)
        self._add_pair("Output", encoding, rate)

    def _build_rest(self) -> None:
        self._add_temperature()
        self._add_spin("buffer_char_threshold", "Service's own", 50)
        self._add_spin("max_buffer_delay_ms", "None", 100)
        self._add_auto()
        self._add_choice("timestamp_type", fields.TIMESTAMPS)
        self._add_choice("timestamp_transport", fields.TRANSPORT)
        self._add_spin("bit_rate", "Service's own", 16_000)
        language = QLineEdit()
        language.setPlaceholderText("detect")
        language.setMaxLength(35)
        language.textEdited.connect(lambda text: self._changed("language", text.strip()))
        self._add("language", language, language.setText)
        self._add_choice("text_normalization", fields.NORMALISE)

    def _build_more(self) -> None:
        self.more.setObjectName("more")
        self.more.setCheckable(True)
        self.more.setAutoDefault(False)
        self.more.toggled.connect(self._more_toggled)
        self._more_toggled(False)

    def _add(self, name: str, field: QWidget, setter: Callable[[Any], None]) -> None:
        row = self._grid.rowCount()
        label = self._label(LABELS[name], field)
        self._name(name, field)
        self._labels[name] = label
        self._setters[name] = setter
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(field, row, 1)
        self._grid.addWidget(self._error_label(name), row + 1, 0, 1, 2)

    def _label(self, title: str, field: QWidget) -> QLabel:
        label = QLabel(title)
        label.setProperty("role", "muted")
        label.setBuddy(field)
        return label

    def _name(self, name: str, field: QWidget) -> None:
        field.setObjectName(name)
        field.setAccessibleName(LABELS[name])
        field.setMinimumWidth(40)
        self._fields[name] = field

    def _error_label(self, name: str) -> QLabel:
        label = QLabel()
        label.setObjectName(f"{name}_error")
        label.setProperty("role", "error")
        label.setWordWrap(True)
        label.hide()
        self._errors[name] = label
        return label

    def _add_pair(self, title: str, encoding: QComboBox, rate: QComboBox) -> None:
        row = self._grid.rowCount()
        label = self._label(title, encoding)
        pair = QHBoxLayout()
        pair.setSpacing(6)
        for name, field, share in (("encoding", encoding, 6), ("sample_rate_hz", rate, 5)):
            self._name(name, field)
            self._setters[name] = fields.combo_setter(field)
            pair.addWidget(field, share)
        self._grid.addWidget(label, row, 0)
        self._grid.addLayout(pair, row, 1)
        self._grid.addWidget(self._error_label("encoding"), row + 1, 0, 1, 2)
        self._grid.addWidget(self._error_label("sample_rate_hz"), row + 2, 0, 1, 2)

    def _add_choice(self, name: str, choices: fields.Choices) -> None:
        combo = self._choice(name, choices)
        self._add(name, combo, fields.combo_setter(combo))

    def _choice(
        self, name: str, choices: fields.Choices, *, editable: bool = False, convert: Callable[[str], Any] = str
    ) -> QComboBox:
        combo = Picker(name, LABELS[name])
        for value, title in choices:
            combo.addItem(title, value)
        if editable:
            combo.setEditable(True)
            combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            combo.editTextChanged.connect(lambda text: self._changed(name, convert(text.strip())))
        else:
            combo.activated.connect(lambda index: self._changed(name, convert(combo.itemData(index))))
        return combo

    def _add_rate(self) -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(round(RANGES["speaking_rate"].low * 100), round(RANGES["speaking_rate"].high * 100))
        slider.setPageStep(10)
        shown = QLabel()
        shown.setProperty("role", "value")
        row.addWidget(slider, 1)
        row.addWidget(shown)

        def show(rate: float) -> None:
            slider.setValue(round(rate * 100))
            shown.setText(f"{rate:.2f}×")

        def moved(value: int) -> None:
            shown.setText(f"{value / 100:.2f}×")
            self._changed("speaking_rate", value / 100)

        slider.valueChanged.connect(moved)
        self._add("speaking_rate", holder, show)
        # the holder is only a frame: the slider is the field
        self._name("speaking_rate", slider)
        holder.setObjectName("speaking_rate_row")
        holder.setAccessibleName("")

    def _add_auto(self) -> None:
        """One list for two fields: off, or on with one of the strategies."""
        combo = Picker("auto_mode_strategy", LABELS["auto_mode"])
        for value, title in fields.AUTO:
            combo.addItem(title, value)

        def show(_value: Any) -> None:
            combo.setCurrentIndex(combo.findData(self._form.auto_mode_strategy if self._form.auto_mode else ""))

        combo.activated.connect(lambda index: self._auto_chosen(str(combo.itemData(index))))
        self._add("auto_mode_strategy", combo, show)

    def _add_temperature(self) -> None:
        spin = QDoubleSpinBox()
        spin.setRange(RANGES["temperature"].low, RANGES["temperature"].high)
        spin.setSingleStep(0.1)
        spin.setDecimals(2)
        spin.setSpecialValueText("Service's own")
        give_room(spin)
        spin.valueChanged.connect(lambda value: self._changed("temperature", round(value, 2)))
        self._add("temperature", spin, spin.setValue)

    def _add_spin(self, name: str, at_zero: str, step: int) -> None:
        allowed = RANGES[name]
        spin = QSpinBox()
        spin.setRange(0, int(allowed.high))
        spin.setSingleStep(step)
        spin.setSuffix(f" {allowed.unit}")
        spin.setSpecialValueText(at_zero)
        spin.setGroupSeparatorShown(True)
        give_room(spin)
        spin.valueChanged.connect(lambda value: self._changed(name, value))
        self._add(name, spin, spin.setValue)

    # --- acting ------------------------------------------------------------------------------------------

    def _changed(self, name: str, value: object) -> None:
        if getattr(self._form, name) == value:
            return
        self._form = replace(self._form, **{name: value})  # type: ignore[arg-type]
        self.formChanged.emit(self._form, self._judge())

    def _auto_chosen(self, strategy: str) -> None:
        changes: dict[str, Any] = {"auto_mode": bool(strategy)}
        if strategy:
            changes["auto_mode_strategy"] = strategy
        self._form = replace(self._form, **changes)
        self.formChanged.emit(self._form, self._judge())

    def _voice_chosen(self, voice: str) -> None:
        self._changed("voice", voice)
        self.voiceChosen.emit(voice)

    def _more_toggled(self, shown: bool) -> None:
        self._rest.setVisible(shown)
        self.more.setText("▾  Fewer settings" if shown else "▸  More settings")
        self.moreToggled.emit(shown)

    def _show_all(self) -> None:
        for name, setter in self._setters.items():
            field = self._fields[name]
            field.blockSignals(True)
            setter(getattr(self._form, name))
            field.blockSignals(False)
        self._judge()

    def _judge(self) -> Checked:
        verdict = check(self._form)
        for name, label in self._errors.items():
            said = verdict.errors.get(name, "")
            label.setText(said)
            label.setVisible(bool(said))
            restyle(self._fields[name], "invalid", bool(said))
        for name, field in self._fields.items():
            why = "" if name == "auto_mode_strategy" else verdict.inert.get(name, "")
            field.setEnabled(not why)
            field.setToolTip(why)
        if verdict.errors and any(self._rest.isAncestorOf(self._fields[name]) for name in verdict.errors):
            self.set_more(True)
        return verdict
