import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.sound import noise, sine
from voxpool.audio.feed import DEVICE_RATE_HZ, RING_FRAMES, Feed

cuts = st.lists(st.integers(0, 20_000), max_size=8)


def pieces(pcm, cuts):
    return np.split(pcm, sorted(min(cut, len(pcm)) for cut in cuts))


def take_all(feed):
    """Pump and read until the end, as pump and device do in turns."""
    got, room = [], np.zeros(5000, np.float32)
    while not (feed.ended and not feed.ring.filled):
        while feed.pump():
            pass
        got.append(room[: feed.ring.read_into(room)].copy())
    return np.concatenate(got) if got else np.zeros(0, np.float32)


def fed(pcm, rate_hz, at):
    feed = Feed(rate_hz, limit_s=60)
    for piece in pieces(pcm, at):
        feed.add(piece)
        feed.pump()
    feed.finish()
    return take_all(feed)


@given(at=cuts)
def test_audio_at_the_device_rate_passes_bit_for_bit(at):
    pcm = noise(0.4)
    assert (fed(pcm, DEVICE_RATE_HZ, at) == pcm).all()


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000, 44_100])
@settings(max_examples=15)
@given(at=cuts)
def test_how_it_was_cut_is_not_heard(rate_hz, at):
    pcm = noise(0.5, rate_hz)
    once, cut = fed(pcm, rate_hz, []), fed(pcm, rate_hz, at)
    assert len(once) == len(cut)
    assert abs(len(once) - len(pcm) * DEVICE_RATE_HZ / rate_hz) <= 1
    assert np.abs(once - cut).max() < 0.1


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 24_000, 44_100])
def test_resampled_audio_is_in_time_and_in_tune(rate_hz):
    out = fed(sine(1, rate_hz, hertz=440), rate_hz, [])
    inside = slice(2000, 40_000)
    assert np.abs(out[inside] - sine(1)[inside]).max() < 5


def test_the_ring_bounds_what_is_resampled_ahead():
    feed = Feed(24_000, limit_s=60)
    feed.add(noise(20, 24_000))
    while feed.pump():
        pass
    assert feed.ring.filled == RING_FRAMES
    assert 18.5 < feed.waiting_s < 19


def test_too_much_is_refused_whole_and_counted():
    feed = Feed(48_000, limit_s=1)
    feed.add(noise(0.8))
    feed.add(noise(0.4, seed=2))
    feed.add(noise(0.2, seed=3))
    feed.finish()

    assert feed.refused == 0.4 * 48_000
    assert feed.added_s == pytest.approx(1.0)
    assert (take_all(feed) == np.concatenate([noise(0.8), noise(0.2, seed=3)])).all()


def test_arrays_are_kept_and_not_copied():
    feed = Feed(24_000, limit_s=60)
    pcm = noise(10, 24_000)
    feed.add(pcm)
    assert feed._waiting[0] is pcm


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_the_end_comes_after_the_last_sample(rate_hz):
    feed = Feed(rate_hz, limit_s=60)
    feed.pump()
    assert not feed.ended
    feed.add(noise(3, rate_hz))
    feed.finish()
    while feed.pump():
        pass
    assert not feed.ended  # the ring is full and there is more
    assert abs(len(take_all(feed)) - 3 * DEVICE_RATE_HZ) <= 1


def test_nothing_at_all_ends_too():
    feed = Feed(24_000, limit_s=60)
    feed.finish()
    assert len(take_all(feed)) == 0


def test_discarding_lets_go_of_everything():
    feed = Feed(24_000, limit_s=60)
    feed.add(noise(5, 24_000))
    feed.pump()
    feed.discard()
    assert (feed.ended, feed.waiting_s, len(feed._waiting)) == (True, 0, 0)
    assert not feed.pump()
