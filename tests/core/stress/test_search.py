"""The search for the breaking point."""

import statistics
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.stress_runs import generating_at_most, measured
from voxpool.stress.search import MOST_TRIES, BreakingPoint
from voxpool.stress.shapes import Search


def searched(load, limit, flips=lambda: False):
    """Search a service that holds up to a limit; ``flips`` says whether a verdict is wrong by bad luck."""
    rule, levels = BreakingPoint(load), []
    while (level := rule.next_level()) is not None:
        levels.append(level)
        rule.record(level, passed=(level <= limit) != flips())
    return rule, levels


@given(
    st.floats(0.5, 400),
    st.builds(
        Search,
        start=st.floats(0.5, 50),
        most=st.floats(50, 200),
        step=st.sampled_from([0.25, 0.5, 1.0, 5.0]),
        factor=st.floats(1.1, 4),
        precision=st.floats(0, 0.3),
        repeats=st.integers(1, 3),
    ),
)
def test_it_finds_any_limit_as_finely_as_asked(limit, load):
    rule, levels = searched(load, limit)
    whole = [max(1, round(level / load.step)) * load.step for level in levels]

    assert levels == pytest.approx(whole)
    assert max(levels) <= load.most + 1e-6
    assert len(levels) < MOST_TRIES
    if rule.safe is not None:
        assert rule.safe <= limit
    if rule.breaking is not None:
        assert rule.breaking > limit
        assert rule.breaking - (rule.safe or 0) <= max(load.step, (rule.safe or 0) * load.precision) + 1e-6
    else:
        assert rule.safe == pytest.approx(load.most, abs=load.step)


def test_the_answer_is_confirmed_and_so_is_a_failure():
    rule, levels = searched(Search(start=5, most=100, repeats=2, precision=0), 7)

    assert (rule.safe, rule.breaking) == (7, 8)
    assert levels == [5, 10, 10, 7, 8, 8, 7]


def test_the_first_of_all_levels_may_be_too_high():
    assert searched(Search(start=50, most=100), 3)[0].safe == 3
    assert searched(Search(start=50, most=100), 0)[0].safe is None


@settings(max_examples=30)
@given(st.integers(2, 150), st.integers(0, 10**6))
def test_one_wrong_verdict_in_thirty_hardly_matters_to_the_median_of_five(limit, seed):
    found = []
    for number in range(5):
        random = Random(f"{seed}/{number}")
        rule, _ = searched(Search(start=5, most=200), limit, lambda random=random: random.random() < 1 / 30)
        found.append(rule.safe or 0)

    assert abs(statistics.median(found) - limit) <= max(1, 0.2 * limit)


@pytest.mark.virtual_time
@pytest.mark.parametrize("limit", [3, 6])
async def test_it_finds_the_limit_of_a_service(limit):
    """Median of five seeds, within one step or a tenth: what the stress lab promises."""
    load = {"profile": "search", "start": 2, "most": 20, "hold_s": 2, "settle_s": 1, "repeats": 2}
    found = []
    for seed in range(5):
        result = await measured(
            load,
            generating_at_most(limit),
            seed=seed,
            thresholds=["corrected_ms.p95 < 300"],
            texts=[{"set": "short-replies"}],
        )
        assert result.search.unit == "utterances at once"
        found.append(result.search.safe)

    assert abs(statistics.median(found) - limit) <= max(1, limit / 10)


@pytest.mark.virtual_time
async def test_it_finds_the_rate_that_a_service_carries():
    # One utterance keeps one of two places for 0.4 s: five a second is all there is.
    result = await measured(
        {"profile": "search", "model": "open", "start": 1, "most": 20, "step": 0.5, "hold_s": 10, "settle_s": 2,
         "arrivals": "even"},
        generating_at_most(2),
        thresholds=["corrected_ms.p95 < 700"],
    )  # fmt: skip

    assert result.search.unit == "utterances per second"
    assert 4.5 <= result.search.safe <= 5.5
    assert result.verdict == "passed"
    assert result.thresholds[0].passed
    assert result.search.steps[0].ttfa_p95_ms is not None


@pytest.mark.virtual_time
async def test_no_level_that_holds_is_a_failure_and_no_number():
    result = await measured(
        {"profile": "search", "start": 2, "most": 4, "hold_s": 2, "settle_s": 0},
        thresholds=["corrected_ms.p95 < 1"],
    )

    assert result.search.safe is None
    assert result.verdict == "failed"
    assert "not even the lowest" in result.reasons[0]
