"""Devices that come, go, hang and are absent, with a sound system that does what the test says."""

import logging
import threading
import time

import pytest

from support.audio_rig import FakeBackend
from support.sound import RATE_HZ, noise, until
from voxpool.audio import keeper
from voxpool.audio.player import DeviceState, Player
from voxpool.audio.portaudio import LibraryMissing
from voxpool.errors import DeviceUnavailable


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(keeper, "BACKOFF_S", (0.01, 0.02))
    monkeypatch.setattr(keeper, "_LOOK_S", 0.01)


@pytest.fixture
def backend():
    return FakeBackend(("Speakers", "Headset"))


@pytest.fixture
def player(backend):
    """Not started."""
    player = Player(backend=backend)
    player.states = []
    player.on_state = player.states.append
    yield player
    player.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("voxpool-audio")]


def started(player, kind="device", name=None):
    player.start()
    await_state(player, kind, name)
    return player


def await_state(player, kind, name=None):
    until(lambda: player.state.kind == kind and name in (None, player.state.name), why=lambda: repr(player.state))


def kinds(player):
    return [state.kind for state in player.states]


def test_before_the_start_nothing_is_touched(player, backend):
    assert player.state == DeviceState("none", "", "sound was not started")
    assert (player.devices(), backend.outputs, backend.scans) == ((), [], 0)


def test_the_default_device_is_opened(player, backend):
    started(player, name="Speakers")
    assert backend.outputs[0].started
    assert [(device.name, device.is_default) for device in player.devices()] == [("Speakers", True), ("Headset", False)]
    assert kinds(player) == ["none", "device"]
    assert player.stats().latency_ms == pytest.approx(120)


def test_every_channel_gets_the_same(player, backend):
    started(player)
    track = player.track(RATE_HZ)
    track.write(noise(0.5))
    until(lambda: track.feed.ring.filled > 10_000)
    buffer = backend.outputs[0].ask(channels=2)
    assert (buffer[:, 0] == noise(0.5)[:960]).all()
    assert (buffer[:, 0] == buffer[:, 1]).all()


def test_no_device_is_a_normal_state(player, backend):
    backend.names = ()
    started(player, "none")
    until(lambda: backend.scans > 2)
    assert player.state.why == "no sound device was found"
    track = player.track(RATE_HZ)
    track.write(noise(0.1))
    track.finish()
    until(lambda: track.done)
    assert track.played_s == pytest.approx(0.1)


def test_a_device_that_appears_is_taken(player, backend):
    backend.names = ()
    started(player, "none")
    until(lambda: backend.scans > 1)
    backend.names = ("Speakers",)
    await_state(player, "device", "Speakers")


def test_a_missing_library_is_said_once_and_not_looked_for_again(player, backend, caplog):
    backend.error = LibraryMissing(None, "the PortAudio library is missing")
    with caplog.at_level(logging.INFO):
        started(player, "none")
        until(lambda: "PortAudio" in player.state.why)
        calls = []
        backend.block = calls.append
        time.sleep(0.1)
    assert calls == []
    assert caplog.text.count("PortAudio library is missing") == 1

    backend.error = None
    player.refresh_devices()
    await_state(player, "device")


def test_another_device_can_be_selected_before_and_after_the_start(player, backend):
    player.select("Headset")
    started(player, name="Headset")
    player.select("Speakers")
    await_state(player, "device", "Speakers")
    player.select(None)
    until(lambda: len(backend.outputs) == 3)
    assert [output.closed for output in backend.outputs[:2]] == [True, True]
    await_state(player, "device", "Speakers")


def test_changing_the_device_loses_no_audio(player, backend):
    started(player)
    track = player.track(RATE_HZ)
    track.write(noise(3))
    until(lambda: track.feed.ring.filled > 10_000)
    first = backend.outputs[0].ask()
    player.select("Headset")
    await_state(player, "device", "Headset")
    second = backend.outputs[1].ask()
    assert [*first[:, 0], *second[:, 0]] == noise(3)[:1920].tolist()
    assert not backend.outputs[0].ask().any()


def test_an_absent_device_is_replaced_by_the_default_and_said(player, backend):
    player.select("Radio")
    started(player, name="Speakers")
    assert player.state.why == "Radio cannot be used: it is not there"

    backend.names = ("Speakers", "Radio")
    backend.cards = "something was plugged in"
    await_state(player, "device", "Radio")
    assert player.state.why == ""


def test_looking_for_devices_waits_until_nothing_sounds(player, backend):
    started(player)
    track = player.track(RATE_HZ)
    backend.names = ("Speakers", "Headset", "Radio")
    player.refresh_devices()
    time.sleep(0.1)
    assert len(backend.outputs) == 1

    track.stop()
    until(lambda: backend.outputs[0].ask() is not None and len(player.devices()) == 3)
    # The state is the same, but the list is news.
    until(lambda: kinds(player)[-2:] == ["device", "device"])


def test_a_device_that_vanishes(player, backend):
    started(player)
    backend.names = ()
    backend.outputs[0].outlet.finished()
    await_state(player, "none")
    assert backend.outputs[0].closed or until(lambda: backend.outputs[0].closed) is None
    backend.names = ("Headset",)
    await_state(player, "device", "Headset")
    assert (player.stats().losses, player.stats().openings) == (1, 2)
    assert "Speakers has gone" in [state.why for state in player.states]


def test_counters_outlive_their_device(player, backend):
    started(player)
    for _ in range(7):
        backend.outputs[0].ask()
    player.select("Headset")
    await_state(player, "device", "Headset")
    backend.outputs[1].ask()
    assert player.callbacks == 8
    assert player.underflows == 0


def test_a_start_that_fails_closes_what_was_opened(player, backend):
    def block(name):
        if name == "start" and len(backend.outputs) < 3:
            raise DeviceUnavailable("Speakers", "busy")

    backend.block = block
    started(player, "device")
    assert [output.closed for output in backend.outputs] == [True, True, False]


@pytest.mark.parametrize("call", ["devices", "open", "start", "close"])
def test_a_driver_with_surprises_is_logged_and_tried_again(player, backend, caplog, call):
    surprised = threading.Event()

    def block(name):
        if name == call and not surprised.is_set():
            surprised.set()
            raise RuntimeError("made-up surprise")

    backend.block = block
    track = player.track(RATE_HZ)
    track.write(noise(5))
    player.start()
    if call == "close":
        await_state(player, "device")
        player.select("Headset")
    until(lambda: "made-up surprise" in caplog.text)
    await_state(player, "device")
    assert "RuntimeError: made-up surprise" in [state.why for state in player.states]
    assert backend.outputs[-1].ask().any()


def test_a_listener_with_a_mistake_changes_nothing(player, caplog):
    def mistake(state):
        raise ZeroDivisionError

    player.on_state = mistake
    started(player)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("call", ["devices", "open", "start", "close"])
def test_a_call_that_hangs_stops_nothing_else(backend, monkeypatch, call):
    monkeypatch.setattr("voxpool.audio.pump.HANG_S", 0.05)
    monkeypatch.setattr("voxpool.audio.player._CLOSE_S", 0.2)
    hang, go_on = threading.Event(), threading.Event()

    def block(name):
        if name == call and not go_on.is_set():
            hang.set()
            go_on.wait(30)

    backend.block = block
    player = Player(backend=backend)
    player.start()
    if call == "close":
        await_state(player, "device")
        player.select("Headset")
    assert hang.wait(10)
    until(lambda: player.state.why == "the sound system does not answer")
    track = player.track(RATE_HZ)
    track.write(noise(0.1))
    track.finish()
    until(lambda: track.done)

    go_on.set()
    await_state(player, "device")
    go_on.clear()
    if call == "close":
        began = time.monotonic()
        player.close()
        assert time.monotonic() - began < 1
    go_on.set()
    player.close()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("voxpool-audio")])


def test_a_driver_that_cannot_even_be_closed_is_logged(backend, caplog):
    player = started(Player(backend=backend))
    backend.block = lambda name: 1 / 0
    player.close()
    assert "ZeroDivisionError" in caplog.text


def test_closing_twice_or_without_a_start_is_nothing(backend):
    player = Player(backend=backend)
    player.close()
    started(player)
    player.close()
    player.close()
    assert all(output.closed for output in backend.outputs)
