"""Axes: round ends that hold what is drawn and do not jump."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.lab.scale import clock, nice_top, time_ticks, time_top


@given(st.floats(0, 1e9), st.floats(0.001, 1e6))
def test_the_top_holds_the_value_and_is_not_far_from_it(value, least):
    top = nice_top(value, least)
    assert top >= max(value, least) * (1 - 1e-6)
    assert top <= max(value, least) * 2.01


def test_a_planned_run_is_as_wide_as_it_will_be():
    assert time_top(3.0, 80.0) == 80.0
    assert time_top(85.0, 80.0) == 90.0
    assert time_top(85.0, None) == 90.0
    assert time_top(3601.0, None) == 7200.0


@given(st.floats(0, 10_000), st.floats(0.5, 10_000), st.integers(2, 12))
def test_ticks_are_within_and_not_too_many(start, span, wanted):
    ticks = time_ticks(start, start + span, wanted)
    assert len(ticks) <= wanted + 1
    assert all(start - 1e-6 <= at_s <= start + span + 1e-6 for at_s, _ in ticks)


@pytest.mark.parametrize(
    ("seconds", "precise", "said"),
    [(0, False, "0:00"), (67, False, "1:07"), (3723, False, "1:02:03"), (7.25, True, "0:07.2")],
)
def test_moments_in_words(seconds, precise, said):
    assert clock(seconds, precise=precise) == said
