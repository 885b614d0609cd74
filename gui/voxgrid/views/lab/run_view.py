"""A run while it goes on, and what came of it: progress, counts, thresholds, verdict, percentiles."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QWidget

from voxgrid.models.lab.fields import Field
from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.words import (
    ThresholdRow,
    counts_words,
    distribution_rows,
    progress_share,
    progress_words,
    search_sentence,
    threshold_rows,
    trouble_words,
)
from voxgrid.theme import Theme
from voxgrid.views.lab.banner import Banner
from voxgrid.views.lab.fields import Decimal, field_label, make_number
from voxgrid.views.page import page_in
from voxgrid.views.widgets import label, restyle, say, sentence

_TARGET: Final = Field("target", "Target", "Edited while the run goes on; it is noted on the time line.", high=10_000)
_GLYPHS: Final = {True: "✓", False: "✕", None: "·"}
_HELD: Final = {True: "holds", False: "does not hold", None: "not measured yet"}
_MOST_THRESHOLDS: Final = 12


class RunView(QWidget):
    """Shows a ``Picture`` in numbers.

    Args:
        theme: Colours.

    Signals:
        targetEdited(float): The person set another target.
    """

    targetEdited = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run")
        self._column = page_in(self, "run_page", 6)
        self.name = label("No run yet", "title", "run_name")
        self.name.setWordWrap(True)
        self.banner = Banner(theme)
        self.found = sentence("search_found", "muted")
        self.progress = QProgressBar()
        self.progress.setObjectName("run_progress")
        self.progress.setAccessibleName("Progress of the run")
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setFixedHeight(6)
        self.said = label("", "small", "run_said")
        self.said.setWordWrap(True)
        self.trouble = sentence("run_trouble", "error")
        for widget in (self.name, self.banner, self.found, self.progress, self.said, self.trouble):
            self._column.addWidget(widget)
        self._build_target()
        self._build_counts()
        self._build_thresholds()
        self._build_percentiles()
        self.where = label("", "small", "run_where_said")
        self.where.setWordWrap(True)
        self._column.addWidget(self.where)
        self._column.addStretch(1)
        self.show_picture(Picture(), running=False)

    def show_picture(self, picture: Picture, *, running: bool, phase: str = "") -> None:
        """Show a run as it is now.

        Args:
            picture: The run.
            running: Whether it goes on.
            phase: Name of the phase.
        """
        result = picture.result
        self.name.setText(picture.name or "No run yet")
        self.banner.show_result(result)
        say(self.found, search_sentence(result.search) if result is not None and result.search is not None else "")
        share = progress_share(picture)
        self.progress.setVisible(running)
        # Without an end that is known, the bar says only that something goes on.
        self.progress.setRange(0, 0 if share is None else 1000)
        self.progress.setValue(int((share or 0.0) * 1000))
        self.said.setText(progress_words(picture, phase) if running else "")
        self.said.setVisible(running)
        say(self.trouble, trouble_words(picture) if running else "")
        self._target_row.setVisible(running and picture.targeted)
        self._show_counts(picture)
        self._show_thresholds(threshold_rows(picture))
        self._show_percentiles(picture)

    def show_target(self, target: float, unit: str, *, editable: bool) -> None:
        """Show the target as it is, unless the person is typing another one."""
        # The keyboard alone means nothing: it comes here by itself when the button that began the run goes.
        if not self._typing:
            self.target.blockSignals(True)
            self.target.setValue(target)
            self.target.blockSignals(False)
        self._unit.setText(unit)
        self.target.setEnabled(editable)

    def _set_typing(self, on: bool) -> None:
        self._typing = on

    def show_where(self, text: str) -> None:
        """Say where the run runs, and why there."""
        self.where.setText(text)

    def sizeHint(self) -> QSize:
        """Return the width of the dock."""
        return QSize(290, 480)

    # --- building ----------------------------------------------------------------------------------------

    def _build_target(self) -> None:
        self._target_row = QWidget()
        row = QHBoxLayout(self._target_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        made = make_number(_TARGET)
        assert isinstance(made, Decimal)  # noqa: S101 - the field is no whole number
        self.target = made
        self.target.setFixedWidth(78)
        self.target.setToolTip(_TARGET.tip)
        self._typing = False
        line = self.target.lineEdit()
        assert line is not None  # noqa: S101 - a spin box has one
        line.textEdited.connect(lambda _text: self._set_typing(True))
        self.target.editingFinished.connect(lambda: self._set_typing(False))
        self.target.valueChanged.connect(self.targetEdited)
        self._unit = label("", "small")
        row.addWidget(field_label(_TARGET.title, self.target))
        row.addWidget(self.target)
        row.addWidget(self._unit, 1)
        self._column.addWidget(self._target_row)

    def _build_counts(self) -> None:
        box = QWidget()
        cells = QGridLayout(box)
        cells.setContentsMargins(0, 2, 0, 2)
        cells.setHorizontalSpacing(10)
        cells.setVerticalSpacing(3)
        self._counts: dict[str, QLabel] = {}
        for place, (name, _) in enumerate(counts_words(Picture())):
            row, column = divmod(place, 2)
            cells.addWidget(label(name, "small"), row, 2 * column)
            value = label("–", "value", f"count_{name.replace(' ', '_')}")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            cells.addWidget(value, row, 2 * column + 1)
            self._counts[name] = value
        cells.setColumnStretch(1, 1)
        cells.setColumnStretch(3, 1)
        self._column.addWidget(box)

    def _build_thresholds(self) -> None:
        self._thresholds_head = label("Thresholds", "heading")
        self._column.addWidget(self._thresholds_head)
        box = QWidget()
        box.setAccessibleName("Thresholds")
        self._thresholds = QGridLayout(box)
        self._thresholds.setContentsMargins(0, 0, 0, 0)
        self._thresholds.setHorizontalSpacing(6)
        self._thresholds.setVerticalSpacing(1)
        self._thresholds.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, QLabel, QLabel]] = []
        self._column.addWidget(box)

    def _build_percentiles(self) -> None:
        self._percentiles_head = label("Distributions", "heading")
        self._percentiles = label("", "", "percentiles")
        self._percentiles.setTextFormat(Qt.TextFormat.RichText)
        self._percentiles.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addWidget(self._percentiles_head)
        self._column.addWidget(self._percentiles)

    # --- showing -----------------------------------------------------------------------------------------

    def _show_counts(self, picture: Picture) -> None:
        for name, value in counts_words(picture):
            self._counts[name].setText(value)

    def _show_thresholds(self, rows: tuple[ThresholdRow, ...]) -> None:
        rows = rows[:_MOST_THRESHOLDS]
        self._thresholds_head.setVisible(bool(rows))
        while len(self._rows) < len(rows):
            self._add_row()
        for place, labels in enumerate(self._rows):
            for each in labels:
                each.setVisible(place < len(rows))
        for row, (glyph, text, note) in zip(rows, self._rows, strict=False):
            glyph.setText(_GLYPHS[row.passed])
            restyle(glyph, "role", {True: "good", False: "error", None: "muted"}[row.passed])
            glyph.setAccessibleName(_HELD[row.passed])
            text.setText(row.text)
            text.setToolTip(row.text)
            say(note, row.note)

    def _add_row(self) -> None:
        place = 2 * len(self._rows)
        glyph, text, note = label("", "muted"), label("", "value"), label("", "small")
        glyph.setFixedWidth(14)
        note.setWordWrap(True)
        self._thresholds.addWidget(glyph, place, 0)
        self._thresholds.addWidget(text, place, 1)
        self._thresholds.addWidget(note, place + 1, 1)
        self._rows.append((glyph, text, note))

    def _show_percentiles(self, picture: Picture) -> None:
        rows = distribution_rows(picture.result) if picture.result is not None else ()
        self._percentiles_head.setVisible(bool(rows))
        self._percentiles.setVisible(bool(rows))
        shown = "".join(
            f"<p style='margin:0 0 5px 0'>{title} <span style='font-size:10px'>· {count}</span><br>"
            f"<span style='font-family:DejaVu Sans Mono,monospace;font-size:11px'>"
            f"p50 {p50} · p95 {p95}<br>p99 {p99} · p99.9 {p999}</span></p>"
            for title, count, p50, p95, p99, p999, _ in rows
        )
        if shown != self._percentiles.text():
            self._percentiles.setText(shown)
