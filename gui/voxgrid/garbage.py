"""Cyclic garbage is collected in the GUI thread and in no other.

Python collects in whichever thread happens to allocate.  When that is a thread of the player or of an executor, and
the garbage holds a Qt object with a running timer, Qt keeps the timer of an object that is gone and the next tick is
a segmentation fault (met in tests: ``QTimerInfoList::activateTimers`` on a dangling receiver).  A collection in the
audio callback's thread would be heard, too.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

_EVERY_MS: Final = 250


class GarbageCollector(QObject):
    """Collects by the interpreter's own thresholds, from a timer.

    Args:
        parent: Qt parent.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.collect)

    @property
    def running(self) -> bool:
        """Whether it stands in for the interpreter's own collector."""
        return self._timer.isActive()

    def start(self) -> None:
        """Take over from the interpreter; what lives now is assumed to live on and is not looked at again."""
        self._was_enabled = gc.isenabled()
        gc.disable()
        gc.collect()
        gc.freeze()
        self._timer.start()

    def stop(self) -> None:
        """Give back to the interpreter."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def collect(self) -> int:
        """Collect the oldest generation that is due, with those younger than it; return it, or -1 for none."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        if counts[0] <= thresholds[0]:
            return -1
        generation = next(each for each in (2, 1, 0) if each == 0 or counts[each] > thresholds[each])
        gc.collect(generation)
        return generation
