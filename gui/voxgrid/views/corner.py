"""The corner of the menu bar: layouts and commands, where there would be nothing else."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QAction, QActionGroup, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenuBar, QToolBar, QToolButton, QWidget

from voxgrid.theme import Theme
from voxgrid.views.glyphs import stroke

HEIGHT: Final = 22
_FULL: Final = "Commands  Ctrl+K"
_SHORT: Final = "Ctrl+K"
_AROUND: Final = 8
"""Room between the last menu and the corner, and behind it, in pixels."""


class Corner(QWidget):
    """A row of small buttons; the menus come first where there is not room for both.

    Args:
        layouts: Actions of which one holds at a time, or none.
        commands: Opens the command palette.
        theme: Colours.
    """

    def __init__(self, layouts: list[QAction], commands: QAction, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QActionGroup(self)
        self._group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 8, 1)
        row.setSpacing(2)
        self._theme = theme
        self._menus: QMenuBar | None = None
        self._layouts = [self._button(action) for action in layouts]
        for action, button in zip(layouts, self._layouts, strict=True):
            self._group.addAction(action)
            row.addWidget(button)
        row.addSpacing(8)
        self._commands = self._button(commands)
        self._commands.setText(_FULL)
        row.addWidget(self._commands)

    def place(self, window: QMainWindow) -> None:
        """Put it into the corner of the menu bar, or into a bar of its own where the system draws the menu."""
        menus = window.menuBar()
        if not menus.isNativeMenuBar():
            menus.setCornerWidget(self)
            menus.installEventFilter(self)
            self._menus = menus
            self._theme.changed.connect(self._draw_extension)
            self._draw_extension()
            return
        bar = QToolBar("Layouts", window)
        bar.setObjectName("corner_bar")
        bar.addWidget(self)
        window.addToolBar(bar)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take no more room than the menus leave, before they are laid out."""
        if isinstance(event, QResizeEvent) and watched is self._menus:
            self.fit(event.size().width())
        return False

    def fit(self, width: int) -> None:
        """Be as wide as the menus of a bar of so many pixels leave room for: the View menu has the layouts, too."""
        if self._menus is None:
            return
        actions = self._menus.actions()
        needed = max((self._menus.actionGeometry(action).right() for action in actions), default=0) + _AROUND
        for text, layouts in ((_FULL, True), (_SHORT, True), (_SHORT, False)):
            self._commands.setText(text)
            for button in self._layouts:
                button.setVisible(layouts)
            if needed + self.sizeHint().width() <= width:
                return

    def _draw_extension(self) -> None:
        """Draw the button that holds menus without room: the style's own is black on whatever there is."""
        button = self._menus.findChild(QToolButton, "qt_menubar_ext_button") if self._menus is not None else None
        if button is None:
            return
        scale = self.devicePixelRatioF()
        sign = QPixmap(round(12 * scale), round(12 * scale))
        sign.setDevicePixelRatio(scale)
        sign.fill(Qt.GlobalColor.transparent)
        painter = QPainter(sign)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(stroke(self._theme.tokens.color("text")))
        for left in (2.0, 6.0):
            corner = [QPointF(left, 2.5), QPointF(left + 3.5, 6.0), QPointF(left, 9.5)]
            painter.drawPolyline(corner)
        painter.end()
        button.setIcon(QIcon(sign))
        button.setAccessibleName("More menus")

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("role", "corner")
        button.setDefaultAction(action)
        button.setFixedHeight(HEIGHT)
        return button
