import numpy as np
import pytest

from support.audio_rig import Rig
from support.sound import noise
from voxpool.audio import track as track_module
from voxpool.errors import AudioError


@pytest.fixture
def rig():
    return Rig()


@pytest.fixture
def track(rig):
    return rig.player.track(24_000)


@pytest.mark.parametrize("rate_hz", [0, -1, 3999, 192_001])
def test_a_rate_that_is_none_is_refused(rig, rate_hz):
    with pytest.raises(AudioError, match=str(rate_hz)):
        rig.player.track(rate_hz)
    assert rig.player.tracks == ()


@pytest.mark.parametrize(
    "pcm",
    [np.zeros(5, np.float32), np.zeros((5, 2), np.int16), np.zeros(5, np.uint8)],
    ids=["float", "stereo", "bytes"],
)
def test_only_mono_int16_is_written(track, pcm):
    with pytest.raises(ValueError, match="int16"):
        track.write(pcm)


def test_writing_after_the_end_is_a_mistake_but_not_after_a_stop(rig, track):
    track.finish()
    with pytest.raises(ValueError, match="finished"):
        track.write(noise(0.1))
    other = rig.player.track(24_000)
    other.stop()
    other.write(noise(0.1))
    other.finish()
    assert other.buffered_s == 0 or not rig.play_out().any()


def test_what_waits_and_what_was_played_add_up(rig, track):
    track.write(noise(3, 24_000))
    for _ in range(20):
        rig.block()
        assert track.buffered_s + track.played_s == pytest.approx(3, abs=0.03)
    track.finish()
    rig.play_out()
    assert (track.buffered_s, track.played_s, track.done) == (0, 3, True)


def test_finishing_twice_is_nothing(rig, track):
    track.write(noise(0.1, 24_000))
    track.finish()
    track.finish()
    assert abs(np.flatnonzero(rig.play_out())[-1] - 4800) < 5


def test_an_empty_track_is_done_when_it_was_finished(rig, track):
    rig.play(0.1)
    assert not track.done
    track.finish()
    rig.play_out()
    assert track.done
    assert track.played_s == 0


def test_too_much_is_refused_and_said(rig, monkeypatch):
    monkeypatch.setattr(track_module, "LIMIT_S", 1.0)
    track = rig.player.track(24_000)
    for _ in range(3):
        track.write(noise(0.6, 24_000))
    assert track.refused_s == pytest.approx(1.2)
    assert rig.player.stats().refused_s == pytest.approx(1.2)
    track.stop()
    rig.play(0.1)
    assert rig.player.stats().refused_s == pytest.approx(1.2)


def test_a_read_only_array_is_fine(rig, track):
    """As ``np.frombuffer`` makes them from a frame."""
    track.write(np.frombuffer(noise(0.1, 24_000).tobytes(), np.int16))
    assert rig.play(0.1).any()


def test_representations_are_dashboards(rig, track):
    track.write(noise(1, 24_000))
    rig.play(0.5)
    assert "open 0.50/1.00 s, 0 gaps" in repr(track)
    assert "1 tracks" in repr(rig.player)
    track.finish()
    assert "finishing" in repr(track)
    rig.play_out()
    assert "done" in repr(track)


@pytest.mark.parametrize("gain", [-0.1, float("nan"), float("inf")])
def test_a_gain_that_is_none_is_refused_before_it_is_heard(rig, track, gain):
    with pytest.raises(ValueError, match="gain"):
        track.gain = gain
    with pytest.raises(ValueError, match="gain"):
        rig.player.master_gain = gain
    with pytest.raises(ValueError, match="gain"):
        rig.player.track(24_000, gain)
    assert (track.gain, rig.player.master_gain, rig.player.tracks) == (1, 1, (track,))
