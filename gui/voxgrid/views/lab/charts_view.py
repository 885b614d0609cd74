"""The charts of a run, one above the other or in two columns: drawn one a frame, never all at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from voxgrid.models.lab.charting import (
    CHARTS,
    MARK_WORDS,
    ChartPlan,
    in_powers,
    near_mark,
    summary,
    top_of,
    value_ticks,
    values_at,
)
from voxgrid.models.lab.heat import HIGH, LOW
from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.scale import clock, time_ticks, time_top
from voxgrid.theme import Theme
from voxgrid.views.lab.chart import Chart
from voxgrid.views.lab.legend import DASH_DOT_DOTTED, DASH_DOTTED, DASHED, DOTTED, SOLID, Line
from voxgrid.views.lab.pictures import save_png, save_svg

TWO_COLUMNS: Final = 640
"""From this width on there are two columns."""
_FRAME_MS: Final = 33
_LEFT_COLUMN: Final = 4
"""Charts in the left one of two columns."""
_ROWS: Final = 360
"""Rows of the grid behind the charts: divisible by the sums of heights, so that the columns end together."""

_LOOKS: Final = {
    "in_use": (("open", SOLID), ("generating", DASHED)),
    "waiting": (("creating", SOLID),),
    "oldest": (("draining", SOLID),),
    "rates": (("accent", SOLID), ("good", DASHED)),
    "ttfa": (("good", SOLID), ("warning", DASHED), ("bad", DOTTED)),
    "errors": (
        ("failed", SOLID),
        ("creating", DASHED),
        ("draining", DOTTED),
        ("open", DASH_DOTTED),
        ("zombie", DASH_DOT_DOTTED),
        ("muted", SOLID),
    ),
    "stalls": (("zombie", SOLID),),
    "lag": (("muted", SOLID), ("draining", DASHED)),
}
"""Colour and line style of every series, in the order of the plan."""


class ChartsView(QWidget):
    """All charts of one run.

    Args:
        theme: Colours.
        at_once: Whether all charts are made now; otherwise whoever has time makes them with ``make_next``.

    Signals:
        readout(str): What there is at the pointer, in words; "" when it left.
    """

    readout = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, at_once: bool = True) -> None:
        super().__init__(parent)
        self.setObjectName("charts_view")
        self._theme = theme
        self._picture = Picture()
        self._zoom: tuple[float, float] | None = None
        self._cross: float | None = None
        self._moment: float | None = None
        self._columns = 0
        self._span = (0.0, 0.0)
        self.charts: dict[str, Chart] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(4, 0, 4, 4)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._due: list[ChartPlan] = []
        self._frames = QTimer(self)
        self._frames.setTimerType(Qt.TimerType.PreciseTimer)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._draw_next)
        self._arrange()
        while at_once and not self.complete:
            self.make_next()

    @property
    def complete(self) -> bool:
        """Whether every chart is made."""
        return len(self.charts) == len(CHARTS)

    def make_next(self) -> None:
        """Make the next chart and draw it: each takes about as long as a frame."""
        plan = CHARTS[len(self.charts)]
        self.charts[plan.key] = chart = self._make(plan)
        self._place()
        self._draw(plan)
        self._show_span(chart)

    @property
    def _made(self) -> tuple[ChartPlan, ...]:
        return CHARTS[: len(self.charts)]

    # --- showing -----------------------------------------------------------------------------------------

    def show_picture(self, picture: Picture) -> None:
        """Show another run, at once and all of it."""
        self._picture = picture
        self._zoom = None
        self._frames.stop()
        for plan in self._made:
            self._draw(plan)

    def show_moment(self, at_s: float | None) -> None:
        """Draw a line at a moment of the past, which the pointer's takes the place of while it is here."""
        if at_s == self._moment:
            return
        before, self._moment = self._moment, at_s
        if self._cross in (None, before):
            self._cross_at(at_s)

    def refresh(self) -> None:
        """The run went on: have every chart drawn anew, one a frame."""
        if not self.isVisible():
            self._due = list(self._made)
            return
        # A chart that still waits for its turn from the last time keeps its place: none is passed over for ever.
        waiting = {plan.key for plan in self._due}
        self._due += [plan for plan in self._made if plan.key not in waiting]
        if not self._frames.isActive():
            self._frames.start()

    def settle(self) -> None:
        """Draw all charts at once and no more: a view that stands still shows one moment."""
        self.stop()
        for plan in self._made:
            self._draw(plan)

    def stop(self) -> None:
        """Draw nothing more; leaves no timer."""
        self._frames.stop()
        self._due.clear()

    def reset_zoom(self) -> None:
        """Show the whole run."""
        self._zoom = None
        self._set_span()

    def zoom(self, start_s: float, end_s: float) -> None:
        """Show a stretch of the run."""
        self._zoom = (max(0.0, start_s), max(start_s + 0.5, end_s))
        self._set_span()

    @property
    def zoomed(self) -> bool:
        """Whether a stretch chosen by the person is shown."""
        return self._zoom is not None

    def save(self, path: Path) -> str:
        """Write the charts to a PNG or SVG file, by its ending; return "" or why it could not be written."""
        write = save_svg if path.suffix.lower() == ".svg" else save_png
        written = write(self, path, self._picture.name, self._theme.tokens.background)
        return "" if written else f"{path} could not be written."

    def sizeHint(self) -> QSize:
        """Return the size of one column."""
        return QSize(400, 560)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Go over to one or two columns."""
        super().resizeEvent(event)
        self._arrange()

    # --- inside ------------------------------------------------------------------------------------------

    def _make(self, plan: ChartPlan) -> Chart:
        names = [each.name for each in plan.drawn]
        lines = [Line(name, token, style) for name, (token, style) in zip(names, _LOOKS[plan.key], strict=False)]
        chart = Chart(plan.title, lines, self._theme, log=plan.log, parent=self)
        chart.legend.setToolTip(plan.tip)
        chart.setObjectName(f"chart_{plan.key}")
        chart.hovered.connect(self._hovered)
        chart.zoomed.connect(self.zoom)
        chart.resetRequested.connect(self.reset_zoom)
        top = top_of(plan, self._picture.line)
        chart.set_values(LOW if plan.log else 0.0, top, value_ticks(plan, top))
        return chart

    def _arrange(self) -> None:
        columns = 2 if self.width() >= TWO_COLUMNS else 1
        if columns == self._columns:
            return
        self._columns = columns
        self._place()
        for row in range(_ROWS):
            self._grid.setRowStretch(row, 1)
        self._grid.setColumnStretch(1, 1 if columns == 2 else 0)
        self._grid.setColumnStretch(0, 1)

    def _place(self) -> None:
        """Put every chart that is made into its place; the others' stay empty."""
        for column, plans in enumerate(self._in_columns()):
            row, all_of_it = 0, sum(plan.height for plan in plans)
            for place, plan in enumerate(plans):
                rows = plan.height * _ROWS // all_of_it
                chart = self.charts.get(plan.key)
                if chart is not None:
                    self._grid.addWidget(chart, row, column, rows, 1)
                    chart.set_time_labels(place == len(plans) - 1)
                row += rows

    def _in_columns(self) -> Iterator[tuple[ChartPlan, ...]]:
        if self._columns == 1:
            yield CHARTS
            return
        yield CHARTS[:_LEFT_COLUMN]
        yield CHARTS[_LEFT_COLUMN:]

    def _draw_next(self) -> None:
        if not self._due:
            self._frames.stop()
            return
        self._draw(self._due.pop(0))

    def _draw(self, plan: ChartPlan) -> None:
        picture, chart = self._picture, self.charts[plan.key]
        line = picture.line
        limits = picture.limits if plan.key == "in_use" else ()
        top = top_of(plan, line, limits)
        chart.set_values(LOW if plan.log else 0.0, top, value_ticks(plan, top, limits))
        chart.show_limits(limits)
        moments = line.column("at_s")
        if plan.key == "errors":
            self._draw_errors(chart)
        for each in plan.drawn:
            values = line.column(each.column)
            chart.show_line(each.name, moments, in_powers(values) if plan.log else values)
        if plan.log:
            chart.show_heat(picture.heat.shades(), picture.heat.width_s, LOW, HIGH)
        chart.show_marks(picture.marks)
        self._show_values(plan)
        chart.plot.setAccessibleDescription(summary(plan, line))
        self._set_span()

    def _draw_errors(self, chart: Chart) -> None:
        series = self._picture.line.error_series()
        looks = zip(series, _LOOKS["errors"], strict=False)
        chart.show_kinds([Line(kind, token, style) for (kind, _), (token, style) in looks])
        moments = self._picture.line.column("at_s")
        for kind, values in series:
            chart.show_line(kind, moments, values)

    def _show_values(self, plan: ChartPlan) -> None:
        place = self._picture.line.index_at(self._cross) if self._cross is not None else None
        self.charts[plan.key].show_values(values_at(plan, self._picture.line, place))

    def _set_span(self) -> None:
        picture = self._picture
        planned = picture.planned_s if picture.result is None else picture.line.ends_s or picture.planned_s
        span = self._zoom or picture.span or (0.0, time_top(picture.line.ends_s, planned))
        if span == self._span:
            return
        self._span = span
        for chart in self.charts.values():
            self._show_span(chart)

    def _show_span(self, chart: Chart) -> None:
        chart.set_span(*self._span)
        chart.set_ticks(time_ticks(*self._span, wanted=max(2, self.width() // self._columns // 70)))

    def _hovered(self, at_s: float | None) -> None:
        if at_s is not None and not 0 <= at_s <= self._picture.line.ends_s:
            at_s = None
        self._cross_at(self._moment if at_s is None else at_s)

    def _cross_at(self, at_s: float | None) -> None:
        if at_s == self._cross:
            return
        self._cross = at_s
        for plan in self._made:
            self.charts[plan.key].show_cross(at_s)
            self._show_values(plan)
        self.readout.emit(self._at_pointer(at_s))

    def _at_pointer(self, at_s: float | None) -> str:
        if at_s is None:
            return ""
        start, end = self._span
        mark = near_mark(self._picture.marks, at_s, (end - start) * 0.012)
        said = clock(at_s, precise=True)
        if at_s == self._moment:
            said += " · the moment shown, since the recording began"
        return f"{said} · {MARK_WORDS[mark.kind]}: {mark.text}" if mark is not None else said
