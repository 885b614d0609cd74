"""The grid on the screen: all of it in view, keys, pointer, words for a screen reader, only what changed."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible

from support.stage import measure_paints, play
from voxgrid.models.cell import Look


@pytest.fixture
def grid(stage):
    return stage.parts.window.cockpit.grid


@pytest.fixture
def busy(stage):
    stage.pool.open(20)
    stage.pool.fire(100)
    for _ in range(20):
        stage.frame()
    return stage


def centre(grid, row, column):
    return grid.visualRect(grid.model().index(row, column)).center()


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_all_hundred_cells_are_in_view_without_scrolling(stage, grid, size, qapp):
    stage.parts.window.resize(*size)
    qapp.processEvents()
    stage.pool.open(20)
    stage.frame()
    inside = grid.viewport().rect()
    for row in range(20):
        for column in range(5):
            assert inside.contains(grid.visualRect(grid.model().index(row, column))), (row, column)
    assert not grid.verticalScrollBar().isVisible()


def test_a_notification_hides_no_cell(stage, grid, qapp):
    stage.parts.notifications.post("Something happened.", hint="Try this.", details="lots")
    for _ in range(3):
        qapp.processEvents()
    inside = grid.viewport().rect()
    assert inside.contains(grid.visualRect(grid.model().index(19, 4)))
    assert not grid.verticalScrollBar().isVisible()


def test_a_larger_pool_scrolls_instead_of_shrinking_to_nothing(stage, grid, qapp):
    from support.fake_events import FakePool
    from voxpool.config import PoolConfig

    stage.parts.bridge.attach(FakePool(config=PoolConfig(max_connections=60)))
    qapp.processEvents()
    assert grid.model().rowCount() == 60
    assert grid.rowHeight(0) >= 24
    assert grid.verticalScrollBar().maximum() > 0


def test_arrow_keys_move_and_the_inspector_follows(busy, grid, qtbot):
    grid.setFocus()
    grid.choose(3, 1)
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert (grid.currentIndex().row(), grid.currentIndex().column()) == (4, 2)
    chosen = busy.parts.bridge.models.grid.cell(4, 2).utterance_id
    assert busy.parts.presenter.chosen == chosen
    assert busy.parts.window.inspector.shown.utterance_id == chosen


@pytest.mark.parametrize(
    ("key", "signal"),
    [
        (Qt.Key.Key_Return, "inspectRequested"),
        (Qt.Key.Key_Enter, "inspectRequested"),
        (Qt.Key.Key_Space, "listenRequested"),
        (Qt.Key.Key_Delete, "interruptRequested"),
    ],
)
def test_keys_ask_for_the_cell_they_are_on(busy, grid, qtbot, key, signal):
    grid.choose(6, 3)
    with qtbot.waitSignal(getattr(grid, signal)) as asked:
        qtbot.keyClick(grid, key)
    assert asked.args == [busy.parts.bridge.models.grid.cell(6, 3).utterance_id]


def test_keys_on_a_cell_that_nobody_used_ask_for_nothing(stage, grid, qtbot):
    grid.choose(0, 0)
    with qtbot.assertNotEmitted(grid.listenRequested), qtbot.assertNotEmitted(grid.interruptRequested):
        qtbot.keyClick(grid, Qt.Key.Key_Space)
        qtbot.keyClick(grid, Qt.Key.Key_Delete)


def test_several_chosen_cells_are_heard_together(busy, grid, qtbot):
    grid.choose(0, 0)
    qtbot.keyClick(grid, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    asked = []
    grid.listenRequested.connect(asked.append)
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    cells = busy.parts.bridge.models.grid
    assert asked == [cells.cell(0, 0).utterance_id, cells.cell(1, 0).utterance_id]


def test_a_double_click_listens(busy, grid, qtbot):
    with qtbot.waitSignal(grid.listenRequested) as asked:
        qtbot.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(grid, 2, 2))
    assert asked.args == [busy.parts.bridge.models.grid.cell(2, 2).utterance_id]


def test_a_click_chooses(busy, grid, qtbot):
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(grid, 9, 4))
    assert (grid.currentIndex().row(), grid.currentIndex().column()) == (9, 4)


def test_the_pointer_lights_up_one_cell(busy, grid, qtbot, qapp):
    before = grid.grab().toImage()
    spot = centre(grid, 5, 0)
    qtbot.mouseMove(grid.viewport(), spot)
    grid._hover((5, 0))
    after = grid.grab().toImage()
    corner = grid.visualRect(grid.model().index(5, 0)).topLeft() + QPoint(10, 6)
    assert before.pixelColor(corner + grid.viewport().pos()) != after.pixelColor(corner + grid.viewport().pos())


def test_a_screen_reader_reads_every_cell_and_row(busy, grid):
    table = QAccessible.queryAccessibleInterface(grid)
    assert table.role() == QAccessible.Role.Table
    said = [table.child(number).text(QAccessible.Text.Name) for number in range(table.childCount())]
    # A corner and five column heads; then in each row its head and its cells.
    for row in range(20):
        head, *cells = said[6 + row * 6 : 12 + row * 6]
        assert head.startswith(f"Connection {row + 1}: open for")
        for column, text in enumerate(cells):
            assert text.startswith(f"Connection {row + 1}, slot {column + 1}: ")
            assert busy.parts.bridge.models.grid.cell(row, column).snippet in text


def test_looks_differ_in_shape_and_not_only_in_colour(stage, grid):
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QColor, QImage, QPainter

    from voxgrid.views.glyphs import draw_glyph

    drawn = set()
    for look in Look:
        image = QImage(24, 24, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        draw_glyph(painter, look, QRectF(0, 0, 24, 24), QColor("white"))
        painter.end()
        drawn.add(bytes(image.constBits()))
    assert len(drawn) == len(Look)


def test_only_what_changed_is_repainted(busy, grid, qapp):
    painted = []
    delegate = grid.itemDelegate()
    original = delegate.paint_cell

    def paint_cell(painter, x, y, cell):
        painted.append((cell.row, cell.column))
        original(painter, x, y, cell)

    delegate.paint_cell = paint_cell
    qapp.processEvents()
    painted.clear()
    grid.refresh({(4, 4), (7, 1)}, set(), busy.pool.now)
    qapp.processEvents()
    assert set(painted) == {(4, 4), (7, 1)}


def test_a_frame_of_all_cells_stays_cheap_relative_to_one_cell(stage):
    play(stage, "busy")
    paints, refreshes = measure_paints(stage, 30)
    assert len(paints) == len(refreshes) == 30, "one paint per frame"


def test_every_look_can_be_painted_in_both_themes_and_any_size(busy, grid, qapp):
    from voxgrid.theme import ThemeMode
    from voxpool.events import Outcome, SlotState

    model = busy.parts.bridge.models.grid
    for column, state in enumerate([*SlotState]):
        cell = model.cell(column % 20, column // 20)
        cell.state, cell.code, cell.outcome = state, 8, None
    for row, outcome in enumerate(Outcome, start=10):
        model.cell(row, 1).state, model.cell(row, 1).outcome = SlotState.EMPTY, outcome
    for mode in (ThemeMode.LIGHT, ThemeMode.DARK):
        busy.parts.theme.set_mode(mode)
        for size in ((1000, 620), (1600, 1200)):
            busy.parts.window.resize(*size)
            qapp.processEvents()
            assert not grid.grab().isNull()


@pytest.mark.parametrize("height", [300, 340, 400, 470, 560, 800])
def test_all_cells_stay_in_view_however_little_room_the_docks_leave(stage, grid, qapp, height):
    cockpit = stage.parts.window.cockpit
    stage.pool.open(20)
    stage.pool.fire(100)
    stage.frame()
    cockpit.setParent(None)
    cockpit.resize(700, height)
    cockpit.show()
    qapp.processEvents()
    try:
        inside = grid.viewport().rect()
        assert inside.contains(grid.visualRect(grid.model().index(19, 4)))
        assert not grid.verticalScrollBar().isVisible()
        assert cockpit.trends.isVisible() == (height >= 560)
    finally:
        stage.parts.window.setCentralWidget(cockpit)
