"""The lab in the window, with a made-up run: start, follow, edit, stop, end, and what must not happen meanwhile."""

import asyncio
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest

from support.ending import end_features
from support.fake_run import fake_search
from support.lab_stage import FakeRunner, make_ready
from support.stage import make_stage
from voxgrid.frames import FramesFeature
from voxgrid.lab import remembered
from voxgrid.layouts import LAYOUTS
from voxgrid.views.cost_dialog import CostDialog
from voxgrid.views.lab.lab_view import RUN, SCENARIO
from voxgrid.views.menus import all_actions
from voxgrid.window_settings import LAYOUT, LAYOUT_VERSION
from voxpool.errors import TransportError
from voxpool.stress.result import Verdict
from voxpool.stress.scenario import read_scenario


@pytest.fixture
async def stage(tmp_path, qapp, monkeypatch):
    made = make_stage(tmp_path)
    yield made
    await end_features(made.parts)
    made.take_away()


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def lab(stage, runner):
    made = make_ready(stage.parts)
    made._here = runner
    return made


async def begun(lab, runner):
    lab.start()
    for _ in range(50):
        if runner.order is not None:
            return
        await asyncio.sleep(0)
    raise AssertionError(lab.docks.lab.problem.text())


async def over(lab):
    for _ in range(200):
        if not lab.running:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the run did not end")


def said(stage):
    newest = stage.parts.notifications.newest
    return newest.text if newest is not None else ""


async def test_a_run_is_shown_everywhere_and_the_window_comes_back(stage, lab, runner, qapp):
    home = stage.parts.bridge.live
    await begun(lab, runner)
    assert stage.parts.bridge.visiting
    assert lab.docks.lab.tabs.currentIndex() == RUN
    assert stage.parts.window.docks["charts"].isVisible()
    runner.go(100)
    runner.pool.open(20)
    runner.pool.fire(30)
    runner.pool.advance(1.0)
    stage.parts.bridge.tick()
    assert len(lab.picture.line) == 100
    assert len(lab.picture.lanes) >= 30
    assert lab.docks.lab.run.said.text().startswith("0:25 of 1:00 · 0:35 left")
    runner.go(140)
    runner.end()
    await over(lab)
    assert stage.parts.bridge.live is home
    assert lab.docks.lab.run.banner.word.text() == "FAILED"
    assert not lab.docks.lanes.lanes._frames.isActive()


async def test_a_click_on_a_bar_shows_its_life_during_the_run_and_after_it(stage, lab, runner):
    await begun(lab, runner)
    runner.go(4)
    runner.pool.open(4)
    runner.pool.fire(5)
    runner.pool.advance(2.0)
    stage.parts.bridge.tick()
    lab.inspect(3)
    assert stage.parts.presenter.chosen == 3
    shown = stage.parts.window.inspector.shown
    assert shown is not None
    runner.end()
    await over(lab)
    lab.docks.lanes.lanes.chosen.emit(3)
    assert stage.parts.window.inspector.shown is not None
    assert stage.parts.presenter.chosen == 0


async def test_a_run_in_another_process_is_not_said_to_have_lost_its_sound_and_frames(stage, lab, runner):
    lab._apart = runner
    stage.parts.controller.store.set(remembered.WHERE, "process")
    await begun(lab, runner)
    runner.pool.open(4)
    runner.pool.fire(5)
    runner.pool.advance(2.0)
    stage.parts.bridge.tick()
    life = next(each for each in stage.parts.bridge.models.lives.newest() if each.attempts and not each.ended_at)
    stage.parts.presenter.inspect(life.utterance_id)
    assert life.attempts[-1].first_audio_at is not None
    facts = dict(stage.parts.window.inspector.shown.facts)
    assert facts["audio"] == "arriving; counted at its end"
    assert "chunks" not in facts
    stage.parts.presenter.toggle_listening(life.utterance_id)
    assert said(stage) == "This run speaks in a process of its own: its sound does not come to this window."
    frames = next(each for each in stage.parts.features if isinstance(each, FramesFeature))
    assert frames.view.said.startswith("No frames: a run in a process of its own")
    runner.end()
    await over(lab)
    assert frames.view.said == "No frames yet"


async def test_the_target_is_edited_while_it_runs(stage, lab, runner):
    await begun(lab, runner)
    runner.go(4)
    target = lab.docks.lab.run.target
    assert not lab.docks.lab.run._target_row.isHidden()
    assert target.isEnabled()
    target.setValue(25)
    assert runner.edits == [25]
    lab.drain()
    runner.go(1)
    assert not target.isEnabled()


async def test_a_burst_has_no_target(stage, lab, runner):
    lab.show_draft(replace(lab.draft, load="burst"))
    await begun(lab, runner)
    runner.go(4)
    run = lab.docks.lab.run
    assert not run.said.isHidden()
    assert run._target_row.isHidden()


async def test_the_target_is_shown_as_it_is_although_the_keyboard_is_in_its_field(stage, lab, runner):
    """The button that began the run goes, and the keyboard moves on to the target by itself."""
    stage.parts.window.show_layout(LAYOUTS[1])
    await begun(lab, runner)
    target = lab.docks.lab.run.target
    target.setFocus()
    runner.go(2)
    lab.docks.lab.run.show_target(20.0, "utterances at once", editable=True)
    assert target.value() == 20
    line = target.lineEdit()
    line.selectAll()
    QTest.keyClicks(line, "35")
    lab.docks.lab.run.show_target(20.0, "utterances at once", editable=True)
    assert line.text() == "35"
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert runner.edits == [35]
    lab.docks.lab.run.show_target(40.0, "utterances at once", editable=True)
    assert target.value() == 40


async def test_softly_lets_it_drain_and_now_ends_it(stage, lab, runner):
    await begun(lab, runner)
    lab.drain()
    assert (runner.order.control.stopping, runner.order.control.draining) == (True, True)
    assert not lab.docks.lab.drain.isEnabled()
    assert lab.running
    lab.stop()
    await over(lab)
    assert lab.picture.result.verdict is Verdict.ABORTED
    assert "softly" in lab.picture.result.reasons[0]


async def test_another_endpoint_ends_the_run(stage, lab, runner):
    await begun(lab, runner)
    stage.parts.controller.poolChanged.emit(None)
    await over(lab)
    assert lab.picture.result.reasons == ("The endpoint was changed.",)


async def test_closing_the_window_ends_the_run(stage, lab, runner):
    await begun(lab, runner)
    await lab.close()
    assert not lab.running
    assert len(lab._tasks) == 0


async def test_a_run_that_cannot_go_on_says_why(stage, lab, runner):
    await begun(lab, runner)
    runner.end(TransportError("nobody answers"))
    await over(lab)
    assert lab.picture.result.verdict is Verdict.ABORTED
    assert "nobody answers" in lab.picture.result.reasons[0]
    assert not stage.parts.bridge.visiting


async def test_a_paused_view_stands_still_and_the_run_goes_on(stage, lab, runner):
    await begun(lab, runner)
    stage.app.processEvents()
    runner.go(20)
    lab.docks.charts.pause.setChecked(True)
    shown = {chart.plot.accessibleDescription() for chart in lab.docks.charts.charts.charts.values()}
    before = lab.docks.lanes.lanes._now_s
    runner.go(20)
    stage.pool.advance(3.0)
    stage.parts.bridge.wake()
    runner.pool.fire(1)
    stage.parts.bridge.tick()
    # Not even those that waited for their turn are drawn any more: all show the same moment.
    assert not lab.docks.charts.charts._frames.isActive()
    assert shown == {chart.plot.accessibleDescription() for chart in lab.docks.charts.charts.charts.values()}
    assert lab.docks.lanes.lanes._now_s == before
    assert len(lab.picture.line) == 40
    lab.docks.charts.pause.setChecked(False)
    assert lab.docks.charts.charts._frames.isActive()


async def test_what_is_wrong_is_a_sentence_and_nothing_begins(stage, lab, runner):
    lab.docks.lab.scenario.thresholds.setPlainText("ttfa_ms.p95 < 400\nrubbish")
    lab.start()
    assert not lab.running
    assert lab.docks.lab.problem.text().startswith("threshold 2: expected a condition")
    assert lab.docks.lab.tabs.currentIndex() == SCENARIO
    assert lab.docks.lab.scenario.threshold_error.text().startswith("Line 2: ")


async def test_money_is_asked_about_and_the_cap_holds(stage, runner):
    lab = make_ready(stage.parts, url="https://api.example")
    lab._here = runner
    lab.show_draft(lab.draft.with_load("concurrency", 2).with_load("duration_s", 5.0))
    lab.start()
    dialog = stage.parts.window.findChild(CostDialog)
    assert dialog is not None
    assert not lab.running
    dialog.reject()
    assert not lab.running
    lab.show_draft(lab.draft.with_load("concurrency", 100).with_load("duration_s", 600.0))
    lab.start()
    assert not lab.running
    assert "more than the cap" in lab.docks.lab.problem.text()


async def test_a_search_shows_its_knee(stage, lab, runner):

    lab.show_draft(replace(lab.draft, load="search"))
    await begun(lab, runner)
    assert lab.docks.charts.tabs.currentIndex() == 1
    runner.go(4)
    assert not lab.docks.lab.run.target.isEnabled()
    runner.result = replace(runner.result, search=fake_search(), verdict=Verdict.PASSED, reasons=())
    runner.end()
    await over(lab)
    assert lab.docks.charts.knee.said.text().startswith("Safe: 100 utterances at once")
    assert lab.docks.lab.run.found.text() == lab.docks.charts.knee.said.text()
    # What came while the knee was in front is drawn when the charts over time come there.
    lab.docks.charts.tabs.setCurrentIndex(0)
    assert lab.docks.charts.charts._frames.isActive()


async def test_a_scenario_is_saved_and_opened_again(stage, lab, tmp_path):

    path = tmp_path / "mine.toml"
    lab.show_draft(replace(lab.draft, name="Mine", load="burst", seed=77).with_load("count", 12))
    path.write_text(lab.scenario().to_toml())
    lab.show_draft(replace(lab.draft, name="Other", load="ramp", seed=1))
    lab._menu.load(path)
    assert (lab.draft.name, lab.draft.load, lab.draft.seed) == ("Mine", "burst", 77)
    assert lab.scenario().with_(voices=()) == read_scenario(path).with_(voices=())


async def test_a_damaged_scenario_changes_nothing_and_says_where(stage, lab, tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("name = 'x'\n[load]\nprofile = 'ramp'\nend = 'many'\nramp_s = 3\n")
    before = lab.draft
    lab._menu.load(path)
    assert lab.draft == before
    assert "load.end" in said(stage)
    lab._menu.load(tmp_path / "nowhere.toml")
    assert "cannot be read" in said(stage)


async def test_the_draft_is_remembered(stage, lab, tmp_path):
    from voxgrid.lab import remembered

    lab.show_draft(lab.draft.with_load("concurrency", 33))
    text = stage.parts.controller.store.get(remembered.DRAFT)
    assert remembered.draft_from_text(text) == lab.draft
    for damaged in ("", "{}", "[1]", '{"load": 3}', '{"voices": "nobody"}', '{"loads": 7, "thresholds": 9}'):
        assert remembered.draft_from_text(damaged).scenario(remembered.extras_of(stage.parts.controller))


async def test_every_action_is_in_the_menu(stage, lab):
    actions = {action.objectName(): action for action in all_actions(stage.parts.window)}
    for name in ("stress_start", "stress_drain", "stress_stop", "stress_pause", "stress_open", "scenario_spike"):
        assert actions[name].property("menu") == "Stress"
    actions["scenario_spike"].trigger()
    assert lab.draft.load == "spike"


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
async def test_the_whole_grid_stays_in_view(stage, lab, qapp, size):
    window = stage.parts.window
    window.resize(*size)
    window.findChild(QAction, "layout_stress").trigger()
    for _ in range(5):
        qapp.processEvents()
        await asyncio.sleep(0.02)
    grid = window.cockpit.grid
    last = grid.visualRect(grid.model().index(19, 4))
    assert grid.viewport().rect().contains(last)
    assert last.height() >= 24
    assert last.width() >= 60
    assert window.docks["charts"].isVisible()
    assert not window.cockpit.trends.isVisible()
    # Nor does another size bring them back beside the large ones.
    window.resize(window.width() + 60, window.height() + 40)
    qapp.processEvents()
    assert not window.cockpit.trends.isVisible()
    window.findChild(QAction, "layout_play").trigger()
    for _ in range(3):
        qapp.processEvents()
    assert window.cockpit.trends.isVisible()


async def test_a_window_that_was_wide_does_not_grow_when_the_lab_is_entered_narrow(stage, lab, qapp):
    window = stage.parts.window
    window.show()
    beside = []
    for width, layout in ((1900, "stress"), (1900, "play"), (1280, "stress"), (1280, "play"), (1900, "stress")):
        window.resize(width, 900)
        qapp.processEvents()
        window.findChild(QAction, f"layout_{layout}").trigger()
        for _ in range(3):
            qapp.processEvents()
        assert window.width() == width
        if layout == "stress":
            beside.append(window.docks["lanes"] not in window.tabifiedDockWidgets(window.docks["charts"]))
    assert beside == [True, False, True]


async def test_an_arrangement_of_a_wide_window_is_taken_by_a_narrow_one_without_growing(stage, lab, qapp):
    window = stage.parts.window
    window.show()
    window.resize(1900, 900)
    window.findChild(QAction, "layout_stress").trigger()
    qapp.processEvents()
    charts, lanes = window.docks["charts"], window.docks["lanes"]
    assert lanes not in window.tabifiedDockWidgets(charts)
    stage.parts.controller.store.set(LAYOUT, bytes(window.saveState(LAYOUT_VERSION).data()))
    window.findChild(QAction, "layout_play").trigger()
    window.hide()
    window.resize(1280, 900)
    window.restore()
    window.show()
    for _ in range(3):
        qapp.processEvents()
    assert lanes in window.tabifiedDockWidgets(charts)
    assert window.width() == 1280


def test_faults_that_cannot_be_set_are_told_before_the_run(lab):
    faults = [{"at_s": 1.0, "fault": {"place": "now", "effect": "drop"}}]
    lab.show_draft(replace(lab.draft, rest={"faults": faults}))
    lab.form.judge()
    assert lab.docks.lab.estimate.text().endswith("cannot be set at this endpoint, so the result will be INVALID.")
    lab.show_draft(replace(lab.draft, rest={"faults": [{"at_s": 1.0, "fault": {"place": "now", "effect": "explode"}}]}))
    lab.form.judge()
    assert "faults[0].fault: effect is 'explode', but must be one of" in lab.docks.lab.problem.text()
