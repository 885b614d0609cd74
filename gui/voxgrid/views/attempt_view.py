"""One attempt in the inspector: where it was, what it followed, its waterfall, and the way to its frames."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from voxgrid.models.waterfall import Section
from voxgrid.theme import Theme
from voxgrid.views.waterfall_view import WaterfallView
from voxgrid.views.widgets import label, tool_button


class AttemptView(QWidget):
    """Shows a section.

    Args:
        theme: Colours.

    Signals:
        cellRequested(int, int): Go to the cell: row, column.
        framesRequested(str): Show the frames of this context.
    """

    cellRequested = Signal(int, int)
    framesRequested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._section: Section | None = None
        self.cell = QPushButton(self)
        self.cell.setObjectName("attempt_cell")
        self.cell.setProperty("role", "link")
        self.cell.clicked.connect(self._to_cell)
        self.frames = tool_button("Frames", "attempt_frames", "Frames of this attempt", "flat")
        self.frames.clicked.connect(self._to_frames)
        self.link = label("", "small", "attempt_link")
        self.link.setWordWrap(True)
        self.why = label("", "error", "attempt_error")
        self.why.setWordWrap(True)
        self.waterfall = WaterfallView(theme, self)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(4)
        head.addWidget(self.cell)
        head.addStretch(1)
        head.addWidget(self.frames)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.link)
        column.addWidget(self.why)
        column.addWidget(self.waterfall)

    @property
    def section(self) -> Section | None:
        """What is shown."""
        return self._section

    def show_section(self, section: Section) -> None:
        """Show an attempt, or the same one further on."""
        if section == self._section:
            return
        self._section = section
        placed = section.row >= 0
        several = section.of > 1
        where = f"{section.row + 1}·{section.column + 1}"
        title = f"Attempt {section.number} of {section.of} · {where}" if several else f"In cell {where}"
        if self.cell.text() != title:
            self.cell.setText(title)
            self.cell.setAccessibleName(f"{title}: go to the cell")
            self.cell.setToolTip(f"{section.context_id} on connection id {section.connection_id}: go to its cell")
        self.cell.setVisible(placed)
        frames = f"{section.frames:,} frame{'' if section.frames == 1 else 's'}"
        if self.frames.text() != frames:
            self.frames.setText(frames)
            self.frames.setAccessibleName(f"{frames} of context {section.context_id}: show them")
        self.frames.setVisible(placed and section.frames > 0)
        self._put(self.link, section.link)
        # The last attempt's error stands at the top of the inspector already.
        self._put(self.why, section.error if several and section.number < section.of else "")
        self.waterfall.show_stages(section.stages, section.total_s)

    def _put(self, made: QLabel, text: str) -> None:
        if made.text() != text:
            made.setText(text)
        if made.isHidden() is bool(text):
            made.setVisible(bool(text))

    def _to_cell(self) -> None:
        if self._section is not None:
            self.cellRequested.emit(self._section.row, self._section.column)

    def _to_frames(self) -> None:
        if self._section is not None:
            self.framesRequested.emit(self._section.context_id)


class AttemptList(QWidget):
    """The attempts of one utterance, one under the other.

    Args:
        theme: Colours.
        before: After which widget Tab comes to them.
        parent: Qt parent.

    Signals:
        cellRequested(int, int): Go to a cell.
        framesRequested(str): Show the frames of a context.
    """

    cellRequested = Signal(int, int)
    framesRequested = Signal(str)

    def __init__(self, theme: Theme, before: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._before = before
        self.attempts: list[AttemptView] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)

    def show_sections(self, sections: tuple[Section, ...]) -> None:
        """Show attempts; views are kept, so that nothing jumps while one goes on."""
        while len(self.attempts) < len(sections):
            made = AttemptView(self._theme, self)
            made.cellRequested.connect(self.cellRequested)
            made.framesRequested.connect(self.framesRequested)
            self._column.addWidget(made)
            # In its place and not behind everything else that there is by now.
            before = self.attempts[-1].waterfall if self.attempts else self._before
            for widget in (made.cell, made.frames, made.waterfall):
                self.setTabOrder(before, widget)
                before = widget
            self.attempts.append(made)
        for place, view in enumerate(self.attempts):
            if place < len(sections):
                view.show_section(sections[place])
            if view.isHidden() is (place < len(sections)):
                view.setVisible(place < len(sections))
