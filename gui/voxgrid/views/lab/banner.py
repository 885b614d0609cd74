"""The verdict on a run: a word, a glyph, and the reasons in sentences."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from voxgrid.models.lab.words import VERDICT_TOKENS, VERDICT_WORDS, headline
from voxgrid.theme import Theme
from voxgrid.views.widgets import label, restyle
from voxpool.stress.result import RunResult, Verdict

_ROLES: Final[dict[Verdict, str]] = {
    Verdict.PASSED: "success",
    Verdict.FAILED: "error",
    Verdict.INVALID: "warning",
    Verdict.ABORTED: "notice",
}
_SIZE: Final = 22


class VerdictGlyph(QWidget):
    """A tick, a cross, a triangle or a square: the verdict without its colour.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._verdict: Verdict | None = None
        self.setFixedSize(_SIZE, _SIZE)
        theme.changed.connect(self.update)

    def show_verdict(self, verdict: Verdict | None) -> None:
        """Show another verdict."""
        self._verdict = verdict
        self.update()

    def sizeHint(self) -> QSize:
        """Return its one size."""
        return QSize(_SIZE, _SIZE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        if self._verdict is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(getattr(self._theme.tokens, VERDICT_TOKENS[self._verdict]))
        painter.setPen(QPen(color, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        if self._verdict is Verdict.PASSED:
            painter.drawPolyline(QPolygonF([QPointF(4, 12), QPointF(9, 17), QPointF(18, 5)]))
        elif self._verdict is Verdict.FAILED:
            painter.drawLine(QPointF(5, 5), QPointF(17, 17))
            painter.drawLine(QPointF(5, 17), QPointF(17, 5))
        elif self._verdict is Verdict.INVALID:
            painter.drawPolygon(QPolygonF([QPointF(11, 3), QPointF(20, 18), QPointF(2, 18)]))
            painter.drawLine(QPointF(11, 9), QPointF(11, 12.5))
            painter.drawPoint(QPointF(11, 15.6))
        else:
            painter.drawRect(QRectF(5, 5, 12, 12))


class Banner(QFrame):
    """Shows a result's verdict; hidden without one.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("verdict")
        self.glyph = VerdictGlyph(theme, self)
        self.word = label("", "title", "verdict_word")
        self.reasons = label("", "", "verdict_reasons")
        self.reasons.setWordWrap(True)
        self.reasons.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        cells = QGridLayout(self)
        cells.setContentsMargins(10, 8, 10, 9)
        cells.setHorizontalSpacing(8)
        cells.setVerticalSpacing(4)
        cells.addWidget(self.glyph, 0, 0)
        cells.addWidget(self.word, 0, 1)
        cells.addWidget(self.reasons, 1, 0, 1, 2)
        cells.setColumnStretch(1, 1)
        self.hide()

    def show_result(self, result: RunResult | None) -> None:
        """Show another verdict, or none."""
        self.setVisible(result is not None)
        if result is None:
            return
        restyle(self, "role", _ROLES[result.verdict])
        self.glyph.show_verdict(result.verdict)
        self.word.setText(VERDICT_WORDS[result.verdict])
        said = "\n".join((headline(result), *result.reasons))
        self.reasons.setText(said)
        self.setAccessibleName(f"Verdict: {VERDICT_WORDS[result.verdict]}")
        self.setAccessibleDescription(said)
