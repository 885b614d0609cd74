"""Kept runs as the window shows them."""

from dataclasses import replace

import numpy as np
import pytest

from support.runs import make_result
from voxgrid.models import runs
from voxpool.stress.result import Verdict
from voxpool.stress.store import KeptRun


def kept(**changes):
    common = KeptRun(
        "run-1", "rush", "", 1_790_000_000.0, "http://127.0.0.1:1", Verdict.FAILED, 61.0, 344.4, None, 90, 2, 5
    )
    return replace(common, **changes)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (kept(), "p95 344 ms"),
        (kept(safe=65.0), "safe 65   p95 344 ms"),
        (kept(p95_ms=None, safe=65.0), "safe 65"),
        (kept(p95_ms=None), "–"),
    ],
)
def test_a_line_has_the_numbers_that_there_are(run, said):
    assert runs.figures(run) == said


def test_a_screen_reader_hears_everything():
    said = runs.explain(kept(note="new region", verdict=None))
    for part in (
        "RUNNING: rush",
        "1:01 min",
        "p95 344 ms",
        "90 utterances, 2 failed",
        "http://127.0.0.1:1",
        "new region",
    ):
        assert part in said


def test_a_summary_says_what_the_run_says():
    result = make_result(count=300, search=True)
    summary = runs.summary(result)
    assert summary.reading.word == "FAILED"
    assert summary.sentences[-2].startswith("65 utterances at once are safe")
    assert summary.sentences[-1].startswith("The thresholds are of the last try at 65 utterances at once")
    assert dict(summary.tiles)["utterances"] == "300"
    first = summary.percentiles.rows[0]
    assert first[0].startswith("First audio, from when it should")
    assert first[-1] == f"{result.distributions['corrected'].count:,}"
    assert len(summary.checks.rows) == len(summary.checks.tones) == 3
    assert [picture.tail for picture in summary.pictures] == [True, *[False] * 5]


def test_lines_can_be_drawn_by_their_theme_and_are_told_apart_without_colour():
    pictures = [*runs.summary(make_result(count=300)).pictures, runs.compared([make_result(1), make_result(2)]).picture]
    for picture in pictures:
        assert all(len(line.x) == len(line.y) > 1 and np.all(np.diff(line.x) >= 0) for line in picture.lines)
        assert len({line.style for line in picture.lines}) == len(picture.lines)


def test_what_a_stopped_run_did_not_measure_did_not_fail():
    result = make_result(count=300)
    unmeasured = replace(result.thresholds[0], passed=False, value=None, first_crossed_s=None)
    checks = runs.summary(replace(result, verdict=Verdict.ABORTED, thresholds=(unmeasured,))).checks
    assert (checks.rows[0][2], checks.tones[0]) == ("not measured", "muted")


def test_a_run_of_nothing_can_be_opened():
    empty = replace(make_result(count=5), samples=(), ticks=(), marks=(), distributions={}, errors=(), thresholds=())
    summary = runs.summary(empty)
    assert summary.pictures == ()
    assert summary.percentiles.rows == summary.checks.rows == ()


def test_a_comparison_warns_of_runs_that_compare_with_nothing():
    aborted = replace(make_result(2, name="stopped"), verdict=Verdict.ABORTED)
    assert runs.compared([make_result(1), aborted]).sentences[-1] == (
        "stopped is ABORTED: its numbers say only how it began."
    )


def test_a_comparison_has_a_sentence_for_each_run_and_a_verdict_for_each_percentile():
    results = [make_result(seed, count=500, slow=slow) for seed, slow in ((1, 1.0), (2, 1.6), (3, 1.0))]
    compared = runs.compared(results)
    assert len(compared.sentences) == 2
    assert ": slower at p50" in compared.sentences[0]
    assert len(set(compared.names)) == 3
    assert len(compared.table.rows) == len(compared.table.tones) == 2 * 3 * 5
    assert compared.table.rows[0][-1] == "▲ slower"
    assert compared.table.tones[0] == "bad"
