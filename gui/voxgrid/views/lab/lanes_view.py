"""Lanes: every slot a line of time, every utterance a bar in it, told apart by colour and by shape."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from voxgrid.models.lab.charting import MARK_STYLES
from voxgrid.models.lab.lanes import Bar, Lanes
from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.scale import time_ticks
from voxgrid.theme import Theme, mono_font
from voxgrid.views.lab.lane_strip import AXIS, HEAD, LaneStrip, Place

SPANS_S: Final = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Stretches of time that fill the width."""
_FRAME_MS: Final = 100
_BUDGET_S: Final = 0.002
_BUDGET_AT_REST_S: Final = 0.012


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
        self._strip = LaneStrip(theme)
        self._mono = mono_font(9)
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
        at_rest = self._moment_s is None and not self._frames.isActive()
        self._strip.update(
            self.lanes,
            self.place,
            (self._now_s, self._right_s),
            self.devicePixelRatioF(),
            past=self._moment_s is not None,
            budget_s=_BUDGET_AT_REST_S if at_rest else _BUDGET_S,
        )
        place = self.place
        painter = QPainter(self)
        tokens = self._theme.tokens
        painter.fillRect(self.rect(), QColor(tokens.background))
        painter.drawPixmap(QPoint(HEAD, 0), self._strip.pixmap)
        self._paint_heads(painter, place)
        self._paint_axis(painter, place)
        self._paint_marks(painter, place)
        self._paint_moment(painter, place)
        self._paint_picked(painter, place)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
        self.paint_ms.append((time.perf_counter() - began) * 1000)
        if self._strip.is_behind(place):
            # The rest of the past comes with the next frames.
            QTimer.singleShot(_FRAME_MS // 3, self, self.update)

    @property
    def place(self) -> Place:
        """Where lanes and moments stand."""
        lanes, alone = self.lanes, self._row is not None
        rows = range(lanes.rows) if self._row is None else range(self._row, self._row + 1)
        return Place(self.width(), self.height(), self.span_s, self._strip.left_px, rows, lanes.columns, alone)

    def _forget_all(self) -> None:
        self._strip.forget()
        self.update()

    def _paint_heads(self, painter: QPainter, place: Place) -> None:
        tokens = self._theme.tokens
        painter.fillRect(QRect(0, 0, HEAD, self.height()), QColor(tokens.background))
        painter.setFont(self._mono)
        for row in place.rows:
            top, lane = place.lane(row, 0)
            area = QRectF(0, top, HEAD - 5, lane * self.lanes.columns)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row + 1))

    def _paint_axis(self, painter: QPainter, place: Place) -> None:
        tokens = self._theme.tokens
        base = self.height() - AXIS
        painter.fillRect(QRect(0, base, self.width(), AXIS), QColor(tokens.background))
        painter.setFont(self._mono)
        start = place.left_s
        wanted = max(2, (self.width() - HEAD) // 70)
        for at_s, text in time_ticks(max(0.0, start), start + self.span_s, wanted=wanted):
            x = place.x(at_s)
            painter.setPen(QColor(tokens.line))
            painter.drawLine(QPointF(x, 0), QPointF(x, base + 3))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(self._axis_area(x, text), Qt.AlignmentFlag.AlignCenter, text)

    def _axis_area(self, x: float, text: str) -> QRectF:
        """Return where a time stands: under its line, and whole also where that is at an end of the axis."""
        wide = QFontMetricsF(self._mono).horizontalAdvance(text) + 2
        left = max(float(HEAD), min(x - wide / 2, self.width() - wide))
        return QRectF(left, self.height() - AXIS + 2, wide, AXIS - 2)

    def _paint_marks(self, painter: QPainter, place: Place) -> None:
        styles = {"solid": Qt.PenStyle.SolidLine, "dashed": Qt.PenStyle.DashLine, "dotted": Qt.PenStyle.DotLine}
        for mark in self._picture.marks:
            x = place.x(mark.at_s)
            if HEAD <= x <= self.width():
                token, style = MARK_STYLES[mark.kind]
                painter.setPen(QPen(QColor(getattr(self._theme.tokens, token)), 1, styles[style]))
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - AXIS))

    def _paint_moment(self, painter: QPainter, place: Place) -> None:
        if self._moment_s is None:
            return
        x = place.x(self._moment_s)
        if HEAD <= x <= self.width():
            painter.setPen(QPen(QColor(self._theme.tokens.accent), 2))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - AXIS))

    def _paint_picked(self, painter: QPainter, place: Place) -> None:
        bar = self._picked
        if bar is None or bar.row not in place.rows:
            return
        top, high = place.lane(bar.row, bar.column)
        end = bar.end_s if bar.end_s is not None else self._now_s
        left = max(float(HEAD), place.x(bar.start_s))
        right = min(float(self.width()), place.x(end))
        if right > left:
            painter.setPen(QPen(QColor(self._theme.tokens.text), 1))
            painter.drawRect(QRectF(left - 1, top - 1, right - left + 1, high))

    # --- the pointer and the keys ------------------------------------------------------------------------

    def bar_at(self, position: QPoint) -> Bar | None:
        """Return the bar under a point of the view, or None."""
        if position.x() < HEAD or position.y() >= self.height() - AXIS:
            return None
        place = self.place
        row = place.row_at(position.y())
        column = place.column_at(row, position.y())
        return self.lanes.at(row, column, place.moment(position.x()), 3 / place.scale)

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
            self.pan(right_s - moved / self.place.scale - self._right_s)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The drag is over."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Let the connection under the pointer fill the view, or show all again."""
        self.show_row(None if self._row is not None else self.place.row_at(event.position().y()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer."""
        self.zoom(1 if event.angleDelta().y() > 0 else -1, self.place.moment(event.position().x()))

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
        self._strip.forget()

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
