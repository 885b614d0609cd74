"""The dock of the lanes: its buttons, what the shapes mean, and the lanes."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from voxgrid.models.lab.lanes import Stage
from voxgrid.models.lab.picture import Picture
from voxgrid.theme import Theme, narrow_font
from voxgrid.views.lab.lane_marks import STAGE_TOKENS, paint_end, paint_span
from voxgrid.views.lab.lanes_view import LanesView
from voxgrid.views.widgets import label, tool_button
from voxpool.events import Outcome

_SHORT: Final = {
    Stage.QUEUE: "queue",
    Stage.CREATE: "create",
    Stage.WAIT: "wait",
    Stage.AUDIO: "audio",
    Stage.CLOSING: "closing",
    Stage.ZOMBIE: "zombie",
}
_HIGH: Final = 18
_FOLLOW: Final = "Keep now at the right edge (End)"


class LanesLegend(QWidget):
    """What the shapes mean, drawn as they are drawn in the lanes.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = narrow_font(10)
        self.setFixedHeight(_HIGH)
        said = ", ".join((*_SHORT.values(), "a cross where one failed, a stroke where one was interrupted"))
        self.setAccessibleName("Legend of the lanes")
        self.setAccessibleDescription(said)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the size that all entries need."""
        return QSize(380, _HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a sample and a word for everything."""
        painter = QPainter(self)
        tokens = self._theme.tokens
        painter.setFont(self._font)
        metrics = QFontMetrics(self._font)
        left = 12.0
        entries: list[tuple[Stage | Outcome, str]] = [*_SHORT.items()]
        entries += [(Outcome.FAILED, "failed"), (Outcome.CANCELLED, "stopped")]
        for kind, word in entries:
            wide = 13 if isinstance(kind, Stage) else 8
            if isinstance(kind, Outcome):
                paint_end(painter, QPointF(left + 4, _HIGH / 2), 7, kind, tokens)
            elif kind is Stage.QUEUE:
                painter.fillRect(QRectF(left, _HIGH / 2, wide, 1), QColor(getattr(tokens, STAGE_TOKENS[kind])))
            else:
                paint_span(painter, QRectF(left, _HIGH / 2 - 3, wide, 6), kind, tokens)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QPointF(left + wide + 3, _HIGH / 2 + 4), word)
            left += wide + 3 + metrics.horizontalAdvance(word) + 6


class LanesDock(QWidget):
    """Shows a picture's lanes.

    Args:
        theme: Colours.

    Signals:
        traceRequested(): Save the run as a Chrome trace.
    """

    traceRequested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lanes")
        self.lanes = LanesView(theme)
        self.setFocusProxy(self.lanes)
        self.follow = tool_button("Follow", "lanes_follow", "Follow the run live", "flat")
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.follow.setToolTip(_FOLLOW)
        self.closer = tool_button("+", "lanes_closer", "Show less time", "flat")
        self.further = tool_button("–", "lanes_further", "Show more time", "flat")
        self.everything = tool_button("All rows", "lanes_all", "Show all connections", "flat")
        self.everything.setEnabled(False)
        self.trace = tool_button("Trace…", "lanes_trace", "Save as a Chrome trace", "flat")
        self.trace.setToolTip("Save the run as a Chrome trace, which opens in Perfetto")
        self.trace.setEnabled(False)
        self.row = label("", "small", "lanes_row")
        self._connect()
        head = QHBoxLayout()
        head.setContentsMargins(6, 2, 6, 0)
        head.setSpacing(2)
        for button in (self.follow, self.closer, self.further, self.everything):
            head.addWidget(button)
        head.addWidget(self.row)
        head.addStretch(1)
        head.addWidget(self.trace)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(LanesLegend(theme))
        column.addWidget(self.lanes, 1)

    def show_picture(self, picture: Picture) -> None:
        """Show another run."""
        self.lanes.show_picture(picture)

    def show_past(self, past: bool) -> None:
        """Say what following means: now at the edge, or the moment in the middle."""
        tip = "Keep the moment in the middle (End)" if past else _FOLLOW
        self.follow.setToolTip(tip)
        if past:
            self.trace.setEnabled(False)

    def _connect(self) -> None:
        lanes = self.lanes
        self.follow.toggled.connect(lanes.set_follow)
        lanes.followChanged.connect(self._show_follow)
        self.closer.clicked.connect(lambda: lanes.zoom(1))
        self.further.clicked.connect(lambda: lanes.zoom(-1))
        self.everything.clicked.connect(lambda: lanes.show_row(None))
        lanes.rowChanged.connect(self._show_row)
        self.trace.clicked.connect(self.traceRequested)

    def _show_follow(self, on: bool) -> None:
        self.follow.blockSignals(True)
        self.follow.setChecked(on)
        self.follow.blockSignals(False)

    def _show_row(self, row: int | None) -> None:
        self.everything.setEnabled(row is not None)
        self.row.setText("" if row is None else f"Connection {row + 1}")

    def sizeHint(self) -> QSize:
        """Return the size at which every lane is five pixels high."""
        return QSize(400, 600)
