"""A level meter that is painted, not laid out."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from voxgrid.theme import Theme

_CELLS: Final = 12
_FLOOR_DB: Final = -48.0
_HOT_DB: Final = -3.0


class LevelMeter(QWidget):
    """Shows a peak level as a row of cells; falls slowly, so that a short peak is seen.

    Args:
        theme: Colours.
        parent: Qt parent.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._level = 0.0
        self._hot = False
        self.setObjectName("meter")
        self.setAccessibleName("Output level")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def level(self) -> float:
        """What is shown, 0 to 1 of the meter's length."""
        return self._level

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(_CELLS * 6, 12)

    def set_peak(self, peak: float) -> None:
        """Show a peak of 0 to 1 of full scale."""
        shown = max(position(peak), self._level - 0.06)
        hot = peak > 10 ** (_HOT_DB / 20)
        if abs(shown - self._level) > 1e-3 or hot != self._hot:
            self._level, self._hot = shown, hot
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells."""
        painter = QPainter(self)
        tokens = self._theme.tokens
        lit = round(self._level * _CELLS)
        on = tokens.color("warning" if self._hot else "good")
        off = tokens.color("line")
        pitch = self.width() / _CELLS
        for cell in range(_CELLS):
            painter.fillRect(QRectF(cell * pitch, 1, pitch - 2, self.height() - 2), on if cell < lit else off)


def position(peak: float) -> float:
    """Return where on the meter, 0 to 1, a peak of 0 to 1 of full scale is: -48 dB to 0 dB."""
    if peak <= 0.0:
        return 0.0
    return max(0.0, min(1.0, 1.0 - 20 * math.log10(peak) / _FLOOR_DB))
