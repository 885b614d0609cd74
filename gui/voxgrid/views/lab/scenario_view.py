"""The form of a scenario: how much load, what each caller does, what is said, what must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from voxassets.texts import text_sets
from voxgrid.models.lab import draft as drafts
from voxgrid.models.lab.draft import Draft, VoiceSource, first_wrong_threshold
from voxgrid.models.lab.fields import CALLERS, LOADS, Field, Kind, kind_of
from voxgrid.theme import mono_font
from voxgrid.views.lab.fields import (
    Decimal,
    FieldsView,
    List,
    Whole,
    field_label,
    grid,
    make_number,
    read_number,
    show_number,
)
from voxgrid.views.page import page_in
from voxgrid.views.widgets import label, restyle, say, sentence, tool_button

_NUMBERS: Final = (
    Field("seed", "Seed", "Of everything random: the same seed, the same load.", whole=True, high=2**31 - 1, default=1),
    Field("jitter_buffer_ms", "Jitter buffer", "Of the listener whose stalls are counted.", " ms", high=10_000),
    Field("warm_up_s", "Warm-up", "At the first target, before anything counts.", " s", high=3600),
    Field(
        "max_characters",
        "Cap",
        "The run stops before it sends more characters.",
        " characters",
        whole=True,
        low=1,
        high=2**31 - 1,
        optional=True,
    ),
)
_POOL: Final = (
    Field(
        "max_connections",
        "Connections",
        "Most connections of the run's pool.",
        whole=True,
        low=1,
        high=1000,
        default=20,
    ),
    Field(
        "contexts_per_connection", "Contexts on each", "Most contexts on each.", whole=True, low=1, high=5, default=5
    ),
    Field(
        "max_generations",
        "Generations",
        "Most utterances that may hold a slot at once.",
        whole=True,
        low=1,
        high=5000,
        optional=True,
    ),
    Field(
        "max_attempts",
        "Attempts",
        "Contexts tried for one utterance; 1 means no retry.",
        whole=True,
        low=1,
        high=100,
        default=3,
    ),
)
WHERE: Final = (("auto", "Automatic"), ("window", "In this window"), ("process", "In a process of its own"))


class ScenarioView(QWidget):
    """Edits a ``Draft``.

    Signals:
        draftChanged(Draft): The person changed something.
        whereChanged(str): A name of ``WHERE``.
        openRequested(): Open a scenario's file.
        saveRequested(): Save the scenario.
        fileRequested(): Choose the file of texts.
    """

    draftChanged = Signal(object)
    whereChanged = Signal(str)
    openRequested = Signal()
    saveRequested = Signal()
    fileRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scenario")
        self._draft = Draft()
        self._updating = False
        self._column = page_in(self, "scenario_page", 5)
        self._build_head()
        self._build_load()
        self._build_texts()
        self._build_thresholds()
        self._build_more()
        self._column.addStretch(1)
        self.show_draft(self._draft)

    @property
    def draft(self) -> Draft:
        """What it holds."""
        return self._draft

    def show_draft(self, draft: Draft) -> None:
        """Show another scenario, without reporting it as the person's."""
        self._draft = draft
        self._updating = True
        _set_text(self.name, draft.name)
        for picker, kinds, tag in ((self.load, LOADS, draft.load), (self.caller, CALLERS, draft.caller)):
            kind = kind_of(kinds, tag)
            picker.setCurrentIndex(picker.findData(kind.tag))
            picker.setToolTip(kind.tip)
        self.load_fields.show_fields(kind_of(LOADS, draft.load).fields, draft.loads.get(draft.load, {}))
        self.caller_fields.show_fields(kind_of(CALLERS, draft.caller).fields, draft.callers.get(draft.caller, {}))
        self._show_texts()
        if self.thresholds.toPlainText() != draft.thresholds:
            self.thresholds.setPlainText(draft.thresholds)
        self._check_thresholds()
        for field in _NUMBERS:
            show_number(self._numbers[field.name], field, getattr(draft, field.name))
        for field in _POOL:
            show_number(self._numbers[field.name], field, draft.pool.get(field.name, field.default))
        self._updating = False

    def set_where(self, where: str) -> None:
        """Show where runs run."""
        self.where.setCurrentIndex(max(0, self.where.findData(where)))

    def set_editable(self, on: bool) -> None:
        """Let the scenario be edited, or only read while it runs."""
        for child in self.findChildren(QWidget):
            if isinstance(child, (Whole, Decimal, List, QLineEdit, QPlainTextEdit, QPushButton)):
                child.setEnabled(on)

    # --- building ----------------------------------------------------------------------------------------

    def _build_head(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.name = QLineEdit()
        self.name.setObjectName("scenario_name")
        self.name.setAccessibleName("Name of the scenario")
        self.name.setPlaceholderText("Name")
        self.name.setMinimumWidth(80)
        self.name.editingFinished.connect(lambda: self._edit(name=self.name.text()))
        row.addWidget(self.name, 1)
        self.open = tool_button("Open…", "scenario_open", "Open a scenario", "flat")
        self.save = tool_button("Save…", "scenario_save", "Save the scenario", "flat")
        self.open.clicked.connect(self.openRequested)
        self.save.clicked.connect(self.saveRequested)
        row.addWidget(self.open)
        row.addWidget(self.save)
        self._column.addLayout(row)

    def _build_load(self) -> None:
        self.load = self._picker("load_profile", "Load", [(kind.tag, kind.title) for kind in LOADS])
        self.load_fields = FieldsView("load_fields")
        self._section("Load", self.load, self.load_fields)
        self.load.currentIndexChanged.connect(lambda _: self._choose("load", LOADS, self.load.currentData()))
        self.load_fields.edited.connect(lambda name, value: self._take(self._draft.with_load(name, value)))
        self.caller = self._picker("caller_kind", "Callers", [(kind.tag, kind.title) for kind in CALLERS])
        self.caller_fields = FieldsView("caller_fields")
        self._section("Callers", self.caller, self.caller_fields)
        self.caller.currentIndexChanged.connect(lambda _: self._choose("caller", CALLERS, self.caller.currentData()))
        self.caller_fields.edited.connect(lambda name, value: self._take(self._draft.with_caller(name, value)))

    def _build_texts(self) -> None:
        box = QWidget()
        cells = grid(box)
        self.texts = self._picker("scenario_texts", "Texts", [])
        for each in text_sets():
            self.texts.addItem(each.title, each.name)
        self.texts.addItem("The text in the editor", drafts.TYPED)
        self.texts.addItem("A file, line by line", drafts.FILE)
        self.texts.currentIndexChanged.connect(lambda _: self._choose_texts(str(self.texts.currentData())))
        self.file = QPushButton("Choose…")
        self.file.setObjectName("texts_file")
        self.file.setProperty("role", "compact")
        self.file.clicked.connect(self.fileRequested)
        self.voices = self._picker(
            "scenario_voices",
            "Voices",
            [
                (VoiceSource.FITTING.value, "Fitting voices"),
                (VoiceSource.PLAYGROUND.value, "The playground's"),
                (VoiceSource.MIX.value, "A mix by weight"),
            ],
        )
        self.voices.currentIndexChanged.connect(
            lambda _: self._edit(voices=VoiceSource(str(self.voices.currentData())))
        )
        self.mix = QLineEdit()
        self.mix.setObjectName("voice_mix")
        self.mix.setAccessibleName("Voices and their weights")
        self.mix.setPlaceholderText("Ashley 2, Clive 1")
        self.mix.editingFinished.connect(lambda: self._edit(mix=self.mix.text()))
        cells.addWidget(field_label("Texts", self.texts), 0, 0)
        cells.addWidget(self.texts, 0, 1)
        cells.addWidget(self.file, 1, 1)
        cells.addWidget(field_label("Voices", self.voices, "With the playground's other settings."), 2, 0)
        cells.addWidget(self.voices, 2, 1)
        cells.addWidget(self.mix, 3, 1)
        self._section("Speech", box)

    def _build_thresholds(self) -> None:
        self.thresholds = QPlainTextEdit()
        self.thresholds.setObjectName("thresholds")
        self.thresholds.setAccessibleName("Thresholds, one on each line")
        self.thresholds.setFont(mono_font(11))
        self.thresholds.setTabChangesFocus(True)
        self.thresholds.setPlaceholderText("ttfa_ms.p95 < 400\nerrors.rate < 0.01 abort")
        self.thresholds.setToolTip("One on each line; “abort” behind one ends the run when it is crossed.")
        self.thresholds.setFixedHeight(74)
        self.thresholds.textChanged.connect(self._take_thresholds)
        self.threshold_error = sentence("threshold_error")
        self._section("Thresholds", self.thresholds, self.threshold_error)

    def _build_more(self) -> None:
        self.more = QPushButton("▸ Seed, jitter buffer, pool, where it runs")
        self.more.setObjectName("more")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_more)
        self._rest = QWidget()
        cells: QGridLayout = grid(self._rest)
        self._numbers: dict[str, Whole | Decimal] = {}
        for row, field in enumerate((*_NUMBERS, *_POOL)):
            editor = make_number(field)
            editor.setToolTip(field.tip)
            cells.addWidget(field_label(field.title, editor, field.tip), row, 0)
            cells.addWidget(editor, row, 1)
            self._numbers[field.name] = editor
            editor.valueChanged.connect(self._number_taker(field, editor))
        self.where = self._picker("run_where", "Where it runs", list(WHERE))
        self.where.currentIndexChanged.connect(lambda _: self.whereChanged.emit(str(self.where.currentData())))
        row = len(_NUMBERS) + len(_POOL)
        tip = "A load too heavy for this window to measure runs in a process of its own."
        cells.addWidget(field_label("Runs", self.where, tip), row, 0)
        cells.addWidget(self.where, row, 1)
        self._column.addWidget(self.more)
        self._column.addWidget(self._rest)
        self._rest.hide()

    def _section(self, title: str, *widgets: QWidget) -> None:
        self._column.addSpacing(7)
        self._column.addWidget(label(title, "heading"))
        for widget in widgets:
            self._column.addWidget(widget)

    def _picker(self, name: str, spoken: str, items: list[tuple[str, str]]) -> List:
        made = List(name, spoken)
        for value, words in items:
            made.addItem(words, value)
        return made

    # --- taking ------------------------------------------------------------------------------------------

    def _take(self, draft: Draft) -> None:
        if self._updating or draft == self._draft:
            return
        self._draft = draft
        self.draftChanged.emit(draft)

    def _edit(self, **changes: Any) -> None:
        self._take(replace(self._draft, **changes))
        self._show_texts()

    def _choose(self, name: str, kinds: tuple[Kind, ...], tag: str) -> None:
        if self._updating:
            return
        chosen: dict[str, Any] = {name: kind_of(kinds, tag).tag}
        self._take(replace(self._draft, **chosen))
        self.show_draft(self._draft)

    def _choose_texts(self, source: str) -> None:
        if self._updating:
            return
        self._edit(texts=source)
        if source == drafts.FILE and not self._draft.file:
            self.fileRequested.emit()

    def _number_taker(self, field: Field, editor: Whole | Decimal) -> Callable[[Any], None]:
        def take(_: Any) -> None:
            value = read_number(editor, field)
            if field in _POOL:
                self._take(self._draft.with_pool(field.name, None if value == field.default else value))
            else:
                self._edit(**{field.name: value})

        return take

    def _take_thresholds(self) -> None:
        self._check_thresholds()
        self._take(replace(self._draft, thresholds=self.thresholds.toPlainText()))

    def _check_thresholds(self) -> None:
        wrong = first_wrong_threshold(self.thresholds.toPlainText())
        say(self.threshold_error, "" if wrong is None else f"Line {wrong[0] + 1}: {wrong[1]}")
        restyle(self.thresholds, "invalid", wrong is not None)

    def _show_texts(self) -> None:
        before, self._updating = self._updating, True
        draft = self._draft
        _offer(self.texts, drafts.AS_LOADED, "As in the file", draft.texts == drafts.AS_LOADED)
        _offer(self.voices, drafts.AS_LOADED, "As in the file", draft.voices is VoiceSource.AS_LOADED)
        self.texts.setCurrentIndex(max(0, self.texts.findData(draft.texts)))
        self.voices.setCurrentIndex(max(0, self.voices.findData(draft.voices.value)))
        self.file.setVisible(draft.texts == drafts.FILE)
        self.file.setText(draft.file.replace("\\", "/").rpartition("/")[2] or "Choose…")
        self.file.setToolTip(draft.file)
        self.mix.setVisible(draft.voices is VoiceSource.MIX)
        _set_text(self.mix, draft.mix)
        self._updating = before

    def _show_more(self, shown: bool) -> None:
        self._rest.setVisible(shown)
        self.more.setText(("▾" if shown else "▸") + self.more.text()[1:])

    def sizeHint(self) -> QSize:
        """Return the width of the dock."""
        return QSize(290, 480)


def _set_text(line: QLineEdit, text: str) -> None:
    if line.text() != text:
        line.setText(text)
        line.setCursorPosition(0)


def _offer(picker: List, value: str, words: str, offered: bool) -> None:
    """Have an entry in a list only while it is chosen."""
    place = picker.findData(value)
    if offered and place < 0:
        picker.addItem(words, value)
    elif not offered and place >= 0:
        picker.removeItem(place)
