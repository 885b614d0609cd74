"""Lanes: every slot a line of time, every utterance a bar in it, told apart by colour and by shape.

What has been is painted once into a pixmap that scrolls; a frame adds the strip that is new.  After a zoom the
pixmap is filled from now backwards, a few milliseconds a frame.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from voxgrid.models.lab.charting import MARK_STYLES
from voxgrid.models.lab.lanes import Bar, Lanes, Stage
from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.scale import time_ticks
from voxgrid.theme import Theme, mono_font, narrow_font
from voxgrid.views.lab.lane_marks import STAGE_TOKENS, paint_end, paint_span
from voxpool.events import Outcome

HEAD: Final = 24
"""Pixels of the row numbers at the left."""
AXIS: Final = 16
"""Pixels of the time axis at the bottom."""
SPANS_S: Final = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Stretches of time that fill the width."""
_FRAME_MS: Final = 100
_LABEL: Final = 16
_TALLEST: Final = 44
_BUDGET_S: Final = 0.002
_BUDGET_AT_REST_S: Final = 0.012
_SLICE_PX: Final = 8


class LanesView(QWidget):
    """All lanes of one run, or the five of one connection.

    Args:
        theme: Colours.

    Signals:
        chosen(int): The person chose this utterance.
        opened(int): The person wants to read its life.
        followChanged(bool): Whether now is at the right edge.
        rowChanged(object): The connection that fills the view, or None for all.
    """

    chosen = Signal(int)
    opened = Signal(int)
    followChanged = Signal(bool)
    rowChanged = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lanes_view")
        self.setAccessibleName("Lanes: utterances in every slot over time")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(200, 120)
        self._theme = theme
        self._picture = Picture()
        self._span = SPANS_S.index(30.0)
        self._row: int | None = None
        self._follow = True
        self._right_s = 0.0
        self._now_s = 0.0
        self._moment_s: float | None = None
        self._picked: Bar | None = None
        self._drag: tuple[QPoint, float] | None = None
        self._cache = QPixmap()
        # The part of the cache that is painted, in seconds; the cache's left edge is a whole number of pixels.
        self._left_px = 0
        self._filled: tuple[float, float] | None = None
        self._mono, self._narrow = mono_font(9), narrow_font(10)
        self.paint_ms: deque[float] = deque(maxlen=600)
        self._frames = QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self.update)
        theme.changed.connect(self._forget_all)

    # --- showing -----------------------------------------------------------------------------------------

    def show_picture(self, picture: Picture) -> None:
        """Show another run."""
        self._picture = picture
        self._picked = None
        self._row = None
        self._moment_s = None
        self.set_follow(True)
        self.show_now(0.0)
        self._forget_all()
        self.rowChanged.emit(None)

    def show_now(self, now_s: float) -> None:
        """The run is at this moment; repainted at most ten times a second."""
        self._now_s = now_s
        if self._follow:
            self._right_s = self._edge_s
        if self.isVisible() and not self._frames.isActive():
            self._frames.start()

    def change_picture(self, picture: Picture) -> None:
        """Show another stretch of the same time, with the same connections and as near as before."""
        self._picture = picture
        self._picked = self.lanes.of(self._picked.utterance_id) if self._picked is not None else None
        self._forget_all()

    def show_moment(self, at_s: float, ends_s: float) -> None:
        """Mark a moment of the past, in the middle while it is followed; what is shown ends at ``ends_s``."""
        self._moment_s, self._now_s = at_s, ends_s
        if self._follow:
            self._right_s = self._edge_s
        self._frames.stop()
        self.update()

    def stop(self) -> None:
        """Nothing moves any more; leaves no timer."""
        self._frames.stop()
        self.update()

    @property
    def span_s(self) -> float:
        """Seconds that fill the width."""
        return SPANS_S[self._span]

    @property
    def _edge_s(self) -> float:
        """The moment at the right edge while now is followed: a run first fills the width, and scrolls then."""
        if self._moment_s is not None:
            return max(self._moment_s + self.span_s / 2, self.span_s)
        return max(self._now_s, self.span_s)

    @property
    def lanes(self) -> Lanes:
        """What is shown."""
        return self._picture.lanes

    @property
    def picture(self) -> Picture:
        """What is shown."""
        return self._picture

    @property
    def row(self) -> int | None:
        """The connection that fills the view, or None for all."""
        return self._row

    @property
    def following(self) -> bool:
        """Whether now is at the right edge."""
        return self._follow

    def set_follow(self, on: bool) -> None:
        """Keep now at the right edge, or stay."""
        if on != self._follow:
            self._follow = on
            self.followChanged.emit(on)
        if on:
            self._stay()

    def _stay(self) -> None:
        """Show the same moment once more: something else about it changed."""
        if self._moment_s is None:
            self.show_now(self._now_s)
            self.update()
        else:
            self.show_moment(self._moment_s, self._now_s)

    def show_row(self, row: int | None) -> None:
        """Let one connection fill the view, or show all."""
        if row != self._row:
            self._row = row
            self._forget_all()
            self.rowChanged.emit(row)

    def zoom(self, steps: int, at_s: float | None = None) -> None:
        """Show less time (positive) or more, around a moment or now."""
        wanted = min(len(SPANS_S) - 1, max(0, self._span - steps))
        if wanted == self._span:
            return
        before = self.span_s
        self._span = wanted
        if at_s is not None and not self._follow:
            self._right_s = at_s + (self._right_s - at_s) * self.span_s / before
        self._stay()
        self._forget_all()

    def pan(self, seconds: float) -> None:
        """Go to another time; now is followed again when it comes into view at the right edge."""
        last = self._edge_s if self._moment_s is None else max(self._now_s, self._edge_s)
        right = min(last, max(self.span_s, self._right_s + seconds))
        self._right_s = right
        self.set_follow(self._moment_s is None and right >= last - 1e-9)
        self.update()

    def choose(self, utterance_id: int) -> None:
        """Frame the newest bar of an utterance."""
        self._picked = self.lanes.of(utterance_id) if utterance_id else None
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size at which every lane is five pixels high."""
        return QSize(400, 560)

    # --- painting ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bring the pixmap up to date, then put on it what moves."""
        began = time.perf_counter()
        self._update_cache()
        painter = QPainter(self)
        tokens = self._theme.tokens
        painter.fillRect(self.rect(), QColor(tokens.background))
        painter.drawPixmap(QPoint(HEAD, 0), self._cache)
        self._paint_heads(painter)
        self._paint_axis(painter)
        self._paint_marks(painter)
        self._paint_moment(painter)
        self._paint_picked(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
        self.paint_ms.append((time.perf_counter() - began) * 1000)
        if self._is_behind():
            # The rest of the past comes with the next frames.
            QTimer.singleShot(_FRAME_MS // 3, self, self.update)

    @property
    def _scale(self) -> float:
        """Pixels a second."""
        return max(1, self.width() - HEAD) / self.span_s

    def _x(self, at_s: float) -> float:
        return HEAD + (at_s - self._left_s) * self._scale

    @property
    def _left_s(self) -> float:
        return self._left_px / self._scale

    def _rows(self) -> range:
        return range(self.lanes.rows) if self._row is None else range(self._row, self._row + 1)

    def _lane_rect(self, row: int, column: int) -> tuple[float, float]:
        """Return top and height of a lane."""
        rows, columns = self._rows(), self.lanes.columns
        high = (self.height() - AXIS) / max(1, len(rows))
        lane = (high - 1) / columns
        return (row - rows.start) * high + column * lane, lane

    def _forget_all(self) -> None:
        self._filled = None
        self.update()

    def _is_behind(self) -> bool:
        return self._filled is not None and self._filled[0] > self._left_s + 1e-6

    def _update_cache(self) -> None:
        size = QSize(max(1, self.width() - HEAD), max(1, self.height() - AXIS))
        ratio = self.devicePixelRatioF()
        if self._cache.size() != size * ratio:
            self._cache = QPixmap(size * ratio)
            self._cache.setDevicePixelRatio(ratio)
            self._filled = None
        self._scroll_to(round(self._right_s * self._scale) - size.width())
        earliest, granted = self.lanes.take()
        right = min(self._left_s + size.width() / self._scale, max(self._now_s, 0.0))
        if self._filled is None:
            self._cache.fill(QColor(self._theme.tokens.panel))
            self._filled = (right, right)
        painter = QPainter(self._cache)
        start, end = self._filled
        redo = min(end, earliest if earliest is not None else end)
        # A running bar was painted up to the last frame, and a cross is a few pixels wide: begin before it.
        redo = max(self._left_s, redo - 5 / self._scale)
        if redo < start:
            start = redo
        # Bars of the past come into view at the right without having been granted just now.
        self._fill(painter, redo, right, queues=self._moment_s is not None)
        for bar in granted:
            self._paint_queue(painter, bar)
        self._filled = (start, max(right, redo))
        self._fill_back(painter)
        painter.end()

    def _scroll_to(self, left_px: int) -> None:
        moved = left_px - self._left_px
        self._left_px = left_px
        if not moved or self._filled is None:
            return
        ratio = self._cache.devicePixelRatio()
        wide = int(self._cache.width() / ratio)
        start, end = self._filled
        if abs(moved) >= wide or (moved < 0 and start >= self._left_s + wide / self._scale):
            self._filled = None
            return
        by = -round(moved * ratio)
        self._cache.scroll(by, 0, self._cache.rect())
        # Going back leaves a strip at the left, which is filled as the past is after a zoom.
        right_s = self._left_s + wide / self._scale
        self._filled = (max(start, self._left_s), min(max(end, self._left_s), right_s))
        painter = QPainter(self._cache)
        bare = QRect(wide - moved, 0, moved, self.height()) if moved > 0 else QRect(0, 0, -moved, self.height())
        painter.fillRect(bare, QColor(self._theme.tokens.panel))
        painter.end()

    @property
    def _at_rest(self) -> bool:
        return self._moment_s is None and not self._frames.isActive()

    def _fill_back(self, painter: QPainter) -> None:
        """Paint the past, the newest first, as far as the time of a frame allows."""
        assert self._filled is not None  # noqa: S101 - set by the caller
        until = time.perf_counter() + (_BUDGET_AT_REST_S if self._at_rest else _BUDGET_S)
        start, end = self._filled
        step = _SLICE_PX / self._scale
        while start > self._left_s + 1e-6 and time.perf_counter() < until:
            before = max(self._left_s, start - step)
            self._fill(painter, before, start, queues=True)
            start = before
        self._filled = (start, end)

    def _fill(self, painter: QPainter, from_s: float, to_s: float, *, queues: bool = False) -> None:
        """Paint all lanes anew within a stretch of time."""
        if to_s <= from_s:
            return
        left = round((from_s - self._left_s) * self._scale)
        right = round((to_s - self._left_s) * self._scale) + 1
        area = QRect(left, 0, right - left, self.height())
        painter.setClipRect(area)
        tokens = self._theme.tokens
        painter.fillRect(area, QColor(tokens.panel))
        for row in self._rows():
            top, _ = self._lane_rect(row, 0)
            painter.fillRect(QRectF(left, top - 1, right - left, 1), QColor(tokens.line))
            for column in range(self.lanes.columns):
                for bar in self.lanes.bars(row, column, from_s, to_s):
                    self._paint_bar(painter, bar)
                    if queues:
                        self._paint_queue(painter, bar)
        painter.setClipping(False)

    def _paint_bar(self, painter: QPainter, bar: Bar) -> None:
        top, high = self._lane_rect(bar.row, bar.column)
        if self._row is not None and bar.begins:
            self._paint_label(painter, bar, top, high)
            # Room for a label above, and no bars like walls.
            top, high = top + _LABEL, min(high - _LABEL, _TALLEST)
        scale, left_s = self._scale, self._left_s
        for begin, end, stage in bar.spans(self._now_s):
            left = (begin - left_s) * scale
            area = QRectF(left, top, max(1.0, (end - begin) * scale), high - 1)
            paint_span(painter, area, stage, self._theme.tokens)
        if bar.outcome in (Outcome.FAILED, Outcome.CANCELLED) and bar.begins:
            at = next((begin for begin, stage in bar.begins if stage >= Stage.CLOSING), bar.end_s or self._now_s)
            where = QPointF((at - left_s) * scale, top + (high - 1) / 2)
            paint_end(painter, where, high - 1, bar.outcome, self._theme.tokens)

    def _paint_label(self, painter: QPainter, bar: Bar, top: float, high: float) -> None:
        end = bar.end_s if bar.end_s is not None else self._now_s
        left = (bar.start_s - self._left_s) * self._scale
        room = (end - bar.start_s) * self._scale - 6
        if room < 24 or high < 2 * _LABEL:
            return
        painter.setFont(self._narrow)
        label = f"#{bar.utterance_id} {bar.label}"
        said = QFontMetrics(self._narrow).elidedText(label, Qt.TextElideMode.ElideRight, int(room))
        painter.setPen(QColor(self._theme.tokens.text))
        painter.drawText(QPointF(left + 3, top + 11), said)

    def _paint_queue(self, painter: QPainter, bar: Bar) -> None:
        """Show the wait before a bar in the hairline below its lane, where nothing else is."""
        top, high = self._lane_rect(bar.row, bar.column)
        wide = (bar.start_s - bar.queued_s) * self._scale
        if wide >= 1:
            left = (bar.queued_s - self._left_s) * self._scale
            color = QColor(getattr(self._theme.tokens, STAGE_TOKENS[Stage.QUEUE]))
            painter.fillRect(QRectF(left, top + high - 1, wide, 1), color)

    def _paint_heads(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        painter.fillRect(QRect(0, 0, HEAD, self.height()), QColor(tokens.background))
        painter.setFont(self._mono)
        for row in self._rows():
            top, lane = self._lane_rect(row, 0)
            area = QRectF(0, top, HEAD - 5, lane * self.lanes.columns)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row + 1))

    def _paint_axis(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        base = self.height() - AXIS
        painter.fillRect(QRect(0, base, self.width(), AXIS), QColor(tokens.background))
        painter.setFont(self._mono)
        start = self._left_s
        wanted = max(2, (self.width() - HEAD) // 70)
        for at_s, text in time_ticks(max(0.0, start), start + self.span_s, wanted=wanted):
            x = self._x(at_s)
            painter.setPen(QColor(tokens.line))
            painter.drawLine(QPointF(x, 0), QPointF(x, base + 3))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QRectF(x - 30, base + 2, 60, AXIS - 2), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_marks(self, painter: QPainter) -> None:
        styles = {"solid": Qt.PenStyle.SolidLine, "dashed": Qt.PenStyle.DashLine, "dotted": Qt.PenStyle.DotLine}
        for mark in self._picture.marks:
            x = self._x(mark.at_s)
            if HEAD <= x <= self.width():
                token, style = MARK_STYLES[mark.kind]
                painter.setPen(QPen(QColor(getattr(self._theme.tokens, token)), 1, styles[style]))
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - AXIS))

    def _paint_moment(self, painter: QPainter) -> None:
        if self._moment_s is None:
            return
        x = self._x(self._moment_s)
        if HEAD <= x <= self.width():
            painter.setPen(QPen(QColor(self._theme.tokens.accent), 2))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - AXIS))

    def _paint_picked(self, painter: QPainter) -> None:
        bar = self._picked
        if bar is None or bar.row not in self._rows():
            return
        top, high = self._lane_rect(bar.row, bar.column)
        end = bar.end_s if bar.end_s is not None else self._now_s
        left = max(float(HEAD), self._x(bar.start_s))
        right = min(float(self.width()), self._x(end))
        if right > left:
            painter.setPen(QPen(QColor(self._theme.tokens.text), 1))
            painter.drawRect(QRectF(left - 1, top - 1, right - left + 1, high))

    # --- the pointer and the keys ------------------------------------------------------------------------

    def bar_at(self, position: QPoint) -> Bar | None:
        """Return the bar under a point of the view, or None."""
        if position.x() < HEAD or position.y() >= self.height() - AXIS:
            return None
        rows, columns = self._rows(), self.lanes.columns
        high = (self.height() - AXIS) / max(1, len(rows))
        row = rows.start + min(len(rows) - 1, int(position.y() / high))
        column = min(columns - 1, int((position.y() - (row - rows.start) * high) / ((high - 1) / columns)))
        at_s = self._left_s + (position.x() - HEAD) / self._scale
        return self.lanes.at(row, column, at_s, 3 / self._scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a bar, or begin to drag the time."""
        self._drag = (event.position().toPoint(), self._right_s)
        bar = self.bar_at(event.position().toPoint())
        self._pick(bar)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the time."""
        if self._drag is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        origin, right_s = self._drag
        moved = event.position().toPoint().x() - origin.x()
        if abs(moved) > 3:
            self.pan(right_s - moved / self._scale - self._right_s)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The drag is over."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Let the connection under the pointer fill the view, or show all again."""
        rows = self._rows()
        row = rows.start + int(event.position().y() / ((self.height() - AXIS) / max(1, len(rows))))
        self.show_row(None if self._row is not None else min(row, rows.stop - 1))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer."""
        at_s = self._left_s + (event.position().x() - HEAD) / self._scale
        self.zoom(1 if event.angleDelta().y() > 0 else -1, at_s)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, plus and minus zoom, Enter opens, Home and End go to the beginning and to now."""
        key = event.key()
        step = self.span_s / 8
        acts = {
            Qt.Key.Key_Left: lambda: self.pan(-step),
            Qt.Key.Key_Right: lambda: self.pan(step),
            Qt.Key.Key_Up: lambda: self._step_row(-1),
            Qt.Key.Key_Down: lambda: self._step_row(1),
            Qt.Key.Key_Plus: lambda: self.zoom(1),
            Qt.Key.Key_Minus: lambda: self.zoom(-1),
            Qt.Key.Key_Home: lambda: self.pan(-self._right_s),
            Qt.Key.Key_End: lambda: self.set_follow(True),
            Qt.Key.Key_Return: self._open,
            Qt.Key.Key_Enter: self._open,
        }
        act = acts.get(Qt.Key(key))
        if act is None:
            super().keyPressEvent(event)
            return
        act()

    def event(self, event: QEvent) -> bool:
        """Say what is under the pointer."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            bar = self.bar_at(event.pos())
            QToolTip.showText(event.globalPos(), bar.words(self._now_s) if bar is not None else "", self)
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Paint everything anew in the new size."""
        super().resizeEvent(event)
        self._filled = None

    def _step_row(self, by: int) -> None:
        if self._row is None:
            self.show_row(0 if by > 0 else self.lanes.rows - 1)
            return
        row = self._row + by
        self.show_row(row if 0 <= row < self.lanes.rows else None)

    def _pick(self, bar: Bar | None) -> None:
        self._picked = bar
        self.update()
        if bar is not None:
            self.setAccessibleDescription(bar.words(self._now_s))
            self.chosen.emit(bar.utterance_id)

    def _open(self) -> None:
        if self._picked is not None:
            self.opened.emit(self._picked.utterance_id)
