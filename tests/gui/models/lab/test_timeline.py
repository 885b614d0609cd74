"""The time line: columns of ticks, bounded, peaks kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxgrid.models.lab.timeline import KINDS, OTHER, Timeline
from voxpool.stress.result import Tick


def _tick(number, **changes):
    return Tick(at_s=number * 0.25, **changes)


def test_a_rate_is_what_came_in_the_last_second():
    line = Timeline()
    for number in range(1, 9):
        line.add(_tick(number, arrivals=3, completions=1))
    assert line.column("arrivals")[-1] == pytest.approx(12.0)
    assert line.column("completions")[-1] == pytest.approx(4.0)


def test_the_first_tick_is_no_peak_of_its_own():
    line = Timeline()
    line.add(_tick(1, arrivals=5))
    assert line.column("arrivals")[0] == pytest.approx(20.0)


@settings(max_examples=30)
@given(st.integers(1, 600), st.integers(0, 599))
def test_however_long_a_run_is_it_stays_bounded_and_keeps_its_peak(length, place):
    line = Timeline(most=64)
    for number in range(1, length + 1):
        line.add(_tick(number, waiting=900 if number - 1 == place else 1))
    assert len(line) <= 64
    assert np.all(np.diff(line.column("at_s")) > 0)
    # The newest ticks wait for their partner: what they hold is not in a point yet.
    if place < length - line._merge:
        assert np.nanmax(line.column("waiting")) == 900


def test_nothing_measured_is_a_hole_and_not_a_nought():
    line = Timeline()
    line.add(_tick(1))
    line.add(_tick(2, ttfa_p50_ms=120.0))
    assert np.isnan(line.column("ttfa_p50_ms")[0])
    assert line.column("ttfa_p50_ms")[1] == 120.0


def test_rare_kinds_of_errors_share_a_line():
    line = Timeline()
    kinds = {f"Kind {number}": number + 1 for number in range(KINDS + 3)}
    line.add(_tick(1, errors=kinds))
    series = dict(line.error_series())
    assert len(series) == KINDS + 1
    assert series[OTHER][-1] == sum(list(kinds.values())[KINDS:])


def test_the_point_nearest_to_a_moment():
    line = Timeline()
    assert line.index_at(1.0) is None
    for number in range(1, 5):
        line.add(_tick(number))
    assert line.index_at(0.0) == 0
    assert line.index_at(0.6) == 1
    assert line.index_at(0.63) == 2
    assert line.index_at(99.0) == 3
