"""Histograms against numpy on the same values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpool.stress.distribution import curve, measure, spread
from voxpool.stress.result import Percentiles

VALUES = st.lists(st.floats(0.001, 60_000.0), min_size=1, max_size=200)


@settings(max_examples=20, deadline=None)
@given(VALUES)
def test_percentiles_are_those_of_numpy_within_three_digits(values):
    found = measure(values)
    for name, share in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99), ("p999", 99.9)):
        nearest = np.percentile(values, share, method="inverted_cdf")
        assert getattr(found, name) == pytest.approx(nearest, rel=1e-3, abs=1e-3), name
    assert (found.count, found.min, found.max) == (len(values), min(values), max(values))
    assert found.mean == pytest.approx(np.mean(values))


@settings(max_examples=20, deadline=None)
@given(VALUES)
def test_what_is_spread_out_again_is_what_was_measured(values):
    found, counts = spread(measure(values))
    again = np.repeat(found, counts.astype(int))
    assert again == pytest.approx(np.sort(values), rel=2e-3, abs=2e-3)


def test_the_curve_ends_at_the_largest_value():
    shares, found = curve(measure(float(each) for each in range(1, 1001)))
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(99.9)
    assert found[-1] == pytest.approx(1000, rel=5e-4)
    assert (np.diff(found) >= 0).all()
    # By the same rule as every other percentile.
    assert np.interp(50, shares, found) == pytest.approx(500, rel=0.02)


def test_the_curve_of_a_few_values_shows_the_slowest():
    _, found = curve(measure([100.0, 100.0, 100.0, 900.0]))
    assert found[-1] == pytest.approx(900.0, rel=1e-3)


def test_nothing_measured_is_no_error():
    assert measure([]) == Percentiles()
    assert len(spread(Percentiles())[0]) == len(curve(Percentiles())[0]) == 0


@pytest.mark.parametrize("hdr", ["HISTF", "not a histogram", measure([1.0, 5.0]).hdr[:-9], "AAAA" * 20])
def test_a_damaged_histogram_is_one_kind_of_error(hdr):
    with pytest.raises(ValueError, match="cannot be read"):
        spread(Percentiles(count=1, hdr=hdr))
