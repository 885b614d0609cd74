"""Counts and percentiles."""

import math

from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.totals import HISTORY, TotalsModel, percentile
from voxpool.events import FirstAudio, Outcome, UtteranceEnded, UtteranceQueued


def test_nothing_has_no_percentile():
    assert percentile([], 0.5) is None


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(values, share):
    found = percentile(values, share)
    ordered = sorted(values)
    assert found == ordered[max(1, math.ceil(share * len(values))) - 1]


def ended(outcome, at=1.0):
    return UtteranceEnded(
        at=at, utterance_id=1, context_id="c", outcome=outcome, attempts=1, audio_s=1.5, chunks=3, characters=20
    )


def test_outcomes_are_counted_apart():
    model = TotalsModel()
    model.fold(UtteranceQueued(at=0, utterance_id=1, waiting=0, label="", voice=""))
    for outcome in (Outcome.DONE, Outcome.DONE, Outcome.CANCELLED, Outcome.FAILED):
        model.fold(ended(outcome))
    assert (model.asked, model.done, model.cancelled, model.failed) == (1, 2, 1, 1)
    assert (model.characters, model.audio_s) == (80, 6.0)


def test_the_charts_keep_two_minutes_and_only_recent_latencies():
    model = TotalsModel()
    model.fold(FirstAudio(at=0, utterance_id=1, context_id="c", ttfa_ms=100, since_request_ms=100))
    for second in range(200):
        model.sample(float(second), in_use=second % 100, waiting=0, errors=second)
    assert model.history[-1].errors_per_minute == 199
    assert len(model.history) == HISTORY
    assert model.history[-1].ttfa_p95_ms is None
    assert model.ttfa_ms(0.5) == 100
