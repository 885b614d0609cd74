"""The frames dock in the window: what it lists, what it copies, and that it does not jump."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from support import frames as wire
from support.fake_frames import FakeFrames
from voxgrid.frames import FramesFeature
from voxgrid.layouts import LAYOUTS
from voxgrid.models.board import Models
from voxgrid.models.frame_list import Scope, Target
from voxgrid.models.grid import GridModel
from voxgrid.views.menus import all_actions
from voxpool.frames.record import FrameKind, FrameRecord


@pytest.fixture
def frames(stage):
    feature = next(each for each in stage.parts.features if isinstance(each, FramesFeature))
    stage.parts.window.show_layout(next(layout for layout in LAYOUTS if layout.name == "inspect"))
    return feature


@pytest.fixture
def talk(stage, frames):
    """A pool that has spoken, with the frames of it."""
    source = FakeFrames(stage.pool, stage.parts.feed.store)

    def go(steps, fire=0):
        stage.pool.fire(fire)
        for _ in range(steps):
            stage.pool.advance(0.033)
            source.step()
            stage.parts.bridge.tick()
            stage.app.processEvents()

    stage.pool.open(3)
    go(30, fire=8)
    return go


def choose_busy(stage):
    cell = next(cell for cell in stage.parts.bridge.models.grid.cells() if cell.utterance_id)
    stage.parts.presenter.inspect(cell.utterance_id)
    return stage.parts.bridge.models.lives.get(cell.utterance_id)


async def test_every_frame_is_listed_once_and_in_order(stage, frames, talk):
    rows = frames.view.list.rows
    assert [record.serial for record in rows] == list(range(1, stage.parts.feed.store.next))
    assert frames.view.items.rowCount() == len(rows) > 50
    assert frames.view.said == f"{len(rows)} frames"


async def test_a_chosen_frame_leaves_the_list_its_room(stage, frames, talk):
    window, view = stage.parts.window, frames.view
    window.resize(1280, 800)
    window.show_layout(next(layout for layout in LAYOUTS if layout.name == "inspect"))
    chosen = next(row for row, record in enumerate(view.list.rows) if record.kind is FrameKind.AUDIO)
    view.table.selectRow(chosen)
    stage.app.processEvents()
    assert view.detail.isVisible()
    assert view.table.horizontalScrollBar().maximum() == 0, "no column is out of sight"
    head = view.detail.head
    assert head.fontMetrics().horizontalAdvance(head.text()) <= head.width()


async def test_nothing_is_done_while_nobody_sees_it(stage, frames, talk):
    frames.dock.hide()
    before = frames.view.items.rowCount()
    talk(10)
    assert frames.view.items.rowCount() == before
    frames.dock.show()
    stage.app.processEvents()
    assert frames.view.items.rowCount() == len(stage.parts.feed.store)


async def test_the_chips_say_whose_frames(stage, frames, talk):
    life = choose_busy(stage)
    attempt = life.attempts[-1]
    frames.view.chips[Scope.CONTEXT].click()
    assert {record.context_id for record in frames.view.list.rows} == {attempt.context_id}
    frames.view.chips[Scope.CONNECTION].click()
    assert {record.connection_id for record in frames.view.list.rows} == {attempt.connection_id}
    other = next(
        cell
        for cell in stage.parts.bridge.models.grid.cells()
        if cell.utterance_id and cell.row != attempt.row and cell.context_id
    )
    stage.parts.presenter.inspect(other.utterance_id)
    assert {record.connection_id for record in frames.view.list.rows} == {other.row + 1}


async def test_without_a_choice_only_everything_can_be_listed(stage, frames):
    assert [scope for scope, chip in frames.view.chips.items() if chip.isEnabled()] == [Scope.EVERYTHING]
    frames.show_scope(Scope.CONTEXT)
    assert frames.view.list.scope is Scope.EVERYTHING


async def test_a_context_without_frames_is_said_to_have_none(stage, frames, talk):
    life = choose_busy(stage)
    frames.view.show_scope(Scope.CONTEXT, Target("never-seen", 1, life.utterance_id, ("never-seen",)))
    assert frames.view.said == "No frames of this context"


async def test_a_filter_chooses_and_a_wrong_one_says_where(stage, frames, talk):
    view = frames.view
    view.filter.setText("type:text")
    assert {record.kind for record in view.list.rows} == {FrameKind.TEXT}
    before = list(view.list.rows)
    view.filter.setText("type:text code:x")
    assert view.said == "Column 16: code: takes numbers such as code:8 or code:>0, not x."
    assert view.filter.property("invalid")
    assert view.list.rows == before, "what is half typed takes nothing away"
    view.filter.setText("type:text")
    assert view.said.endswith("frames")
    assert not view.filter.property("invalid")


async def test_a_word_that_is_still_typed_is_left_alone(stage, frames, talk):
    view = frames.view
    QTest.keyClicks(view.filter, "type:text code:")
    assert view.filter.pause.isActive()
    assert not view.filter.property("invalid")
    assert view.said.endswith("frames")
    view.filter.pause.timeout.emit()
    assert view.said.startswith("Column 16: code: needs a value"), "who stops there has said what was meant"
    QTest.keyClicks(view.filter, "x")
    assert not view.filter.property("invalid"), "and goes on typing"
    QTest.keyClicks(view.filter, " ")
    assert view.said.startswith("Column 16: code: takes numbers"), "the word is over"
    assert not view.filter.pause.isActive()


async def test_an_offer_that_was_taken_is_no_mistake_yet(stage, frames, talk):
    view = frames.view
    QTest.keyClicks(view.filter, "cod")
    QTest.keyClick(view.filter, Qt.Key.Key_Return)
    assert view.filter.text() == "code:"
    assert not view.filter.property("invalid")
    assert view.filter.pause.isActive()


async def test_what_is_wrong_with_a_filter_widens_nothing(stage, frames, talk):
    before = frames.view.minimumSizeHint().width()
    frames.view.filter.setText("foo:1 ")
    assert len(frames.view.said) > 100
    assert frames.view.minimumSizeHint().width() == before


async def test_it_follows_until_somebody_looks_elsewhere(stage, frames, talk):
    table = frames.view.table
    bar = table.verticalScrollBar()
    assert table.following
    assert bar.value() == bar.maximum() > 0
    bar.setValue(5)
    assert not table.following
    assert not frames.view.following.isChecked()
    rows = frames.view.items.rowCount()
    talk(10)
    came = frames.view.items.rowCount() - rows
    assert came > 0
    assert bar.value() == 5, "the place that is read does not move"
    assert table.pill.isVisible()
    assert table.pill.text() == f"↓ {came} new frames below"
    table.pill.click()
    assert table.following
    assert bar.value() == bar.maximum()
    assert not table.pill.isVisible()


async def test_a_chosen_older_frame_stays_in_view(stage, frames, talk):
    frames.view.table.selectRow(3)
    assert not frames.view.table.following
    QTest.keyClick(frames.view.table, Qt.Key.Key_End)
    assert frames.view.table.following


async def test_a_frame_is_shown_whole_on_demand(stage, frames, talk):
    view = frames.view
    row = next(row for row, record in enumerate(view.list.rows) if record.kind is FrameKind.AUDIO)
    view.table.selectRow(row)
    shown = json.loads(view.detail.text.toPlainText())
    assert shown["result"]["audioChunk"]["audioContent"] == "PCM 120 ms, 5.8 kB"
    assert view.detail.whole.isVisible()
    view.detail.whole.click()
    whole = json.loads(view.detail.text.toPlainText())
    assert len(whole["result"]["audioChunk"]["audioContent"]) == 7680


async def test_two_frames_are_compared(stage, frames, talk):
    table = frames.view.table
    texts = [row for row, record in enumerate(frames.view.list.rows) if record.kind is FrameKind.TEXT][:2]
    table.selectRow(texts[0])
    table.selectionModel().select(
        table.model().index(texts[1], 0),
        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
    )
    shown = frames.view.detail.text.toPlainText().splitlines()
    assert frames.view.detail.head.text() == "DIFFERENCE OF TWO FRAMES"
    assert any(line.startswith("- ") for line in shown)
    assert any(line.startswith("+ ") for line in shown)


async def test_frames_are_copied_in_three_ways(stage, frames, talk):
    frames.view.table.selectRow(0)
    by_name = {action.objectName(): action for action in all_actions(stage.parts.window)}
    clipboard = QGuiApplication.clipboard()
    by_name["copy_frames_json"].trigger()
    assert json.loads(clipboard.text())[0]["kind"] == "create"
    by_name["copy_frames_raw"].trigger()
    assert json.loads(clipboard.text())["create"]["voiceId"] == "Joe"
    by_name["copy_frames_python"].trigger()
    compile(clipboard.text(), "copied", "exec")
    assert "INWORLD_API_KEY" in clipboard.text()
    row = next(row for row, record in enumerate(frames.view.list.rows) if record.inbound)
    frames.view.table.selectRow(row)
    by_name["copy_frames_python"].trigger()
    assert "create" in clipboard.text(), "of a reply, what led to it is copied"


async def test_values_are_completed_from_what_was_seen(stage, frames, talk):
    life = choose_busy(stage)
    field = frames.view.filter
    field.setText("ctx:")
    field.offer()
    assert field.offered[0] == life.attempts[-1].context_id
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == f"ctx:{life.attempts[-1].context_id}"
    field.setText("di")
    field.offer()
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert field.text() == "dir:"
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not field.choices.isVisible()


async def test_another_pool_begins_with_an_empty_list(stage, frames, talk):
    stage.parts.feed.store.begin()
    stage.parts.bridge.attach(stage.pool)
    assert frames.view.items.rowCount() == 0
    assert frames.view.said == "No frames yet"


async def test_a_frame_without_an_event_is_seen_all_the_same(stage, frames):
    stage.parts.feed.store.tap(1, "in", wire.result("stray", flushCompleted={}), stage.pool.now)
    stage.second()
    assert frames.view.items.rowCount() == 1


async def test_the_menu_of_a_cell_leads_to_its_frames(stage, frames, talk, qapp):
    frames.dock.hide()
    cell = next(cell for cell in stage.parts.bridge.models.grid.cells() if cell.utterance_id)
    stage.parts.window.cockpit.grid.menuRequested.emit(cell.row, cell.column, QPoint(5, 5))
    name = f"Connection {cell.row + 1}, slot {cell.column + 1}"
    menu = next(menu for menu in stage.parts.window.findChildren(QMenu) if menu.accessibleName() == name)
    next(action for action in menu.actions() if action.text().startswith("Frames")).trigger()
    menu.close()
    assert frames.dock.isVisible()
    assert {record.context_id for record in frames.view.list.rows} == {cell.context_id}


async def test_a_row_can_be_read_aloud(stage, frames, talk):
    view = frames.view
    said = view.items.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    record = view.list.rows[0]
    assert said.startswith(
        f"create to the service: Joe, inworld-tts-2, PCM 24 kHz; connection id {record.connection_id}"
    )
    assert record.context_id in said
    for widget in (view.table, view.filter, view.detail.text, view.following, *view.chips.values()):
        assert widget.accessibleName()


async def test_the_frames_of_any_context_can_be_shown(stage, frames, talk):
    context_id = frames.view.list.rows[0].context_id
    frames.dock.hide()
    frames.show_context(context_id, serial=2)
    assert frames.dock.isVisible()
    assert {record.context_id for record in frames.view.list.rows} == {context_id}
    assert [record.serial for record in frames.view.table.records] == [2]


async def test_a_moment_of_this_session_shows_its_frames(stage, frames, talk):
    rows = frames.view.list.rows
    wanted = rows[len(rows) // 2]
    past = Models(GridModel(3, 5))
    stage.parts.bridge.show_past(past, wanted.at)
    assert frames.view.table.records[0].at == wanted.at
    assert not frames.view.table.following
    stage.parts.bridge.show_live()
    assert frames.view.list.store is stage.parts.feed.store
    assert frames.view.table.following


async def test_a_moment_of_a_recording_shows_the_recorded_frames(stage, frames, talk):
    recorded = [
        FrameRecord(n, 500.0 + n, 1, "in", FrameKind.CLOSED, "old-1", folded=f'{{"n":{n}}}') for n in range(100)
    ]
    asked = []

    def read(begin, end):
        asked.append((begin, end))
        return (each for each in recorded if begin <= each.at <= end)

    past = Models(GridModel(3, 5))

    def stand_still():
        assert frames._standing.isActive()
        frames._standing.timeout.emit()
        frames._standing.stop()

    stage.parts.bridge.show_past(past, 300.0, read)
    stage.parts.bridge.show_past(past, 550.0, read)
    assert not asked, "nothing is read while the moment moves"
    stand_still()
    assert {record.context_id for record in frames.view.list.rows} == {"old-1"}
    assert frames.view.table.records[0].folded == '{"n":50}'
    stage.parts.bridge.show_past(past, 552.0, read)
    assert frames.view.table.records[0].folded == '{"n":52}'
    assert len(asked) == 1, "a moment nearby needs no reading"
    stage.parts.bridge.show_past(past, 590.0, read)
    stand_still()
    assert frames.view.table.records[0].folded == '{"n":90}'
    assert stage.parts.presenter.frames is frames.view.list.store
    stage.parts.bridge.show_live()
    assert frames.view.list.store is stage.parts.presenter.frames is stage.parts.feed.store
    assert len(frames.view.list.rows) == len(stage.parts.feed.store)
