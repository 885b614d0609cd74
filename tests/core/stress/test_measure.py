"""Distributions against cases worked by hand and against numpy on the raw values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpool.events import Outcome
from voxpool.stress.measure import LARGEST_MS, Histogram, Meter, SampleFacts, Window, statistic_of, values_of
from voxpool.stress.sample import Sample

values = st.lists(st.floats(0.01, 100_000), min_size=1, max_size=300)
SHARES = {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p999": 99.9}


@settings(max_examples=40, deadline=None)  # the histogram walks its buckets in Python
@given(values)
def test_a_histogram_agrees_with_numpy_to_three_digits(numbers):
    histogram = Histogram()
    for value in numbers:
        histogram.record(value)

    result = histogram.percentiles()
    for name, share in SHARES.items():
        exact = np.percentile(numbers, share, method="inverted_cdf")
        assert histogram.statistic(name) == pytest.approx(exact, rel=0.001, abs=0.001)
        assert getattr(result, name) == histogram.statistic(name)
    assert histogram.statistic("mean") == pytest.approx(np.mean(numbers))
    assert histogram.statistic("min") == min(numbers)
    assert histogram.statistic("max") == max(numbers)
    assert histogram.statistic("count") == len(numbers)


@given(values)
def test_plain_values_agree_with_numpy_exactly(numbers):
    for name, share in SHARES.items():
        assert statistic_of(numbers, name) == np.percentile(numbers, share, method="inverted_cdf")


@given(st.lists(st.integers(0, 40), max_size=400), st.sampled_from([50.0, 99.0, 99.9]))
def test_whether_a_percentile_is_above_a_limit_is_known_without_looking_for_it(numbers, percent):
    histogram = Histogram(limit=20)
    for value in numbers:
        histogram.record(value)

    above = bool(numbers) and np.percentile(numbers, percent, method="inverted_cdf") > 20
    assert histogram.is_above(percent) == above


def test_a_hundred_values_worked_by_hand():
    histogram = Histogram()
    for value in range(1, 101):
        histogram.record(value)
    result = histogram.percentiles()

    assert (result.count, result.min, result.max, result.mean) == (100, 1, 100, 50.5)
    assert (result.p50, result.p90, result.p95, result.p99) == pytest.approx((50, 90, 95, 99), rel=0.001)
    assert result.p999 == pytest.approx(100)


def test_nothing_measured_is_told_apart_from_zero():
    assert Histogram().percentiles().p50 is None
    assert Histogram().statistic("count") == 0
    zero = Histogram()
    zero.record(0.0)
    zero.record(-1.0)
    assert (zero.statistic("p50"), zero.statistic("count")) == (0.0, 2)


def test_what_is_longer_than_an_hour_is_an_hour():
    histogram = Histogram()
    histogram.record(math.inf)
    assert histogram.statistic("max") == LARGEST_MS


def test_a_probe_that_hung_makes_up_for_the_looks_it_missed():
    histogram = Histogram()
    for _ in range(100):
        histogram.record(0.0, 10.0)
    # It looks every 10 ms and hung for a second: it would have been 990, 980, ..., 10 ms late as well.
    histogram.record(1000.0, 10.0)

    assert histogram.statistic("count") == 200
    assert histogram.statistic("p50") < 20
    assert histogram.statistic("p90") == pytest.approx(800, rel=0.02)


def test_what_one_utterance_adds():
    sample = Sample(
        number=1,
        scheduled_s=1.0,
        started_s=1.5,
        granted_s=1.6,
        created_s=1.7,
        first_text_s=1.75,
        first_audio_s=2.0,
        last_audio_s=3.0,
        closed_s=3.1,
        slot_free_s=3.2,
        audio_s=4.0,
        stalls=2,
        longest_stall_s=0.3,
    )
    worked = {
        "ttfa_ms": 250,
        "corrected_ms": 1000,
        "uncorrected_ms": 500,
        "queue_ms": 100,
        "late_start_ms": 500,
        "create_ms": 100,
        "release_ms": 100,
        "stall_ms": 300,
        "real_time_factor": 0.25,
    }
    assert dict(values_of(sample)) == pytest.approx(worked)


outcomes = st.lists(st.sampled_from(Outcome), max_size=50)


@given(outcomes)
def test_a_meter_and_the_samples_themselves_count_the_same(ends):
    samples = [
        Sample(number=number, outcome=each, stalls=number % 3, audio_s=1.5, wasted_characters=number)
        for number, each in enumerate(ends)
    ]
    meter, facts = Meter(), SampleFacts(samples, 1.0)
    for sample in samples:
        meter.count(sample)

    for name in ("done", "failed", "cancelled", "stalls", "stalled", "audio_s", "wasted", "ended"):
        assert getattr(meter.counts, name) == pytest.approx(getattr(facts.counts, name))
    assert meter.counts.ended == len(ends)


def test_a_window_forgets_what_is_too_old():
    window = Window(10.0)
    for at_s in range(20):
        window.record(float(at_s), "ttfa_ms", float(at_s))
        window.end(float(at_s), Sample(number=at_s))
    window.forget(19.0)

    assert window.distribution("ttfa_ms", "min") == 9.0
    assert window.counts.done == 11
    window.clear()
    assert window.distribution("ttfa_ms", "p50") is None
    assert window.counts.done == 0
