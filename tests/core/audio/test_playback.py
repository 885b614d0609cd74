"""Sound as it is heard: through PortAudio into a null sink, bit for bit."""

from __future__ import annotations

import time

import numpy as np
import pytest

from support.pulse import LEAD_S, TAIL_S
from voxpool.audio.player import Player

pytestmark = pytest.mark.sound

RATE_HZ = 48_000


def until(true, seconds=10.0, why="it did not happen"):
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.01)


def silence(seconds):
    return np.zeros(round(seconds * RATE_HZ), np.int16)


def noise(seconds, seed=1):
    """White noise over the whole range of int16: any change of any sample is seen."""
    return np.random.default_rng(seed).integers(-32768, 32768, round(seconds * RATE_HZ)).astype(np.int16)


def offset_of(wanted, recorded):
    """Where the wanted samples begin in the recording, by cross-correlation."""
    size = 1 << (len(wanted) + len(recorded)).bit_length()
    spectrum = np.fft.rfft(recorded.astype(float), size) * np.conj(np.fft.rfft(wanted.astype(float), size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[: len(recorded)]))


def differing(wanted, recorded):
    """How many of the wanted samples are not in the recording, at the place where it fits best."""
    there = recorded[offset_of(wanted, recorded) :][: len(wanted)]
    return int(np.count_nonzero(there != wanted[: len(there)])) + len(wanted) - len(there)


@pytest.fixture
def player(null_sink):
    player = Player()
    player.start()
    until(lambda: player.callbacks > 10, why=f"no device: {player.state}")
    yield player
    player.close()


def test_playback_is_exact_to_the_bit(player, null_sink):
    played = noise(4)
    with null_sink.record() as recording:
        track = player.track(RATE_HZ)
        track.write(np.concatenate([silence(LEAD_S), played, silence(TAIL_S)]))
        track.finish()
        until(lambda: track.done)

    assert differing(played, recording.pcm) == 0
    assert player.underflows == 0
