"""A run opened, and runs compared: windows of their own that leave the grid alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from voxgrid.models.runs import Compared, Summary
from voxgrid.theme import Theme, mono_font, ui_font
from voxgrid.views.runs.picture_view import PictureView
from voxgrid.views.runs.table_view import TableView
from voxgrid.views.widgets import label

Button = tuple[str, str, Callable[[], None]]

_SIZE: Final = (1080, 720)
_FRAME: Final = QSize(16, 48)
"""What a window manager puts around a window, about."""
_COMPARED_NUMBERS: Final = range(3, 7)


class _RunDialog(QDialog):
    """What both have in common: a size, a column, and buttons at the end."""

    def __init__(self, title: str, name: str, theme: Theme, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.theme = theme
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 14, 16, 12)
        self.column.setSpacing(8)
        room = self.screen().availableGeometry().size() - _FRAME
        self.resize(QSize(*_SIZE).boundedTo(room))

    def add_buttons(self, buttons: tuple[Button, ...]) -> None:
        row = QHBoxLayout()
        row.addStretch(1)
        for text, name, act in (*buttons, ("&Close", "close_run", self.close)):
            button = QPushButton(text)
            button.setObjectName(name)
            button.setAccessibleName(text.replace("&", ""))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, act=act: act())
            row.addWidget(button)
        self.column.addLayout(row)


class SummaryDialog(_RunDialog):
    """Verdict, numbers and charts of one run.

    Args:
        summary: The run.
        theme: Colours.
        buttons: Text, object name and act of each button before Close.
        parent: Qt parent.
    """

    def __init__(
        self, summary: Summary, theme: Theme, buttons: tuple[Button, ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(f"{summary.reading.word}: {summary.name}", "run_summary", theme, parent)
        self.summary = summary
        self.column.addLayout(self._head())
        self.column.addLayout(self._tiles())
        self.column.addWidget(self._body(), 1)
        self.add_buttons(buttons)
        self._adding = QTimer(self)
        self._adding.timeout.connect(self._add_chart)
        if summary.pictures:
            self._adding.start(0)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(18)
        self.verdict = QLabel(f"{self.summary.reading.sign} {self.summary.reading.word}")
        self.verdict.setObjectName("run_verdict")
        self.verdict.setFont(ui_font(20, bold=True))
        row.addWidget(self.verdict, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(_plain(label(self.summary.name, "title", "run_name")))
        for sentence in self.summary.sentences:
            words.addWidget(_plain(label(sentence, "", "run_sentence")))
        words.addWidget(_plain(label(self.summary.facts, "small", "run_facts")))
        row.addLayout(words, 1)
        return row

    def _tiles(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(26)
        for title, value in self.summary.tiles:
            tile = QVBoxLayout()
            tile.setSpacing(0)
            number = label(value, "value")
            number.setFont(mono_font(15, bold=True))
            tile.addWidget(number)
            tile.addWidget(label(title, "small"))
            row.addLayout(tile)
        row.addStretch(1)
        return row

    def _body(self) -> QSplitter:
        tables = QWidget()
        row = QHBoxLayout(tables)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(TableView(self.summary.percentiles, range(1, 8), "Percentiles", self.theme), 17)
        if self.summary.checks.rows:
            row.addWidget(TableView(self.summary.checks, range(1, 2), "Thresholds and errors", self.theme), 10)
        charts = QWidget()
        self._grid = QGridLayout(charts)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        for place in range((len(self.summary.pictures) + 1) // 2):
            self._grid.setRowStretch(place, 1)
        for column in range(2):
            self._grid.setColumnStretch(column, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(tables)
        if self.summary.pictures:
            split.addWidget(charts)
            split.setSizes([215, 385])
        split.setChildrenCollapsible(False)
        return split

    def _add_chart(self) -> None:
        """Add the next chart: one for each turn of the event loop, as all at once would hold up the grid."""
        place = self._grid.count()
        if place < len(self.summary.pictures):
            self._grid.addWidget(PictureView(self.summary.pictures[place], self.theme), *divmod(place, 2))
        else:
            self._adding.stop()

    def _apply_theme(self) -> None:
        tone = QColor(getattr(self.theme.tokens, self.summary.reading.tone))
        self.verdict.setStyleSheet(f"color: {tone.name()};")


class CompareDialog(_RunDialog):
    """Curves over each other, and for each percentile whether the difference is more than noise.

    Args:
        compared: The runs.
        theme: Colours.
        buttons: Text, object name and act of each button before Close.
        parent: Qt parent.
    """

    def __init__(
        self, compared: Compared, theme: Theme, buttons: tuple[Button, ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(f"Comparison of {len(compared.names)} runs", "run_comparison", theme, parent)
        self.compared = compared
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self._sentences())
        split.addWidget(PictureView(compared.picture, theme))
        split.addWidget(TableView(compared.table, _COMPARED_NUMBERS, "Differences", theme))
        split.setSizes([min(150, 24 * len(compared.sentences) + 44), 240, 300])
        split.setChildrenCollapsible(False)
        self.column.addWidget(split, 1)
        self.add_buttons(buttons)

    def _sentences(self) -> QScrollArea:
        """Return what is said of each pair of runs: it scrolls, however many there are."""
        words = QWidget()
        column = QVBoxLayout(words)
        column.setContentsMargins(0, 0, 4, 4)
        column.setSpacing(6)
        for sentence in self.compared.sentences:
            column.addWidget(_plain(label(sentence, "title", "comparison_sentence")))
        column.addWidget(_plain(label(self.compared.method, "small", "comparison_method")))
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(48)
        area.setWidget(words)
        return area


def _plain(made: QLabel) -> QLabel:
    """Show what a run says as text, never as HTML."""
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
