"""Lanes and charts of the lab follow the moment that is shown, and the run comes back with now."""

import asyncio

import pytest
from PySide6.QtGui import QAction

from support.fake_run import fake_marks, fake_ticks
from support.lab_stage import FakeRunner, make_ready
from voxgrid.models.lab.picture import Picture
from voxgrid.recording.feature import RecordingFeature
from voxpool.config import Endpoint


class FakePoolOfController:
    """What the feature asks of a new pool."""

    endpoint = Endpoint("http://127.0.0.1:1")


@pytest.fixture
def feature(stage):
    made = next(each for each in stage.parts.features if isinstance(each, RecordingFeature))
    made._pool_changed(FakePoolOfController())
    stage.pool.open(20)
    for _ in range(12):
        stage.pool.fire(6)
        for _ in range(5):
            stage.frame(0.2)
        stage.second()
    assert made.flush()
    stage.second()
    stage.parts.window.findChild(QAction, "layout_stress").trigger()
    stage.parts.window.bring_up("lanes")
    stage.app.processEvents()
    yield made
    stage.end()
    assert not made.lab_past._reader.isActive()


@pytest.fixture
def lab(stage):
    made = make_ready(stage.parts)
    run = Picture(name="Ramp", planned_s=20.0)
    for tick in fake_ticks(20.0):
        run.add_tick(tick)
    for mark in fake_marks(20.0):
        run.add_mark(mark)
    made.docks.show_picture(run, running=False)
    return made


def settle(stage, feature):
    for _ in range(500):
        if not feature.lab_past._reader.isActive():
            stage.app.processEvents()
            return
        feature.lab_past._read()
    raise AssertionError(feature.lab_past)


def speaking(models):
    return {cell.utterance_id for cell in models.grid.cells() if cell.utterance_id and cell.state.holds_slot}


@pytest.mark.parametrize("at", [1003.0, 1007.5, 1011.0])
def test_the_lanes_show_who_had_which_slot_at_the_moment(stage, feature, lab, at):
    feature.travel.go(at)
    settle(stage, feature)
    view, models = lab.docks.lanes.lanes, stage.parts.bridge.models
    at_s = at - feature.travel.shown.recording.first
    assert view._moment_s == at_s
    there = {
        bar.utterance_id
        for row in range(20)
        for column in range(5)
        for bar in view.lanes.bars(row, column, at_s, at_s)
        if bar.end_s is None or bar.end_s > at_s
    }
    assert there == speaking(models) != set()


def test_the_charts_show_the_recording_with_a_line_at_the_moment(stage, feature, lab):
    stage.parts.window.bring_up("charts")
    stage.app.processEvents()
    feature.travel.go(1006.0)
    settle(stage, feature)
    charts = lab.docks.charts.charts
    at_s = 1006.0 - feature.travel.shown.recording.first
    cross = charts.charts["in_use"]._cross
    assert cross.isVisible()
    assert cross.value() == at_s
    assert len(charts._picture.line) >= 10
    assert "the moment shown" in lab.docks.charts.readout.text()
    charts._hovered(2.0)
    assert cross.value() == 2.0
    charts._hovered(None)
    assert cross.value() == at_s
    feature.travel.go(1008.0)
    assert cross.value() == at_s + 2.0


def test_back_to_live_shows_the_run_again(stage, feature, lab):
    run = lab.picture
    feature.travel.go(1006.0)
    settle(stage, feature)
    assert lab.docks.shown is not run
    assert lab.picture is run
    feature.travel.back_to_live()
    assert lab.docks.shown is run
    assert lab.docks.charts._picture is run
    assert lab.docks.lanes.lanes._moment_s is None
    assert lab.docks.lanes.lanes._now_s == run.line.ends_s
    assert lab.docks.charts.pause.isEnabled()
    assert feature.lab_past.stretch is None


def test_moments_near_each_other_are_read_once(stage, feature, lab):
    feature.travel.go(1006.0)
    settle(stage, feature)
    stretch = feature.lab_past.stretch
    for at in (1005.0, 1009.0, 1002.0):
        feature.travel.go(at)
        assert not feature.lab_past._reader.isActive()
    assert feature.lab_past.stretch is stretch


def test_nothing_is_read_while_neither_is_seen(stage, feature, lab):
    for name in ("lanes", "charts"):
        stage.parts.window.docks[name].hide()
    stage.app.processEvents()
    feature.travel.go(1006.0)
    assert not feature.lab_past._reader.isActive()
    stage.parts.window.docks["lanes"].show()
    stage.parts.window.bring_up("lanes")
    stage.app.processEvents()
    settle(stage, feature)
    assert feature.lab_past.stretch is not None


def test_what_happened_since_is_read_on(stage, feature, lab):
    feature.travel.go(1010.0)
    settle(stage, feature)
    ended = feature.lab_past.stretch.ends_s
    for _ in range(3):
        stage.pool.fire(6)
        stage.frame(1.0)
        stage.second()
    assert feature.flush()
    stage.second()
    settle(stage, feature)
    assert feature.lab_past.stretch.ends_s > ended + 2
    assert lab.docks.lanes.lanes.lanes.of(stage.pool.next_utterance) is not None


def test_a_click_on_a_bar_shows_its_life_then(stage, feature, lab):
    feature.travel.go(1006.0)
    settle(stage, feature)
    now = min(speaking(stage.parts.bridge.models))
    lab.docks.lanes.lanes.chosen.emit(now)
    assert stage.parts.presenter.chosen == now
    later = max(bar.utterance_id for lane in lab.docks.lanes.lanes.lanes._lanes.values() for bar in lane)
    assert stage.parts.bridge.models.lives.get(later) is None
    lab.docks.lanes.lanes.chosen.emit(later)
    assert stage.parts.window.inspector.shown.utterance_id == later


@pytest.mark.qasync
async def test_a_run_that_goes_on_is_not_disturbed(stage, feature, lab):
    lab._here = runner = FakeRunner()
    feature.travel.go(1006.0)
    settle(stage, feature)
    lab.start()
    for _ in range(50):
        if runner.order is not None:
            break
        await asyncio.sleep(0)
    assert lab.docks.shown is lab.picture
    runner.go(8)
    feature.travel.go(1004.0)
    assert not feature.lab_past._reader.isActive()
    assert lab.docks.shown is lab.picture
    assert lab.docks.lanes.lanes._moment_s is None
    runner.end()
    for _ in range(200):
        if not lab.running:
            break
        await asyncio.sleep(0.005)
    assert stage.parts.bridge.in_past
    settle(stage, feature)
    assert lab.docks.lanes.lanes._moment_s is not None
    await lab.close()
