"""Icons, made from SVG sources without a plugin."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import voxassets


def icon(name: str) -> QIcon:
    """Return an icon in the sizes that window systems ask for."""
    made = QIcon()
    for side in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(pixmap(name, side))
    return made


def pixmap(name: str, side: int, ratio: float = 1.0) -> QPixmap:
    """Return an icon as a square picture.

    Args:
        name: Its name in ``voxassets/icons``.
        side: Logical pixels.
        ratio: Device pixels per logical pixel.
    """
    renderer = QSvgRenderer(QByteArray(voxassets.icon_svg(name)))
    made = QPixmap(round(side * ratio), round(side * ratio))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    renderer.render(painter, QRectF(0, 0, made.width(), made.height()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made
