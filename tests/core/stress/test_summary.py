"""Quantiles and how a report reads."""

import json

from hypothesis import given
from hypothesis import strategies as st

from voxpool.errors import LimitReached, StallTimeout
from voxpool.stress.summary import Quantiles, Report, error_kind


def report(**changes):
    values = {
        "url": "http://127.0.0.1:1",
        "requested": 3,
        "started": 3,
        "done": 2,
        "failed": 1,
        "concurrency": 3,
        "connections": 1,
        "ttfa_ms": Quantiles.of([10.0, 20.0]),
        "since_request_ms": Quantiles.of([11.0, 21.0]),
        "waited_ms": Quantiles.of([1.0, 2.0, 3.0]),
        "errors": {"LimitReached 8": 1},
        "examples": {"LimitReached 8": "too many (code 8)"},
        "stalls": 0,
        "stalled_utterances": 0,
        "longest_stall_ms": 0.0,
        "wall_s": 1.5,
        "audio_s": 4.0,
        "chunks": 40,
        "characters": 99,
        "loop_lag_ms": Quantiles.of([0.5] * 200),
    }
    return Report(**(values | changes))


def test_nothing_measured_is_told_apart_from_zero():
    assert Quantiles.of([]) == Quantiles(0, None, None, None, None)
    assert Quantiles.of([0.0]) == Quantiles(1, 0.0, 0.0, 0.0, 0.0)


def test_nearest_rank():
    assert Quantiles.of(range(1, 101)) == Quantiles(100, 50, 95, 99, 100)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_quantiles_are_measured_values_in_order(values):
    result = Quantiles.of(values)

    assert result.p50 <= result.p95 <= result.p99 <= result.max == max(values)
    assert {result.p50, result.p95, result.p99} <= set(values)
    assert sum(value <= result.p95 for value in values) >= 0.95 * len(values)


def test_it_names_errors_by_kind_with_a_count_and_an_example():
    assert "  1 x LimitReached 8: too many (code 8)" in report().text().splitlines()
    assert "errors: none" in report(errors={}, examples={}).text()


def test_it_says_when_the_tool_was_the_slow_one():
    busy = report(loop_lag_ms=Quantiles.of([50.0] * 10))

    assert busy.tool_was_slow
    assert "upper bound" in busy.text()
    assert "upper bound" not in report().text()


def test_a_row_without_measurements_shows_dashes():
    assert "nan" not in report(ttfa_ms=Quantiles()).text().lower()
    assert "None" not in report(ttfa_ms=Quantiles()).text()


def test_it_survives_json():
    data = json.loads(json.dumps(report().as_dict()))

    assert data["ttfa_ms"] == {"count": 2, "p50": 10.0, "p95": 20.0, "p99": 20.0, "max": 20.0}
    assert data["tool_was_slow"] is False


def test_kinds_of_errors_carry_the_code_of_the_service():
    assert error_kind(LimitReached(8, "text")) == "LimitReached 8"
    assert error_kind(StallTimeout(1.0, 0.5)) == "StallTimeout"
