import errno
import wave

import numpy as np
import pytest

from support.audio_rig import Rig
from support.sound import RATE_HZ, noise
from voxpool.errors import AudioError


def read(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.fixture
def rig():
    rig = Rig()
    track = rig.player.track(RATE_HZ)
    track.write(noise(30))
    return rig


def test_the_file_holds_what_was_played_while_it_ran(rig, tmp_path):
    rig.play(0.5)
    rig.player.record_to(tmp_path / "mix.wav")
    played = rig.play(2)
    assert not (tmp_path / "mix.wav").exists()
    rig.player.stop_recording()
    rig.play(0.5)

    assert (read(tmp_path / "mix.wav") == played).all()
    assert rig.player.stats().recorded_s == pytest.approx(2)
    assert rig.player.stats().record_lost_s == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]


def test_one_recording_at_a_time_and_another_one_after_it(rig, tmp_path):
    rig.player.record_to(tmp_path / "one.wav")
    with pytest.raises(AudioError, match="running"):
        rig.player.record_to(tmp_path / "two.wav")
    rig.player.stop_recording()
    rig.player.record_to(tmp_path / "two.wav")
    rig.play(0.1)
    rig.player.stop_recording()
    rig.player.stop_recording()
    assert len(read(tmp_path / "one.wav")) == 0
    assert len(read(tmp_path / "two.wav")) == 0.1 * RATE_HZ


def test_a_directory_that_is_not_there_is_said_at_once(rig, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        rig.player.record_to(tmp_path / "nowhere" / "mix.wav")
    assert caught.value.filename == str(tmp_path / "nowhere" / "mix.wav")
    rig.player.record_to(tmp_path / "mix.wav")
    rig.player.stop_recording()


def test_a_full_disk_ends_the_recording_and_not_the_sound(rig, tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    rig.player.record_to(tmp_path / "mix.wav")
    rig.play(0.2)
    monkeypatch.setattr(wave.Wave_write, "writeframesraw", full)
    assert rig.play(0.2).any()
    with pytest.raises(OSError, match="No space left"):
        rig.player.stop_recording()
    assert list(tmp_path.iterdir()) == []


def test_a_stuck_disk_costs_counted_samples_and_no_underflow(rig, tmp_path):
    rig.player.record_to(tmp_path / "mix.wav")
    recorder = rig.player._recorder
    with recorder._lock:
        for _ in range(600):
            rig.mixer.render(rig, 0.0)
    assert rig.player.stats().record_lost_s == pytest.approx(2)
    rig.player.stop_recording()
    assert len(read(tmp_path / "mix.wav")) == 10 * RATE_HZ


def test_closing_the_player_completes_the_file(tmp_path):
    rig = Rig()
    rig.player.start()
    rig.player.record_to(tmp_path / "mix.wav")
    rig.player.close()
    assert read(tmp_path / "mix.wav") is not None
