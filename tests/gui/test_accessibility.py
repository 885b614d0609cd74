"""What a screen reader finds, what shows where the keyboard is, and what does not move."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

from support.stage import play
from voxgrid.layouts import FIRST, LAYOUTS
from voxgrid.models.sentences import cell_sentence, row_sentence
from voxgrid.theme import ThemeMode
from voxgrid.trouble.errors import ErrorsFeature
from voxgrid.views.keys_dialog import KeysDialog
from voxgrid.views.menus import all_actions
from voxgrid.views.palette import describe
from voxgrid.window_settings import REDUCED_MOTION


def test_every_cell_and_row_can_be_read_through_qts_own_interface(stage):
    play(stage, "errors")
    grid = stage.parts.window.cockpit.grid
    model, now = stage.parts.bridge.models.grid, stage.parts.bridge.now()
    table = QAccessible.queryAccessibleInterface(grid)
    assert table.role() is QAccessible.Role.Table
    # A corner and the names of the columns, then a head and five cells for each row.
    said = [table.child(number).text(QAccessible.Text.Name) for number in range(table.childCount())]
    assert len(said) == 21 * 6
    for row in model.rows:
        head, *cells = said[(row.row + 1) * 6 : (row.row + 2) * 6]
        assert head == row_sentence(row, now)
        assert cells == [cell_sentence(model.cell(row.row, column), now) for column in range(5)]


FOCUSABLE = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QPlainTextEdit)


@pytest.mark.parametrize("theme", [ThemeMode.DARK, ThemeMode.LIGHT])
def test_the_keyboard_can_be_seen_wherever_it_is(stage, qtbot, theme):
    stage.parts.theme.set_mode(theme)
    window = stage.parts.window
    for name in ("errors", "faults"):
        window.docks[name].show()
    window.bring_up("faults")
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    blind = []
    for widget in window.findChildren(QWidget):
        inner = isinstance(widget.parent(), (QComboBox, QAbstractSpinBox))
        if not isinstance(widget, FOCUSABLE) or inner or not widget.isVisible() or not widget.isEnabled():
            continue
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or widget.window() is not window:
            continue
        window.setFocus()
        before = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        if widget.hasFocus() and widget.grab().toImage() == before:
            blind.append((type(widget).__name__, widget.objectName(), widget.accessibleName()))
    assert blind == []


@pytest.mark.parametrize("name", [layout.name for layout in LAYOUTS])
@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab], ids=["forward", "back"])
def test_tab_passes_by_docks_behind_others_and_comes_round(stage, qtbot, name, key):
    window = stage.parts.window
    window.show_layout(next(layout for layout in LAYOUTS if layout.name == name))
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    stage.app.processEvents()
    seen = [first := window.cockpit.grid]
    first.setFocus()
    for _ in range(300):
        # A field that keeps Tab to itself is left as the person leaves it: by the window's own walk.
        window.focusNextPrevChild(key == Qt.Key.Key_Tab)
        widget = QApplication.focusWidget()
        if widget is first:
            break
        assert not widget.visibleRegion().isEmpty() or in_scroll_area(widget), (widget, widget.accessibleName())
        seen.append(widget)
    assert widget is first
    assert len(set(seen)) == len(seen)
    shown = [dock for dock in window.docks.values() if not dock.visibleRegion().isEmpty()]
    assert all(any(dock.isAncestorOf(widget) for widget in seen) for dock in shown)


@pytest.mark.parametrize("name", [layout.name for layout in LAYOUTS])
def test_tab_reaches_going_forward_all_that_it_reaches_going_back(stage, qtbot, name):
    play(stage, "errors")
    window = stage.parts.window
    window.show_layout(next(layout for layout in LAYOUTS if layout.name == name))
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    next(each for each in stage.parts.features if isinstance(each, ErrorsFeature)).show_newest()
    stage.app.processEvents()
    walks = []
    for forward in (True, False):
        window.cockpit.grid.setFocus()
        seen = []
        while QApplication.focusWidget() not in seen:
            seen.append(QApplication.focusWidget())
            window.focusNextPrevChild(forward)
        walks.append({(type(each).__name__, each.objectName(), each.accessibleName()) for each in seen})
    assert walks[0] == walks[1]


def test_tab_comes_to_what_belongs_together_in_the_order_in_which_it_stands(stage, qtbot):
    play(stage, "errors")
    window = stage.parts.window
    window.show_layout(next(layout for layout in LAYOUTS if layout.name == "inspect"))
    errors = next(each for each in stage.parts.features if isinstance(each, ErrorsFeature))
    failure = next(each for each in errors.book.all() if each.utterance_id)
    stage.parts.presenter.inspect(failure.utterance_id)
    errors.show_failure(failure.number)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    stage.app.processEvents()
    window.cockpit.grid.setFocus()
    seen = []
    while QApplication.focusWidget() not in seen:
        seen.append(QApplication.focusWidget())
        window.focusNextPrevChild(True)
    names = [each.objectName() for each in seen]
    for first, second in (("error_groups", "error_list"), ("error_list", "error_detail")):
        assert names.index(second) == names.index(first) + 1
    inspector = window.inspector
    attempt = inspector.attempts.attempts[0]
    within = [each for each in seen if each is not inspector and inspector.isAncestorOf(each)]
    assert within[:2] == [attempt.cell, attempt.waterfall]
    places = [seen.index(each) for each in within]
    assert places == list(range(places[0], places[0] + len(places))), "nothing else between them"


def in_scroll_area(widget):
    """Whether it is merely scrolled out of sight, in a dock that is in sight."""
    while widget is not None and not isinstance(widget, QDockWidget):
        if isinstance(widget, QScrollArea):
            return not widget.visibleRegion().isEmpty()
        widget = widget.parentWidget()
    return False


def test_tab_stops_where_qt_would_when_no_dock_is_behind(stage, qtbot):
    window = stage.parts.window
    window.show_layout(FIRST)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    start = window.cockpit.grid
    for forward in (True, False):
        start.setFocus()
        for _ in range(80):
            before = QApplication.focusWidget()
            window.focusNextPrevChild(forward)
            ours = QApplication.focusWidget()
            before.setFocus()
            QMainWindow.focusNextPrevChild(window, forward)
            while QApplication.focusWidget().visibleRegion().isEmpty():
                # Qt stops at bars of tabs that it keeps out of sight, too.
                QMainWindow.focusNextPrevChild(window, forward)
            assert QApplication.focusWidget() is ours


def test_every_action_is_in_the_palette_and_every_key_on_the_page(stage, qtbot):
    window = stage.parts.window
    actions = all_actions(window)
    palette = window.open_palette(actions)
    palette.search("")
    offered = {palette.found.item(row).text().split("    ")[0] for row in range(palette.found.count())}
    assert offered == {describe(action) for action in actions if action.isEnabled()}
    palette.close()
    page = KeysDialog(actions, window)
    lines = {page.table.item(row, 0).text(): page.table.item(row, 1).text() for row in range(page.table.rowCount())}
    for action in actions:
        if not action.shortcut().isEmpty():
            assert describe(action) in lines
    assert lines["Errors: go to the cell"] == "Enter"
    page.close()


def test_motion_can_be_reduced_and_stays_so(stage):
    window = stage.parts.window
    action = next(each for each in all_actions(window) if each.objectName() == "reduced_motion")
    assert window.isAnimated() is not action.isChecked()
    before = window.isAnimated()
    action.trigger()
    assert window.isAnimated() is not before
    assert stage.parts.controller.store.get(REDUCED_MOTION) is before
