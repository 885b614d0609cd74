"""How each stage of an utterance looks in its lane: a colour, and a shape that tells it without one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from voxgrid.models.lab.lanes import Stage
from voxgrid.theme import Tokens
from voxpool.events import Outcome

STAGE_TOKENS: Final[dict[Stage, str]] = {
    Stage.QUEUE: "reserved",
    Stage.CREATE: "creating",
    Stage.WAIT: "open",
    Stage.AUDIO: "generating",
    Stage.CLOSING: "closing",
    Stage.ZOMBIE: "zombie",
}


def paint_span(painter: QPainter, area: QRectF, stage: Stage, tokens: Tokens) -> None:
    """Paint one stage of a bar.

    A hairline is the queue, stripes are connecting and creating, a low bar the wait for audio, a full bar audio, a
    line in the middle a context that closes, crosshatch a zombie.
    """
    color = QColor(getattr(tokens, STAGE_TOKENS[stage]))
    high = area.height()
    if stage is Stage.AUDIO:
        painter.fillRect(area, color)
    elif stage is Stage.CREATE:
        painter.fillRect(area, QBrush(color, Qt.BrushStyle.Dense4Pattern))
    elif stage is Stage.WAIT:
        low = max(1.0, high * 0.4)
        painter.fillRect(QRectF(area.left(), area.bottom() - low, area.width(), low), color)
    elif stage is Stage.ZOMBIE:
        painter.fillRect(area, QBrush(color, Qt.BrushStyle.DiagCrossPattern))
    else:
        painter.fillRect(QRectF(area.left(), area.center().y() - 0.5, area.width(), 1), color)


def paint_end(painter: QPainter, at: QPointF, high: float, outcome: Outcome, tokens: Tokens) -> None:
    """Paint how a bar ended when it did not end well: a cross for a failure, a stroke for an interruption."""
    half = min(4.0, max(2.0, high / 2))
    if outcome is Outcome.FAILED:
        painter.setPen(QPen(QColor(tokens.failed), 1.4))
        painter.drawLine(QPointF(at.x() - half, at.y() - half), QPointF(at.x() + half, at.y() + half))
        painter.drawLine(QPointF(at.x() - half, at.y() + half), QPointF(at.x() + half, at.y() - half))
    else:
        painter.setPen(QPen(QColor(tokens.text), 1.4))
        painter.drawLine(QPointF(at.x(), at.y() - half), QPointF(at.x(), at.y() + half))
