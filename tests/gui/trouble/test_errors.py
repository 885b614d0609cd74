"""The errors dock: from an error to its cell, from a cell to its errors, and everything in words."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QPushButton

from support.stage import play
from voxgrid.items.failure_items import ITEM_ROLE
from voxgrid.layouts import LAYOUTS
from voxgrid.models.board import Models
from voxgrid.models.cell import Look
from voxgrid.models.failures import Kind
from voxgrid.trouble.errors import ErrorsFeature
from voxgrid.views.error_detail import texts
from voxpool.events import CloseReason


@pytest.fixture
def errors(stage):
    """A window that shows its errors, after a connection was lost under its contexts."""
    play(stage, "busy")
    inspect = next(layout for layout in LAYOUTS if layout.name == "inspect")
    stage.parts.window.show_layout(inspect)
    stage.pool.cut(12)
    stage.frame()
    feature = next(each for each in stage.parts.features if isinstance(each, ErrorsFeature))
    feature.refresh()
    return feature


def lost_connection(feature):
    return next(each for each in feature.book.all() if each.kind is Kind.CONNECTION)


def test_the_dock_lists_groups_and_the_failures_of_the_chosen_one(errors):
    view = errors.view
    assert view.groups.model().rowCount() == len(errors.book.groups)
    assert view.tabText(0) == f"Errors {errors.book.total}"
    lost = lost_connection(errors)
    errors.show_failure(lost.number)
    assert view.groups.current.fingerprint == lost.fingerprint
    assert view.failures.current is lost
    hit = errors.book.get(lost.hits[0])
    view.groups.choose(hit.fingerprint)
    assert view.failures.model().rowCount() == len(errors.book.of_group(hit.fingerprint))
    assert view.detail.shown.number == errors.book.of_group(hit.fingerprint)[0].number


def test_an_error_answers_every_question(errors):
    lost = lost_connection(errors)
    hit = errors.book.get(lost.hits[0])
    errors.show_failure(hit.number)
    said = "\n".join(texts(errors.view.detail.shown))
    for fact in (
        f"Connection {hit.row + 1}, slot {hit.column + 1}",
        f"context {hit.context_id}",
        f"utterance #{hit.utterance_id}",
        f"It was {hit.state.value}",
        hit.entry.cause,
        "protocol.md section 13, numbers 7 and 8",
        "It is a part of the loss of connection 13",
        "The pool ",
        hit.entry.remedy,
    ):
        assert fact in said
    errors.view.detail.causeRequested.emit(hit.cause)
    assert errors.view.detail.shown.number == lost.number
    assert f"{len(lost.hits)} context" in errors.view.detail.shown.answers["whom"]
    assert len(errors.view.detail.shown.hits) == len(lost.hits)


def test_an_error_leads_to_its_cell_and_its_moment(stage, errors, qtbot):
    hit = errors.book.get(lost_connection(errors).hits[0])
    errors.show_failure(hit.number)
    with qtbot.waitSignal(errors.momentChosen) as moment:
        errors.view.detail.findChildren(QPushButton)[0].click()
    assert moment.args == [hit.at, hit.connection_id, hit.context_id]
    grid = stage.parts.window.cockpit.grid
    assert (grid.currentIndex().row(), grid.currentIndex().column()) == (hit.row, hit.column)
    assert stage.parts.presenter.chosen == hit.utterance_id


def test_an_error_leads_to_the_frames_of_its_context(stage, errors):
    hit = errors.book.get(lost_connection(errors).hits[0])
    frame = f'{{"result":{{"contextId":"{hit.context_id}","contextClosed":{{}}}}}}'
    stage.parts.feed.store.tap(hit.connection_id, "in", frame, hit.at - 0.1)
    errors.show_failure(hit.number)
    assert "contextClosed" in errors.view.detail.shown.frames[0]
    errors.view.detail.framesRequested.emit(hit.number)
    assert stage.parts.window.docks["frames"].isVisible()
    view = stage.parts.window.docks["frames"].widget()
    assert [record.context_id for record in view.table.records] == [hit.context_id]


def test_a_cell_leads_to_its_errors(stage, errors):
    cell = next(c for c in stage.parts.bridge.models.grid.cells() if c.look is Look.FAILED and c.row == 12)
    inspector = stage.parts.window.inspector
    stage.parts.window.cockpit.grid.choose(cell.row, cell.column)
    number = errors.book.count_of_cell(cell.row, cell.column)
    assert inspector._errors_link.isVisibleTo(inspector)
    assert inspector._errors_link.text().startswith(f"{number} error")
    inspector._errors_link.click()
    failures = errors.view.failures.model()
    shown = [failures.index(row).data(ITEM_ROLE) for row in range(failures.rowCount())]
    assert [(each.row, each.column) for each in shown] == [(cell.row, cell.column)] * number
    assert errors.view.all_button.isVisibleTo(errors.view)
    errors.view.all_button.click()
    assert errors.view.groups.model().rowCount() == len(errors.book.groups)


def test_the_report_holds_everything_and_goes_to_the_clipboard(errors):
    lost = lost_connection(errors)
    errors.frames_around = lambda failure: ["12:00:00.000 in audioChunk, Authorization: Basic bWFkZS11cA=="]
    errors.copy_report(lost.number)
    copied = QGuiApplication.clipboard().text()
    assert lost.title in copied
    assert lost.entry.remedy in copied
    assert "audioChunk" in copied
    assert "bWFkZS11cA" not in copied


def test_connections_stand_in_the_ledger_with_their_reasons(stage, errors):
    stage.pool.cut(4, CloseReason.UNRESPONSIVE, "no pong for 20 s")
    stage.frame()
    errors.view.setCurrentIndex(1)
    errors.refresh()
    ledger = errors.view.connections.model()
    lines = [ledger.index(row).data() for row in range(ledger.rowCount())]
    assert any("unresponsive: no pong for 20 s" in line for line in lines)
    row = next(number for number, line in enumerate(lines) if "network: cut (1006)" in line)
    errors.view.connections.opened.emit(ledger.index(row).data(ITEM_ROLE))
    assert errors.view.detail.shown.number == lost_connection_of(errors, 12).number


def lost_connection_of(feature, row):
    return next(each for each in feature.book.all() if each.kind is Kind.CONNECTION and each.row == row)


def test_zombies_are_listed_and_lead_to_their_cell(stage, errors):
    stage.pool.troubles = 1.0
    for _ in range(100):
        stage.frame(0.05)
    errors.refresh()
    zombies = [c for c in stage.parts.bridge.models.grid.cells() if c.look is Look.ZOMBIE]
    assert zombies
    suspects = errors.view.suspects.model()
    found = [suspects.index(row).data(ITEM_ROLE) for row in range(suspects.rowCount())]
    assert {(each.row, each.column) for each in found} >= {(c.row, c.column) for c in zombies}
    errors.view.suspectOpened.emit(found[0])
    index = stage.parts.window.cockpit.grid.currentIndex()
    assert (index.row(), index.column()) == (found[0].row, found[0].column)


def test_every_line_can_be_read_aloud(errors):
    errors.show_failure(lost_connection(errors).number)
    for view in (errors.view.groups, errors.view.failures):
        reader = QAccessible.queryAccessibleInterface(view)
        assert reader.text(QAccessible.Text.Name) == view.accessibleName()
        assert reader.childCount() == view.model().rowCount()
        for number in range(reader.childCount()):
            said = reader.child(number).text(QAccessible.Text.Name)
            assert said == view.model().index(number, 0).data(11)  # AccessibleTextRole
            assert said.endswith(".")
    assert lost_connection(errors).entry.remedy in errors.view.detail.accessibleDescription()


def test_another_pool_begins_anew(stage, errors):
    errors.show_failure(lost_connection(errors).number)
    stage.parts.bridge.attach(type(stage.pool)())
    assert errors.view.groups.model().rowCount() == 0
    assert errors.view.detail.shown is None
    assert errors.view.tabText(0) == "Errors"


def test_the_newest_error_is_a_key_away(stage, errors):
    errors.show_newest()
    assert errors.view.detail.shown.number == errors.book.all()[0].number
    stage.parts.bridge.attach(type(stage.pool)())
    errors.show_newest()
    assert stage.parts.notifications.newest.text == "Nothing has failed yet."


KEY = "Zm9yLXRlc3RzOm1hZGUtdXA="  # made up


def break_the_window(stage, text="made up"):
    def draw():
        raise ZeroDivisionError(text)

    try:
        draw()
    except ZeroDivisionError as error:
        stage.parts.notifications.exception(error, "Drawing the grid")


def test_a_fault_of_the_windows_own_is_an_error_like_others(stage, errors):
    before = errors.book.total
    break_the_window(stage, f"Authorization: Basic {KEY}")
    stage.second()
    fault = errors.book.all()[0]
    assert (fault.kind, fault.entry.name) == (Kind.APP, "own_fault")
    assert errors.view.tabText(0) == f"Errors {before + 1}"
    errors.show_newest()
    shown = errors.view.detail.shown
    assert "Drawing the grid failed unexpectedly (ZeroDivisionError" in shown.title
    assert shown.answers["where"] == "Voxgrid"
    assert "The window goes on" in shown.answers["then"]
    assert "break_the_window" in shown.details
    assert not shown.has_cell
    errors.copy_report(fault.number)
    report = QGuiApplication.clipboard().text()
    assert "ZeroDivisionError" in report
    for said in (*texts(shown), report, fault.text, fault.details):
        assert KEY not in said
    assert "(ZeroDivisionError" in report


def test_it_is_announced_once_and_what_is_expected_is_no_fault(stage, errors, monkeypatch):
    told = []
    monkeypatch.setattr(errors._announcer, "tell", told.extend)
    before = errors.book.total
    stage.parts.notifications.exception(OSError("the disk is full"), "Saving")
    stage.frame()
    assert errors.book.total == before
    break_the_window(stage)
    stage.parts.bridge.tick()
    stage.parts.bridge.tick()
    assert [failure.kind for failure in told] == [Kind.APP]


def test_a_fault_wakes_nobody(stage, errors):
    stage.parts.bridge.stop()
    stage.parts.bridge._seconds.start()
    assert not stage.parts.bridge.lively
    break_the_window(stage)
    assert not stage.parts.bridge.lively


def test_a_fault_while_the_past_is_shown_is_found_when_it_is_now_again(stage, errors):
    past = Models()
    bridge = stage.parts.bridge
    bridge.show_past(past, 1000.0)
    break_the_window(stage)
    assert past.errors.total == 0
    bridge.show_live()
    stage.frame()
    assert errors.book.all()[0].kind is Kind.APP
