"""The bar that says what is heard, how loud and where."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QSlider, QToolButton

from support.speech_stage import Stage, settle
from support.views import make_theme
from voxgrid import settings as remembered
from voxgrid.views.listening_bar import ListeningBar
from voxgrid.views.meter import LevelMeter, position


@pytest.fixture
async def stage(tmp_path, qtbot):
    stage = Stage(tmp_path)
    stage.bar = ListeningBar(stage.controller, make_theme())
    qtbot.addWidget(stage.bar)
    stage.bar.show()
    await stage.start()
    yield stage
    await stage.controller.close()


def heard(stage):
    stage.bar.show_heard()
    return stage.bar.findChild(QLabel, "heard").text()


async def test_what_is_heard_in_words(stage):
    assert heard(stage) == "Silent"
    stage.controller.fire(3, "short-replies")
    await settle()
    for utterance in stage.utterances:
        utterance.give(1.0)
    await settle()
    stage.controller.listen(1)
    assert heard(stage) == "Hearing “Thanks for waiting, I…”"
    stage.controller.listen(2)
    stage.controller.listen(3)
    assert heard(stage) == "Hearing 3 utterances"
    stage.controller.solo(2)
    assert heard(stage) == "Hearing 1 of 3"
    stage.controller.stop()
    assert heard(stage) == "Silent"


async def test_volume_and_mute_reach_the_player(stage):
    stage.bar.findChild(QSlider, "volume").setValue(35)
    assert stage.player.master_gain == pytest.approx(0.35)
    mute = stage.bar.findChild(QToolButton, "mute")
    mute.click()
    assert stage.player.muted
    mute.click()
    assert not stage.player.muted
    assert stage.store.get(remembered.MUTED) is False


async def test_no_device_is_one_quiet_line(stage):
    stage.player.names = ()
    why = "The sound library was not found; everything else works."
    stage.bar.show_device(SimpleNamespace(kind="none", name="", why=why))
    device = stage.bar.findChild(QComboBox, "device")
    assert device.currentText() == "♪ No sound device"
    assert device.toolTip() == why
    stage.player.names = ("Speakers",)
    stage.bar.show_device(SimpleNamespace(kind="device", name="Speakers", why=""))
    assert device.currentText() == "♪ Default output"
    assert "Speakers" in device.toolTip()


async def test_a_device_is_chosen_and_remembered_even_when_it_goes(stage):
    state = SimpleNamespace(kind="device", name="Speakers", why="")
    stage.player.names = ("Speakers", "Headphones")
    stage.bar.show_device(state)
    device = stage.bar.findChild(QComboBox, "device")
    assert device.count() == 3
    device.setCurrentIndex(2)
    device.activated.emit(2)
    assert stage.player.selected == "Headphones"
    stage.player.names = ("Speakers",)
    stage.bar.show_device(state)
    assert device.currentText() == "♪ Headphones (absent)"


@pytest.mark.parametrize(("peak", "where"), [(0.0, 0.0), (1e-6, 0.0), (1.0, 1.0), (4.0, 1.0), (0.0631, 0.5)])
def test_the_meter_is_in_decibels(peak, where):
    assert position(peak) == pytest.approx(where, abs=0.01)


def test_the_meter_rises_at_once_and_falls_slowly(qtbot):
    meter = LevelMeter(make_theme())
    qtbot.addWidget(meter)
    meter.set_peak(1.0)
    assert meter.level == 1.0
    meter.set_peak(0.0)
    assert 0.9 < meter.level < 1.0
    for _ in range(40):
        meter.set_peak(0.0)
    assert meter.level == 0.0
    meter.grab()
