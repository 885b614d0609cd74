"""The line itself: activity, errors, marks, the stretch that is chosen, and the moment that is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
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
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from voxgrid.models.cell import Look
from voxgrid.models.timeline import LEAST_S, TimelineModel, clock_text, span_text, step_s
from voxgrid.theme import Theme, mono_font
from voxgrid.views.glyphs import draw_glyph

_LABELS: Final = 16
_FLAGS: Final = 13
_GLYPH: Final = 9.0
_STEP: Final = {
    Qt.Key.Key_Left: -1.0,
    Qt.Key.Key_Right: 1.0,
    Qt.Key.Key_PageUp: -60.0,
    Qt.Key.Key_PageDown: 60.0,
}
_ZOOM: Final = 1.25


class TimelineCanvas(QWidget):
    """Shows a ``TimelineModel``; dragging or the arrow keys choose a moment, Shift with the mouse a stretch.

    Args:
        theme: Colours.

    Signals:
        momentChosen(float): Show this moment, monotonic seconds of the recording.
        liveRequested(): Show what is now.
        stretchChosen(object): A stretch as (begin, end), or None.
        playRequested(): Play, or stop playing.
    """

    momentChosen = Signal(float)
    liveRequested = Signal()
    stretchChosen = Signal(object)
    playRequested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model: TimelineModel | None = None
        self._wall: Callable[[float], float] = float
        self._view: tuple[float, float] | None = None
        self._at: float | None = None
        self._stretch: tuple[float, float] | None = None
        self._anchor: float | None = None
        self._picture: QPixmap | None = None
        self._font = mono_font(10)
        self.setObjectName("timeline")
        self.setAccessibleName("Time line of the recording")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(_LABELS + _FLAGS + 20)
        self.setMouseTracking(True)
        theme.changed.connect(self.redraw)

    def sizeHint(self) -> QSize:
        """Return room enough to aim with a pointer."""
        return QSize(600, _LABELS + _FLAGS + 30)

    # --- what is shown -----------------------------------------------------------------------------------

    def show_model(self, model: TimelineModel | None, wall: Callable[[float], float]) -> None:
        """Show another recording.

        Args:
            model: The recording, or None for none.
            wall: Returns seconds since 1970 of a moment.
        """
        self._model, self._wall = model, wall
        self._view = self._stretch = self._at = None
        self.redraw()

    def show_moment(self, at: float | None) -> None:
        """Show where the moment is; None for now."""
        if at != self._at:
            self._at = at
            self._keep_in_view()
            self.setAccessibleDescription(self.said())
            self.update()

    def show_stretch(self, stretch: tuple[float, float] | None) -> None:
        """Show which stretch is chosen."""
        self._stretch = stretch
        self.update()

    def redraw(self) -> None:
        """Draw anew what does not move."""
        self._picture = None
        self.setAccessibleDescription(self.said())
        self.update()

    @property
    def stretch(self) -> tuple[float, float] | None:
        """The stretch that is chosen, or None."""
        return self._stretch

    def said(self) -> str:
        """Return what it shows, in words."""
        if self._model is None:
            return "Nothing is recorded"
        where = "live" if self._at is None else f"at {clock_text(self._wall(self._at), tenths=True)}"
        errors = len(self._model.troubled(self._model.first, self._model.last, 1000))
        return f"{span_text(self._model.last - self._model.first)} recorded, {where}, {errors} places with errors"

    def view(self) -> tuple[float, float]:
        """Return the stretch that fills the width."""
        if self._view is not None or self._model is None:
            return self._view or (0.0, 1.0)
        return self._model.first, max(self._model.last, self._model.first + LEAST_S)

    def x_of(self, at: float) -> float:
        """Return where a moment is."""
        begin, end = self.view()
        return (at - begin) / (end - begin) * (self.width() - 1)

    def moment_at(self, x: float) -> float:
        """Return the moment that is at a place, within the recording."""
        if self._model is None:
            return 0.0
        begin, end = self.view()
        at = begin + x / max(1, self.width() - 1) * (end - begin)
        return min(max(at, self._model.first), self._model.last)

    def _keep_in_view(self) -> None:
        if self._view is None or self._at is None:
            return
        begin, end = self._view
        if not begin <= self._at <= end:
            half = (end - begin) / 2
            self._set_view(self._at - half, self._at + half)

    def _set_view(self, begin: float, end: float) -> None:
        if self._model is None:
            return
        first, last = self._model.first, max(self._model.last, self._model.first + LEAST_S)
        span = min(max(end - begin, LEAST_S), last - first)
        begin = min(max(begin, first), last - span)
        self._view = None if span >= (last - first) * 0.999 else (begin, begin + span)
        self.redraw()

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show a shorter (factor below 1) or longer stretch around a moment."""
        begin, end = self.view()
        if around is None:
            around = self._at if self._at is not None else end
        self._set_view(around - (around - begin) * factor, around + (end - around) * factor)

    # --- painting ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, the stretch and the moment."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        if self._picture is None:
            self._picture = self._draw_picture()
        painter.drawPixmap(0, 0, self._picture)
        if self._model is None:
            return
        if self._stretch is not None:
            left, right = (self.x_of(at) for at in self._stretch)
            painter.fillRect(
                QRectF(left, _FLAGS, max(1.0, right - left), self._bottom() - _FLAGS), tokens.color("accent", 0.22)
            )
            painter.setPen(QPen(QColor(tokens.accent), 1))
            for x in (left, right):
                painter.drawLine(QPointF(x, _FLAGS), QPointF(x, self._bottom()))
        self._paint_moment(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _bottom(self) -> int:
        return self.height() - _LABELS

    def _paint_moment(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        assert self._model is not None  # noqa: S101 - asked by the caller
        live = self._at is None
        x = self.x_of(self._model.last if self._at is None else self._at)
        color = QColor(tokens.good if live else tokens.warning)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1.5))
        painter.drawLine(QPointF(x, 4), QPointF(x, self._bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        if live:
            painter.drawEllipse(QPointF(min(x, self.width() - 4.0), 4), 3.5, 3.5)
        else:
            painter.drawPolygon(QPolygonF([QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 7)]))

    def _draw_picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        tokens = self._theme.tokens
        picture.fill(QColor(tokens.panel))
        painter = QPainter(picture)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.drawLine(0, self._bottom(), self.width(), self._bottom())
        if self._model is not None:
            self._draw_activity(painter, self._model)
            self._draw_flags(painter, self._model)
            self._draw_times(painter)
        painter.end()
        return picture

    def _draw_activity(self, painter: QPainter, model: TimelineModel) -> None:
        begin, end = self.view()
        width, bottom = max(1, self.width()), self._bottom()
        rates = model.activity(begin, end, width)
        top = float(rates.max()) if rates.size else 0.0
        if top <= 0:
            return
        # Roots show a single utterance beside a burst.
        heights = np.sqrt(rates / top) * (bottom - _FLAGS - 2)
        points = [QPointF(x + 0.5, bottom - height) for x, height in enumerate(heights.tolist())]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tokens.color("generating", 0.45))
        painter.drawPolygon(QPolygonF([QPointF(0, bottom), *points, QPointF(width, bottom)]))

    def _draw_flags(self, painter: QPainter, model: TimelineModel) -> None:
        tokens, bottom = self._theme.tokens, self._bottom()
        begin, end = self.view()
        bins = max(1, self.width() // 4)
        drawn = -_GLYPH
        for place in model.troubled(begin, end, bins):
            x = (place + 0.5) / bins * self.width()
            painter.setPen(QPen(tokens.color("failed", 0.75), 1))
            painter.drawLine(QPointF(x, _FLAGS), QPointF(x, bottom))
            if x - drawn >= _GLYPH + 2:
                draw_glyph(painter, Look.FAILED, QRectF(x - _GLYPH / 2, 2, _GLYPH, _GLYPH), QColor(tokens.failed))
                drawn = x
        for flag in model.flags:
            if begin <= flag.at <= end:
                color = QColor(tokens.warning if flag.kind == "fault" else tokens.accent)
                self._draw_flag(painter, self.x_of(flag.at), color, fault=flag.kind == "fault")

    def _draw_flag(self, painter: QPainter, x: float, color: QColor, *, fault: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1))
        painter.drawLine(QPointF(x, 2), QPointF(x, self._bottom()))
        painter.setBrush(color)
        sign = (
            [(0, 1), (7, 4.5), (0, 8)] if not fault else [(1, 1), (5, 1), (3, 5), (6, 5), (0, 12), (2, 6.5), (0, 6.5)]
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([QPointF(x + dx, dy) for dx, dy in sign]))

    def _draw_times(self, painter: QPainter) -> None:
        begin, end = self.view()
        metrics = QFontMetrics(self._font)
        wide = metrics.horizontalAdvance("00:00:00")
        step = step_s(end - begin, self.width() // (wide + 28))
        offset = self._wall(begin) - begin
        painter.setFont(self._font)
        at = -(-(begin + offset) // step) * step - offset
        while at <= end:
            x = self.x_of(at)
            painter.setPen(QPen(QColor(self._theme.tokens.line), 1))
            painter.drawLine(QPointF(x, self._bottom()), QPointF(x, self._bottom() + 3))
            left = min(max(2.0, x - wide / 2), self.width() - wide - 2.0)
            painter.setPen(QColor(self._theme.tokens.muted))
            painter.drawText(QPointF(left, self.height() - 3), clock_text(at + offset))
            at += step

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw it in the new size."""
        super().resizeEvent(event)
        self._picture = None

    # --- what the user does ------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a moment, or begin a stretch."""
        if self._model is None or event.button() != Qt.MouseButton.LeftButton:
            return
        at = self.moment_at(event.position().x())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = at
            self._choose_stretch(None)
        else:
            self._anchor = None
            self.momentChosen.emit(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if self._model is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        at = self.moment_at(event.position().x())
        if self._anchor is None:
            self.momentChosen.emit(at)
        elif at != self._anchor:
            self._choose_stretch((min(at, self._anchor), max(at, self._anchor)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a stretch."""
        self._anchor = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Show a shorter or longer stretch around the pointer."""
        turned = event.angleDelta().y()
        if turned and self._model is not None:
            self.zoom(_ZOOM if turned < 0 else 1 / _ZOOM, self.moment_at(event.position().x()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys step by a second, with Shift by a tenth; Home, End, Space, + and - as one expects."""
        key = Qt.Key(event.key())
        if self._model is None:
            super().keyPressEvent(event)
        elif key in _STEP:
            fine = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._step(_STEP[key] * fine)
        elif key == Qt.Key.Key_Home:
            self.momentChosen.emit(self._model.first)
        elif key == Qt.Key.Key_End:
            self.liveRequested.emit()
        elif key == Qt.Key.Key_Space:
            self.playRequested.emit()
        else:
            self._more_keys(key, event)

    def _more_keys(self, key: Qt.Key, event: QKeyEvent) -> None:
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1 / _ZOOM**2)
        elif key == Qt.Key.Key_Minus:
            self.zoom(_ZOOM**2)
        elif key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight) and self._at is not None:
            self._bound_stretch(self._at, begins=key == Qt.Key.Key_BracketLeft)
        elif key == Qt.Key.Key_Escape and self._stretch is not None:
            self._choose_stretch(None)
        else:
            super().keyPressEvent(event)

    def _step(self, seconds: float) -> None:
        assert self._model is not None  # noqa: S101 - asked by the caller
        at = (self._model.last if self._at is None else self._at) + seconds
        self.momentChosen.emit(min(max(at, self._model.first), self._model.last))

    def _bound_stretch(self, at: float, *, begins: bool) -> None:
        assert self._model is not None  # noqa: S101 - asked by the caller
        begin, end = self._stretch or (self._model.first, self._model.last)
        begin, end = (at, max(at, end)) if begins else (min(at, begin), at)
        self._choose_stretch((begin, end) if end > begin else None)

    def _choose_stretch(self, stretch: tuple[float, float] | None) -> None:
        self.show_stretch(stretch)
        self.stretchChosen.emit(stretch)

    def event(self, event: QEvent) -> bool:
        """Explain the place under the pointer."""
        if isinstance(event, QHelpEvent) and self._model is not None:
            at = self.moment_at(event.pos().x())
            lines = [clock_text(self._wall(at), tenths=True)]
            near = [flag.text for flag in self._model.flags if abs(self.x_of(flag.at) - event.pos().x()) < 6]
            lines += near[:4] or ["Drag: go there · Shift+drag: choose a stretch · wheel: zoom"]
            QToolTip.showText(event.globalPos(), "\n".join(lines), self)
            return True
        return super().event(event)
