"""The inspector: the life of the chosen context, its error with what to do, its text and settings."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from voxgrid.models.cell import Look
from voxgrid.models.conversation import settings_head
from voxgrid.models.inspection import Inspection
from voxgrid.speech.record import UtteranceRecord
from voxgrid.theme import Theme
from voxgrid.views.attempt_view import AttemptList
from voxgrid.views.fact_grid import FactGrid
from voxgrid.views.grid_delegate import look_color
from voxgrid.views.inspector_parts import Badge, TextBox
from voxgrid.views.page import Page, plain, readable
from voxgrid.views.waveform import WaveformView
from voxgrid.views.widgets import restyle

_EMPTY: Final = (
    "Nothing is chosen yet.\n\nSpeak or fire something, then click a cell or move to it with the arrow keys: "
    "here is when it was queued, connected, created, heard and let go."
)


class InspectorView(Page):
    """Shows one utterance.

    Args:
        theme: Colours.

    Signals:
        listenRequested(int), interruptRequested(int), saveRequested(int): What to do with the one on show.
        cellRequested(int, int): Go to the cell of an attempt: row, column.
        framesRequested(str): Show the frames of a context.
        errorsRequested(): Show the errors of this slot.
    """

    listenRequested = Signal(int)
    cellRequested = Signal(int, int)
    framesRequested = Signal(str)
    interruptRequested = Signal(int)
    saveRequested = Signal(int)
    errorsRequested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("inspector", "Inspector", 8, parent)
        self._theme = theme
        self._shown: Inspection | None = None
        self._build_head()
        self._build_error()
        self._build_errors_link()
        self.attempts = AttemptList(theme, self._errors_link, self.page)
        self.attempts.cellRequested.connect(self.cellRequested)
        self.attempts.framesRequested.connect(self.framesRequested)
        self.column.addWidget(self.attempts)
        self._build_buttons()
        self._build_sound()
        self._build_text()
        self.column.addStretch(1)
        self.waveform.hide()
        self.show_inspection(None)
        self.show_errors(0)
        theme.changed.connect(self._recolor)

    # --- building ----------------------------------------------------------------------------------------

    def _build_head(self) -> None:
        self._title = plain("heading")
        self._badge = Badge(self._theme, self)
        self._state = plain("heading")
        self._state.setAccessibleName("State")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._title)
        row.addWidget(self._badge)
        row.addWidget(self._state, 1)
        self.column.addLayout(row)
        self._subtitle = plain("small")
        self._subtitle.setWordWrap(True)
        self.column.addWidget(self._subtitle)

    def _build_error(self) -> None:
        self._error = QFrame(self)
        self._error.setProperty("role", "error")
        self._error_text = readable("error")
        self._error_advice = readable("small")
        box = QVBoxLayout(self._error)
        box.setContentsMargins(10, 8, 10, 8)
        box.setSpacing(4)
        for label in (self._error_text, self._error_advice):
            box.addWidget(label)
        self.column.addWidget(self._error)

    def _build_buttons(self) -> None:
        self._listen = QPushButton("Listen", self)
        # Pressed while it is heard: a longer word for it would make the page wider than the dock, and cut it off.
        self._listen.setCheckable(True)
        self._save = QPushButton("Save…", self)
        self._interrupt = QPushButton("Interrupt", self)
        self._interrupt.setProperty("role", "danger")
        row = QHBoxLayout()
        row.setSpacing(6)
        for button, signal in (
            (self._listen, self.listenRequested),
            (self._save, self.saveRequested),
            (self._interrupt, self.interruptRequested),
        ):
            button.clicked.connect(lambda _checked=False, wanted=signal: self._ask(wanted))
            row.addWidget(button)
        row.addStretch(1)
        self.column.addLayout(row)

    def _build_text(self) -> None:
        self._text_head = plain("heading", "TEXT")
        self.column.addWidget(self._text_head)
        self._text = TextBox(self)
        self.column.addWidget(self._text)
        self._settings_head = plain("heading", "SETTINGS")
        self.column.addWidget(self._settings_head)
        self.settings = FactGrid("Settings as sent and as echoed", self)
        self.column.addWidget(self.settings)
        self._facts_head = plain("heading", "FACTS")
        self.column.addWidget(self._facts_head)
        self.facts = FactGrid("Facts", self)
        self.column.addWidget(self.facts)

    def _build_sound(self) -> None:
        self._heard_head = plain("heading", "AS HEARD")
        self.column.addWidget(self._heard_head)
        self.waveform = WaveformView(self._theme, self)
        self.column.addWidget(self.waveform)
        self.heard = FactGrid("What a listener would have heard", self)
        self.column.addWidget(self.heard)

    def _build_errors_link(self) -> None:
        self._errors_link = QPushButton(self)
        self._errors_link.setProperty("role", "link")
        self._errors_link.setObjectName("inspector_errors")
        self._errors_link.clicked.connect(self.errorsRequested)
        self.column.addWidget(self._errors_link, 0, Qt.AlignmentFlag.AlignLeft)

    # --- showing -----------------------------------------------------------------------------------------

    @property
    def shown(self) -> Inspection | None:
        """What is on show."""
        return self._shown

    def show_inspection(self, inspection: Inspection | None) -> None:
        """Show another utterance, or the same one further on."""
        self._shown = inspection
        some = inspection is not None and inspection.utterance_id > 0
        for widget in (self._badge, self._listen, self._save, self._interrupt, self._text_head):
            widget.setVisible(some)
        if inspection is None:
            inspection = Inspection(title="", text=_EMPTY)
        _set(self._title, inspection.title)
        _set(self._state, inspection.state.upper())
        self._badge.show_look(inspection.look)
        _set(self._subtitle, inspection.subtitle)
        self._text.show_text(inspection.text, inspection.spoken, self._theme.tokens.color("muted"))
        restyle(self._text, "role", "plain" if some else "hint")
        self._error.setVisible(bool(inspection.error))
        _set(self._error_text, inspection.error)
        _set(self._error_advice, inspection.advice)
        self.attempts.show_sections(inspection.sections)
        self.attempts.setVisible(bool(inspection.sections))
        self._show_listening(inspection.listening)
        self._listen.setEnabled(inspection.audible)
        self._save.setEnabled(inspection.savable)
        self._interrupt.setEnabled(inspection.running)
        self._show_sections(inspection)
        self._recolor()

    def show_errors(self, number: int) -> None:
        """Show how many errors this slot has had; the button leads to them."""
        self._errors_link.setText(f"{number} error{'' if number == 1 else 's'} in this slot…")
        self._errors_link.setVisible(number > 0)

    def _show_sections(self, inspection: Inspection) -> None:
        self.heard.show_facts(inspection.heard)
        self.settings.show_settings(inspection.settings)
        self.facts.show_facts(inspection.facts)
        said = settings_head(inspection.settings)
        _set(self._settings_head, f"SETTINGS · {said}" if said else "SETTINGS")
        for shown, *widgets in (
            (bool(inspection.heard), self.heard),
            (bool(inspection.settings), self._settings_head, self.settings),
            (bool(inspection.facts), self._facts_head, self.facts),
        ):
            for widget in widgets:
                if widget.isHidden() is shown:
                    widget.setVisible(shown)
        self._show_heard_head()

    def _show_heard_head(self) -> None:
        heard = self._shown is not None and bool(self._shown.heard)
        self._heard_head.setVisible(heard or self.waveform.record is not None)

    def show_sound(self, record: UtteranceRecord | None) -> None:
        """Show the sound of the utterance on show, or of one whose sound is not kept."""
        if record is not self.waveform.record:
            self.waveform.set_record(record)
            self.waveform.setVisible(record is not None)
            self._show_heard_head()
        elif record is not None:
            self.waveform.refresh()

    def _recolor(self) -> None:
        look = self._shown.look if self._shown else Look.EMPTY
        color = look_color(self._theme.tokens, look)
        if self._state.property("color") != color:
            self._state.setProperty("color", color)
            self._state.setStyleSheet(f"color: {color}")

    def _show_listening(self, listening: bool) -> None:
        said = "Stop listening" if listening else "Listen"
        self._listen.setChecked(listening)
        self._listen.setAccessibleName(said)
        self._listen.setToolTip(said)

    def _ask(self, signal: object) -> None:
        # A click presses the button at once; whether it is heard is said by what follows.
        self._show_listening(self._shown is not None and self._shown.listening)
        if self._shown is not None and self._shown.utterance_id:
            signal.emit(self._shown.utterance_id)  # type: ignore[attr-defined]


def _set(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
