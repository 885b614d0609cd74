"""One error in full: which context, where, in which state, why, whom else it hit, what the pool did, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from voxgrid.theme import mono_font, ui_font
from voxgrid.views.page import Page, readable
from voxgrid.views.widgets import label, restyle

_QUESTIONS: Final = ("where", "when", "state", "why", "whom", "then", "do")
_LABELS: Final = {"whom": "others", "then": "pool"}
_ASKED: Final = {"whom": "Whom else it hit", "then": "What the pool did next", "do": "What to do"}
_EMPTY: Final = (
    "No error is chosen.\n\nWhat fails is listed here, by its kind: choose an error to read where and why, whom else "
    "it hit, what the pool did next and what to do."
)


@dataclass(frozen=True, slots=True)
class Detail:
    """What is shown of one error.

    Attributes:
        number: The error's serial number.
        title: In a line.
        answers: Texts by question: where, when, state, why, whom, then, do.
        hits: A line for each context that a lost connection took with it.
        frames: The frames around it, a line each.
        details: A traceback, or "".
        has_cell: Whether there is a cell to go to.
        cause: Number of the error that this one is a part of, or 0.
    """

    number: int
    title: str
    answers: dict[str, str]
    hits: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    details: str = ""
    has_cell: bool = False
    cause: int = 0


class ErrorDetail(Page):
    """Shows one error.

    Signals:
        cellRequested(int), momentRequested(int), framesRequested(int), copyRequested(int), causeRequested(int): What
            to do with the error on show, by number.
    """

    cellRequested = Signal(int)
    momentRequested = Signal(int)
    framesRequested = Signal(int)
    copyRequested = Signal(int)
    causeRequested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("error_detail", "The chosen error", 7, parent)
        self._shown: Detail | None = None
        self._title = readable("title")
        self.column.addWidget(self._title)
        self._build_buttons()
        self._build_answers()
        self._lines = readable("value")
        self.column.addWidget(self._lines)
        self.column.addStretch(1)
        self.show_detail(None)

    def _build_buttons(self) -> None:
        self._cell = QPushButton("Cell")
        self._moment = QPushButton("Moment")
        self._moment.setAccessibleName("Show that moment")
        self._frames = QPushButton("Frames")
        self._copy = QPushButton("Copy")
        self._copy.setAccessibleName("Copy report")
        self._cause = QPushButton("Cause")
        self._cell.setToolTip("Go to the cell")
        self._moment.setToolTip("Show that moment: the whole window as it was then (Alt+F8)")
        self._frames.setToolTip("Show all frames of its context")
        self._copy.setToolTip("Copy everything about this error; the report holds no keys")
        self._cause.setToolTip("Go to the error that this one is a part of")
        row = QHBoxLayout()
        row.setSpacing(3)
        for button, signal in (
            (self._cell, self.cellRequested),
            (self._moment, self.momentRequested),
            (self._frames, self.framesRequested),
            (self._copy, self.copyRequested),
            (self._cause, self.causeRequested),
        ):
            button.setProperty("role", "compact")
            button.clicked.connect(lambda _checked=False, wanted=signal: self._ask(wanted))
            row.addWidget(button)
        row.addStretch(1)
        self.column.addLayout(row)

    def _build_answers(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self._answers: dict[str, tuple[QLabel, QLabel]] = {}
        for row, question in enumerate(_QUESTIONS):
            name = label(_LABELS.get(question, question), "small")
            answer = readable()
            name.setToolTip(_ASKED.get(question, ""))
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(answer, row, 1)
            self._answers[question] = (name, answer)
        self.column.addLayout(grid)

    @property
    def shown(self) -> Detail | None:
        """What is on show."""
        return self._shown

    def show_detail(self, detail: Detail | None) -> None:
        """Show an error, the same one further on, or none."""
        if detail == self._shown and detail is not None:
            return
        other = detail is None or self._shown is None or detail.number != self._shown.number
        self._shown = detail
        some = detail is not None
        for button in (self._cell, self._moment, self._frames, self._copy, self._cause):
            button.setVisible(some)
        self._title.setText(detail.title if detail else "")
        self._title.setVisible(some)
        for question, (name, answer) in self._answers.items():
            text = detail.answers.get(question, "") if detail else ""
            name.setVisible(bool(text))
            answer.setVisible(bool(text))
            answer.setText(text)
        self._show_lines(detail)
        if detail is not None:
            self._cell.setEnabled(detail.has_cell)
            self._frames.setEnabled(bool(detail.frames))
            self._cause.setVisible(detail.cause > 0)
            self.setAccessibleDescription(" ".join((detail.title, *detail.answers.values())))
        if other:
            self.verticalScrollBar().setValue(0)

    def _show_lines(self, detail: Detail | None) -> None:
        if detail is None:
            self._lines.setFont(ui_font(12))
            restyle(self._lines, "role", "muted")
            self._lines.setText(_EMPTY)
            self._lines.show()
            return
        self._lines.setFont(mono_font(11))
        restyle(self._lines, "role", "value")
        parts: list[str] = []
        for head, lines in (("CONTEXTS THAT DIED", detail.hits), ("FRAMES AROUND IT", detail.frames)):
            if lines:
                parts += [head, *lines, ""]
        if detail.details:
            parts += ["TRACEBACK", detail.details]
        self._lines.setText("\n".join(parts).rstrip())
        self._lines.setVisible(bool(parts))

    def _ask(self, signal: object) -> None:
        shown = self._shown
        if shown is not None:
            signal.emit(shown.cause if signal is self.causeRequested else shown.number)  # type: ignore[attr-defined]


def texts(detail: Detail) -> Sequence[str]:
    """Return everything that is shown of an error, for tests and for a screen reader."""
    return (detail.title, *detail.answers.values(), *detail.hits, *detail.frames, detail.details)
