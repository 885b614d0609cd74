"""Speech to play, and a player to play it."""

import subprocess
import sys
import wave

import numpy as np
import pytest

from support.sound import until
from voxpool.audio.player import Player

SENTENCE = (
    "The weather is nice today, and the small dog is running in the park. Please call the doctor before three o'clock."
)


@pytest.fixture(scope="session")
def speech(tmp_path_factory):
    """Return a function from a voice to its speech: the sentence, samples and rate."""
    said = {}

    def say(voice):
        if voice not in said:
            path = tmp_path_factory.mktemp("speech") / f"{voice}.wav"
            command = [sys.executable, "-m", "voxpool", "say", SENTENCE, "-o", str(path), "--voice", voice]
            subprocess.run(command, check=True, timeout=60)
            with wave.open(str(path)) as file:
                pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
                said[voice] = (SENTENCE, pcm, file.getframerate())
        return said[voice]

    return say


@pytest.fixture
def player(null_sink):
    """A player whose device plays."""
    player = Player()
    player.start()
    until(lambda: player.callbacks > 10, why=lambda: f"no device: {player.state}")
    yield player
    player.close()
