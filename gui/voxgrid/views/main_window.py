"""The window: docks around the grid, a bar above, a line of numbers below, a menu with every action."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStatusBar, QTabBar, QWidget

from voxgrid.layouts import FIRST, LAYOUTS, Layout
from voxgrid.notifications import Notifications
from voxgrid.settings import Settings
from voxgrid.theme import Theme
from voxgrid.views.cockpit import Cockpit
from voxgrid.views.icons import icon
from voxgrid.views.inspector_view import InspectorView
from voxgrid.views.keyboard import next_by_tab
from voxgrid.views.palette import CommandPalette
from voxgrid.views.status_line import StatusLine
from voxgrid.views.top_bar import TopBar
from voxgrid.window_settings import GEOMETRY, LAYOUT, LAYOUT_VERSION

WIDTH: Final = 1280
HEIGHT: Final = 800
_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea


@dataclass(frozen=True, slots=True)
class Panels:
    """The widgets of the speech half.

    Attributes:
        playground: Editor, parameters, waveform.
        history: Finished utterances.
        listening: What is heard, device, volume.
    """

    playground: QWidget
    history: QWidget
    listening: QWidget


class MainWindow(QMainWindow):
    """Places everything and remembers where it was.

    Args:
        theme: Colours.
        notifications: What the bar above the grid shows.
        store: Where the layout is remembered.
        panels: Widgets of the docks.
        clock: Monotonic time in seconds, for ages.

    Signals:
        closed(): The user closed the window; it is gone from the screen already.
        layoutComing(Layout): A layout was chosen; its docks are not shown yet.
        layoutShown(Layout): It is shown.
        restored(): The arrangement of the last session was taken.
        docksChanged(): Other docks than before may be shown.
    """

    closed = Signal()
    layoutComing = Signal(object)
    layoutShown = Signal(object)
    restored = Signal()
    docksChanged = Signal()

    def __init__(
        self,
        theme: Theme,
        notifications: Notifications,
        store: Settings,
        panels: Panels,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._store = store
        self.theme = theme
        self.setObjectName("voxgrid")
        theme.dress(self)
        self.setWindowTitle("Voxgrid")
        self.setWindowIcon(icon("voxgrid"))
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.cockpit = Cockpit(theme, notifications, clock, self)
        self.setCentralWidget(self.cockpit)
        self.top_bar = TopBar(panels.listening, theme, self)
        self.addToolBar(self.top_bar)
        self.inspector = InspectorView(theme, self)
        self.docks: dict[str, QDockWidget] = {}
        self.add_dock("playground", "Playground", panels.playground, _LEFT)
        self.add_dock("history", "History", panels.history, _LEFT)
        self.add_dock("inspector", "Inspector", self.inspector, _RIGHT)
        self.status_line = StatusLine(theme, self)
        self._add_status_line()
        # From the grid on to what explains it, and only then to the bar.
        QWidget.setTabOrder(self.cockpit.queue.chips, self.inspector)
        self.resize(WIDTH, HEIGHT)
        self._arrange()

    def add_dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        """Add a dock; it is shown by the layouts that name it (``voxgrid.layouts``).

        Args:
            name: How code calls it.
            title: What people call it.
            widget: What is in it.
            area: Where it stands first.
        """
        dock = QDockWidget(title, self)
        dock.setObjectName(f"{name}_dock")
        dock.setAccessibleName(title)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        dock.setVisible(name in FIRST.docks)
        dock.toggleViewAction().toggled.connect(self.docksChanged)
        self.docks[name] = dock
        return dock

    def _add_status_line(self) -> None:
        bar = QStatusBar(self)
        bar.setSizeGripEnabled(False)
        bar.addPermanentWidget(self.status_line, 1)
        self.setStatusBar(bar)

    # --- layout ------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        playground, history = self.docks["playground"], self.docks["history"]
        self.splitDockWidget(playground, history, Qt.Orientation.Vertical)
        self._give_room(FIRST)

    def _give_room(self, layout: Layout) -> None:
        """Give the docks of the first layout their sizes; what another one made of them does not fit here."""
        if layout is not FIRST:
            return
        playground, history, inspector = (self.docks[name] for name in ("playground", "history", "inspector"))
        self.resizeDocks([playground, inspector], [290, 276], Qt.Orientation.Horizontal)
        self.resizeDocks([playground, history], [600, 130], Qt.Orientation.Vertical)

    def settle(self) -> None:
        """Take the arrangement as it is now, with every dock added, for the one of the first start."""
        self._first_layout = self.saveState(LAYOUT_VERSION)

    @property
    def layout_on_show(self) -> Layout | None:
        """The layout whose docks are those that are shown, or None when they are a choice of the person's own."""
        shown = {name for name, dock in self.docks.items() if not dock.isHidden()}
        return next((layout for layout in LAYOUTS if shown == set(layout.docks) & self.docks.keys()), None)

    def show_layout(self, layout: Layout) -> None:
        """Show the docks of a layout and hide the others."""
        self.layoutComing.emit(layout)
        for name, dock in self.docks.items():
            dock.setVisible(name in layout.docks)
        self._give_room(layout)
        self.layoutShown.emit(layout)
        if layout.front in self.docks:
            self.docks[layout.front].raise_()
        self._write_tabs_in_full()
        self.docksChanged.emit()

    def _write_tabs_in_full(self) -> None:
        """Qt shortens the names on the tabs of docks although there is room, and calls the bar of them nothing."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
        for bar in self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setAccessibleName("Docks in one place")

    def reset_layout(self) -> None:
        """Put every dock back to where it was at the first start."""
        for dock in self.docks.values():
            dock.setFloating(False)
        self.restoreState(self._first_layout, LAYOUT_VERSION)
        self.show_layout(FIRST)
        self._arrange()

    def restore(self) -> None:
        """Take the size and layout of the last session, if there was one and it fits this version."""
        geometry, layout = self._store.get(GEOMETRY), self._store.get(LAYOUT)
        if geometry:
            self.restoreGeometry(QByteArray(geometry))
        if layout and not self.restoreState(QByteArray(layout), LAYOUT_VERSION):
            self._arrange()
        # Who finds the window too narrow comes first: its layout is laid out here, and would grow.
        self.restored.emit()
        self._write_tabs_in_full()
        self.docksChanged.emit()

    def remember(self) -> None:
        """Keep the size and layout for the next session."""
        self._store.set(GEOMETRY, bytes(self.saveGeometry().data()))
        self._store.set(LAYOUT, bytes(self.saveState(LAYOUT_VERSION).data()))

    def dock_actions(self) -> list[QAction]:
        """Return the actions that show and hide the docks."""
        return [dock.toggleViewAction() for dock in self.docks.values()]

    def bring_up(self, name: str) -> None:
        """Show a dock in front and give it the keyboard."""
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        dock.widget().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the keyboard with Tab or Shift+Tab, past the docks that are hidden behind others."""
        widget = next_by_tab(self, forward=forward)
        if widget is None:
            return False
        widget.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        return True

    # --- doing -------------------------------------------------------------------------------------------

    def open_palette(self, actions: list[QAction]) -> CommandPalette:
        """Show the command palette under the bar, in the middle."""
        palette = CommandPalette(actions, self)
        corner = self.mapToGlobal(self.cockpit.geometry().topLeft())
        palette.move(self.mapToGlobal(self.rect().center()).x() - palette.width() // 2, corner.y() + 6)
        palette.show()
        palette.field.setFocus()
        return palette

    def closeEvent(self, event: QCloseEvent) -> None:
        """Vanish at once; whatever needs time to end does so behind the scenes."""
        self.remember()
        event.accept()
        self.closed.emit()
