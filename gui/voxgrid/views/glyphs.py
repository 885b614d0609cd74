"""The signs of the grid, drawn as paths: a state must be readable without its colour, and without a font."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from voxgrid.models.cell import Look

UNIT: Final = 12.0
"""Every glyph is designed in a square of this size."""
_STROKE: Final = 1.5
_CIRCLE: Final = QRectF(1.5, 1.5, 9, 9)

Draw = Callable[[QPainter, QColor], None]


def draw_glyph(painter: QPainter, look: Look, rect: QRectF, color: QColor) -> None:
    """Draw the sign of a look.

    Args:
        painter: Where; its state is kept.
        look: Whose sign.
        rect: The square to fill.
        color: In which colour.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / UNIT, rect.height() / UNIT)
    _SIGNS[look](painter, color)
    painter.restore()


def draw_note(painter: QPainter, rect: QRectF, color: QColor) -> None:
    """Draw the mark of a cell that is being heard: a note."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / UNIT, rect.height() / UNIT)
    painter.setPen(stroke(color))
    painter.drawLine(QPointF(6.2, 9), QPointF(6.2, 1.5))
    flag = QPainterPath(QPointF(6.2, 1.5))
    flag.cubicTo(7, 3.5, 9.6, 3.4, 9.4, 6.2)
    painter.drawPath(flag)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(QRectF(2.4, 7.4, 4.4, 3.4))
    painter.restore()


def stroke(color: QColor, width: float = _STROKE) -> QPen:
    """Return the pen that signs are drawn with."""
    return QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _outline(painter: QPainter, color: QColor) -> None:
    painter.setPen(stroke(color))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(_CIRCLE)


def _wedge(painter: QPainter, color: QColor, start_deg: float, span_deg: float) -> None:
    _outline(painter, color)
    wedge = QPainterPath(_CIRCLE.center())
    wedge.arcTo(_CIRCLE, start_deg, span_deg)
    wedge.closeSubpath()
    painter.fillPath(wedge, color)


def _empty(painter: QPainter, color: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(QRectF(4.9, 4.9, 2.2, 2.2))


def _reserved(painter: QPainter, color: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    for step in range(8):
        angle = math.tau * step / 8
        painter.drawEllipse(QPointF(6 + 4.4 * math.cos(angle), 6 + 4.4 * math.sin(angle)), 0.85, 0.85)


def _creating(painter: QPainter, color: QColor) -> None:
    _wedge(painter, color, 90, -90)


def _open(painter: QPainter, color: QColor) -> None:
    _outline(painter, color)


def _generating(painter: QPainter, color: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(_CIRCLE.adjusted(-0.5, -0.5, 0.5, 0.5))


def _draining(painter: QPainter, color: QColor) -> None:
    _wedge(painter, color, 90, 180)


def _closing(painter: QPainter, color: QColor) -> None:
    _outline(painter, color)
    painter.setPen(stroke(color))
    painter.drawLine(QPointF(4, 6), QPointF(8, 6))


def _zombie(painter: QPainter, color: QColor) -> None:
    triangle = QPainterPath(QPointF(6, 1.2))
    triangle.lineTo(11.2, 10.6)
    triangle.lineTo(0.8, 10.6)
    triangle.closeSubpath()
    bang = QPainterPath()
    bang.addRect(QRectF(5.35, 4.4, 1.3, 3.2))
    bang.addRect(QRectF(5.35, 8.4, 1.3, 1.3))
    painter.fillPath(triangle.subtracted(bang), color)


def _failed(painter: QPainter, color: QColor) -> None:
    painter.setPen(stroke(color, 2.0))
    painter.drawLine(QPointF(2.4, 2.4), QPointF(9.6, 9.6))
    painter.drawLine(QPointF(9.6, 2.4), QPointF(2.4, 9.6))


def _done(painter: QPainter, color: QColor) -> None:
    tick = QPainterPath(QPointF(2, 6.4))
    tick.lineTo(4.8, 9.2)
    tick.lineTo(10, 3)
    painter.strokePath(tick, stroke(color, 1.6))


def _cancelled(painter: QPainter, color: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(QRectF(2.8, 2.8, 6.4, 6.4), 1, 1)


_SIGNS: Final[dict[Look, Draw]] = {
    Look.EMPTY: _empty,
    Look.RESERVED: _reserved,
    Look.CREATING: _creating,
    Look.OPEN: _open,
    Look.GENERATING: _generating,
    Look.DRAINING: _draining,
    Look.CLOSING: _closing,
    Look.ZOMBIE: _zombie,
    Look.FAILED: _failed,
    Look.DONE: _done,
    Look.CANCELLED: _cancelled,
}
