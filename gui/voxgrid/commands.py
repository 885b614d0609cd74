"""The menus: every action the window has, with its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from voxgrid import __version__
from voxgrid.layouts import LAYOUTS
from voxgrid.notifications import Notifications
from voxgrid.outside import open_outside
from voxgrid.theme import ThemeMode
from voxgrid.views.corner import Corner
from voxgrid.views.endpoint_dialog import EndpointDialog
from voxgrid.views.keys_dialog import KeysDialog
from voxgrid.views.main_window import MainWindow
from voxgrid.views.menus import Entry, add_menu, all_actions, make_action
from voxgrid.views.notifications_dialog import NotificationsDialog
from voxgrid.window_settings import REDUCED_MOTION, THEME

if TYPE_CHECKING:
    from voxgrid.presenter import Presenter
    from voxgrid.speech import SpeechController
    from voxgrid.views.history import HistoryView
    from voxgrid.views.listening_bar import ListeningBar
    from voxgrid.views.playground import PlaygroundView


@dataclass(frozen=True, slots=True)
class SpeechViews:
    """The widgets whose actions stand in the menus too."""

    playground: PlaygroundView
    history: HistoryView
    listening: ListeningBar


class Commands:
    """Builds the menus and does what needs more than one object.

    Args:
        window: Whose menus.
        views: Widgets with actions of their own.
        presenter: For actions on the chosen context.
        controller: For the endpoint.
        notifications: To dismiss them.
        log_file: What "Open the log" opens, or None when there is none.
    """

    def __init__(
        self,
        window: MainWindow,
        views: SpeechViews,
        presenter: Presenter,
        controller: SpeechController,
        notifications: Notifications,
        log_file: Path | None,
    ) -> None:
        self._window = window
        self._views = views
        self._presenter = presenter
        self._controller = controller
        self._notifications = notifications
        self._log_file = log_file
        self._more_places: list[Entry | QAction | None] = []
        self._more_help: list[Entry | QAction | None] = []
        self._speech_menus()
        window.top_bar.on_endpoint(self.choose_endpoint)

    # --- menus -------------------------------------------------------------------------------------------

    def add_menu(self, title: str, entries: list[Entry | QAction | None]) -> QMenu:
        """Add a menu of a feature, or more to one that another has added, before ``finish``; None is a line."""
        return add_menu(self._window, title, entries)

    def add_file(self, entry: Entry) -> None:
        """Add an entry to the menu File, before ``finish``."""
        action = make_action(self._window, entry)
        action.setProperty("menu", "File")
        self._file.insertAction(self._file_end, action)

    def add_place(self, entry: Entry) -> None:
        """Add a place to the menu Go, before ``finish``."""
        self._more_places.append(entry)

    def add_help(self, entry: Entry) -> None:
        """Add an entry to the menu Help, before ``finish``."""
        self._more_help.append(entry)

    def finish(self) -> None:
        """Add the last menus, which list what every feature has brought."""
        self._view_menu()
        self._go_menu()
        self._help_menu()

    def _speech_menus(self) -> None:
        window, presenter, playground = self._window, self._presenter, self._views.playground
        self._file = add_menu(
            window,
            "&File",
            [
                Entry("endpoint", "&Endpoint…", "Ctrl+E", self.choose_endpoint),
                Entry("save", "&Save chosen context as WAV…", "Ctrl+Shift+S", self._on_chosen(presenter.save)),
                None,
                Entry("quit", "&Quit", "Ctrl+Q", lambda: _close(window)),
            ],
        )
        self._file_end = next(action for action in self._file.actions() if action.isSeparator())
        add_menu(
            window,
            "&Speech",
            [
                playground.speak_action,
                playground.stop_action,
                None,
                playground.fire_action,
                playground.stop_all_action,
                None,
                Entry("mute", "&Mute everything", "Ctrl+M", self._views.listening.mute.toggle),
            ],
        )
        solo, replay = self._controller.solo, self._controller.replay
        add_menu(
            window,
            "&Context",
            [
                Entry("inspect", "&Inspect", "", self._on_chosen(presenter.inspect_in_front), "Enter"),
                Entry("listen", "&Listen or stop listening", "Ctrl+L", self._on_chosen(presenter.toggle_listening)),
                Entry("solo", "S&olo", "Ctrl+Shift+L", self._on_chosen(solo)),
                Entry("replay", "&Replay", "Ctrl+R", self._on_chosen(replay)),
                None,
                Entry("interrupt", "I&nterrupt", "Ctrl+Delete", self._on_chosen(presenter.interrupt)),
            ],
        )

    def _view_menu(self) -> None:
        window = self._window
        layouts: list[QAction] = []
        for number, layout in enumerate(LAYOUTS, start=1):
            show = partial(window.show_layout, layout)
            entry = Entry(f"layout_{layout.name}", layout.text, f"Alt+{number}", show, "", True, layout.tip)
            layouts.append(make_action(window, entry))
        self._layouts = layouts
        window.docksChanged.connect(self._mark_layout)
        docks = window.dock_actions()
        for number, action in enumerate(docks, start=1):
            if number <= 9:
                action.setShortcut(f"Ctrl+Shift+{number}")
            window.addAction(action)
        menu = add_menu(window, "&View", [*layouts, None, *docks, None])
        menu.addMenu(self._theme_menu(menu))
        for more in (
            Entry("next_theme", "Next t&heme", "Ctrl+T", self.next_theme),
            Entry("reset_layout", "&Reset the layout", "Ctrl+0", window.reset_layout),
            Entry("full_screen", "&Full screen", "F11", self._toggle_full_screen),
        ):
            action = make_action(window, more)
            action.setProperty("menu", "View")
            menu.addAction(action)
        tip = "Docks jump to their place instead of sliding there"
        calm = make_action(window, Entry("reduced_motion", "Reduce &motion", "", self._follow_motion, "", True, tip))
        calm.setProperty("menu", "View")
        calm.setChecked(self._controller.store.get(REDUCED_MOTION))
        menu.addAction(calm)
        self._calm = calm
        window.setAnimated(not calm.isChecked())

    def _theme_menu(self, parent: QMenu) -> QMenu:
        menu = QMenu("&Theme", parent)
        group = QActionGroup(menu)
        self._themes: dict[ThemeMode, QAction] = {}
        for mode in ThemeMode:
            entry = Entry(f"theme_{mode}", f"&{mode.value.capitalize()} theme", "", partial(self.set_theme, mode))
            action = make_action(self._window, entry)
            action.setCheckable(True)
            action.setChecked(mode is self._window.theme.mode)
            action.setProperty("menu", "View")
            group.addAction(action)
            menu.addAction(action)
            self._themes[mode] = action
        return menu

    def _go_menu(self) -> None:
        window = self._window
        places: list[Entry | QAction | None] = [
            Entry(
                "go_editor", "To the &editor", "Ctrl+1", lambda: self._go("playground", self._views.playground.editor)
            ),
            Entry("go_grid", "To the &grid", "Ctrl+2", lambda: _focus(window.cockpit.grid)),
            Entry("go_queue", "To the &queue", "Ctrl+3", lambda: _focus(window.cockpit.queue.chips)),
            Entry("go_inspector", "To the &inspector", "Ctrl+4", lambda: window.bring_up("inspector")),
            Entry("go_history", "To the &history", "Ctrl+5", lambda: self._go("history", self._views.history.list)),
            *self._more_places,
        ]
        add_menu(window, "&Go", places)

    def _help_menu(self) -> None:
        window = self._window
        log = Entry("open_log", "Open the &log", "", self._open_log)
        menu = add_menu(
            window,
            "&Help",
            [
                Entry("commands", "&Commands…", "Ctrl+K", self.open_palette),
                Entry("keys", "&Keys", "F1", self.show_keys),
                Entry("notifications", "&Notifications…", "Ctrl+Shift+D", self.show_notifications),
                Entry("dismiss", "&Dismiss the notification", "Ctrl+D", window.cockpit.notification_bar.dismiss),
                *self._more_help,
                None,
                log,
                Entry("about", "&About Voxgrid", "", self.show_about),
            ],
        )
        by_name = {action.objectName(): action for action in menu.actions()}
        by_name["open_log"].setEnabled(self._log_file is not None)
        Corner(self._layouts, by_name["commands"], window.theme, window).place(window)
        self._mark_layout()

    # --- acting ------------------------------------------------------------------------------------------

    def choose_endpoint(self) -> None:
        """Open the endpoint dialog."""
        dialog = EndpointDialog(self._controller, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _mark_layout(self) -> None:
        """Mark the layout that is on show, in menu and corner; docks of a person's own choosing are none of them."""
        shown = self._window.layout_on_show
        for layout, action in zip(LAYOUTS, self._layouts, strict=True):
            action.setChecked(layout is shown)

    def open_palette(self) -> None:
        """Open the command palette."""
        self._window.open_palette(all_actions(self._window))

    def set_theme(self, mode: ThemeMode) -> None:
        """Switch the theme and remember it."""
        self._window.theme.set_mode(mode)
        self._themes[mode].setChecked(True)
        self._controller.store.set(THEME, mode.value)

    def _follow_motion(self) -> None:
        self._window.setAnimated(not self._calm.isChecked())
        self._controller.store.set(REDUCED_MOTION, self._calm.isChecked())

    def next_theme(self) -> None:
        """Dark, light, system, dark..."""
        modes = list(ThemeMode)
        self.set_theme(modes[(modes.index(self._window.theme.mode) + 1) % len(modes)])

    def show_keys(self) -> None:
        """List every action with its key."""
        dialog = KeysDialog(all_actions(self._window), self._window)
        dialog.open()

    def show_notifications(self) -> None:
        """List what was told, with reports to copy."""
        NotificationsDialog(self._notifications, self._window).open()

    def show_about(self) -> None:
        """Say what this is."""
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("About Voxgrid")
        box.setIconPixmap(self._window.windowIcon().pixmap(64, 64))
        box.setText(f"<b>Voxgrid {__version__}</b>")
        where = f"The log is {self._log_file}." if self._log_file else "There is no log file: nothing could be written."
        box.setInformativeText(
            "A cockpit for concurrent streaming speech, and the connection pool under it.\n"
            "Apache License 2.0. The local server's speech engines are GPL programs of their own.\n\n"
            f"{where}"
        )
        box.open()

    def _on_chosen(self, act: Callable[[int], None]) -> Callable[[], None]:
        return lambda: self._presenter.act_on_chosen(act)

    def _go(self, dock: str, widget: QWidget) -> None:
        self._window.bring_up(dock)
        _focus(widget)

    def _toggle_full_screen(self) -> None:
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def _open_log(self) -> None:
        if self._log_file is not None:
            open_outside(self._log_file, self._notifications)


def _close(window: MainWindow) -> None:
    window.close()


def _focus(widget: QWidget) -> None:
    widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
