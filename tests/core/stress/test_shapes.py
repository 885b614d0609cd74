"""Shapes of load: targets, arrivals, edits."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.stress.shapes import (
    Burst,
    Concurrency,
    Plan,
    Ramp,
    Rate,
    Schedule,
    Search,
    Soak,
    Spike,
    Steps,
    plan_of,
)

parts = st.lists(
    st.tuples(st.just("part"), st.floats(0.5, 20), st.floats(0, 50), st.floats(0, 50)), min_size=1, max_size=5
)


def arrivals(plan: Plan, seed: int = 1) -> list[float]:
    schedule, found = Schedule(plan, Random(seed)), []
    while schedule.peek() is not None:
        found.append(schedule.take())
    return found


def test_a_rate_of_five_for_ten_seconds_is_fifty_arrivals_a_fifth_apart():
    times = arrivals(Rate(rate=5, duration_s=10, arrivals="even").plan())

    assert len(times) == 50
    assert np.diff(times) == pytest.approx(0.2)


def test_a_ramp_from_nothing_arrives_at_the_roots():
    # The integral of t/10*4 is t*t/5; even arrivals come where it is 1/2, 3/2, 5/2, ...
    times = arrivals(Ramp(model="open", start=0, end=4, ramp_s=10, arrivals="even").plan())

    assert times == pytest.approx([math.sqrt(5 * (k + 0.5)) for k in range(20)])


@given(parts)
def test_even_arrivals_come_where_the_integral_of_the_target_says(pieces):
    plan = plan_of("open", pieces)
    times = arrivals(plan)

    total = plan.area(0, plan.duration_s)
    assert abs(len(times) - total) <= 0.5 + 1e-6
    assert times == sorted(times)
    for number, at_s in enumerate(times):
        assert plan.area(0, at_s) == pytest.approx(number + 0.5, abs=1e-5)


@given(parts, st.integers(0, 100))
def test_poisson_arrivals_are_as_many_as_expected_and_the_same_for_the_same_seed(pieces, seed):
    plan = plan_of("open", pieces, "poisson")
    times = arrivals(plan, seed)

    assert times == arrivals(plan, seed)
    assert times == sorted(times)
    assert all(0 <= at_s <= plan.duration_s for at_s in times)
    expected = plan.area(0, plan.duration_s)
    # Seven standard deviations: never in as many examples as there will ever be.
    assert abs(len(times) - expected) <= 7 * math.sqrt(expected) + 7


def test_gaps_of_poisson_arrivals_are_exponential():
    gaps = np.diff(arrivals(Rate(rate=100, duration_s=100).plan()))

    assert np.mean(gaps) == pytest.approx(0.01, rel=0.05)
    assert np.std(gaps) == pytest.approx(0.01, rel=0.05)
    assert np.mean(gaps > 0.02) == pytest.approx(math.exp(-2), abs=0.01)


@given(parts, st.floats(0, 1), st.floats(0, 30))
def test_an_edit_changes_what_comes_after_and_nothing_before(pieces, share, target):
    plan = plan_of("open", pieces)
    at_s = share * plan.duration_s
    edited = plan.edited(at_s, target)

    assert edited.duration_s == plan.duration_s
    assert edited.phases == plan.phases
    for each in np.linspace(0, plan.duration_s * 0.999, 17):
        assert edited.target(each) == pytest.approx(plan.target(each) if each < at_s else target)
        assert edited.phase(each) == plan.phase(each)


@given(parts, st.floats(0.1, 0.9), st.floats(0, 30))
def test_a_schedule_follows_an_edit_and_loses_no_part_of_a_gap(pieces, share, target):
    plan = plan_of("open", pieces)
    at_s = share * plan.duration_s
    edited = plan.edited(at_s, target)
    schedule, times = Schedule(plan, Random(1)), []
    while (due := schedule.peek()) is not None and due < at_s:
        times.append(schedule.take())
    schedule.follow(edited, at_s)
    while schedule.peek() is not None:
        times.append(schedule.take())

    assert times == sorted(times)
    for number, each in enumerate(times):
        assert edited.area(0, each) == pytest.approx(number + 0.5, abs=1e-4)


def test_a_burst_is_everybody_at_once_again_and_again():
    times = arrivals(Burst(count=3, volleys=2, every_s=5).plan())
    assert times == [0.0, 0.0, 0.0, 5.0, 5.0, 5.0]


def test_a_number_of_utterances_ends_an_open_load():
    assert len(arrivals(Rate(rate=10, utterances=7).plan())) == 7


def test_the_number_below_a_ramp_changes_where_it_crosses_whole_numbers():
    plan = Ramp(start=1, end=4, ramp_s=6).plan()
    at_s, changes = 0.0, []
    while at_s < plan.duration_s:
        at_s = plan.next_change(at_s)
        changes.append(at_s)

    assert changes == pytest.approx([2.0, 4.0, 6.0])


@pytest.mark.parametrize(
    ("load", "at_s", "target", "phase"),
    [
        (Concurrency(concurrency=7, utterances=3), 1e6, 7, "hold"),
        (Steps(start=2, step=3, steps=3, hold_s=10), 25, 8, "step 8"),
        (Spike(base=1, peak=9, before_s=5, spike_s=5, after_s=5), 7, 9, "spike"),
        (Spike(base=1, peak=9, before_s=5, spike_s=5, after_s=5), 11, 1, "after"),
        (Soak(level=10, ramp_s=10, duration_s=50), 5, 5, "ramp"),
        (Search(start=6), 7, 6, "level 6"),
    ],
)
def test_what_each_profile_asks_for(load, at_s, target, phase):
    plan = load.plan()

    assert plan.target(at_s) == pytest.approx(target)
    assert plan.phases[plan.phase(at_s)] == phase


def test_a_warm_up_goes_before_everything_else():
    plan = Burst(count=2).plan().after("warm-up", 3)

    assert plan.phases == ("warm-up", "volley 1")
    assert arrivals(plan) == [3.0, 3.0]
    assert plan.phase(2.9) == 0
