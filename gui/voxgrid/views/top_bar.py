"""The bar above: what is spoken to, and what is heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from voxgrid.models.cell import Look
from voxgrid.theme import Theme
from voxgrid.views.glyphs import draw_glyph
from voxgrid.views.grid_delegate import look_color
from voxgrid.views.icons import pixmap
from voxgrid.views.widgets import restyle

BUTTON: Final = 28
"""Height of a button, in pixels."""


class TopBar(QToolBar):
    """Holds the endpoint button and the listening bar.

    Args:
        listening: The widget that says what is heard.
        theme: Colours.
    """

    def __init__(self, listening: QWidget, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Bar", parent)
        self._theme = theme
        self._sign = Look.CREATING
        self.setObjectName("top_bar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setIconSize(QSize(16, 16))
        self.toggleViewAction().setEnabled(False)
        self.toggleViewAction().setVisible(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        mark = QLabel(self)
        mark.setPixmap(pixmap("voxgrid", 20, self.devicePixelRatioF()))
        mark.setToolTip("Voxgrid")
        mark.setAccessibleName("Voxgrid")
        self.endpoint = QToolButton(self)
        self.endpoint.setObjectName("endpoint_button")
        self.endpoint.setText(" Starting…")
        self.endpoint.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.endpoint.setIconSize(QSize(11, 11))
        self.endpoint.setFixedHeight(BUTTON)
        self.endpoint.setProperty("state", "waiting")
        self.listening = listening
        listening.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for widget in (mark, self.endpoint, listening):
            self.addWidget(widget)
        self._draw_sign()
        theme.changed.connect(self._draw_sign)

    def show_endpoint(self, text: str, problem: str, *, ready: bool) -> None:
        """Show what is spoken to."""
        self._sign = Look.FAILED if problem else Look.GENERATING if ready else Look.CREATING
        self._draw_sign()
        self.endpoint.setText(f" {text or 'No endpoint'}")
        self.endpoint.setToolTip(problem or f"Speaking with {text}; click to change it")
        self.endpoint.setAccessibleName(f"Endpoint: {text}")
        self.endpoint.setAccessibleDescription(problem)
        restyle(self.endpoint, "state", "problem" if problem else "ready" if ready else "waiting")

    def _draw_sign(self) -> None:
        ratio = self.devicePixelRatioF()
        sign = QPixmap(round(11 * ratio), round(11 * ratio))
        sign.setDevicePixelRatio(ratio)
        sign.fill(Qt.GlobalColor.transparent)
        painter = QPainter(sign)
        draw_glyph(painter, self._sign, QRectF(0, 0, 11, 11), QColor(look_color(self._theme.tokens, self._sign)))
        painter.end()
        self.endpoint.setIcon(QIcon(sign))

    def on_endpoint(self, act: Callable[[], None]) -> None:
        """Call something when the endpoint button is pressed."""
        self.endpoint.clicked.connect(lambda _checked=False: act())
