"""Recording in the window: always on, gone back in, opened, exported, replayed; and nothing left behind."""

import json
import threading

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel

from support.fake_events import FakePool
from support.lab_stage import FakeLink
from support.recordings import RecordedPool, make_writer
from voxgrid.frames import FramesFeature
from voxgrid.lab import StressLab
from voxgrid.layouts import LAYOUTS
from voxgrid.models.cell import Look
from voxgrid.models.failures import Kind
from voxgrid.notifications import Severity
from voxgrid.recording import choices
from voxgrid.recording.feature import RecordingFeature
from voxgrid.recording.live import recordings_folder
from voxgrid.recording.replica import Replica
from voxgrid.speech.notice import Notice
from voxgrid.speech.record import UtteranceRecord
from voxgrid.trouble.errors import ErrorsFeature
from voxgrid.views.menus import all_actions
from voxpool.config import Endpoint
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.protocol.settings import ContextSettings
from voxpool.recording.export import FORMATS
from voxpool.recording.items import AppFault, Asked, Coming, Mark, PoolBegan, Second, Sounds
from voxpool.recording.reader import Recording
from voxpool.recording.replay import BURST

URL = "http://127.0.0.1:1"


class FakePoolOfController:
    """What the feature asks of a new pool."""

    endpoint = Endpoint(URL)


@pytest.fixture
def feature(stage):
    made = next(each for each in stage.parts.features if isinstance(each, RecordingFeature))
    yield made
    stage.end()
    assert not [thread for thread in threading.enumerate() if thread.name == "recorder"]


def record(stage, feature, seconds=8, fire=4):
    """Let the pool be busy while the window records it."""
    feature._pool_changed(FakePoolOfController())
    stage.pool.open(20)
    for _ in range(seconds):
        stage.pool.fire(fire)
        for _ in range(5):
            stage.frame(0.2)
        stage.second()
    assert feature.flush()
    stage.second()


def plain(models):
    replica = Replica()
    replica.models = models
    return json.loads(replica.snapshot())


def test_everything_that_happens_is_recorded_in_the_state_folder(stage, feature):
    record(stage, feature)
    with Recording(feature._live.recorder.files) as recording:
        items = list(recording.items())
    assert items[0] == PoolBegan(at=1000.0, rows=20, columns=5, url=URL)
    kinds = {type(item) for item in items}
    assert {Second, Sounds} <= kinds
    assert feature._live.recorder.files[0].parent == recordings_folder()
    assert sum(type(item).__name__ == "UtteranceQueued" for item in items) == 32


def test_a_moment_of_the_session_is_shown_as_it_was(stage, feature):
    record(stage, feature, 4)
    at = stage.pool.now
    then = plain(stage.parts.bridge.live)
    record_of_then = {cell.utterance_id: cell.look for cell in stage.parts.bridge.live.grid.cells()}
    stage.frame(0.05)
    for _ in range(4):
        stage.pool.fire(6)
        for _ in range(5):
            stage.frame(0.2)
        stage.second()
    assert feature.flush()
    stage.second()
    feature.travel.go(at)
    bridge = stage.parts.bridge
    assert bridge.in_past
    assert bridge.now() == at
    assert {cell.utterance_id: cell.look for cell in bridge.models.grid.cells()} == record_of_then
    assert bridge.models.totals.asked == then["totals"]["asked"] == 16
    now = plain(bridge.models)
    for name in ("queue", "lives", "errors"):
        assert now[name] == then[name]


def visit(stage, seconds=4):
    """Let the window show the pool of a run for a while."""
    guest = FakePool(seed=5)
    guest.now = stage.pool.now
    bridge = stage.parts.bridge
    bridge.visit(guest)
    guest.open(4)
    for _ in range(seconds):
        guest.fire(3)
        for _ in range(5):
            guest.advance(0.2)
            stage.frame(0.2)
        stage.second()
    return guest


def test_a_moment_in_a_run_shows_the_runs_pool_and_one_after_it_the_pool_in_use(stage, feature):
    record(stage, feature, 3)
    bridge = stage.parts.bridge
    before = plain(bridge.live)
    visit(stage)
    stage.pool.fire(2)
    during, of_run = stage.pool.now, plain(bridge.live)
    stage.frame(0.05)
    bridge.come_back()
    back = stage.pool.now
    stage.frame(0.2)
    for _ in range(3):
        stage.frame(0.2)
        stage.second()
    after, of_home = stage.pool.now, plain(bridge.live)
    assert feature.flush()
    stage.second()
    # The clicks on the time line go to and fro, as a person's do.
    for at, truth in ((during, of_run), (after, of_home), (during, of_run)):
        feature.travel.go(at)
        shown = plain(bridge.models)
        for name in ("queue", "connections", "errors"):
            assert shown[name] == truth[name], (at, name)
        assert shown["totals"]["asked"] == truth["totals"]["asked"]
        cells, told = shown["grid"]["cells"], truth["grid"]["cells"]
        assert [[cell["utterance_id"] for cell in row] for row in cells] == [
            [cell["utterance_id"] for cell in row] for row in told
        ]
    feature.travel.go(back)
    # What the pool in use did meanwhile is known when it is watched again.
    assert plain(bridge.models)["totals"]["asked"] == before["totals"]["asked"] + 2
    assert of_run["totals"]["asked"] == 12
    assert of_home["totals"]["asked"] == before["totals"]["asked"] + 2


def test_an_endpoint_that_changes_during_a_run_is_told_when_the_run_is_over(stage, feature):
    record(stage, feature, 1)
    bridge = stage.parts.bridge
    visit(stage, 1)
    other = FakePool(seed=9)
    bridge.attach(other)
    feature._pool_changed(FakePoolOfController())
    bridge.come_back()
    stage.second()
    assert feature.flush()
    with Recording(feature._live.recorder.files) as recording:
        comings = [(item.coming, item.url) for item in recording.items() if isinstance(item, PoolBegan)]
    assert comings == [(Coming.NEW, URL), (Coming.VISIT, ""), (Coming.NEW, URL)]


def test_a_recording_that_begins_during_a_run_knows_that_it_is_one(stage, feature):
    record(stage, feature, 1)
    visit(stage, 1)
    action = next(each for each in all_actions(stage.parts.window) if each.objectName() == "record_texts")
    stage.parts.controller._link = FakeLink(stage.parts.controller.endpoint)
    stage.parts.controller._link.pool = FakePoolOfController()
    action.trigger()
    stage.second()
    stage.parts.bridge.come_back()
    stage.second()
    assert feature.flush()
    with Recording(feature._live.recorder.files) as recording:
        comings = [item.coming for item in recording.items() if isinstance(item, PoolBegan)]
    assert comings == [Coming.VISIT, Coming.NEW]


def test_the_past_is_marked_and_left_again(stage, feature):
    record(stage, feature)
    window, view = stage.parts.window, feature.view
    window.docks["timeline"].show()
    feature.travel.go(1003.0)
    assert view._moment.text().startswith("PAST ")
    assert "Past" in window.cockpit.legend.accessibleName()
    assert "past" in window.windowTitle()
    asked = stage.parts.bridge.live.totals.asked
    stage.pool.fire(5)
    stage.frame()
    assert stage.parts.bridge.models.totals.asked < asked
    feature.travel.back_to_live()
    assert view._moment.text() == "LIVE"
    assert window.windowTitle() == "Voxgrid"
    assert stage.parts.bridge.models.totals.asked == asked + 5


def test_the_chosen_context_stays_chosen(stage, feature):
    record(stage, feature)
    cell = next(cell for cell in stage.parts.bridge.models.grid.cells() if cell.look is Look.DONE)
    stage.parts.presenter.inspect(cell.utterance_id)
    feature.travel.go(1000.0 + 7.9)
    assert stage.parts.presenter.chosen == cell.utterance_id
    assert not stage.parts.window.inspector.shown.running
    feature.travel.back_to_live()
    assert stage.parts.presenter.chosen == cell.utterance_id


def test_what_a_moment_does_not_know_is_not_shown_as_it_became_later(stage, feature):
    record(stage, feature)
    done = [cell for cell in stage.parts.bridge.models.grid.cells() if cell.look is Look.DONE]
    cell = max(done, key=lambda each: each.utterance_id)
    stage.parts.presenter.inspect(cell.utterance_id)
    asked_at = stage.parts.bridge.models.lives.get(cell.utterance_id).requested_at
    inspector = stage.parts.window.inspector
    feature.travel.go(stage.pool.now)
    assert inspector.shown.utterance_id == cell.utterance_id
    feature.travel.go(asked_at - 0.5)
    assert (inspector.shown.utterance_id, inspector.shown.state) == (0, "not at this moment")
    assert inspector.shown.title == f"UTTERANCE #{cell.utterance_id}"
    feature.travel.back_to_live()
    assert inspector.shown.utterance_id == cell.utterance_id


def test_nothing_can_be_done_in_the_past(stage, feature, monkeypatch):
    record(stage, feature)
    cancelled = []
    monkeypatch.setattr(stage.parts.controller, "cancel", cancelled.append)
    feature.travel.go(1003.0)
    stage.parts.presenter.interrupt(3)
    assert not cancelled
    feature.travel.back_to_live()
    stage.parts.presenter.interrupt(3)
    assert cancelled == [3]


def test_dragging_goes_to_the_last_place_only(stage, feature, qtbot, monkeypatch):
    record(stage, feature)
    stage.parts.window.docks["timeline"].show()
    stage.app.processEvents()
    canvas, went = feature.view.canvas, []
    monkeypatch.setattr(feature.travel, "go", went.append)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    for x in (20, 30, 40):
        canvas.momentChosen.emit(canvas.moment_at(x))
    stage.app.processEvents()
    assert went == [canvas.moment_at(40)]


def test_keys_step_play_and_come_back(stage, feature, qtbot):
    record(stage, feature)
    stage.parts.window.docks["timeline"].show()
    canvas, bridge = feature.view.canvas, stage.parts.bridge
    feature.travel.go(1004.0)
    for key, at in ((Qt.Key.Key_Left, 1003.0), (Qt.Key.Key_Right, 1004.0), (Qt.Key.Key_Home, 1000.0)):
        qtbot.keyClick(canvas, key)
        stage.app.processEvents()
        assert bridge.now() == pytest.approx(at, abs=0.01)
    qtbot.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    stage.app.processEvents()
    assert bridge.now() == pytest.approx(1000.1, abs=0.01)
    qtbot.keyClick(canvas, Qt.Key.Key_Space)
    assert feature.travel.playing
    before = bridge.now()
    feature.travel.set_speed(8)
    feature.travel.play_on()
    assert bridge.now() - before == pytest.approx(0.264, abs=0.01)
    qtbot.keyClick(canvas, Qt.Key.Key_Space)
    assert not feature.travel.playing
    qtbot.keyClick(canvas, Qt.Key.Key_End)
    assert not bridge.in_past


def test_playing_to_the_end_of_the_session_is_live_again(stage, feature):
    record(stage, feature, 3)
    feature.travel.go(feature.travel.own.recording.last)
    feature.travel._player.start()
    feature.travel.play_on()
    assert not stage.parts.bridge.in_past
    assert not feature.travel.playing


def test_errors_and_marks_are_gone_to(stage, feature):
    feature._pool_changed(FakePoolOfController())
    stage.pool.open(20)
    for number in range(6):
        stage.pool.fire(8)
        stage.frame(0.5)
        if number == 2:
            stage.pool.cut(4)
        if number == 4:
            feature.set_mark()
            stage.parts.controller.notice.emit(Notice("break", "cut connection 5"))
            stage.parts.controller.notice.emit(Notice("break", "nothing was broken", Severity.WARNING))
        stage.frame(0.5)
        stage.second()
    assert feature.flush()
    stage.second()
    with Recording(feature._live.recorder.files) as recording:
        assert {(item.kind, item.text) for item in recording.items() if isinstance(item, Mark)} == {
            ("mark", "Mark 1"),
            ("fault", "cut connection 5"),
        }
    feature.travel.go(1000.0)
    feature.travel.to_trouble(True)
    assert stage.parts.bridge.models.errors.groups, "the error shows where it led to"
    feature.travel.to_trouble(True)
    assert stage.parts.bridge.now() == pytest.approx(1004.5, abs=0.1)
    feature.travel.to_trouble(False)
    assert stage.parts.bridge.now() < 1004.0


def test_an_error_in_the_same_block_is_passed_by_in_neither_direction(stage, feature):
    stage.pool.troubles = 0.0
    record(stage, feature, 3)
    stage.frame(0.1)
    stage.pool.fire(40)
    stage.frame(0.2)
    stage.pool.cut(4)
    stage.frame(0.2)
    failed_at = errors_of(stage).book.all()[0].at
    feature.set_mark()
    stage.frame(0.2)
    stage.second()
    assert feature.flush()
    stage.second()
    travel, bridge = feature.travel, stage.parts.bridge
    numbers = {travel.own.recording.number_at(at) for at in (failed_at - 0.1, failed_at, failed_at + 0.35)}
    assert len(numbers) == 1, "one block"
    marked_at = travel.own.line.flags[0].at
    went = []
    for forward, begin in ((True, failed_at - 0.1), (False, failed_at + 0.35)):
        travel.go(begin)
        for _ in range(3):
            travel.to_trouble(forward)
            went.append(bridge.now())
    assert went == [failed_at, marked_at, marked_at, marked_at, failed_at, failed_at], "there is none beyond"


@pytest.fixture
def foreign(tmp_path):
    folder = tmp_path / "from a colleague"
    writer = make_writer(folder, Replica(4, 3), rows=4, columns=3)
    pool = RecordedPool(troubles=0.0)
    pool.pool.config = type(pool.pool.config)(max_connections=4, contexts_per_connection=3)
    pool.pool.open(4)
    items = pool.take()
    for _ in range(10):
        pool.pool.fire(1)
        pool.pool.advance(0.2, 0.05)
        items += pool.take()
        serial = len(items)
        items.append(FrameRecord(serial, pool.pool.now, 1, "in", FrameKind.CLOSED, "theirs-1-1", folded="{}"))
    for item in items:
        writer.write(item)
    writer.close()
    return writer.files[0]


def test_a_colleagues_file_is_shown_while_recording_goes_on(stage, feature, foreign, qtbot):
    record(stage, feature, 3)
    feature.files.open_file(foreign)
    qtbot.waitUntil(lambda: feature.travel.opened is not None)
    bridge = stage.parts.bridge
    assert len(bridge.models.grid.rows) == 4
    assert bridge.models.grid.columns == 3
    assert stage.parts.window.cockpit.items.columnCount() == 3
    before = bridge.live.totals.asked
    stage.pool.fire(2)
    stage.frame()
    assert bridge.live.totals.asked == before + 2
    assert feature.recording
    feature.travel.back_to_live()
    assert len(bridge.models.grid.rows) == 20
    assert feature.travel.opened is None
    feature.travel.go(1001.0)
    assert feature.travel.shown.own


def test_a_second_file_is_opened_while_one_is_shown(stage, feature, foreign, qtbot):
    record(stage, feature, 3)
    for _ in range(2):
        before = feature.travel.opened
        feature.files.open_file(foreign)
        qtbot.waitUntil(lambda before=before: feature.travel.opened not in (None, before))
        opened = feature.travel.opened
        assert stage.parts.bridge.now() == opened.at
        assert f"PAST {opened.clock()}" in [label.text() for label in feature.view.findChildren(QLabel)]


def test_a_colleagues_frames_are_listed_with_the_moment(stage, feature, foreign, qtbot):
    record(stage, feature, 3)
    frames = next(each for each in stage.parts.features if isinstance(each, FramesFeature))
    frames.dock.show()
    feature.files.open_file(foreign)
    qtbot.waitUntil(lambda: feature.travel.opened is not None)
    recording = feature.travel.opened.recording
    feature.travel.go(recording.first + 1.1)
    qtbot.waitUntil(lambda: {row.context_id for row in frames.view.list.rows} == {"theirs-1-1"})
    rows = frames.view.list.rows
    (chosen,) = frames.view.table.records
    assert chosen.at <= stage.parts.bridge.now()
    assert all(row.at > stage.parts.bridge.now() for row in rows if row.serial > chosen.serial)
    feature.travel.back_to_live()
    assert frames.view.list.store is stage.parts.feed.store
    frames.view.stop()


def test_a_dropped_file_is_opened(stage, feature, foreign, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(foreign))])
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for event in (QDragEnterEvent(QPoint(5, 5), *how), QDropEvent(QPointF(5, 5), *how)):
        event.ignore()
        QApplication.sendEvent(stage.parts.window, event)
        assert event.isAccepted()
    qtbot.waitUntil(lambda: feature.travel.opened is not None)
    assert stage.parts.bridge.in_past


@pytest.mark.parametrize("content", [b"", b"Dear Sir or Madam", b"\x1f\x8b\x08\x04" + bytes(200)])
def test_a_foreign_file_is_a_sentence(stage, feature, tmp_path, qtbot, content):
    path = tmp_path / "letter.vxr"
    path.write_bytes(content)
    said = []
    stage.parts.notifications.post = lambda text, **_: said.append(text)
    feature.files.open_file(path)
    qtbot.waitUntil(lambda: bool(said))
    assert "letter.vxr" in said[0]
    assert "Traceback" not in said[0]
    assert not stage.parts.bridge.in_past


def test_a_stretch_is_exported_without_texts(stage, feature, tmp_path, qtbot):
    record(stage, feature)
    path = tmp_path / "out.jsonl"
    said = []
    stage.parts.notifications.post = lambda text, **_: said.append(text)
    feature.files.export(path, FORMATS["jsonl"], stretch=(1002.0, 1004.0), texts=False)
    qtbot.waitUntil(path.exists)
    qtbot.waitUntil(lambda: "out.jsonl is written." in said)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    times = [line["at"] for line in lines[1:]]
    assert 1002.0 <= min(times) <= max(times) <= 1004.0
    assert "characters)" in path.read_text()


def test_an_export_that_cannot_be_written_is_a_sentence(stage, feature, tmp_path, qtbot):
    record(stage, feature, 2)
    said = []
    stage.parts.notifications.post = lambda text, **_: said.append(text)
    feature.files.export(tmp_path / "absent" / "out.har", FORMATS["har"])
    qtbot.waitUntil(lambda: any("could not be exported" in text for text in said))


def test_the_export_dialog_remembers_and_offers_the_stretch(stage, feature):
    record(stage, feature, 3)
    stage.parts.controller.store.set(choices.EXPORT_KIND, 3)
    dialog = feature.files.ask_export()
    assert dialog.whole.isChecked()
    assert not dialog.part.isEnabled()
    assert not dialog.texts.isChecked(), "texts are somebody's secret until they are asked for"
    assert dialog.kind.currentIndex() == 3
    dialog.reject()
    feature.view.canvas.show_stretch((1001.0, 1002.0))
    dialog = feature.files.ask_export()
    assert dialog.of_stretch
    dialog.reject()


def test_a_load_is_replayed_at_the_endpoint_in_use(stage, feature, monkeypatch):
    record(stage, feature, 4)
    plans = []
    monkeypatch.setattr(stage.parts.controller, "propose", plans.append)
    feature.travel.go(1001.0)
    dialog = feature.files.ask_replay()
    assert "16 utterances" in dialog._facts.text()
    dialog.speed.setCurrentIndex(1)
    dialog.accept()
    assert not stage.parts.bridge.in_past
    (plan,) = plans
    assert len(plan.shots) == 16
    assert plan.moments[0] == 0.0
    assert plan.moments[-1] == pytest.approx(1.5, abs=0.01), "three seconds at twice the speed"
    feature.travel.go(1001.0)
    dialog = feature.files.ask_replay()
    dialog.speed.setCurrentIndex(dialog.speed.count() - 1)
    assert dialog.load.speed == BURST
    dialog.reject()


def test_recording_can_be_switched_off_and_texts_left_out(stage, feature):
    record(stage, feature, 2)
    by_name = {action.objectName(): action for action in feature._switches}
    by_name["record"].setChecked(False)
    assert not feature.recording
    assert "not recorded" in feature.view._source.text()
    stage.parts.controller.store.set(choices.TEXTS, False)
    by_name["record"].setChecked(True)
    record(stage, feature, 2)
    with Recording(feature._live.recorder.files) as recording:
        assert not recording.opening.texts
        labels = [item.label for item in recording.items() if type(item).__name__ == "UtteranceQueued"]
    assert labels
    assert all(label.endswith("characters)") for label in labels)


def test_a_folder_that_cannot_be_written_is_one_sentence_and_no_more(stage, feature, qtbot):
    folder = recordings_folder()
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    said = []
    stage.parts.notifications.post = lambda text, **_: said.append(text)
    feature._pool_changed(FakePoolOfController())
    stage.pool.open(3)
    stage.frame()
    qtbot.waitUntil(lambda: bool(said))
    stage.frame()
    assert len(said) == 1
    assert said[0].startswith("The session cannot be recorded")
    assert not feature.recording


def test_whole_texts_are_recorded_for_replaying(stage, feature):
    record(stage, feature, 1)
    text = "A long text. " * 30

    class Record:
        id, settings = 7, stage.parts.controller.settings

    Record.text = text
    feature._record_added(Record)
    stage.pool.fire(1)
    stage.frame()
    assert feature.flush()
    with Recording(feature._live.recorder.files) as recording:
        (asked,) = [item for item in recording.items() if isinstance(item, Asked)]
    assert asked.text == text
    assert asked.voice == stage.parts.controller.settings.voice


def test_a_chosen_error_leads_to_its_moment_while_the_past_is_shown(stage, feature):
    record(stage, feature, 4)
    errors = next(each for each in stage.parts.features if type(each).__name__ == "ErrorsFeature")
    errors.momentChosen.emit(1002.0, 0, "")
    assert not stage.parts.bridge.in_past, "what is live is not left behind by a click"
    feature.travel.go(1003.0)
    errors.momentChosen.emit(1002.0, 0, "")
    assert stage.parts.bridge.now() == 1002.0


def errors_of(stage):
    return next(each for each in stage.parts.features if isinstance(each, ErrorsFeature))


def test_the_moment_of_an_error_is_shown_on_request_and_not_by_choosing_it(stage, feature):
    record(stage, feature, 3)
    stage.frame(0.5)
    stage.pool.cut(4)
    stage.frame()
    errors = errors_of(stage)
    failure = next(iter(errors.book.all()))
    bridge, live = stage.parts.bridge, stage.parts.bridge.live
    errors.show_failure(failure.number)
    assert not bridge.in_past
    # It is not on the disk yet: a person need not wait for the next second.
    assert not feature.travel.holds(failure.at)
    errors.view.detail.momentRequested.emit(failure.number)
    assert bridge.in_past
    assert bridge.now() == failure.at
    assert live is not bridge.models
    assert stage.parts.window.docks["timeline"].isVisible()


def test_the_moment_of_an_error_keeps_it_explained_and_leads_to_its_cell(stage, feature):
    stage.parts.window.show_layout(next(layout for layout in LAYOUTS if layout.name == "inspect"))
    record(stage, feature, 3)
    errors = errors_of(stage)
    stage.pool.fire(60)
    stage.frame(0.5)
    # A book numbers for itself; this one has lost a line of what was recorded.
    feature._live.take_fault = lambda _fault: None
    stage.parts.notifications.exception(ValueError("made up"))
    for row in (4, 9):
        stage.frame(0.5)
        stage.pool.cut(row)
        stage.frame()
    chosen = next(each for each in errors.book.all() if each.row == 4 and each.column >= 0)
    frame = f'{{"result":{{"contextId":"{chosen.context_id}","contextClosed":{{}}}}}}'
    stage.parts.feed.store.tap(chosen.connection_id, "in", frame, chosen.at - 0.1)
    errors.show_failure(chosen.number)
    explained = errors.view.detail.shown
    errors.view.detail.momentRequested.emit(chosen.number)
    bridge, grid = stage.parts.bridge, stage.parts.window.cockpit.grid
    assert bridge.in_past
    assert errors.view.detail.shown.answers["where"] == explained.answers["where"]
    assert errors.view.detail.shown.frames == explained.frames != ()
    assert errors.view.failures.current.context_id == chosen.context_id
    assert errors.view.groups.current.fingerprint == chosen.fingerprint
    assert (grid.currentIndex().row(), grid.currentIndex().column()) == (4, chosen.column)
    assert stage.parts.presenter.chosen == chosen.utterance_id
    feature.travel.go(chosen.at - 0.4)
    assert errors.view.detail.shown is None, "it has not happened yet"
    assert errors.view.failures.current is None
    feature.travel.go(chosen.at)
    assert errors.view.detail.shown.answers["where"] == explained.answers["where"]
    feature.travel.back_to_live()
    assert errors.view.detail.shown.number == chosen.number
    assert errors.view.failures.current is chosen


def test_a_fault_of_the_windows_own_is_recorded_among_the_errors(stage, feature):
    stage.parts.window.show_layout(next(layout for layout in LAYOUTS if layout.name == "inspect"))
    record(stage, feature, 3)
    errors = errors_of(stage)
    stage.frame(0.5)
    stage.parts.notifications.exception(ValueError("made up"), "The task “t”")
    fault = errors.book.all()[0]
    assert fault.kind is Kind.APP
    for _ in range(5):
        stage.parts.notifications.exception(ValueError("made up"), "The task “t”")
    for _ in range(3):
        stage.frame(0.5)
        stage.second()
    feature.travel.go(fault.at - 0.1)
    assert errors.book.same(fault) is None
    feature.travel.to_trouble(True)
    assert stage.parts.bridge.now() == fault.at
    then = errors.book.same(fault)
    assert (then.kind, then.text) == (Kind.APP, "The task “t” failed unexpectedly (ValueError: made up)")
    assert "ValueError: made up" in then.details
    with Recording(feature._live.recorder.files) as recording:
        recorded = [item for item in recording.items() if isinstance(item, AppFault)]
    assert [bool(item.details) for item in recorded] == [True, *[False] * 5], "a storm has one traceback"
    feature.travel.back_to_live()
    errors.show_failure(fault.number)
    errors.view.detail.momentRequested.emit(fault.number)
    assert errors.view.detail.shown.title == fault.title


def test_the_key_goes_to_the_moment_of_the_newest_error(stage, feature):
    record(stage, feature, 3)
    stage.frame(0.5)
    stage.pool.cut(4)
    stage.frame()
    errors = errors_of(stage)
    assert errors.view.detail.shown is None
    action = next(each for each in all_actions(stage.parts.window) if each.objectName() == "go_error_moment")
    action.trigger()
    assert stage.parts.bridge.in_past
    assert stage.parts.bridge.now() == next(iter(errors.book.all())).at


def new_record(number=900):
    made = UtteranceRecord(number, "Hello.", "Hello.", ContextSettings(), "speak", 0.0, 24_000)
    made.finish()
    return made


def test_what_is_begun_anew_leads_back_to_live_and_says_so(stage, feature):
    record(stage, feature, 3)
    feature.travel.go(1001.0)
    stage.parts.controller.recordAdded.emit(new_record())
    assert not stage.parts.bridge.in_past
    assert stage.parts.notifications.newest.text == "Back to live: something new was begun."


def test_what_is_begun_in_the_present_says_nothing(stage, feature):
    record(stage, feature, 3)
    stage.parts.controller.recordAdded.emit(new_record())
    assert stage.parts.notifications.newest is None


def test_a_run_leads_back_to_live_when_it_begins_and_not_with_each_utterance(stage, feature):
    record(stage, feature, 3)
    lab = next(each for each in stage.parts.features if isinstance(each, StressLab))
    feature.travel.go(1001.0)
    lab.runningChanged.emit(True)
    assert not stage.parts.bridge.in_past
    feature.travel.go(1001.0)
    lab.asked.emit(new_record())
    assert stage.parts.bridge.in_past, "a run can be looked back at while it goes on"


def test_a_moment_that_was_not_recorded_is_said_to_be_so(stage, feature):
    record(stage, feature, 3)
    errors_of(stage).momentWanted.emit(5.0)
    assert not stage.parts.bridge.in_past
    assert stage.parts.notifications.newest.text == "That moment is not in the recording."
