"""The sound of one utterance: its levels, its playhead, and when each chunk arrived."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from voxgrid.speech.envelope import STEP_S
from voxgrid.speech.record import UtteranceRecord
from voxgrid.theme import SMALL_PIXELS, Theme, mono_font, ui_font

_PITCH: Final = 3
_LANE: Final = 18
_TEXT: Final = 18
_CHARACTERS_PER_S: Final = 15.0
_LATE_S: Final = 0.01


class WaveformView(QWidget):
    """Paints one record.  Bars are cached as pixmaps, so that a frame costs two blits and a few lines.

    The lane below the bars has the same time scale, from the first audio on: a line leads from the moment when a
    chunk arrived (bottom) to the place in the audio where it belongs (top).  A chunk that arrived too late to be
    heard without a gap leans to the left and is drawn in the colour of failures.

    Args:
        theme: Colours.
        parent: Qt parent.

    Signals:
        sought(float): A moment of the audio was clicked, in seconds.
    """

    sought = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._record: UtteranceRecord | None = None
        self._played_s = 0.0
        self._cached_for: tuple[object, ...] = ()
        self._said_for: tuple[object, ...] = ()
        self._bars: tuple[QPixmap, QPixmap] | None = None
        self.setObjectName("waveform")
        self.setAccessibleName("Waveform")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._forget)

    @property
    def record(self) -> UtteranceRecord | None:
        """What is painted."""
        return self._record

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(240, 52 + _LANE + _TEXT)

    def set_record(self, record: UtteranceRecord | None) -> None:
        """Paint another record."""
        self._record = record
        self._played_s = 0.0
        self._said_for = ()
        self.refresh()

    def refresh(self) -> None:
        """Paint what changed: call it once a frame while the record changes or sounds."""
        record = self._record
        if record is not None and record.listening:
            self._played_s = record.played_s
        # Not in every frame: a screen reader would be told of each.
        milestone = (id(record), record is not None and (record.ended, record.listening))
        if milestone != self._said_for:
            self._said_for = milestone
            self.setAccessibleDescription(self.describe())
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click is a wish to hear it from there."""
        record = self._record
        if record is not None and record.bytes and event.button() is Qt.MouseButton.LeftButton:
            moment = event.position().x() / max(1, self.width()) * self._span_s(record)
            if moment < record.audio_s:
                self.sought.emit(moment)

    def describe(self) -> str:
        """Return what is painted in words."""
        record = self._record
        if record is None:
            return "nothing spoken yet"
        return f"{record.audio_s:.1f} seconds in {len(record.arrivals)} chunks, {self._buffered_s():.1f} s buffered"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint bars, lane, playhead and figures."""
        painter = QPainter(self)
        record = self._record
        height = self.height() - _LANE - _TEXT
        if record is None or not len(record.envelope):
            self._paint_empty(painter, height)
            return
        self._paint_bars(painter, record, height)
        self._paint_arrivals(painter, record, height + 3)
        self._paint_playhead(painter, record, height + _LANE)
        self._paint_figures(painter, record)

    def _paint_empty(self, painter: QPainter, height: int) -> None:
        tokens = self._theme.tokens
        painter.setPen(tokens.color("line"))
        painter.drawLine(0, height // 2, self.width(), height // 2)
        painter.setPen(tokens.color("faint"))
        painter.setFont(ui_font(SMALL_PIXELS))
        painter.drawText(QRectF(0, height, self.width(), _TEXT), Qt.AlignmentFlag.AlignLeft, self._why_empty())

    def _why_empty(self) -> str:
        if self._record is None:
            return "Nothing spoken yet"
        return "Ended without any audio" if self._record.ended else "Waiting for the first audio"

    def _paint_bars(self, painter: QPainter, record: UtteranceRecord, height: int) -> None:
        heard, unheard = self._pixmaps(record, height)
        edge = self._x(record, self._played_s)
        ratio = self.devicePixelRatioF()
        painter.drawPixmap(QPointF(0, 0), heard, QRectF(0, 0, edge * ratio, height * ratio))
        rest = QRectF(edge * ratio, 0, (self.width() - edge) * ratio, height * ratio)
        painter.drawPixmap(QPointF(edge, 0), unheard, rest)

    def _paint_arrivals(self, painter: QPainter, record: UtteranceRecord, top: int) -> None:
        tokens = self._theme.tokens
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        in_time: list[QLineF] = []
        late: list[QLineF] = []
        bottom = top + _LANE - 7
        for arrival in record.arrivals:
            line = QLineF(self._x(record, arrival.at_s), bottom, self._x(record, arrival.start_s), top)
            (late if arrival.late_s > _LATE_S else in_time).append(line)
        for lines, name in ((in_time, "accent"), (late, "failed")):
            painter.setPen(tokens.color(name, 0.75))
            painter.drawLines(lines)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_playhead(self, painter: QPainter, record: UtteranceRecord, height: int) -> None:
        if record.listening:
            x = round(self._x(record, self._played_s))
            painter.setPen(self._theme.tokens.color("text"))
            painter.drawLine(x, 0, x, height - 4)

    def _paint_figures(self, painter: QPainter, record: UtteranceRecord) -> None:
        tokens = self._theme.tokens
        row = QRectF(0, self.height() - _TEXT, self.width(), _TEXT)
        late = sum(arrival.late_s > _LATE_S for arrival in record.arrivals)
        chunks = f"{len(record.arrivals)} chunks" + (f", {late} late" if late else "")
        painter.setFont(ui_font(SMALL_PIXELS))
        painter.setPen(tokens.color("failed" if late else "muted"))
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, chunks)
        painter.setFont(mono_font(SMALL_PIXELS))
        painter.setPen(tokens.color("text"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        painter.drawText(row, right, self._figures(record))

    def _figures(self, record: UtteranceRecord) -> str:
        if record.listening:
            return f"{self._played_s:5.1f} s · {self._buffered_s():4.1f} s buffered"
        return f"{record.audio_s:.1f} s"

    def _buffered_s(self) -> float:
        record = self._record
        return max(0.0, record.audio_s - self._played_s) if record is not None and record.listening else 0.0

    def _span_s(self, record: UtteranceRecord) -> float:
        """Return how many seconds the width stands for; a guess from the text until the end is known."""
        latest = record.arrivals[-1].at_s if record.arrivals else 0.0
        if record.ended:
            return max(record.audio_s, latest, STEP_S)
        pace = _CHARACTERS_PER_S * (record.settings.speaking_rate or 1.0)
        return max(record.audio_s, latest, len(record.text) / pace, 1.0)

    def _x(self, record: UtteranceRecord, seconds: float) -> float:
        return min(1.0, seconds / self._span_s(record)) * self.width()

    def _pixmaps(self, record: UtteranceRecord, height: int) -> tuple[QPixmap, QPixmap]:
        tokens = self._theme.tokens
        state = (id(record), len(record.envelope), record.ended, self.width(), height, self.devicePixelRatioF())
        if self._bars is None or state != self._cached_for:
            levels = self._columns(record)
            self._bars = (
                self._draw(levels, height, tokens.color("generating")),
                self._draw(levels, height, tokens.color("faint")),
            )
            self._cached_for = state
        return self._bars

    def _columns(self, record: UtteranceRecord) -> npt.NDArray[np.float64]:
        """Return one level, 0 to 1, for each bar that has audio."""
        levels = record.envelope.levels
        total = max(1, self.width() // _PITCH)
        per_bar = self._span_s(record) / STEP_S / total
        edges = (np.arange(total + 1) * per_bar).astype(int)
        edges = edges[: int(np.searchsorted(edges, levels.size)) + 1]
        starts = np.minimum(edges[:-1], levels.size - 1)
        return np.maximum.reduceat(levels, starts) / 255.0 if starts.size else np.empty(0)

    def _draw(self, levels: npt.NDArray[np.float64], height: int, color: QColor) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(QSize(self.width(), height) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        half = np.maximum(1.0, levels * (height / 2 - 1))
        for index, extent in enumerate(half.tolist()):
            painter.fillRect(QRectF(index * _PITCH, height / 2 - extent, _PITCH - 1, 2 * extent), color)
        painter.end()
        return pixmap

    def _forget(self) -> None:
        self._bars = None
        self.update()
