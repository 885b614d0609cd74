"""What is handed to the device, sample by sample."""

import itertools
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.audio_rig import BLOCK_S, Rig
from support.sound import RATE_HZ, noise, silence, sine
from voxpool.audio.mixer import BLOCK_FRAMES, FULL_SCALE


def level(value, seconds=1.0):
    """A constant: every gain and every fade can be read from it."""
    return np.full(round(seconds * RATE_HZ), value, np.int16)


def add(rig, pcm, gain=1.0, finished=True):
    track = rig.player.track(RATE_HZ, gain)
    track.write(pcm)
    if finished:
        track.finish()
    return track


def steps(samples):
    return np.abs(np.diff(samples.astype(int)))


def test_one_track_passes_bit_for_bit():
    rig = Rig()
    pcm = noise(1.23)
    add(rig, pcm)
    out = rig.play_out()
    assert (out[: len(pcm)] == pcm).all()
    assert not out[len(pcm) :].any()


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 4000), min_size=1, max_size=6),
    starts=st.lists(st.integers(0, 5), min_size=6, max_size=6),
)
def test_the_mix_is_the_sum(lengths, starts):
    """Whenever tracks begin and however long they are."""
    rig = Rig()
    wanted = np.zeros(12 * BLOCK_FRAMES, int)
    out = []
    for block in range(12):
        for number, length in enumerate(lengths):
            if starts[number] == block:
                pcm = noise(length / RATE_HZ, seed=number) // 8
                add(rig, pcm)
                wanted[block * BLOCK_FRAMES :][:length] += pcm
        out.append(rig.block())
    assert (np.concatenate(out) == wanted).all()


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 9000), max_size=10))
def test_chunks_that_come_in_time_leave_no_seam(cuts):
    rig = Rig()
    pcm = noise(1)
    track = add(rig, pcm[: 2 * BLOCK_FRAMES], finished=False)
    out, begin = [rig.block()], 2 * BLOCK_FRAMES
    for cut in itertools.chain(cuts, [len(pcm)]):
        track.write(pcm[begin : begin + cut])
        begin += cut
        if track.buffered_s > 2 * BLOCK_S:
            out.append(rig.block())
    track.finish()
    out.append(rig.play_out())
    assert (np.concatenate(out)[: len(pcm)] == pcm).all()
    assert track.gaps == 0


@given(gain=st.floats(0, 1))
def test_a_gain_multiplies(gain):
    rig = Rig()
    add(rig, noise(0.1), gain=gain)
    assert np.abs(rig.play(0.1) - noise(0.1) * gain).max() <= 0.502


def test_tracks_and_master_multiply():
    rig = Rig()
    add(rig, level(8000), gain=0.5)
    add(rig, level(1000))
    rig.player.master_gain = 0.5
    assert (rig.play(0.1)[BLOCK_FRAMES:] == 2500).all()


def master(rig, track, on):
    rig.player.muted = on


def one_track(rig, track, on):
    track.muted = on


def by_solo(rig, track, on):
    rig.player.tracks[1].solo = on


@pytest.mark.parametrize("mute", [master, one_track, by_solo])
def test_muting_does_not_click_and_the_track_goes_on(mute):
    rig = Rig()
    track = add(rig, level(20_000, 2))
    add(rig, silence(2))
    rig.play(0.1)
    mute(rig, track, True)
    falling, muted = rig.block(), rig.play(0.2)
    mute(rig, track, False)
    rising, again = rig.block(), rig.play(0.2)

    assert not muted.any()
    assert (again == 20_000).all()
    for ramp in (falling, rising):
        assert steps(ramp).max() <= 20_000 / BLOCK_FRAMES + 1
    assert track.played_s == pytest.approx(0.1 + 0.02 + 0.2 + 0.02 + 0.2)


def test_solo_leaves_only_its_own():
    rig = Rig()
    tracks = [add(rig, level(value)) for value in (100, 1000, 10_000)]
    rig.block()
    tracks[1].solo = True
    assert (rig.play(0.1)[BLOCK_FRAMES:] == 1000).all()
    tracks[2].solo = True
    assert (rig.play(0.1)[BLOCK_FRAMES:] == 11_000).all()
    tracks[2].muted = True
    assert (rig.play(0.1)[BLOCK_FRAMES:] == 1000).all()
    tracks[1].solo = tracks[2].solo = tracks[2].muted = False
    assert (rig.play(0.1)[BLOCK_FRAMES:] == 11_100).all()


def test_a_soloed_track_that_ends_gives_the_others_back():
    rig = Rig()
    add(rig, level(1000, 2))
    add(rig, level(10, 0.1)).solo = True
    rig.play(0.2)
    assert (rig.play(0.1)[BLOCK_FRAMES:] == 1000).all()


def test_a_track_added_beside_a_solo_is_silent_from_its_first_sample():
    rig = Rig()
    add(rig, level(10)).solo = True
    rig.block()
    add(rig, level(1000))
    assert (rig.play(0.1) == 10).all()


def test_stopping_fades_within_milliseconds_and_is_over():
    rig = Rig()
    track = add(rig, level(20_000, 5))
    other = add(rig, level(100, 5))
    rig.play(0.1)
    track.stop()
    assert track.done
    last = rig.block()

    assert steps(last).max() <= 20_000 / 240 + 1
    assert (last[240:] == 100).all()
    assert rig.block().tolist() == [100] * BLOCK_FRAMES
    assert rig.player.tracks == (other,)
    assert track.buffered_s == 0


def test_stopping_what_has_not_begun_is_silent():
    rig = Rig()
    track = add(rig, level(20_000))
    track.stop()
    assert not rig.play_out().any()
    assert track.played_s == 0


def test_stopping_a_muted_track_is_silent():
    rig = Rig()
    track = add(rig, level(20_000))
    track.muted = True
    rig.play(0.1)
    track.stop()
    assert not rig.play_out().any()


def test_stop_all():
    rig = Rig()
    for _ in range(5):
        add(rig, level(1000, 5))
    rig.play(0.1)
    rig.player.stop_all()
    rig.block()
    assert not rig.play(0.1).any()
    assert rig.player.tracks == ()


def test_a_slow_source_makes_a_gap_that_does_not_click_and_loses_nothing():
    rig = Rig()
    track = add(rig, level(9600, 0.1 + 300 / RATE_HZ), finished=False)
    before = rig.play(0.2)
    track.write(level(9600, 0.05))
    still_waiting = rig.play(0.1)
    track.write(level(9600, 0.25))
    after = rig.play(0.2)

    assert not still_waiting.any()
    assert steps(np.concatenate([before[BLOCK_FRAMES:], after])).max() <= 9600 / 240 + 1
    assert (after[240:] == 9600).all()
    assert (track.gaps, rig.player.stats().gaps) == (1, 1)
    assert track.gap_s == pytest.approx(0.2 - 0.1 - 300 / RATE_HZ + 0.1)
    track.finish()
    rig.play_out()
    assert track.played_s == pytest.approx(0.4 + 300 / RATE_HZ)
    assert rig.player.stats().gaps == 1
    assert rig.player.underflows == 0


def test_the_end_of_what_came_so_far_is_no_gap_when_nothing_follows():
    rig = Rig()
    track = add(rig, level(1000, 0.1), finished=False)
    rig.play(0.5)
    track.finish()
    rig.play_out()
    assert track.done
    assert track.gaps == 0


def test_a_track_begins_with_one_block_in_hand():
    rig = Rig()
    track = add(rig, level(1000, 0.015), finished=False)
    assert not rig.play(0.1).any()
    track.write(level(1000, 0.005))
    assert (rig.block() == 1000).all()


@pytest.mark.parametrize("count", [2, 20, 100])
def test_many_loud_voices_are_turned_down_and_not_cut_off(count):
    rig = Rig()
    for number in range(count):
        add(rig, sine(1, hertz=200 + number, level=0.9))
    out = rig.play(1)
    cut_off = np.count_nonzero((out == 32767) | (out == -32768))
    assert cut_off < 0.02 * len(out)
    assert np.abs(out.astype(int)).max() > 30_000


def test_the_limiter_lets_go():
    rig = Rig()
    add(rig, level(30_000, 0.1))
    add(rig, level(30_000, 0.1))
    add(rig, level(1000, 3))
    rig.play(1)
    assert (rig.play(0.5) == 1000).all()


def test_a_full_scale_sum_wraps_nowhere():
    rig = Rig()
    add(rig, level(-32768, 0.1))
    add(rig, level(-32768, 0.1))
    assert rig.play(0.1).max() < -20_000


def test_the_meter_shows_the_last_block():
    rig = Rig()
    assert rig.player.peak == (0, 0)
    add(rig, level(16_384, 0.1))
    rig.block()
    assert rig.player.peak == pytest.approx((0.5, 0.5))
    rig.play(0.2)
    assert rig.player.peak == (0, 0)
    add(rig, sine(0.1, hertz=1000, level=1))
    rig.block()
    assert rig.player.peak == pytest.approx((32767 / FULL_SCALE, np.sqrt(0.5)), rel=1e-3)


def test_the_position_never_goes_back_and_ends_at_the_end():
    """Blocks are asked for in bursts, as drivers do."""
    rig = Rig(delay_s=0.12)
    track = rig.player.track(24_000)
    track.write(noise(1, 24_000))
    track.finish()
    random, seen = np.random.default_rng(3), [0.0]
    while not track.done:
        for _ in range(random.integers(0, 4)):
            if rig.player.tracks:
                rig.block()
                rig.now -= BLOCK_S
        for _ in range(8):
            rig.now += BLOCK_S / 8
            seen.append(track.played_s)
    assert (np.diff(seen) >= 0).all()
    assert seen[-1] == 1.0


def test_the_position_moves_between_blocks_but_not_past_them():
    rig = Rig(delay_s=0.1)
    track = add(rig, level(1, 1))
    rig.block()
    begin = rig.now - BLOCK_S
    for late_s, played_s in [(0.0, 0.0), (0.1, 0.0), (0.105, 0.005), (0.115, 0.015), (0.12, 0.02), (0.5, 0.02)]:
        rig.now = begin + late_s
        assert track.played_s == pytest.approx(played_s)


def test_done_means_heard_and_not_only_handed_over():
    rig = Rig(delay_s=0.5)
    track = add(rig, level(1, 0.1))
    rig.play_out()
    assert not track.done
    rig.now += 0.5
    assert track.done


def test_only_the_owner_moves_tracks():
    rig = Rig()
    track = add(rig, level(1000))
    rig.player._pump.round()
    assert rig.mixer.render("someone else", rig.now) is None
    rig.mixer.owner = "someone else"
    assert rig.mixer.render(rig, rig.now) is None
    assert track.played_s == 0
    assert rig.mixer.blocks == 0


def test_two_at_once_do_not_wait_for_each_other():
    rig = Rig()
    with rig.mixer._rendering:
        results = []
        thread = threading.Thread(target=lambda: results.append(rig.mixer.render(rig, rig.now)))
        thread.start()
        thread.join(timeout=5)
    assert results == [None]
    assert rig.player.stats().collisions == 1


def test_rendering_allocates_no_arrays():
    rig = Rig()
    tracks = [add(rig, noise(5, seed=number), gain=0.1) for number in range(10)]
    rig.play(0.1)
    rig.player._pump.round()
    tracemalloc.start()
    try:
        for number in range(40):
            # Gains move, one track stops, one is muted: nothing of it may need room.
            rig.player.master_gain = 0.5 + number / 100
            tracks[0].playhead.gain = number / 100
            tracks[1].playhead.stopping = number > 20
            now, _peak = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            rig.mixer.render(rig, 0.0)
            # Views and numbers are small; one array of a block would be 3840 bytes.
            assert tracemalloc.get_traced_memory()[1] - now < BLOCK_FRAMES * 4
    finally:
        tracemalloc.stop()
