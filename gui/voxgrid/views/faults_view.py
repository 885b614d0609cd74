"""The faults dock: what the local server can do wrong, to whom; what is armed, and what has struck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from voxgrid.items.failure_items import LineItems
from voxgrid.models import faulting
from voxgrid.models.faulting import Aim, ArmedFault, Injection, Plan, Preset
from voxgrid.theme import Theme
from voxgrid.views.error_lists import LineDelegate, LineList
from voxgrid.views.widgets import Picker, label, say, sentence, tool_button
from voxpool.errors import SettingError
from voxpool.server.faults import EFFECTS

_CUSTOM: Final = "Of your own"
_FIELDS: Final = tuple(faulting.PARAMETER_WORDS)


class ArmedList(LineList):
    """Armed faults; Delete removes the chosen one.

    Signals:
        removeRequested(object): An ``ArmedFault``.
    """

    removeRequested = Signal(object)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.current is not None:
            self.removeRequested.emit(self.current)
            return
        super().keyPressEvent(event)


class FaultsView(QScrollArea):
    """Chooses a fault and lists those that are armed.

    Args:
        theme: Colours.
        when: Returns a moment as the time of day.

    Signals:
        injectRequested(object): A ``Plan``.
        removeRequested(object): An ``ArmedFault``.
        clearRequested(): Remove all.
    """

    injectRequested = Signal(object)
    removeRequested = Signal(object)
    clearRequested = Signal()

    def __init__(self, theme: Theme, when: Callable[[float], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("faults")
        self.setAccessibleName("Faults")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page = QWidget(self)
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(12, 8, 12, 10)
        self._column.setSpacing(7)
        self._filling = False
        self._build_choice()
        self._build_fields()
        self._build_action()
        self._build_lists(theme, when)
        self.setWidget(self._page)
        self.show_preset(faulting.PRESETS[0])
        self.show_chosen("", "")

    # --- building ----------------------------------------------------------------------------------------

    def _build_choice(self) -> None:
        self.preset = Picker("fault_preset", "What goes wrong")
        for each in faulting.PRESETS:
            self.preset.addItem(each.text, each.name)
        self.preset.insertSeparator(self.preset.count())
        self.preset.addItem(_CUSTOM, "")
        self.effect = Picker("fault_effect", "Effect")
        for name in EFFECTS:
            self.effect.addItem(faulting.EFFECT_WORDS[name][0], name)
        self.place = Picker("fault_place", "Where it strikes")
        self.aim = Picker("fault_aim", "Whom it strikes")
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for row, (text, widget) in enumerate(
            (("fault", self.preset), ("effect", self.effect), ("where", self.place), ("whom", self.aim))
        ):
            grid.addWidget(label(text, "small"), row, 0)
            grid.addWidget(widget, row, 1)
        self._column.addLayout(grid)
        self._tip = label("", "small")
        self._tip.setWordWrap(True)
        self._column.addWidget(self._tip)
        self.preset.activated.connect(self._preset_chosen)
        self.effect.activated.connect(self._effect_chosen)
        self.place.activated.connect(self._place_chosen)
        self.aim.activated.connect(lambda _index: self._show_custom())

    def _build_fields(self) -> None:
        self._fields: dict[str, tuple[QLabel, QLineEdit]] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self._field_grid = grid
        for name in _FIELDS:
            word, hint = faulting.PARAMETER_WORDS[name]
            # Those that the first choice has no use for are laid out by a later one; until then the page owns them.
            head, line = label(word, "small"), QLineEdit(self._page)
            head.setParent(self._page)
            line.setObjectName(f"fault_{name}")
            line.setAccessibleName(f"{word}, {hint}")
            line.setPlaceholderText(hint.rpartition("empty: ")[2] if "empty: " in hint else "")
            line.setToolTip(f"{word}: {hint}")
            line.textEdited.connect(lambda _text: self._show_custom())
            self._fields[name] = (head, line)
        self._column.addLayout(grid)

    def _build_action(self) -> None:
        self.problem = sentence("fault_problem")
        self._column.addWidget(self.problem)
        self.inject = QPushButton("Inject")
        self.inject.setObjectName("inject")
        self.inject.setProperty("role", "danger")
        self.inject.clicked.connect(self._inject)
        self._said = label("", "small")
        self._said.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.inject)
        row.addWidget(self._said, 1)
        self._column.addLayout(row)

    def _build_lists(self, theme: Theme, when: Callable[[float], str]) -> None:
        head = QHBoxLayout()
        head.addWidget(label("ARMED", "heading"), 1)
        self._remove = tool_button("Remove", "remove_fault", "Remove the chosen fault", "flat")
        self._clear = tool_button("Remove all", "remove_all_faults", "Remove all faults", "flat")
        head.addWidget(self._remove)
        head.addWidget(self._clear)
        self._column.addLayout(head)
        self.armed = ArmedList(
            LineItems[ArmedFault](ArmedFault.line, ArmedFault.sentence, lambda fault: fault.number, self),
            "armed_faults",
            "Armed faults; Delete removes the chosen one",
            LineDelegate(theme),
        )
        self.armed.setMinimumHeight(70)
        self._column.addWidget(self.armed, 1)
        self._column.addWidget(label("INJECTED", "heading"))
        self.injected = LineList(
            LineItems[Injection](
                lambda each: f"{when(each.at)}  {each.target}: {each.words}" + _times(each.count),
                lambda each: f"At {when(each.at)}: {each.sentence()}",
                lambda each: (each.at, each.words),
                self,
            ),
            "injected_faults",
            "Faults that have struck",
            LineDelegate(theme),
        )
        self.injected.setMinimumHeight(90)
        self._column.addWidget(self.injected, 2)
        self.armed.removeRequested.connect(self.removeRequested)
        self._remove.clicked.connect(self._remove_chosen)
        self._clear.clicked.connect(self.clearRequested)

    # --- choosing ----------------------------------------------------------------------------------------

    def show_preset(self, preset: Preset) -> None:
        """Fill the form with a preset."""
        self.preset.setCurrentIndex(self.preset.findData(preset.name))
        self._fill(preset.plan)

    def _fill(self, plan: Plan) -> None:
        self._filling = True
        self.effect.setCurrentIndex(self.effect.findData(plan.effect))
        self._offer_places(plan.effect, plan.place)
        self._offer_aims(plan.aim)
        for name, (_, line) in self._fields.items():
            value = plan.values.get(name)
            line.setText("" if value is None else f"{value:g}" if isinstance(value, float) else str(value))
        self._filling = False
        self._show_fields()

    def plan(self) -> Plan:
        """Return what is chosen.

        Raises:
            SettingError: If something that was typed cannot be.
        """
        effect, place = str(self.effect.currentData()), str(self.place.currentData())
        values = {name: faulting.parse(name, self._fields[name][1].text()) for name in self._shown()}
        return Plan(place, effect, Aim(self.aim.currentData()), values)

    def _shown(self) -> tuple[str, ...]:
        effect, place = str(self.effect.currentData()), str(self.place.currentData())
        return (*faulting.parameters_of(effect), *faulting.triggers_of(place))

    def _preset_chosen(self, _index: int) -> None:
        name = self.preset.currentData()
        preset = next((each for each in faulting.PRESETS if each.name == name), None)
        if preset is not None:
            self._fill(preset.plan)

    def _effect_chosen(self, _index: int) -> None:
        self._offer_places(str(self.effect.currentData()), str(self.place.currentData()))
        self._place_chosen(0)

    def _place_chosen(self, _index: int) -> None:
        self._offer_aims(Aim(self.aim.currentData()))
        self._show_fields()
        self._show_custom()

    def _offer_places(self, effect: str, wanted: str) -> None:
        self.place.clear()
        for each in faulting.places_of(effect):
            self.place.addItem(faulting.PLACE_WORDS[each], each)
        self.place.setCurrentIndex(max(0, self.place.findData(wanted)))

    def _offer_aims(self, wanted: Aim) -> None:
        offered = faulting.aims_of(str(self.place.currentData()), str(self.effect.currentData()))
        self.aim.clear()
        for each in offered:
            self.aim.addItem(faulting.AIM_WORDS[each], each)
        self.aim.setCurrentIndex(max(0, self.aim.findData(wanted)))

    def _show_fields(self) -> None:
        shown = self._shown()
        for name, (head, line) in self._fields.items():
            self._field_grid.removeWidget(head)
            self._field_grid.removeWidget(line)
            head.setVisible(name in shown)
            line.setVisible(name in shown)
        for place, name in enumerate(shown):
            row, column = divmod(place, 2)
            for step, widget in enumerate(self._fields[name]):
                self._field_grid.addWidget(widget, row, column * 2 + step)
        for name in shown:
            for widget in self._fields[name]:
                widget.show()
        self._tip.setText(faulting.EFFECT_WORDS[str(self.effect.currentData())][1])
        say(self.problem, "")

    def _show_custom(self) -> None:
        if not self._filling:
            self.preset.setCurrentIndex(self.preset.findText(_CUSTOM))
            say(self.problem, "")

    def _inject(self) -> None:
        try:
            plan = self.plan()
            plan.fault()
        except SettingError as error:
            self.show_problem(f"{error}.")
            return
        say(self.problem, "")
        self.injectRequested.emit(plan)

    def _remove_chosen(self) -> None:
        if self.armed.current is not None:
            self.removeRequested.emit(self.armed.current)

    # --- showing -----------------------------------------------------------------------------------------

    def show_problem(self, text: str) -> None:
        """Say what cannot be."""
        say(self.problem, text)

    def show_chosen(self, cell: str, why_not: str) -> None:
        """Say which cell is chosen, and why nothing can be injected (""): it can."""
        self.inject.setEnabled(not why_not)
        self._said.setText(why_not or (f"Chosen: {cell}" if cell else "No cell is chosen in the grid."))

    def show_faults(self, armed: Sequence[ArmedFault], injected: Sequence[Injection]) -> None:
        """Show what is armed, and what has struck, newest first."""
        self.armed.show_things(list(armed))
        self.injected.show_things(list(reversed(injected)))
        self._remove.setEnabled(bool(armed))
        self._clear.setEnabled(bool(armed))


def _times(number: int) -> str:
    return f" ×{number}" if number > 1 else ""
