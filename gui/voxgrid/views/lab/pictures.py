"""A widget as a file: pixels, twice as fine as on the screen, or lines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

_FINER: Final = 2


def save_png(widget: QWidget, path: Path, title: str, background: str) -> bool:
    """Write a PNG file; return whether it could be written."""
    made = QPixmap(widget.size() * _FINER)
    made.setDevicePixelRatio(_FINER)
    made.fill(QColor(background))
    widget.render(made)
    return made.save(str(path), "PNG")


def save_svg(widget: QWidget, path: Path, title: str, background: str) -> bool:
    """Write an SVG file; return whether it could be written."""
    made = QSvgGenerator()
    made.setFileName(str(path))
    made.setSize(widget.size())
    made.setViewBox(QRect(0, 0, widget.width(), widget.height()))
    made.setTitle(title)
    painter = QPainter()
    if not painter.begin(made):
        return False
    painter.fillRect(widget.rect(), QColor(background))
    widget.render(painter, QPoint())
    painter.end()
    return True
