"""Comparing runs: equal ones are rarely called different, different ones are, and few samples are called few."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.runs import make_result
from voxpool.stress.compare import RISK, SHARES, Change, compare, compare_values
from voxpool.stress.distribution import measure

CALLED = {Change.FASTER, Change.SLOWER}


def latencies(rng, count, memory=0.0, scale=1.0):
    """Return times with a long tail; ``memory`` makes neighbours alike, as queueing does."""
    noise = rng.normal(size=count)
    for index in range(1, count) if memory else ():
        noise[index] = memory * noise[index - 1] + (1 - memory**2) ** 0.5 * noise[index]
    return 200 * scale * np.exp(0.4 * noise)


def called_different(pairs, memory):
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(pairs):
        differences = compare_values(latencies(rng, 1200, memory), latencies(rng, 1200, memory))
        found += any(each.change in CALLED for each in differences)
    return found / pairs


def plain_bootstrap_calls_different(pairs, memory):
    """What the textbook would do, at one percentile and without the correction for several."""
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(pairs):
        first, second = (latencies(rng, 1200, memory) for _ in range(2))
        drawn = [
            np.quantile(rng.choice(second, 1200), 0.5) - np.quantile(rng.choice(first, 1200), 0.5) for _ in range(200)
        ]
        low, high = np.quantile(drawn, [RISK / 2, 1 - RISK / 2])
        found += not low <= 0 <= high
    return found / pairs


def test_equal_runs_are_rarely_called_different():
    # Three standard deviations above the promise: a method that is only just right would fail once in 700 seeds.
    assert called_different(150, memory=0.0) < RISK + 3 * (RISK * (1 - RISK) / 150) ** 0.5


def test_equal_runs_whose_neighbours_are_alike_are_rarely_called_different_either():
    assert called_different(100, memory=0.8) < 0.15
    # The control: that such runs are hard is not made up.
    assert plain_bootstrap_calls_different(30, memory=0.8) > 0.25


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.7, 1.4]))
def test_a_clear_difference_is_seen_in_the_right_direction(seed, scale):
    rng = np.random.default_rng(seed)
    differences = compare_values(latencies(rng, 2000), latencies(rng, 2000, scale=scale))
    expected = Change.FASTER if scale < 1 else Change.SLOWER
    assert {each.change for each in differences if each.share <= 0.95} == {expected}
    assert not {each.change for each in differences} & (CALLED - {expected})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_turning_it_around_turns_the_words_around(seed):
    rng = np.random.default_rng(seed)
    first, second = latencies(rng, 1500), latencies(rng, 1500, scale=1.3)
    there, back = compare_values(first, second), compare_values(second, first)
    swapped = {Change.FASTER: Change.SLOWER, Change.SLOWER: Change.FASTER}
    for one, other in zip(there, back, strict=True):
        assert one.delta_ms == -other.delta_ms
        if one.share <= 0.95:
            assert swapped.get(one.change, one.change) is other.change


@given(st.lists(st.floats(0.1, 1e5), min_size=1, max_size=300))
@settings(max_examples=40, deadline=None)
def test_a_run_equals_itself(values):
    assert not {each.change for each in compare_values(values, values)} & CALLED


@pytest.mark.parametrize(("count", "enough"), [(8, []), (25, [0.5]), (300, [0.5, 0.9, 0.95])])
def test_a_tail_that_was_not_measured_is_called_so(count, enough):
    rng = np.random.default_rng(3)
    differences = compare_values(latencies(rng, count), latencies(rng, 5000, scale=3))
    assert [each.share for each in differences if each.change is not Change.TOO_FEW] == enough
    assert [each.share for each in differences] == list(SHARES)


def test_a_difference_below_the_resolution_is_none():
    values = np.full(5000, 200.0)
    assert {each.change for each in compare_values(values, values * 1.001)} <= {Change.SAME, Change.TOO_FEW}


def test_runs_are_compared_by_what_both_measured():
    slower = make_result(2, slow=1.5, count=600)
    comparison = compare(make_result(1, count=600), slower)
    by_name = {each.name: each for each in comparison.of("corrected")}
    assert list(by_name) == ["p50", "p90", "p95", "p99", "p99.9"]
    assert by_name["p50"].change is Change.SLOWER
    assert by_name["p50"].low <= by_name["p50"].delta_ms <= by_name["p50"].high
    assert by_name["p99.9"].change is Change.TOO_FEW
    assert comparison.sentence().startswith("slower at p50, p90")
    assert "corrected" not in {
        each.measure for each in compare(slower, replace(slower, samples=(), distributions={})).differences
    }


def test_without_samples_the_histograms_serve():
    first, second = make_result(1, count=600), make_result(2, slow=1.5, count=600)
    whole = compare(first, second).of("corrected")
    thin = compare(*(replace(each, samples=each.samples[-50:], samples_dropped=550) for each in (first, second)))
    for one, other in zip(whole, thin.of("corrected"), strict=True):
        assert other.before == pytest.approx(one.before, rel=3e-3)
        assert other.change is one.change


def test_a_damaged_histogram_is_a_value_error():
    spoilt = replace(make_result(count=50), samples=(), distributions={"corrected": replace(measure([1.0]), hdr="x")})
    with pytest.raises(ValueError, match="histogram"):
        compare(spoilt, spoilt)


def test_the_warm_up_is_not_compared():
    run = make_result(3, count=400)
    warm = tuple(
        replace(each, number=1000 + each.number, phase=0, warm_up=True, first_audio_s=each.scheduled_s + 60.0)
        for each in run.samples
    )
    warmed = replace(run, samples=(*warm, *run.samples), warm_up=len(warm))
    assert compare(run, warmed).differences == compare(run, run).differences


def test_the_warm_up_of_a_run_that_was_kept_before_samples_knew_of_it_is_not_compared():
    run = make_result(3, count=400)
    plain = tuple(replace(each, phase=1) for each in run.samples)
    warm = tuple(replace(each, phase=0, first_audio_s=each.scheduled_s + 60.0) for each in run.samples)
    warmed = replace(run, phases=("warm-up", "hold"), samples=(*warm, *plain))
    assert compare(run, warmed).differences == compare(run, run).differences
