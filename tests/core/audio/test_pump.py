import logging

import numpy as np
import pytest

from support.audio_rig import BLOCK_S
from voxpool.audio.mixer import BLOCK_FRAMES, Mixer
from voxpool.audio.outlet import Outlet
from voxpool.audio.pump import FIRST_QUIET_S, HANG_S, NEW_CALLBACKS, QUIET_S, StandIn, Watchdog


class Watched:
    """Remembers what the watchdog said."""

    def __init__(self):
        self.busy_since = None
        self.lost = []
        self.gave_up = 0

    def lose(self, outlet, why):
        self.lost.append((outlet, why))

    def give_up_waiting(self):
        self.gave_up += 1


@pytest.fixture
def mixer():
    return Mixer()


@pytest.fixture
def outlet(mixer):
    mixer.owner = outlet = Outlet(mixer, lambda: 0.0)
    return outlet


@pytest.fixture
def watched():
    return Watched()


@pytest.fixture
def dog(mixer, watched):
    return Watchdog(mixer, watched)


def watch(dog, seconds, each=lambda: None, step_s=0.02):
    for number in range(round(seconds / step_s)):
        each()
        dog.look(number * step_s, step_s)


def ask(outlet, count=1):
    buffer = np.zeros((BLOCK_FRAMES, 2), np.int16)
    for _ in range(count):
        outlet.fill(buffer, 0.0, underflow=False)


def test_the_stand_in_keeps_real_time(mixer):
    standin = StandIn(mixer)
    mixer.owner = standin
    for step in range(1000):
        standin.pull(50 + step * 0.0137)
    assert mixer.blocks == pytest.approx(999 * 0.0137 / BLOCK_S, abs=3)


def test_the_stand_in_waits_for_its_turn(mixer, outlet):
    standin = StandIn(mixer)
    standin.pull(1.0)
    standin.pull(2.0)
    assert mixer.blocks == 0
    mixer.owner = standin
    standin.pull(3.0)
    assert mixer.blocks <= 3


def test_after_a_sleep_of_the_machine_the_stand_in_does_not_race(mixer):
    standin = StandIn(mixer)
    mixer.owner = standin
    standin.pull(0.0)
    standin.pull(3600.0)
    assert mixer.blocks < 10


def test_a_device_that_plays_is_left_alone(dog, outlet, watched):
    watch(dog, 20, each=lambda: ask(outlet))
    watch(dog, 20, each=lambda: None if np.random.default_rng().random() < 0.5 else ask(outlet))
    assert not watched.lost


def test_a_device_that_goes_quiet_is_lost(dog, outlet, watched):
    ask(outlet, NEW_CALLBACKS + 1)
    watch(dog, QUIET_S - 0.1)
    assert not watched.lost
    watch(dog, 0.3)
    assert watched.lost[0] == (outlet, "has stopped asking for sound")


@pytest.mark.parametrize("callbacks", [0, 7])
def test_a_new_device_may_need_a_while(dog, outlet, watched, callbacks):
    ask(outlet, callbacks)
    watch(dog, FIRST_QUIET_S - 0.1)
    assert not watched.lost
    watch(dog, 0.3)
    assert watched.lost


def test_a_stopped_process_does_not_blame_the_device(dog, outlet, watched):
    ask(outlet, NEW_CALLBACKS + 1)
    dog.look(0.0, 0.02)
    dog.look(300.0, 300.0)
    assert not watched.lost


def test_a_device_that_says_it_ends_is_lost_at_once(dog, outlet, watched):
    ask(outlet, 100)
    outlet.finished()
    dog.look(0.0, 0.02)
    assert watched.lost == [(outlet, "has gone")]


def test_an_error_in_the_callback_is_silence_a_log_record_and_a_new_opening(dog, outlet, watched, caplog):
    buffer = np.ones((BLOCK_FRAMES + 1, 2), np.int16)
    outlet.fill(buffer, 0.0, underflow=False)
    assert not buffer.any()
    with caplog.at_level(logging.ERROR):
        dog.look(0.0, 0.02)
    assert "961 frames" in watched.lost[0][1]
    assert "ValueError" in caplog.text


def test_a_call_that_hangs_is_not_waited_for(dog, watched):
    watched.busy_since = 10.0
    dog.look(10.0 + HANG_S, 0.02)
    assert watched.gave_up == 0
    dog.look(10.1 + HANG_S, 0.02)
    assert watched.gave_up == 1


def test_nobody_is_watched_while_there_is_no_device(dog, mixer, watched):
    mixer.owner = StandIn(mixer)
    watch(dog, 10)
    assert not watched.lost


def test_underflows_and_time_are_counted(outlet):
    buffer = np.zeros((BLOCK_FRAMES, 2), np.int16)
    for number in range(10):
        outlet.fill(buffer, 0.0, underflow=number % 2 == 0)
    assert (outlet.callbacks, outlet.underflows) == (10, 5)
    assert 0 < outlet.longest_s <= outlet.busy_s


@pytest.mark.parametrize(("told", "taken"), [(0.05, 0.05), (-1.0, 0.12), (1e9, 0.12), (float("nan"), 0.12)])
def test_a_driver_that_does_not_know_its_delay(told, taken):
    heard_at = []

    class Listening(Mixer):
        def render(self, owner, at):
            heard_at.append(at)

    outlet = Outlet(Listening(), lambda: 1000.0)
    outlet.latency_s = 0.12
    outlet.fill(np.zeros((BLOCK_FRAMES, 1), np.int16), told, underflow=False)
    assert heard_at == [1000.0 + taken]
