"""Thinning keeps peaks and sums; the heat map loses no utterance."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.runs import make_result
from voxpool.stress.report.figures import figures, limits
from voxpool.stress.report.timeline import growth, heat, per_second, thinned
from voxpool.stress.result import Tick

TICKS = st.lists(
    st.builds(
        Tick,
        at_s=st.just(0.0),
        arrivals=st.integers(0, 50),
        in_flight=st.integers(0, 200),
        loop_lag_ms=st.floats(0, 500),
        ttfa_ms=st.lists(st.floats(0.1, 60_000), max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=90,
).map(lambda ticks: [Tick(**(tick.to_dict() | {"at_s": (place + 1) / 4})) for place, tick in enumerate(ticks)])


@settings(max_examples=60, deadline=None)
@given(TICKS, st.integers(1, 40))
def test_thinning_keeps_peaks_sums_and_the_end(ticks, most):
    thin = thinned(ticks, most)
    assert len(thin) <= most
    assert thin[-1].at_s == ticks[-1].at_s
    assert sum(tick.arrivals for tick in thin) == sum(tick.arrivals for tick in ticks)
    assert max(tick.in_flight for tick in thin) == max(tick.in_flight for tick in ticks)
    assert max(tick.loop_lag_ms for tick in thin) == max(tick.loop_lag_ms for tick in ticks)
    assert [value for tick in thin for value in tick.ttfa_ms] == [value for tick in ticks for value in tick.ttfa_ms]


@settings(max_examples=60, deadline=None)
@given(TICKS)
def test_the_heat_map_holds_every_utterance(ticks):
    warm, count = heat(ticks), sum(len(tick.ttfa_ms) for tick in ticks)
    assert (warm.counts.sum() if warm else 0) == count


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_rates_times_time_are_counts(arrivals):
    ticks = [Tick(at_s=(place + 1) * 0.25, arrivals=each) for place, each in enumerate(arrivals)]
    assert [rate * 0.25 for rate in per_second(ticks, "arrivals")] == pytest.approx(arrivals)


def test_growth_never_goes_back():
    ticks = [Tick(at_s=float(at), stalls=stalls) for at, stalls in enumerate((0, 2, 2, 1, 5))]
    assert growth(ticks, "stalls") == [0, 2, 0, 0, 4]


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ({}, (100, 100)),
        ({"max_connections": 4, "contexts_per_connection": 3}, (12, 12)),
        ({"max_generations": 20}, (100, 20)),
        ({"max_connections": "many", "max_generations": None}, (100, 100)),
        ("nonsense", (100, 100)),
    ],
)
def test_limits_are_those_of_the_scenario(pool, expected):
    result = make_result(count=5)
    assert limits(type(result).from_dict(result.to_dict() | {"scenario": {"pool": pool}})) == expected


def test_a_long_run_makes_no_longer_lines():
    result = make_result(count=30)
    ticks = tuple(Tick(at_s=number / 4, errors={"x": number}) for number in range(5_000))
    charts = figures(type(result).from_dict(result.to_dict() | {"ticks": [tick.to_dict() for tick in ticks]}))
    assert max(len(trace["x"]) for chart in charts for trace in chart.data) <= 1200
