"""Stalls as a listener would notice them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.stress.playback import TOLERANCE_S, Playback

chunks = st.lists(
    st.tuples(st.floats(0, 2, allow_subnormal=False), st.floats(0.01, 0.5, allow_subnormal=False)), max_size=30
)


def played(pairs, jitter_s=0.0):
    """Feed (delay after the previous arrival, length) pairs."""
    playback, now = Playback(jitter_s), 100.0
    for delay, seconds in pairs:
        now += delay
        playback.arrived(now, seconds)
    return playback


def test_delivery_faster_than_sound_never_stalls():
    assert played([(0.0, 0.1)] * 50).stalls == 0


def test_one_late_chunk_is_one_stall_of_the_missing_time():
    playback = played([(0.0, 0.1), (0.5, 0.1), (0.1, 0.1), (0.1, 0.1)])

    assert playback.stalls == 1
    assert playback.stalled_s == pytest.approx(0.4)
    assert playback.longest_s == pytest.approx(0.4)


def test_audio_in_hand_covers_a_gap():
    assert played([(0.0, 1.0), (0.9, 0.1), (0.2, 0.1)]).stalls == 0


def test_the_jitter_buffer_covers_what_it_holds_and_no_more():
    late = [(0.0, 0.1), (0.15, 0.1)]

    assert played(late, 0.04).stalled_s == pytest.approx(0.01)
    assert played(late, 0.06).stalls == 0


def test_silence_of_no_length_is_no_audio():
    playback = Playback(0.1)
    playback.arrived(1.0, 0.0)
    assert playback.begins_s is None
    playback.arrived(2.0, 0.5)
    assert (playback.begins_s, playback.ends_s) == pytest.approx((2.1, 2.6))


def test_what_breaks_off_in_silence_is_a_stall_up_to_then():
    playback = played([(0.0, 0.1), (0.1, 0.1)])

    assert playback.silent_s(100.2) == 0
    assert playback.silent_s(107.2) == pytest.approx(7.0)
    playback.broke_off(110.2)
    assert (playback.stalls, playback.stalled_s, playback.longest_s) == pytest.approx((1, 10.0, 10.0))
    assert playback.silent_s(110.2) == 0
    assert playback.lasts_s == pytest.approx(10.2)


def test_what_breaks_off_before_it_runs_dry_or_begins_is_no_stall():
    playback = played([(0.0, 5.0)])
    playback.broke_off(101.0)

    assert (playback.stalls, playback.lasts_s) == (0, 5.0)
    nothing = Playback()
    nothing.broke_off(50.0)
    assert (nothing.stalls, nothing.ends_s, nothing.silent_s(60.0)) == (0, None, 0.0)


@given(chunks, st.floats(0.0, 20.0))
def test_breaking_off_is_a_stall_as_if_the_next_chunk_had_come_then(pairs, later):
    broken, late = played(pairs), played(pairs)
    at = 100.0 + sum(delay for delay, _ in pairs) + later
    waits = broken.silent_s(at)
    broken.broke_off(at)
    late.arrived(at, 0.1)

    assert (broken.stalls, broken.stalled_s, broken.longest_s) == (late.stalls, late.stalled_s, late.longest_s)
    assert broken.longest_s >= waits
    assert broken.silent_s(at) == 0


@given(chunks)
def test_the_sum_is_made_of_the_parts(pairs):
    playback = played(pairs)

    assert (playback.stalls == 0) == (playback.stalled_s == 0.0)
    assert playback.longest_s <= playback.stalled_s + 1e-9
    assert playback.stalled_s <= playback.stalls * playback.longest_s + 1e-6
    assert playback.stalled_s <= sum(delay for delay, _ in pairs) + 1e-6
    if pairs:
        total = sum(seconds for _, seconds in pairs)
        assert playback.lasts_s == pytest.approx(total + playback.stalled_s, abs=len(pairs) * TOLERANCE_S)


@given(chunks, st.floats(0.0, 1.0))
def test_a_larger_jitter_buffer_never_stalls_more(pairs, extra):
    assert played(pairs, extra).stalled_s <= played(pairs).stalled_s + TOLERANCE_S * len(pairs)
