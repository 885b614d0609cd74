"""The window: docks, menus, keys, layout, palette, names for a screen reader."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QComboBox,
    QDialogButtonBox,
    QLineEdit,
    QStyle,
    QTabBar,
    QToolButton,
    QWidget,
)

from support.stage import make_stage
from voxgrid.layouts import FIRST, LAYOUTS
from voxgrid.theme import ThemeMode
from voxgrid.views.cost_dialog import CostDialog
from voxgrid.views.endpoint_dialog import EndpointDialog
from voxgrid.views.menus import all_actions
from voxgrid.views.palette import plain
from voxgrid.views.recording_dialogs import ExportDialog, ReplayDialog
from voxpool.recording.replay import Load

PLAN = SimpleNamespace(what="Fire 3", verb="Fire", characters=9, usd=0.1, usd_per_million=5.0, model="m", cap=100)


@pytest.fixture
def window(stage):
    return stage.parts.window


def test_it_fits_the_smallest_screen_it_is_meant_for(window):
    assert window.width() <= 1280
    assert window.height() <= 800
    assert window.minimumSizeHint().width() <= 1280
    assert window.minimumSizeHint().height() <= 800


def test_every_action_has_a_name_a_menu_and_no_key_is_used_twice(window):
    actions = all_actions(window)
    keys = [key for action in actions for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert all(plain(action) and action.property("menu") for action in actions)
    written = {QKeySequence(key).toString() for key in keys}
    for needed in ("Ctrl+Return", "Esc", "Ctrl+Shift+Return", "Ctrl+E", "Ctrl+Q", "Ctrl+T", "Ctrl+0", "Ctrl+K", "F1"):
        assert QKeySequence(needed).toString() in written, needed


@pytest.mark.parametrize("name", ["playground", "history", "inspector"])
def test_a_dock_can_be_closed_and_brought_back(window, name, qapp):
    dock = window.docks[name]
    dock.close()
    assert not dock.isVisible()
    dock.toggleViewAction().trigger()
    qapp.processEvents()
    assert dock.isVisible()


def test_layouts_show_what_they_say(window, qapp):
    by_name = {action.objectName(): action for action in all_actions(window)}
    by_name["layout_watch"].trigger()
    assert not any(dock.isVisible() for dock in window.docks.values())
    by_name["layout_inspect"].trigger()
    assert {name for name, dock in window.docks.items() if dock.isVisible()} == set(LAYOUTS[2].docks) & set(
        window.docks
    )
    window.docks["inspector"].setFloating(True)
    by_name["reset_layout"].trigger()
    qapp.processEvents()
    assert {name for name, dock in window.docks.items() if dock.isVisible()} == set(FIRST.docks)
    assert not any(dock.isFloating() for dock in window.docks.values())


def marked(window):
    return [action.objectName() for action in all_actions(window) if is_layout(action) and action.isChecked()]


def is_layout(action):
    return action.objectName() in {f"layout_{layout.name}" for layout in LAYOUTS}


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_the_layout_on_show_is_marked_however_it_came_about(window, layout):
    action = next(each for each in all_actions(window) if each.objectName() == f"layout_{layout.name}")
    assert marked(window) == ["layout_play"]
    action.trigger()
    assert marked(window) == [f"layout_{layout.name}"]
    # Chosen once more, it stays.
    action.trigger()
    assert marked(window) == [f"layout_{layout.name}"]
    for dock in window.docks.values():
        dock.setVisible(not dock.isHidden() and len(layout.docks) % 2 == 0)
    next(each for each in all_actions(window) if each.objectName() == "reset_layout").trigger()
    assert marked(window) == ["layout_play"]


def test_docks_of_ones_own_choice_are_marked_as_no_layout(window):
    window.docks["history"].close()
    assert marked(window) == []
    window.docks["history"].show()
    assert marked(window) == ["layout_play"]


def test_the_layout_of_the_last_session_is_marked_at_the_start(tmp_path, qapp):
    first = make_stage(tmp_path)
    first.parts.window.show_layout(LAYOUTS[2])
    first.parts.window.close()
    first.close()
    second = make_stage(tmp_path)
    second.parts.window.restore()
    assert marked(second.parts.window) == ["layout_inspect"]
    second.close()


def test_docks_get_their_sizes_back_when_the_first_layout_is_shown_again(window, qapp):
    window.show()
    window.resize(1280, 800)
    window.show_layout(FIRST)
    qapp.processEvents()
    before = {name: window.docks[name].size() for name in FIRST.docks}
    for layout in (*LAYOUTS[1:], FIRST):
        window.show_layout(layout)
        qapp.processEvents()
    after = {name: window.docks[name].size() for name in FIRST.docks}
    assert after == before


def test_the_layout_is_remembered(tmp_path, qapp):
    first = make_stage(tmp_path)
    first.parts.window.docks["history"].close()
    first.parts.window.resize(1000, 640)
    first.parts.window.close()
    first.close()
    second = make_stage(tmp_path)
    second.parts.window.restore()
    qapp.processEvents()
    assert not second.parts.window.docks["history"].isVisible()
    assert second.parts.window.docks["playground"].isVisible()
    # The invisible platform's screen is 800 pixels wide, and a restored window is made to fit its screen.
    assert second.parts.window.height() == 640
    second.close()


def test_a_damaged_layout_is_survived(stage, window):
    from voxgrid.window_settings import GEOMETRY, LAYOUT

    stage.parts.controller.store.set(GEOMETRY, b"nonsense")
    stage.parts.controller.store.set(LAYOUT, b"nonsense")
    window.restore()
    assert {name for name, dock in window.docks.items() if dock.isVisible()} == set(FIRST.docks)


def test_closing_says_so_once_and_vanishes(window, qtbot):
    with qtbot.waitSignal(window.closed):
        window.close()
    assert not window.isVisible()


def test_everything_that_takes_the_keyboard_has_a_name(window):
    kinds = (QAbstractButton, QAbstractScrollArea, QAbstractSlider, QComboBox, QLineEdit, QTabBar)
    for layout in LAYOUTS:
        window.show_layout(layout)
    nameless = [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, kinds)
        and widget.focusPolicy() is not Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and widget.window() is window
        and not (widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text()))
    ]
    # The line of a combo or spin box is read with the box it is in.
    nameless = [widget for widget in nameless if not isinstance(widget, QLineEdit)]
    assert not nameless, [(type(widget).__name__, widget.objectName(), widget.parent()) for widget in nameless]


def test_the_palette_finds_and_runs_a_command(stage, window, qtbot):
    palette = window.open_palette(all_actions(window))
    qtbot.keyClicks(palette.field, "light theme")
    assert "Light theme" in palette.found.currentItem().text()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert stage.parts.theme.mode is ThemeMode.LIGHT
    stage.parts.theme.set_mode(ThemeMode.DARK)


def test_the_palette_is_steered_by_arrow_keys(window, qtbot):
    palette = window.open_palette(all_actions(window))
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.found.currentRow() == 1
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.found.currentRow() == palette.found.count() - 1
    palette.close()


def test_the_theme_is_remembered_and_goes_round(stage):
    commands = stage.parts.commands
    seen = []
    for _ in ThemeMode:
        commands.next_theme()
        seen.append(stage.parts.theme.mode)
    assert set(seen) == set(ThemeMode)
    assert stage.parts.theme.mode is ThemeMode.DARK


def test_keys_and_about_open_without_stopping_the_loop(stage, window, qapp):
    stage.parts.commands.show_keys()
    stage.parts.commands.show_about()
    qapp.processEvents()
    tops = {
        type(widget).__name__ for widget in window.findChildren(QWidget) if widget.isWindow() and widget.isVisible()
    }
    assert {"KeysDialog", "QMessageBox"} <= tops
    for widget in window.findChildren(QWidget):
        if widget.isWindow() and widget.isVisible():
            widget.close()


def test_numbers_on_the_status_line_do_not_move_each_other(stage, window, qapp):
    from voxgrid.views.status_line import Status

    line = window.status_line
    line.show_status(Status())
    qapp.processEvents()
    before = [child.geometry() for child in line.findChildren(QWidget) if child.parent() is line]
    line.show_status(Status(100, 100, 480, 12_345, 67, 8, 118.0, 1184.0, 3.1, 2.4, 12))
    qapp.processEvents()
    assert [child.geometry() for child in line.findChildren(QWidget) if child.parent() is line] == before


def test_a_bottleneck_is_named_on_the_status_line(window):
    from voxgrid.views.status_line import Status

    window.status_line.show_status(Status(bottleneck="Local speech is the bottleneck."))
    assert window.status_line._bottleneck.text() == "Local speech is the bottleneck."


@pytest.mark.parametrize("width", [0, 1280], ids=["smallest", "usual"])
def test_every_menu_can_be_reached_and_what_else_stands_there_is_seen_whole(window, qapp, width):
    window.resize(max(width, window.minimumSizeHint().width()), 800)
    qapp.processEvents()
    menus = window.menuBar()
    corner = menus.cornerWidget()
    assert not menus.findChild(QToolButton, "qt_menubar_ext_button").isVisible()
    assert max(menus.actionGeometry(action).right() for action in menus.actions()) < corner.x()
    assert corner.width() >= corner.sizeHint().width()
    assert all(button.isVisible() for button in corner._layouts)


def test_buttons_of_dialogs_have_no_icons_of_the_toolkits_own(window):
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, window)
    box.ensurePolished()
    assert not box.style().styleHint(QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons, None, box)


@pytest.mark.parametrize("kind", ["export", "replay", "cost", "endpoint"])
def test_buttons_of_our_dialogs_have_no_icons(stage, window, kind):
    makes = {
        "export": lambda: ExportDialog(["HAR"], 0, False, 9.0, None, window),
        "replay": lambda: ReplayDialog(lambda _of_stretch: Load(()), 9.0, None, "Local server", window),
        "cost": lambda: CostDialog(PLAN, "Inworld", window),
        "endpoint": lambda: EndpointDialog(stage.parts.controller, window),
    }
    dialog = makes[kind]()
    try:
        buttons = dialog.findChild(QDialogButtonBox).buttons()
        assert [button.text() for button in buttons if not button.icon().isNull()] == []
    finally:
        dialog.deleteLater()


def test_layouts_leave_the_bar_before_menus_do_and_come_back(window, qapp):
    menus = window.menuBar()
    corner = menus.cornerWidget()
    corner.fit(700)
    assert not any(button.isVisible() for button in corner._layouts)
    corner.fit(1280)
    assert all(button.isVisible() for button in corner._layouts)


@pytest.mark.parametrize("theme", [ThemeMode.DARK, ThemeMode.LIGHT])
def test_the_button_that_holds_menus_without_room_can_be_seen(stage, window, qapp, theme):
    stage.parts.theme.set_mode(theme)
    menus = window.menuBar()
    menus.resize(300, menus.height())
    button = menus.findChild(QToolButton, "qt_menubar_ext_button")
    assert button.isVisible()
    assert button.accessibleName() == "More menus"
    image = button.grab().toImage()
    seen = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    wanted = stage.parts.theme.tokens.color("text")
    assert any(abs(color.lightness() - wanted.lightness()) < 60 for color in seen)
    stage.parts.theme.set_mode(ThemeMode.DARK)


def test_errors_and_faults_have_a_menu_of_their_own(window):
    by_menu = {}
    for action in all_actions(window):
        by_menu.setdefault(action.property("menu"), []).append(action.objectName())
    assert by_menu["Trouble"] == [
        *("go_errors", "go_newest_error", "go_error_moment"),
        *("inject", "clear_faults", "go_faults"),
    ]
    titles = [action.text() for action in window.menuBar().actions()]
    assert len(titles) == len(set(titles))
