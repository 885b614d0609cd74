"""A searchable list of the endpoint's voices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QCompleter, QWidget

from voxgrid.views.widgets import Picker

if TYPE_CHECKING:
    from voxpool.voices import Voice

_ENGINES: Final = {"neural": "neural", "espeak": "eSpeak"}
_LOCALE: Final = re.compile(r"[a-z]{2,3}-[A-Z]{2}")


class VoiceChooser(Picker):
    """Type a part of a name, a language or "neural"; a name that is not in the list is taken as it is.

    Args:
        parent: Qt parent.

    Signals:
        chosen(str): The person chose this voice.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("voice", "Voice", parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(18)
        completer = QCompleter(self.model(), self)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(18)
        completer.activated.connect(self._take_text)
        self.setCompleter(completer)
        popup = completer.popup()
        assert popup is not None  # noqa: S101 - it completes in a popup
        self._popup = popup
        self.activated.connect(self._take_index)
        line = self.lineEdit()
        assert line is not None  # noqa: S101 - it is editable
        line.editingFinished.connect(self._take_text)
        self._voice = ""

    @property
    def choices(self) -> QAbstractItemView:
        """The list that opens while somebody types; it is a window of its own."""
        return self._popup

    @property
    def voice(self) -> str:
        """Id of the voice."""
        return self._voice

    def set_voices(self, voices: tuple[Voice, ...]) -> None:
        """Offer other voices; the chosen one stays."""
        self.blockSignals(True)
        self.clear()
        for voice in voices:
            self.addItem(describe(voice), voice.id)
            self.setItemData(self.count() - 1, voice.description, Qt.ItemDataRole.ToolTipRole)
        self.blockSignals(False)
        self.set_voice(self._voice)

    def set_voice(self, voice: str) -> None:
        """Show a voice without reporting a choice."""
        self._voice = voice
        index = self.findData(voice)
        self.blockSignals(True)
        self.setCurrentIndex(index)
        if index < 0:
            self.setEditText(voice)
        self.blockSignals(False)
        line = self.lineEdit()
        if line is not None:
            line.setCursorPosition(0)

    def _take_index(self, index: int) -> None:
        self._take(str(self.itemData(index)))

    def _take_text(self) -> None:
        typed = self.currentText().strip()
        index = self.findText(typed, Qt.MatchFlag.MatchFixedString)
        self._take(str(self.itemData(index)) if index >= 0 else typed)

    def _take(self, voice: str) -> None:
        other = voice != self._voice
        # Also the voice that was chosen already is shown anew: from its beginning, and with its name written in full.
        self.set_voice(voice)
        if other:
            self.chosen.emit(voice)


def describe(voice: Voice) -> str:
    """Return one line about a voice: what it is called, how it is made, which language it speaks."""
    engine = next((tag for tag in ("neural", "espeak") if tag in voice.tags), "")
    # A list of more than one language is said in full in the tool tip.
    languages = [tag for tag in voice.tags if _LOCALE.fullmatch(tag)] or list(voice.languages[:2])
    gender = next((tag for tag in ("female", "male") if tag in voice.tags), "")
    name = voice.name.split(" (", 1)[0] or voice.id
    return " · ".join(part for part in (name, _ENGINES.get(engine, ""), *languages, gender) if part)
