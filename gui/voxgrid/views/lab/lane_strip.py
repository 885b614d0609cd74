"""What has been in the lanes, painted once into a pixmap that scrolls; a frame adds the strip that is new.

After a zoom the pixmap is filled from now backwards, a few milliseconds a frame.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPixmap

from voxgrid.models.lab.lanes import Bar, Lanes, Stage
from voxgrid.theme import Theme, narrow_font
from voxgrid.views.lab.lane_marks import STAGE_TOKENS, paint_end, paint_span
from voxpool.events import Outcome

HEAD: Final = 24
"""Pixels of the row numbers at the left."""
AXIS: Final = 16
"""Pixels of the time axis at the bottom."""
_LABEL: Final = 16
_TALLEST: Final = 44
_SLICE_PX: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where lanes and moments stand in a view.

    Attributes:
        width: Of the view, in pixels.
        height: Of the view, in pixels.
        span_s: Seconds that fill the width beside the heads.
        left_px: The moment at the left edge, as pixels since the run began: a whole number.
        rows: Connections that are shown.
        columns: Lanes of each.
        alone: Whether one connection fills the view.
    """

    width: int
    height: int
    span_s: float
    left_px: int
    rows: range
    columns: int
    alone: bool

    @property
    def size(self) -> QSize:
        """The room for lanes."""
        return QSize(max(1, self.width - HEAD), max(1, self.height - AXIS))

    @property
    def scale(self) -> float:
        """Pixels a second."""
        return max(1, self.width - HEAD) / self.span_s

    @property
    def left_s(self) -> float:
        """The moment at the left edge, in seconds."""
        return self.left_px / self.scale

    def x(self, at_s: float) -> float:
        """Return where a moment stands in the view."""
        return HEAD + (at_s - self.left_s) * self.scale

    def moment(self, x: float) -> float:
        """Return the moment that stands at a place of the view, in seconds."""
        return self.left_s + (x - HEAD) / self.scale

    @property
    def row_high(self) -> float:
        """Height of a connection, with the line above it."""
        return (self.height - AXIS) / max(1, len(self.rows))

    def row_at(self, y: float) -> int:
        """Return the connection at a height of the view."""
        return self.rows.start + min(len(self.rows) - 1, int(y / self.row_high))

    def column_at(self, row: int, y: float) -> int:
        """Return the lane of a connection at a height of the view."""
        within = y - (row - self.rows.start) * self.row_high
        return min(self.columns - 1, int(within / ((self.row_high - 1) / self.columns)))

    def lane(self, row: int, column: int) -> tuple[float, float]:
        """Return top and height of a lane."""
        high = (self.row_high - 1) / self.columns
        return (row - self.rows.start) * self.row_high + column * high, high


class LaneStrip:
    """The pixmap.

    Args:
        theme: Colours.

    Attributes:
        pixmap: What has been, right of the heads and above the axis.
        left_px: Its left edge, as pixels since the run began.
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._narrow = narrow_font(10)
        self._now_s = 0.0
        # The part of the pixmap that is painted, in seconds.
        self._filled: tuple[float, float] | None = None
        self.pixmap = QPixmap()
        self.left_px = 0

    def forget(self) -> None:
        """Paint everything anew."""
        self._filled = None

    def is_behind(self, place: Place) -> bool:
        """Whether a part of the past is still to be painted."""
        return self._filled is not None and self._filled[0] > place.left_s + 1e-6

    def update(
        self, lanes: Lanes, place: Place, times: tuple[float, float], ratio: float, *, past: bool, budget_s: float
    ) -> None:
        """Bring the pixmap up to date.

        Args:
            lanes: What is shown.
            place: Where; its left edge is moved to fit.
            times: Now, and the moment at the right edge, in seconds.
            ratio: Pixels of the device for each of ours.
            past: Whether a moment of the past is shown.
            budget_s: How long the past may take in this frame.
        """
        self._now_s, right_s = times
        size = place.size
        if self.pixmap.size() != size * ratio:
            self.pixmap = QPixmap(size * ratio)
            self.pixmap.setDevicePixelRatio(ratio)
            self._filled = None
        place = self._scroll_to(place, round(right_s * place.scale) - size.width())
        earliest, granted = lanes.take()
        right = min(place.left_s + size.width() / place.scale, max(self._now_s, 0.0))
        if self._filled is None:
            self.pixmap.fill(QColor(self._theme.tokens.panel))
            self._filled = (right, right)
        painter = QPainter(self.pixmap)
        start, end = self._filled
        redo = min(end, earliest if earliest is not None else end)
        # A running bar was painted up to the last frame, and a cross is a few pixels wide: begin before it.
        redo = max(place.left_s, redo - 5 / place.scale)
        start = min(start, redo)
        # Bars of the past come into view at the right without having been granted just now.
        self._fill(painter, lanes, place, (redo, right), queues=past)
        for bar in granted:
            self._paint_queue(painter, place, bar)
        start = self._fill_back(painter, lanes, place, start, budget_s)
        self._filled = (start, max(right, redo))
        painter.end()

    def _scroll_to(self, place: Place, left_px: int) -> Place:
        moved = left_px - self.left_px
        self.left_px = left_px
        place = replace(place, left_px=left_px)
        if not moved or self._filled is None:
            return place
        ratio = self.pixmap.devicePixelRatio()
        wide = int(self.pixmap.width() / ratio)
        start, end = self._filled
        right_s = place.left_s + wide / place.scale
        if abs(moved) >= wide or (moved < 0 and start >= right_s):
            self._filled = None
            return place
        self.pixmap.scroll(-round(moved * ratio), 0, self.pixmap.rect())
        # Going back leaves a strip at the left, which is filled as the past is after a zoom.
        self._filled = (max(start, place.left_s), min(max(end, place.left_s), right_s))
        painter = QPainter(self.pixmap)
        bare = QRect(wide - moved, 0, moved, place.height) if moved > 0 else QRect(0, 0, -moved, place.height)
        painter.fillRect(bare, QColor(self._theme.tokens.panel))
        painter.end()
        return place

    def _fill_back(self, painter: QPainter, lanes: Lanes, place: Place, start: float, budget_s: float) -> float:
        """Paint the past, the newest first, as far as the time of a frame allows; return how far it went."""
        until = time.perf_counter() + budget_s
        step = _SLICE_PX / place.scale
        while start > place.left_s + 1e-6 and time.perf_counter() < until:
            before = max(place.left_s, start - step)
            self._fill(painter, lanes, place, (before, start), queues=True)
            start = before
        return start

    def _fill(
        self, painter: QPainter, lanes: Lanes, place: Place, stretch: tuple[float, float], *, queues: bool
    ) -> None:
        """Paint all lanes anew within a stretch of time."""
        from_s, to_s = stretch
        if to_s <= from_s:
            return
        left = round((from_s - place.left_s) * place.scale)
        right = round((to_s - place.left_s) * place.scale) + 1
        area = QRect(left, 0, right - left, place.height)
        painter.setClipRect(area)
        tokens = self._theme.tokens
        painter.fillRect(area, QColor(tokens.panel))
        for row in place.rows:
            top, _ = place.lane(row, 0)
            painter.fillRect(QRectF(left, top - 1, right - left, 1), QColor(tokens.line))
            for column in range(place.columns):
                for bar in lanes.bars(row, column, from_s, to_s):
                    self._paint_bar(painter, place, bar)
                    if queues:
                        self._paint_queue(painter, place, bar)
        painter.setClipping(False)

    def _paint_bar(self, painter: QPainter, place: Place, bar: Bar) -> None:
        top, high = place.lane(bar.row, bar.column)
        if place.alone and bar.begins:
            self._paint_label(painter, place, bar, top, high)
            # Room for a label above, and no bars like walls.
            top, high = top + _LABEL, min(high - _LABEL, _TALLEST)
        scale, left_s = place.scale, place.left_s
        for begin, end, stage in bar.spans(self._now_s):
            left = (begin - left_s) * scale
            area = QRectF(left, top, max(1.0, (end - begin) * scale), high - 1)
            paint_span(painter, area, stage, self._theme.tokens)
        if bar.outcome in (Outcome.FAILED, Outcome.CANCELLED) and bar.begins:
            at = next((begin for begin, stage in bar.begins if stage >= Stage.CLOSING), bar.end_s or self._now_s)
            where = QPointF((at - left_s) * scale, top + (high - 1) / 2)
            paint_end(painter, where, high - 1, bar.outcome, self._theme.tokens)

    def _paint_label(self, painter: QPainter, place: Place, bar: Bar, top: float, high: float) -> None:
        end = bar.end_s if bar.end_s is not None else self._now_s
        left = (bar.start_s - place.left_s) * place.scale
        room = (end - bar.start_s) * place.scale - 6
        if room < 24 or high < 2 * _LABEL:
            return
        painter.setFont(self._narrow)
        label = f"#{bar.utterance_id} {bar.label}"
        said = QFontMetrics(self._narrow).elidedText(label, Qt.TextElideMode.ElideRight, int(room))
        painter.setPen(QColor(self._theme.tokens.text))
        painter.drawText(QPointF(left + 3, top + 11), said)

    def _paint_queue(self, painter: QPainter, place: Place, bar: Bar) -> None:
        """Show the wait before a bar in the hairline below its lane, where nothing else is."""
        top, high = place.lane(bar.row, bar.column)
        wide = (bar.start_s - bar.queued_s) * place.scale
        if wide >= 1:
            left = (bar.queued_s - place.left_s) * place.scale
            color = QColor(getattr(self._theme.tokens, STAGE_TOKENS[Stage.QUEUE]))
            painter.fillRect(QRectF(left, top + high - 1, wide, 1), color)
