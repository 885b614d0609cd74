"""The controller's frame: what changed between two of them is reported once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from voxgrid.speech.record import UtteranceRecord

_FRAME_MS: Final = 33


class Frames(QObject):
    """A timer that runs while there is something to follow.

    Args:
        advance: Called first in each frame; returns records that changed.
        busy: Whether frames are needed although nothing was marked.
        parent: Qt parent.

    Signals:
        changed(UtteranceRecord): It was marked since the last frame.
        passed(): A frame is over.
    """

    changed = Signal(object)
    passed = Signal()

    def __init__(
        self, advance: Callable[[], list[UtteranceRecord]], busy: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._advance = advance
        self._busy = busy
        self._marked: dict[int, UtteranceRecord] = {}
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.step)

    @property
    def running(self) -> bool:
        """Whether frames go by."""
        return self._timer.isActive()

    def mark(self, record: UtteranceRecord) -> None:
        """Report it in the next frame."""
        self._marked[id(record)] = record
        if not self._timer.isActive():
            self._timer.start()

    def step(self) -> None:
        """Let one frame pass."""
        for record in self._advance():
            self._marked[id(record)] = record
        marked, self._marked = self._marked, {}
        for record in marked.values():
            self.changed.emit(record)
        self.passed.emit()
        if not marked and not self._busy():
            self._timer.stop()

    def stop(self) -> None:
        """No more frames, until something is marked."""
        self._marked.clear()
        self._timer.stop()
