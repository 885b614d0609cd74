"""What happens to sound when the sound server is killed, hangs, and comes back."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from support.sound import RATE_HZ, differing, noise, silence, sine, until
from voxpool.audio.player import Player

pytestmark = pytest.mark.sound


@pytest.fixture
def mortal_sink(null_sink):
    """The null sink, running again when the test is over."""
    yield null_sink
    null_sink.stop(signal.SIGKILL)
    null_sink.start()


def started_at(track):
    # Until the device is no longer new, in which time much is forgiven to it.
    until(lambda: track.played_s > 1.3)
    return time.monotonic() - track.played_s


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_server_is_survived_and_found_again(player, mortal_sink, how):
    states = []
    player.on_state = states.append
    track = player.track(RATE_HZ)
    track.write(sine(12))
    track.finish()
    began = started_at(track)

    mortal_sink.stop(how)
    until(lambda: player.state.kind == "none")
    # Words go on lighting up in real time.
    time.sleep(1.0)
    assert track.played_s == pytest.approx(time.monotonic() - began, abs=0.5)

    mortal_sink.start()
    until(lambda: player.state.kind == "device")
    with mortal_sink.record() as recording:
        time.sleep(1.0)

    assert np.abs(recording.pcm).max() > 5000
    assert [state.kind for state in states] == ["none", *["none"] * (len(states) - 2), "device"]
    assert states[0].why
    assert player.stats().losses == 1


def test_a_server_that_hangs_is_survived(player, mortal_sink):
    track = player.track(RATE_HZ)
    track.write(sine(15))
    track.finish()
    began = started_at(track)

    mortal_sink.freeze()
    until(lambda: player.state.kind == "none", seconds=4)
    time.sleep(1.0)
    assert track.played_s == pytest.approx(time.monotonic() - began, abs=1.0)
    until(lambda: "does not answer" in player.state.why)

    mortal_sink.thaw()
    until(lambda: player.state.kind == "device")
    with mortal_sink.record() as recording:
        time.sleep(1.0)
    assert np.abs(recording.pcm).max() > 5000


def test_closing_is_quick_while_the_server_hangs(player, mortal_sink):
    track = player.track(RATE_HZ)
    track.write(sine(5))
    until(lambda: track.played_s > 0.2)
    mortal_sink.freeze()
    until(lambda: player.state.kind == "none")

    began = time.monotonic()
    player.close()
    assert time.monotonic() - began < 1.0


def test_starting_while_the_server_hangs_does_not_wait(mortal_sink):
    mortal_sink.freeze()
    player = Player()
    began = time.monotonic()
    player.start()
    assert time.monotonic() - began < 0.2
    track = player.track(RATE_HZ)
    track.write(sine(1))
    track.finish()
    until(lambda: track.done)
    assert player.state.kind == "none"

    mortal_sink.thaw()
    until(lambda: player.state.kind == "device")
    played = noise(1)
    with mortal_sink.record() as recording:
        track = player.track(RATE_HZ)
        track.write(np.concatenate([silence(0.3), played, silence(0.5)]))
        track.finish()
        until(lambda: track.done)
    player.close()
    assert differing(played, recording.pcm) == 0


FORGETFUL = """
import sys, time
import numpy as np
from voxpool.audio.player import Player
player = Player()
player.start()
track = player.track(48_000)
track.write(np.full(480_000, 1000, np.int16))
while track.played_s < 0.5:
    time.sleep(0.01)
print("playing", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("frozen", [False, True], ids=["alive", "hanging"])
def test_a_program_that_never_closes_its_player_ends_all_the_same(mortal_sink, frozen):
    with subprocess.Popen(
        [sys.executable, "-c", FORGETFUL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        try:
            assert program.stdout.readline() == b"playing\n"
            if frozen:
                mortal_sink.freeze()
                time.sleep(0.3)
            began = time.monotonic()
            _out, errors = program.communicate(b"\n", timeout=10)
        finally:
            program.kill()
    assert program.returncode == 0, errors
    assert b"Traceback" not in errors
    assert time.monotonic() - began < 3
