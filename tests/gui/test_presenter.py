"""The wires: what the pool does is shown, what the user asks is done."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from voxgrid.models.cell import Look
from voxgrid.notifications import Severity
from voxgrid.speech.notice import Notice
from voxpool.events import PoolNotice


@pytest.fixture
def busy(stage):
    stage.pool.open(20)
    stage.pool.fire(110)
    for _ in range(20):
        stage.frame()
    stage.second()
    return stage


def test_the_status_line_counts_what_the_pool_does(busy):
    status = busy.parts.window.status_line.status
    assert (status.in_use, status.slots, status.waiting) == (100, 100, 10)
    assert status.ttfa_p50_ms is not None
    assert status.frame_p95_ms is not None


def test_the_queue_shows_its_waiters_in_order(busy):
    queue = busy.parts.window.cockpit.queue
    items = queue.chips.model()
    assert items.rowCount() == 10
    assert items.index(0).data().startswith(f"1  #{busy.pool.waiting[0].id}")
    assert queue._head.text().startswith("Waiting 10 · oldest ")


def test_the_inspector_shows_the_stages_of_a_running_context(busy):
    cell = next(c for c in busy.parts.bridge.models.grid.cells() if c.ttfa_ms is not None)
    busy.parts.presenter.inspect(cell.utterance_id)
    shown = busy.parts.window.inspector.shown
    assert shown.title == f"CONTEXT {cell.row + 1}·{cell.column + 1}"
    assert [stage.name for stage in shown.stages][:4] == ["queued", "connect", "create", "first audio"]
    assert shown.text == cell.snippet


def test_a_waiter_can_be_inspected_before_it_has_a_cell(busy):
    waiter = busy.pool.waiting[0].id
    busy.parts.presenter.inspect(waiter)
    assert busy.parts.window.inspector.shown.title == "CONTEXT –"
    assert busy.parts.window.inspector.shown.state == "waiting"


def test_an_error_is_told_with_what_to_do(busy):
    busy.pool.cut(3)
    busy.frame()
    cell = next(c for c in busy.parts.bridge.models.grid.cells() if c.look is Look.FAILED)
    busy.parts.presenter.inspect(cell.utterance_id)
    shown = busy.parts.window.inspector.shown
    assert "cut (1006)" in shown.error
    assert "The pool" in shown.advice


def test_an_empty_cell_that_is_chosen_is_followed_when_it_fills(stage):
    stage.parts.window.cockpit.grid.choose(0, 0)
    assert stage.parts.window.inspector.shown.utterance_id == 0
    stage.pool.open(1)
    stage.pool.fire(1)
    stage.frame()
    assert stage.parts.window.inspector.shown.utterance_id == 1


def test_the_cell_menu_offers_what_is_possible(busy, qapp):
    grid = busy.parts.window.cockpit.grid
    grid.menuRequested.emit(0, 0, QPoint(5, 5))
    menu = next(m for m in busy.parts.window.findChildren(QMenu) if m.accessibleName() == "Connection 1, slot 1")
    enabled = {action.text().split("\t")[0] for action in menu.actions() if action.isEnabled()}
    assert {"Inspect", "Interrupt"} <= enabled
    assert "Replay" not in enabled
    menu.close()


def test_notices_of_speech_become_notifications_and_go_away(stage):
    stage.parts.presenter.show_notice(Notice("local_server", "It died.", Severity.ERROR, "Wait.", "log"))
    item = stage.parts.notifications.newest
    assert (item.text, item.hint, item.details, item.severity) == ("It died.", "Wait.", "log", Severity.ERROR)
    stage.parts.presenter.show_notice(Notice("local_server", resolved=True))
    assert stage.parts.notifications.newest is None


def test_notices_of_the_pool_become_notifications(stage):
    stage.pool.emit(PoolNotice(at=1.0, kind="credential_rejected", text="The key was refused."))
    stage.frame()
    assert stage.parts.notifications.newest.text == "The key was refused."


@pytest.mark.parametrize(("ends", "begun"), [("credential_accepted", "credential_rejected"), ("resumed", "paused")])
def test_a_notice_of_the_pool_ends_what_it_is_the_end_of(stage, ends, begun):
    for kind in (begun, ends):
        stage.pool.emit(PoolNotice(at=1.0, kind=kind, text=f"It said {kind}."))
        stage.frame()
    assert [item.text for item in stage.parts.notifications.items] == [f"It said {ends}."]


def test_what_a_pool_said_goes_with_it(stage):
    stage.pool.emit(PoolNotice(at=1.0, kind="credential_rejected", text="The key was refused."))
    stage.frame()
    stage.parts.presenter.show_notice(Notice("cost", "That is too dear."))
    stage.parts.controller.poolChanged.emit(None)
    assert [item.text for item in stage.parts.notifications.items] == ["That is too dear."]


def test_interrupting_and_listening_reach_speech(busy, monkeypatch):
    asked = []
    monkeypatch.setattr(busy.parts.controller, "cancel", lambda number: asked.append(("cancel", number)))
    busy.parts.window.cockpit.grid.interruptRequested.emit(5)
    busy.parts.window.inspector.interruptRequested.emit(6)
    busy.parts.window.cockpit.queue.interruptRequested.emit(7)
    assert asked == [("cancel", 5), ("cancel", 6), ("cancel", 7)]


def test_another_pool_clears_the_inspector(busy):
    from support.fake_events import FakePool

    busy.parts.presenter.inspect(1)
    busy.parts.bridge.attach(FakePool())
    assert busy.parts.presenter.chosen == 0
    assert busy.parts.window.inspector.shown is None
    assert busy.parts.window.status_line.status.in_use == 0
