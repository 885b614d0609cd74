import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from support.sound import noise
from voxpool.audio.wav import write_wav


def read(path):
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate(), file.getnchannels()


@given(pcm=arrays.arrays(np.int16, st.integers(0, 200)), rate_hz=st.sampled_from([8000, 22_050, 24_000, 48_000]))
def test_what_was_written_is_read(tmp_path_factory, pcm, rate_hz):
    path = tmp_path_factory.mktemp("wav") / "file.wav"
    write_wav(path, pcm, rate_hz)
    again, rate, channels = read(path)
    assert (again.tolist(), rate, channels) == (pcm.tolist(), rate_hz, 1)


def test_views_with_steps_are_written_as_they_read(tmp_path):
    write_wav(tmp_path / "a.wav", noise(0.1)[::2], 24_000)
    assert (read(tmp_path / "a.wav")[0] == noise(0.1)[::2]).all()


@pytest.mark.parametrize("pcm", [np.zeros(3), np.zeros((3, 2), np.int16)], ids=["float", "stereo"])
def test_only_mono_int16_is_written(tmp_path, pcm):
    with pytest.raises(ValueError, match="int16"):
        write_wav(tmp_path / "a.wav", pcm, 24_000)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_wav(tmp_path / "a.wav", noise(0.1), 24_000)

    def full(self, data):
        raise OSError("made-up full disk")

    monkeypatch.setattr(wave.Wave_write, "writeframes", full)
    with pytest.raises(OSError, match="full disk"):
        write_wav(tmp_path / "a.wav", noise(0.2), 24_000)
    assert (read(tmp_path / "a.wav")[0] == noise(0.1)).all()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_wav(tmp_path / "nowhere" / "a.wav", noise(0.1), 24_000)


def test_the_file_is_as_readable_as_any_other(tmp_path):
    write_wav(tmp_path / "a.wav", noise(0.1), 24_000)
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "a.wav").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failure_names_the_file_that_was_asked_for(tmp_path):
    path = tmp_path / "missing" / "file.wav"
    with pytest.raises(FileNotFoundError) as caught:
        write_wav(path, np.zeros(4, np.int16), 24_000)
    assert caught.value.filename == str(path)
