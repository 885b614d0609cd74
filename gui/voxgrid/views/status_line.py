"""The status line: what the pool does, and the truth about the window itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from voxgrid.models.wording import count, millis
from voxgrid.theme import Theme, mono_font

LAG_LIMIT_MS: Final = 20.0
FRAME_LIMIT_MS: Final = 16.0
"""Half of a frame at 30 a second: beyond it folding and painting take the loop from the sockets."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything on the line.

    Attributes:
        in_use: Slots in use.
        slots: All slots.
        waiting: Waiters.
        done, failed, cancelled: Utterances that ended.
        ttfa_p50_ms, ttfa_p95_ms: Recent times to first audio, or None.
        lag_p99_ms: Lateness of the event loop, or None before it was measured.
        frame_p95_ms: Folding and painting of one frame, or None.
        underflows: Times the sound device ran out of audio.
        bottleneck: A sentence when the window or the local speech and not the service held things up, or "".
    """

    in_use: int = 0
    slots: int = 100
    waiting: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    ttfa_p50_ms: float | None = None
    ttfa_p95_ms: float | None = None
    lag_p99_ms: float | None = None
    frame_p95_ms: float | None = None
    underflows: int = 0
    bottleneck: str = ""


class _Figure(QWidget):
    """A caption and a number whose place is kept, however many digits it has."""

    def __init__(self, caption: str, widest: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = caption
        self._loud = ""
        label = QLabel(caption, self)
        label.setProperty("role", "small")
        self._value = QLabel("–", self)
        self._value.setProperty("role", "value")
        self._value.setFont(mono_font(11))
        self._value.setStyleSheet("font-size: 11px")
        self._value.setFixedWidth(QFontMetrics(mono_font(11)).horizontalAdvance(widest) + 2)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(label)
        row.addWidget(self._value)
        self.setToolTip(tip)

    def show_value(self, text: str, loud: str = "") -> None:
        """Show a number; ``loud`` is the colour of one that deserves attention, or ""."""
        if text != self._value.text():
            self._value.setText(text)
            self.setAccessibleName(f"{self._caption}: {text}")
        if loud != self._loud:
            self._loud = loud
            self._value.setStyleSheet(f"font-size: 11px; color: {loud}" if loud else "font-size: 11px")


class _Sentence(QLabel):
    """A sentence that takes what room is left; the whole of it is in its tool tip."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)


class StatusLine(QWidget):
    """One line of numbers in a fixed-width face.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._status = Status()
        self.setObjectName("status")
        self.setAccessibleName("Status")
        self._in_use = _Figure("contexts", "100/100", "Contexts that the server counts, of all slots", self)
        self._waiting = _Figure("waiting", "1,000", "Utterances that wait for a slot", self)
        self._done = _Figure("done", "100,000", "Utterances that were spoken to their end", self)
        self._failed = _Figure("failed", "1,000", "Utterances that failed", self)
        self._ttfa = _Figure(
            "first audio p50/p95 of 1,000",
            "999 ms/9.99 s",
            "Time to first audio of the last 1,000 utterances, from their first text. Charts of a run show that of the "
            "last ten seconds, corrected: from when each was due.",
            self,
        )
        self._lag = _Figure("loop lag p99", "999.9 ms", "How late the event loop wakes up, 1 time in 100", self)
        self._frame = _Figure("frame", "99.9 ms", "Folding and painting one frame, p95", self)
        self._underflows = _Figure("underflows", "999", "Times the sound device ran out of audio", self)
        self._bottleneck = _Sentence(self)
        self._bottleneck.setProperty("role", "small")
        self._bottleneck.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 12, 3)
        row.setSpacing(15)
        for figure in (self._in_use, self._waiting, self._done, self._failed, self._ttfa):
            row.addWidget(figure)
        row.addWidget(self._bottleneck, 1)
        for figure in (self._lag, self._frame, self._underflows):
            row.addWidget(figure)
        self.show_status(self._status)
        theme.changed.connect(lambda: self.show_status(self._status))

    @property
    def status(self) -> Status:
        """What is shown."""
        return self._status

    def show_status(self, status: Status) -> None:
        """Show other numbers; labels whose text stays are left alone."""
        tokens = self._theme.tokens
        self._status = status
        self._in_use.show_value(f"{status.in_use}/{status.slots}")
        self._waiting.show_value(count(status.waiting), tokens.warning if status.waiting else "")
        self._done.show_value(count(status.done))
        self._failed.show_value(count(status.failed), tokens.bad if status.failed else "")
        pair = f"{millis(status.ttfa_p50_ms)}/{millis(status.ttfa_p95_ms)}" if status.ttfa_p50_ms is not None else "–"
        self._ttfa.show_value(pair)
        self._lag.show_value(_tenths(status.lag_p99_ms), _over(status.lag_p99_ms, LAG_LIMIT_MS, tokens.warning))
        self._frame.show_value(_tenths(status.frame_p95_ms), _over(status.frame_p95_ms, FRAME_LIMIT_MS, tokens.warning))
        self._underflows.show_value(count(status.underflows), tokens.warning if status.underflows else "")
        if status.bottleneck != self._bottleneck.text():
            self._bottleneck.setText(status.bottleneck)
            self._bottleneck.setToolTip(status.bottleneck)
            self._bottleneck.setStyleSheet(f"color: {tokens.warning}" if status.bottleneck else "")


def _tenths(value_ms: float | None) -> str:
    return "–" if value_ms is None else f"{value_ms:.1f} ms"


def _over(value: float | None, limit: float, color: str) -> str:
    return color if value is not None and value > limit else ""
