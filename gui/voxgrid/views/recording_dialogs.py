"""Asking how to export and how to replay; neither stops the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from voxgrid.models.timeline import span_text
from voxgrid.views.widgets import Picker, label, say, sentence
from voxpool.recording.replay import Load, speeds


class _StretchDialog(QDialog):
    """A dialog about all of a recording, or the stretch that is chosen.

    Args:
        title: What is done.
        whole_s: Seconds of all of it.
        stretch_s: Seconds of the stretch, or None when none is chosen.
        parent: Qt parent.
    """

    def __init__(self, title: str, whole_s: float, stretch_s: float | None, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(420)
        self.whole = QRadioButton(f"All of it ({span_text(whole_s)})")
        self.whole.setObjectName("whole")
        how = "Shift+drag on the time line chooses one" if stretch_s is None else span_text(stretch_s)
        self.part = QRadioButton(f"The chosen stretch ({how})")
        self.part.setObjectName("part")
        self.part.setEnabled(stretch_s is not None)
        (self.part if stretch_s is not None else self.whole).setChecked(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 18, 20, 16)
        self._column.setSpacing(10)
        self._column.addWidget(label(title, "title"))
        self._column.addWidget(self.whole)
        self._column.addWidget(self.part)

    def _finish(self, accept: str, name: str) -> None:
        # Its own parent from the start: what a button looks like is asked when it is made, and our style says no icon.
        buttons = QDialogButtonBox(self)
        self.go = buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setObjectName(name)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._column.addWidget(buttons)

    @property
    def of_stretch(self) -> bool:
        """Whether only the stretch is meant."""
        return self.part.isChecked()


class ExportDialog(_StretchDialog):
    """What to export, as what, and whether with texts.

    Args:
        kinds: Titles of the kinds of files.
        kind: Which of them is chosen first.
        texts: Whether texts are in it at first, or None when none were recorded.
        whole_s: Seconds of all of it.
        stretch_s: Seconds of the stretch, or None.
        parent: Qt parent.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        kind: int,
        texts: bool | None,
        whole_s: float,
        stretch_s: float | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Export the recording", whole_s, stretch_s, parent)
        self.setObjectName("export_dialog")
        self.kind = Picker("export_kind", "Kind of file")
        self.kind.addItems(list(kinds))
        self.kind.setCurrentIndex(min(kind, len(kinds) - 1))
        form = QFormLayout()
        form.addRow("As", self.kind)
        self._column.addLayout(form)
        self.texts = QCheckBox("With what was spoken")
        self.texts.setObjectName("export_texts")
        self.texts.setChecked(bool(texts))
        self.texts.setEnabled(texts is not None)
        self._column.addWidget(self.texts)
        note = (
            "Keys and tokens are in no export. What was spoken may be somebody's secret, too: leave it out when unsure."
        )
        said = label(note if texts is not None else "Texts were left out of this recording.", "small")
        said.setWordWrap(True)
        self._column.addWidget(said)
        self._finish("Export…", "export_go")


class ReplayDialog(_StretchDialog):
    """Which load to ask for again, and how fast.

    Args:
        load_of: Returns the load of the stretch (True) or of all (False).
        whole_s: Seconds of all of it.
        stretch_s: Seconds of the stretch, or None.
        where: Name of the endpoint.
        parent: Qt parent.
    """

    def __init__(
        self,
        load_of: Callable[[bool], Load],
        whole_s: float,
        stretch_s: float | None,
        where: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Replay the load", whole_s, stretch_s, parent)
        self.setObjectName("replay_dialog")
        self._load_of = load_of
        self.speed = Picker("replay_speed", "How fast")
        form = QFormLayout()
        form.addRow("At", QLabel(where))
        form.addRow("How fast", self.speed)
        self._column.addLayout(form)
        self._facts = label("", "muted", "replay_facts")
        self._facts.setWordWrap(True)
        self._column.addWidget(self._facts)
        self._caveat = sentence("replay_caveat", "warning")
        self._column.addWidget(self._caveat)
        self._finish("Replay", "replay_go")
        self.whole.toggled.connect(lambda _on: self._show_load())
        self.speed.currentIndexChanged.connect(lambda _index: self._show_facts())
        self._show_load()

    @property
    def load(self) -> Load:
        """What is to be asked for."""
        return self._load.at_speed(self._speeds[max(0, self.speed.currentIndex())])

    def _show_load(self) -> None:
        self._load = self._load_of(self.of_stretch)
        named = list(speeds(self._load))
        self._speeds = [speed for _, speed in named]
        self.speed.clear()
        self.speed.addItems([name for name, _ in named])
        self._show_facts()

    def _show_facts(self) -> None:
        load = self.load
        count = len(load.calls)
        facts = f"{count:,} utterances with {load.characters:,} characters in {span_text(load.duration_s)}."
        self._facts.setText(facts if count else "Nothing was asked for in it.")
        say(self._caveat, load.caveat)
        self.go.setEnabled(count > 0)
