"""The playground: type, choose, speak, fire, see the sound."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from voxassets.texts import WELCOME
from voxgrid import settings as remembered
from voxgrid.models.parameters import Checked, Form, check
from voxgrid.models.playground import count_text
from voxgrid.speech.burst import FirePlan
from voxgrid.speech.controller import SpeechController
from voxgrid.speech.endpoints import EndpointState
from voxgrid.speech.record import UtteranceRecord
from voxgrid.theme import Theme
from voxgrid.views.cost_dialog import CostDialog
from voxgrid.views.editor import SpeechEditor
from voxgrid.views.fire_panel import FirePanel
from voxgrid.views.parameters import ParametersView
from voxgrid.views.waveform import WaveformView
from voxgrid.views.widgets import Picker, say, sentence

_SPEAK: Final = "Speak  Ctrl+↵"
_STOP: Final = "Stop  Esc"


class PlaygroundView(QWidget):
    """Editor, buttons, parameters and waveform, in one column.

    Its actions belong into the window's menu: ``speak_action``, ``stop_action``, ``fire_action`` and
    ``stop_all_action`` carry their shortcuts.

    Args:
        controller: What it drives.
        theme: Colours of what is painted.
        parent: Qt parent.
    """

    def __init__(self, controller: SpeechController, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("playground")
        self._controller = controller
        self.editor = SpeechEditor(theme)
        self.waveform = WaveformView(theme)
        self.parameters = ParametersView(Form.from_text(controller.store.get(remembered.FORM)))
        theme.dress(self.parameters.voice.choices)
        self.fire_panel = FirePanel(
            controller.store.get(remembered.FIRE_COUNT), controller.store.get(remembered.FIRE_SOURCE)
        )
        self._make_actions()
        self._build()
        self._add_second()
        self._connect()
        self.editor.setPlainText(WELCOME)
        self.editor.moveCursor(QTextCursor.MoveOperation.End)
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self._take_form(self.parameters.form, check(self.parameters.form))

    # --- intents -----------------------------------------------------------------------------------------

    def speak(self) -> None:
        """Speak the text, or the selected part of it."""
        text = self.editor.text_to_speak
        if not text.strip():
            say(self._hint, "There is nothing to speak yet: type a sentence, then press Ctrl+Enter.", "error")
            self.editor.setFocus()
        elif not self._refused():
            self._controller.speak(text)

    def fire(self) -> None:
        """Fire what the panel says."""
        self.fire_panel.fire()

    # --- building ----------------------------------------------------------------------------------------

    def _make_actions(self) -> None:
        self.speak_action = self._action("Speak", "Ctrl+Return", self.speak)
        self.stop_action = self._action("Stop", "Esc", self._controller.stop)
        self.fire_action = self._action("Fire", "Ctrl+Shift+Return", self.fire)
        self.stop_all_action = self._action("Stop all", "Shift+Esc", self._controller.stop_all)

    def _action(self, text: str, keys: str, act: object) -> QAction:
        action = QAction(text, self)
        shortcuts = [QKeySequence(keys)]
        if keys.endswith("Return"):
            shortcuts.append(QKeySequence(keys.replace("Return", "Enter")))
        action.setShortcuts(shortcuts)
        action.setObjectName(text.lower().replace(" ", "_") + "_action")
        action.triggered.connect(act)
        action.setAutoRepeat(False)
        self.addAction(action)
        return action

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        # The keyboard goes past it to what is in it.
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(scroll)
        column = QWidget()
        column.setObjectName("playground_column")
        scroll.setWidget(column)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.setSpacing(8)
        self.editor.setMinimumHeight(92)
        layout.addWidget(self.editor, 1)
        self._hint = sentence("playground_hint")
        layout.addWidget(self._hint)
        layout.addLayout(self._buttons())
        layout.addWidget(self.fire_panel)
        layout.addSpacing(2)
        layout.addWidget(self.parameters)
        layout.addWidget(self.waveform)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.speak_button = self._button(_SPEAK, "speak", "Speak, Control Enter", self.speak_action)
        self.speak_button.setProperty("role", "primary")
        self.stop_button = self._button(_STOP, "stop", "Stop, Escape", self.stop_action)
        row.addWidget(self.speak_button, 1)
        self.stop_all_button = self._button("Stop all", "stop_all", "Stop all, Shift Escape", self.stop_all_action)
        self.stop_all_button.setToolTip("Stop everything and cancel what waits (Shift+Esc)")
        self.stop_all_button.hide()
        for button in (self.stop_button, self.stop_all_button):
            button.setProperty("role", "compact")
        row.addWidget(self.stop_button)
        row.addWidget(self.stop_all_button)
        return row

    def _add_second(self) -> None:
        """Whether a second utterance waits: a rare choice, so it stands with the rare ones."""
        self.second = Picker("second_utterance", "A second utterance while the first one sounds")
        self.second.setToolTip("What a second utterance does while the first one sounds")
        self.second.addItem("Waits for the first", "queue")
        self.second.addItem("Interrupts the first", "interrupt")
        self.second.setCurrentIndex(self.second.findData(self._controller.store.get(remembered.SECOND_UTTERANCE)))
        self.parameters.add_row("Second", self.second)

    def _button(self, text: str, name: str, spoken: str, action: QAction) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(spoken)
        button.clicked.connect(action.trigger)
        return button

    def _connect(self) -> None:
        controller = self._controller
        self.editor.speakRequested.connect(self.speak)
        self.editor.textChanged.connect(self._text_changed)
        self.waveform.sought.connect(self._seek)
        self.second.activated.connect(self._second_chosen)
        self.fire_panel.fired.connect(self._fire)
        self.fire_panel.changed.connect(self._fire_changed)
        self.parameters.formChanged.connect(self._take_form)
        self.parameters.voiceChosen.connect(self._voice_chosen)
        self.parameters.set_more(controller.store.get(remembered.MORE_SHOWN))
        self.parameters.moreToggled.connect(lambda on: controller.store.set(remembered.MORE_SHOWN, on))
        controller.currentChanged.connect(self._follow)
        controller.ticked.connect(self._tick)
        controller.recordChanged.connect(self._record_changed)
        controller.voicesChanged.connect(self._voices_changed)
        controller.endpointChanged.connect(self._endpoint_changed)
        controller.consentNeeded.connect(self._ask)

    # --- acting ------------------------------------------------------------------------------------------

    def _refused(self) -> bool:
        verdict = check(self.parameters.form)
        if not verdict.errors:
            return False
        say(self._hint, next(iter(verdict.errors.values())), "error")
        return True

    def _fire(self, count: int, source: str) -> None:
        self._controller.text = self.editor.text_to_speak
        if not self._refused():
            self._controller.fire(count, source)

    def _seek(self, seconds: float) -> None:
        if self.waveform.record is not None:
            self._controller.replay(self.waveform.record.id, seconds)

    def _fire_changed(self, count: int, source: str) -> None:
        self._controller.store.set(remembered.FIRE_COUNT, count)
        self._controller.store.set(remembered.FIRE_SOURCE, source)

    def _second_chosen(self, index: int) -> None:
        self._controller.store.set(remembered.SECOND_UTTERANCE, str(self.second.itemData(index)))

    def _text_changed(self) -> None:
        self.editor.show_note(count_text(max(0, self.editor.document().characterCount() - 1)))
        say(self._hint, "")

    def _take_form(self, form: Form, verdict: Checked) -> None:
        self._controller.store.set(remembered.FORM, form.to_text())
        if verdict.settings is not None:
            say(self._hint, "")
            self._controller.set_settings(verdict.settings)

    def _voice_chosen(self, _voice: str) -> None:
        self._controller.choose_voice()

    def _voices_changed(self, voices: object) -> None:
        self.parameters.set_voices(voices)  # type: ignore[arg-type]
        self.parameters.set_form(self._form_with_voice())
        self._take_form(self.parameters.form, check(self.parameters.form))

    def _form_with_voice(self) -> Form:
        return replace(self.parameters.form, voice=self._controller.fitting_voice(self.parameters.form.voice))

    def _endpoint_changed(self, state: EndpointState) -> None:
        said = f"Speak the selection, or all of it, with {state.text} (Ctrl+Enter)"
        self.speak_button.setToolTip(state.problem or said)

    def _ask(self, plan: FirePlan) -> None:
        dialog = CostDialog(plan, self._controller.endpoint.choice.title, self)
        dialog.accepted.connect(lambda: self._controller.run(plan))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # open() and not exec(): a nested event loop inside the asyncio loop would stall every connection.
        dialog.open()

    def _follow(self, record: UtteranceRecord | None) -> None:
        self.waveform.set_record(record)
        if record is None or not self.editor.follow(record.text):
            self.editor.unfollow()

    def _record_changed(self, record: UtteranceRecord) -> None:
        if record is self.waveform.record:
            self._show(record)

    def _tick(self) -> None:
        self._offer_stop_all(any(each.source == "fire" for each in self._controller.records.running()))
        record = self.waveform.record
        if record is not None and record.listening:
            self._show(record)

    def _offer_stop_all(self, burst: bool) -> None:
        """Show the third button while a burst runs; the other two make room for it."""
        if self.stop_all_button.isHidden() is not burst:
            return
        self.stop_all_button.setVisible(burst)
        self.speak_button.setText("Speak" if burst else _SPEAK)
        self.stop_button.setText("Stop" if burst else _STOP)

    def _show(self, record: UtteranceRecord) -> None:
        self.waveform.refresh()
        words = self.editor.words
        if words is not None and record.listening:
            words.update(record.words)
            self.editor.show_position(record.played_s)
        elif words is not None and record.ended and record.started:
            self.editor.unfollow()
