"""Distributions: exact over what they keep, honest about what they do not."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.metrics import Distribution, Reservoir

samples = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@given(samples, st.integers(1, 50))
def test_percentiles_are_samples_that_were_really_measured(values: list[float], capacity: int) -> None:
    reservoir = Reservoir(capacity)
    for value in values:
        reservoir.record(value)
    snapshot = reservoir.snapshot()
    newest = values[-capacity:]
    assert snapshot.window == len(newest)
    for share, value in ((50, snapshot.p50), (90, snapshot.p90), (95, snapshot.p95), (99, snapshot.p99)):
        assert value in newest
        assert sum(each <= value for each in newest) >= share / 100 * len(newest)
        assert sum(each < value for each in newest) < share / 100 * len(newest)


@given(samples)
def test_counts_and_means_cover_the_whole_run(values: list[float]) -> None:
    reservoir = Reservoir(4)
    for value in values:
        reservoir.record(value)
    snapshot = reservoir.snapshot()
    assert snapshot.count == len(values)
    assert snapshot.mean == pytest.approx(statistics.fmean(values))
    assert (snapshot.smallest, snapshot.largest) == (min(values), max(values))


def test_nothing_measured_is_zero_and_says_so() -> None:
    assert Reservoir().snapshot() == Distribution()
    assert Distribution().count == 0
