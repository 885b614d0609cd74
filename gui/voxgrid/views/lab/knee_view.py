"""The knee: what every level of a search cost in time to first audio and in errors, and which level is safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from voxgrid.models.lab.charting import in_powers
from voxgrid.models.lab.heat import HIGH, LOW
from voxgrid.models.lab.scale import nice_top
from voxgrid.models.lab.words import search_sentence
from voxgrid.models.wording import millis
from voxgrid.theme import Theme, mono_font
from voxgrid.views.lab.chart import Chart, hair
from voxgrid.views.lab.legend import DASHED, SOLID, Line
from voxgrid.views.widgets import label
from voxpool.stress.result import SearchResult, Step

_HEADS: Final = ("Level", "p50", "p95", "Errors", "Held")
_TICKS: Final = ((2.0, "0.1s"), (3.0, "1s"), (4.0, "10s"))


class KneeView(QWidget):
    """Levels against their p95 and their error rate; the levels in a table below.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("knee_view")
        self._theme = theme
        self._steps: tuple[Step, ...] = ()
        self._found: SearchResult | None = None
        self.said = label("", "title", "knee_said")
        self.said.setWordWrap(True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        lines = (Line("p50", "good", SOLID), Line("p95", "warning", DASHED))
        self.latency = Chart("First audio by level", lines, theme, log=True, parent=self)
        self.errors = Chart("Failed, percent by level", (Line("failed", "failed", SOLID),), theme, parent=self)
        self.latency.set_values(LOW, HIGH, _TICKS)
        self._points = {True: self._scatter("o"), False: self._scatter("x")}
        self._borders: list[tuple[Any, str]] = []
        for chart in (self.latency, self.errors):
            chart.set_time_labels(True)
            chart.plot.setMouseEnabled(x=False, y=False)
            for token in ("good", "bad"):
                line = pg.InfiniteLine(angle=90, movable=False)
                line.hide()
                chart.plot.addItem(line, ignoreBounds=True)
                self._borders.append((line, token))
        self.table = self._make_table()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 6)
        column.setSpacing(4)
        column.addWidget(self.said)
        column.addWidget(self.latency, 3)
        column.addWidget(self.errors, 1)
        column.addWidget(self.table, 2)
        theme.changed.connect(self._color)
        self._color()
        self.show_steps((), None)

    def show_steps(self, steps: Sequence[Step], found: SearchResult | None) -> None:
        """Show the levels tried so far, and what was found once it is known."""
        self._steps, self._found = tuple(steps), found
        self.said.setText(self._sentence())
        ranked = sorted(self._steps, key=lambda step: step.level)
        levels = np.array([step.level for step in ranked], np.float64)
        for name, values in (("p50", [s.ttfa_p50_ms for s in ranked]), ("p95", [s.ttfa_p95_ms for s in ranked])):
            self.latency.show_line(name, levels, in_powers(_numbers(values)))
        rates = np.array([100 * step.error_rate for step in ranked], np.float64)
        self.errors.show_line("failed", levels, rates)
        top = nice_top(float(rates.max(initial=0.0)), 1)
        self.errors.set_values(0.0, top, [(top, f"{top:g}%")])
        self._show_points(ranked)
        self._show_span(levels)
        self._show_borders()
        newest = self._steps[-1] if self._steps else None
        self.latency.show_values(
            {} if newest is None else {"p50": millis(newest.ttfa_p50_ms), "p95": millis(newest.ttfa_p95_ms)}
        )
        self.errors.show_values({} if newest is None else {"failed": f"{100 * newest.error_rate:.1f} %"})
        self._fill_table()
        for chart in (self.latency, self.errors):
            chart.plot.setAccessibleDescription(self._sentence())

    def _sentence(self) -> str:
        if self._found is not None:
            return search_sentence(self._found)
        if not self._steps:
            return "No search yet: choose the load “Search for the breaking point”."
        held = [step.level for step in self._steps if step.passed]
        return f"{len(self._steps)} levels tried; the highest that held so far: {max(held, default=0):g}."

    def _show_points(self, ranked: Sequence[Step]) -> None:
        for passed, item in self._points.items():
            chosen = [step for step in ranked if step.passed is passed and step.ttfa_p95_ms is not None]
            values = in_powers(_numbers([step.ttfa_p95_ms for step in chosen]))
            item.setData([step.level for step in chosen], values)

    def _show_span(self, levels: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        top = nice_top(float(levels.max(initial=0.0)) * 1.02, 10)
        ticks = [(share * top, f"{share * top:g}") for share in (0.25, 0.5, 0.75, 1.0)]
        for chart in (self.latency, self.errors):
            chart.set_span(0.0, top * 1.04)
            chart.set_ticks(ticks)

    def _show_borders(self) -> None:
        found = self._found
        at = {"good": found.safe, "bad": found.breaking} if found is not None else {}
        for line, token in self._borders:
            where = at.get(token)
            line.setVisible(where is not None)
            if where is not None:
                line.setPos(where)

    def _fill_table(self) -> None:
        self.table.setRowCount(len(self._steps))
        for row, step in enumerate(self._steps):
            texts = (
                f"{step.level:g}",
                millis(step.ttfa_p50_ms),
                millis(step.ttfa_p95_ms),
                f"{100 * step.error_rate:.1f} %",
                " · ".join(filter(None, ("✓ held", step.words))) if step.passed else f"✕ {step.words or 'failed'}",
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column < len(texts) - 1:
                    item.setFont(mono_font(11))
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        self.table.scrollToBottom()

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_HEADS), self)
        table.setObjectName("knee_table")
        table.setAccessibleName("Levels tried")
        table.setHorizontalHeaderLabels(list(_HEADS))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(20)
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.horizontalHeader().setStretchLastSection(True)
        for column, wide in enumerate((52, 64, 64, 62)):
            table.setColumnWidth(column, wide)
        return table

    def _scatter(self, symbol: str) -> Any:
        item = pg.ScatterPlotItem(symbol=symbol, size=8, antialias=False, pxMode=True)
        self.latency.plot.addItem(item, ignoreBounds=True)
        return item

    def _color(self) -> None:
        tokens = self._theme.tokens
        for passed, item in self._points.items():
            color = QColor(tokens.good if passed else tokens.bad)
            item.setPen(hair(color))
            item.setBrush(QBrush(color))
        for line, name in self._borders:
            line.setPen(hair(getattr(tokens, name), SOLID if name == "good" else DASHED))


def _numbers(values: Sequence[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
