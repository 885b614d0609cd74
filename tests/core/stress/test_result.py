"""Results of runs: plain data and back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from voxpool.events import Outcome
from voxpool.stress.result import (
    ErrorCount,
    Mark,
    MarkKind,
    Percentiles,
    RunResult,
    SearchResult,
    Step,
    ThresholdResult,
    Tick,
    Verdict,
)
from voxpool.stress.sample import Sample

seconds = st.floats(0, 1e4)
maybe = st.none() | seconds
samples = st.builds(
    Sample,
    number=st.integers(1, 10**6),
    text=st.text(max_size=20),
    first_audio_s=maybe,
    interrupted_s=maybe,
    outcome=st.sampled_from(Outcome),
    code=st.none() | st.integers(0, 16),
)
ticks = st.builds(
    Tick,
    at_s=seconds,
    ttfa_ms=st.lists(seconds, max_size=3).map(tuple),
    ttfa_p95_ms=maybe,
    errors=st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=2),
)
results = st.builds(
    RunResult,
    run_id=st.text("abc", min_size=1),
    name=st.text(max_size=10),
    began_at=seconds,
    wall_s=seconds,
    verdict=st.sampled_from(Verdict),
    reasons=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    distributions=st.dictionaries(st.text(max_size=5), st.builds(Percentiles, p95=maybe), max_size=2),
    errors=st.lists(
        st.builds(ErrorCount, kind=st.text(max_size=5), count=st.integers(1, 9), examples=st.just(("an example",))),
        max_size=2,
    ).map(tuple),
    thresholds=st.lists(
        st.builds(ThresholdResult, text=st.text(max_size=5), passed=st.booleans(), value=maybe), max_size=2
    ).map(tuple),
    search=st.none()
    | st.builds(
        SearchResult,
        safe=maybe,
        breaking=maybe,
        unit=st.just("utterances at once"),
        steps=st.lists(st.builds(Step, level=seconds, passed=st.booleans()), max_size=2).map(tuple),
    ),
    ticks=st.lists(ticks, max_size=2).map(tuple),
    marks=st.lists(st.builds(Mark, seconds, st.sampled_from(MarkKind), st.text(max_size=5)), max_size=2).map(tuple),
    samples=st.lists(samples, max_size=2).map(tuple),
)


@given(results)
def test_a_result_survives_json(result):
    assert RunResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


@given(results)
def test_a_result_of_a_newer_version_can_be_read(result):
    data = result.to_dict() | {"of the future": 1}
    data["samples"] = [each | {"of the future": 1} for each in data["samples"]]
    data["ticks"] = [each | {"of the future": 1} for each in data["ticks"]]
    assert RunResult.from_dict(data) == result


def test_the_corrected_time_counts_from_when_it_should_have_begun():
    sample = Sample(number=1, scheduled_s=1.0, started_s=3.0, first_text_s=3.1, first_audio_s=3.3)
    assert (round(sample.corrected_ms), round(sample.uncorrected_ms)) == (2300, 300)
    assert abs(sample.ttfa_ms - 200) < 1e-6
    assert sample.late_start_ms == 2000.0


def test_the_slot_of_an_interrupted_utterance_is_timed_from_its_interruption():
    sample = Sample(number=1, interrupted_s=2.0, closed_s=2.001, slot_free_s=2.5)
    assert sample.release_ms == 500.0


def test_what_was_not_reached_has_no_duration():
    sample = Sample(number=1)
    assert (sample.ttfa_ms, sample.corrected_ms, sample.queue_ms, sample.real_time_factor) == (None,) * 4
