"""How late the event loop wakes up.

qasync's own sleeps are Qt's coarse timers and fire early as well as late (measured), so they cannot be the
probe: a precise timer is, and its lateness is what everything else in this loop suffers too.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer

from voxgrid.models.totals import percentile

BUSY_MS: Final = 20
IDLE_MS: Final = 500
_KEPT: Final = 1500


class LoopLag(QObject):
    """Wakes up at a fixed interval and notes how late it was.

    Args:
        clock: Monotonic time in seconds.

    Attributes:
        worst_ms: The latest wake-up since the beginning, in milliseconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._lags_ms: deque[float] = deque(maxlen=_KEPT)
        self._last: float | None = None
        self.worst_ms = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(IDLE_MS)
        self._timer.timeout.connect(self.probe)

    def start(self) -> None:
        """Begin."""
        self._last = None
        self._timer.start()

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def set_busy(self, busy: bool) -> None:
        """Probe fifty times a second while something happens, twice a second otherwise."""
        wanted = BUSY_MS if busy else IDLE_MS
        if self._timer.interval() != wanted:
            # Setting an interval restarts the timer: what has passed so far is no lateness.
            self._last = None
            self._timer.setInterval(wanted)

    def probe(self) -> None:
        """Take one sample."""
        now = self._clock()
        if self._last is not None:
            lag_ms = max(0.0, (now - self._last) * 1000 - self._timer.interval())
            self._lags_ms.append(lag_ms)
            self.worst_ms = max(self.worst_ms, lag_ms)
        self._last = now

    def p99_ms(self) -> float | None:
        """Return the lateness that 1 in 100 wake-ups exceeds, in milliseconds; None before the first sample."""
        return percentile(self._lags_ms, 0.99)

    def clear(self) -> None:
        """Forget all samples."""
        self._lags_ms.clear()
        self._last = None
        self.worst_ms = 0.0
