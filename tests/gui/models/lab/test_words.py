"""A run in words: verdicts, thresholds as they stand, progress, what a search found."""

from dataclasses import replace

import pytest

from support.fake_run import THRESHOLDS, fake_marks, fake_result, fake_search, fake_ticks
from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.words import (
    counts_words,
    distribution_rows,
    headline,
    progress_share,
    progress_words,
    search_sentence,
    threshold_rows,
    trouble_words,
)
from voxpool.stress.result import Mark, MarkKind, SearchResult, Step, ThresholdResult, Tick, Verdict


def _picture(ticks=(), **more):
    made = Picture(thresholds=THRESHOLDS, planned_s=60.0, **more)
    for tick in ticks:
        made.add_tick(tick)
    return made


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_a_sentence(verdict):
    assert headline(fake_result(verdict)).endswith(".")


def test_thresholds_stand_as_they_were_crossed():
    picture = _picture()
    assert [row.passed for row in threshold_rows(picture)] == [None, None, None]
    picture.add_tick(Tick(at_s=1.0, started=3))
    assert [row.passed for row in threshold_rows(picture)] == [None, None, None], "nothing was measured yet"
    picture.add_tick(Tick(at_s=1.5, started=13, ttfa_ms=(250.0,) * 9, ttfa_p95_ms=250.0, failed=9))
    assert [row.passed for row in threshold_rows(picture)] == [None, None, None], "too few to cross anything"
    picture.add_tick(Tick(at_s=1.75, started=13, ttfa_ms=(250.0,), ttfa_p95_ms=250.0, failed=9))
    assert [row.passed for row in threshold_rows(picture)] == [True, None, True], THRESHOLDS
    picture.add_tick(Tick(at_s=2.0, started=13, failed=9, done=1))
    assert [row.passed for row in threshold_rows(picture)] == [True, True, True]
    for mark in fake_marks(60):
        picture.add_mark(mark)
    first, *others = threshold_rows(picture)
    assert (first.passed, first.note) == (False, "crossed after 0:40")
    assert all(row.passed for row in others)


def test_neither_the_warm_up_nor_a_few_connections_say_that_a_threshold_holds():
    picture = Picture(thresholds=("connect_ms.max < 5000", "ttfa_ms.p95 < 400"))
    picture.add_tick(Tick(at_s=1.0, warm_up=50, connections=4, ttfa_ms=(1.0,) * 50))
    assert [row.passed for row in threshold_rows(picture)] == [None, None]
    picture.add_tick(Tick(at_s=2.0, started=50, connections=10, ttfa_ms=(1.0,) * 50))
    assert [row.passed for row in threshold_rows(picture)] == [True, True]


def test_the_thresholds_of_a_search_are_judged_at_its_levels():
    picture = _picture([Tick(at_s=9.0, started=50, done=40, ttfa_ms=(1.0,) * 50)], search=True)
    assert {(row.passed, row.note) for row in threshold_rows(picture)} == {(None, "judged at each level")}


@pytest.mark.parametrize("text", ["utterances.done > 100", "characters.sent < 10", "cost.usd < 1"])
def test_what_is_about_all_of_the_run_is_not_said_to_hold_before_its_end(text):
    picture = Picture(thresholds=(text,))
    picture.add_tick(Tick(at_s=9.0, started=50, done=40, characters=1000, ttfa_ms=(1.0,) * 50))
    (row,) = threshold_rows(picture)
    assert (row.passed, row.note) == (None, "judged at the end")


def test_a_result_says_what_was_measured():
    picture = _picture()
    picture.end(fake_result())
    first, *_ = threshold_rows(picture)
    assert (first.passed, first.note) == (False, "measured 1,184, crossed after 0:41")


def test_the_thresholds_of_a_search_are_of_its_safe_level():
    picture = _picture()
    picture.end(replace(fake_result(), search=fake_search()))
    assert threshold_rows(picture)[0].note == "measured 1,184, crossed after 0:41, at the safe level"


@pytest.mark.parametrize(
    ("verdict", "passed"), [(Verdict.ABORTED, None), (Verdict.INVALID, None), (Verdict.FAILED, False)], ids=str
)
def test_what_was_not_measured_fails_only_a_run_that_had_its_time(verdict, passed):
    picture = _picture()
    unmeasured = ThresholdResult("ttfa_ms.p95 < 400", passed=False)
    crossed = ThresholdResult("errors.rate < 0.1", passed=False, value=0.5, first_crossed_s=2.0)
    picture.end(replace(fake_result(), verdict=verdict, thresholds=(unmeasured, crossed)))
    assert [row.passed for row in threshold_rows(picture)] == [passed, False]


def test_progress_says_what_is_left():
    picture = _picture(fake_ticks(45))
    assert progress_words(picture, "ramp") == "0:45 of 1:00 · 0:15 left · ramp"
    assert progress_share(picture) == pytest.approx(0.75)
    picture.add_tick(Tick(at_s=62.0))
    assert progress_words(picture) == "1:02 · waiting for the last ones"
    assert progress_share(picture) == 1.0
    picture.planned_s = None
    assert progress_words(picture) == "1:02 so far"
    assert progress_share(picture) is None


def test_a_run_that_was_told_to_stop_counts_nothing_down():
    picture = _picture([Tick(at_s=12.0)])
    assert progress_words(picture) == "0:12 of 1:00 · 0:48 left"
    picture.add_mark(Mark(12.0, MarkKind.STOP, "draining: It was stopped softly by hand."))
    assert progress_words(picture) == "0:12 · waiting for the last ones"


def test_counts_have_a_place_before_anything_is_counted():
    before, after = counts_words(Picture()), counts_words(_picture(fake_ticks(10)))
    assert [name for name, _ in before] == [name for name, _ in after]
    assert {value for _, value in before} == {"–"}


def test_who_was_cut_short_was_not_interrupted():
    counts = dict(counts_words(_picture([Tick(at_s=1.0, cancelled=7, cut_short=4)])))
    assert (counts["interrupted"], counts["cut short"]) == ("3", "4")


def test_who_hears_nothing_now_is_counted():
    counts = dict(counts_words(_picture([Tick(at_s=1.0, starving=3, starved_s=1.25)])))
    assert counts["silent now"] == "3 · 1.2 s"
    assert dict(counts_words(_picture([Tick(at_s=1.0)])))["silent now"] == "0"


@pytest.mark.parametrize(("paid", "cost"), [(True, "$0.1250"), (False, "free")])
def test_the_cost_stays_when_the_run_is_over(paid, cost):
    picture = _picture([Tick(at_s=1.0, characters=5000, usd=0.125)], paid=paid)
    assert dict(counts_words(picture))["cost"] == cost
    picture.end(fake_result())
    assert dict(counts_words(picture))["cost"] == cost


def test_what_a_search_found():
    assert search_sentence(fake_search()).startswith("Safe: 100 utterances at once. At 110 a threshold failed: ttfa_ms")
    none_safe = SearchResult(None, 5, "utterances at once", (Step(5, False),))
    assert search_sentence(none_safe).startswith("No level was safe: the lowest one tried, 5 ")
    none_broke = SearchResult(200, None, "utterances at once", (Step(200, True),))
    assert "Nothing failed" in search_sentence(none_broke)


def test_percentiles_name_the_count_behind_them():
    rows = distribution_rows(fake_result())
    assert [row[0] for row in rows] == [
        "First audio, corrected",
        "First audio, uncorrected",
        "First audio, from first text",
    ]
    assert all(len(row) == 7 for row in rows)


def test_annotations_are_bounded():
    picture = _picture()
    for _ in range(400):
        for mark in fake_marks(60):
            picture.add_mark(mark)
    assert len(picture.marks) == 500


def test_a_service_that_is_out_of_reach_is_named_while_it_is():
    picture = Picture()
    assert trouble_words(picture) == ""
    picture.add_tick(Tick(at_s=1.0, trouble="out of reach since 0.8 s: nothing listens there."))
    assert trouble_words(picture) == "The service is out of reach since 0.8 s: nothing listens there."
    picture.add_tick(Tick(at_s=1.25))
    assert trouble_words(picture) == ""
