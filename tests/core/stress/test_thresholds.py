"""Thresholds: what can be asked, and what is said of what cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.events import Outcome
from voxpool.stress.measure import SampleFacts
from voxpool.stress.sample import Sample
from voxpool.stress.thresholds import DISTRIBUTIONS, NUMBERS, STATISTICS, figure, parse


def spoken(number, corrected_s, outcome=Outcome.DONE, **more):
    return Sample(
        number=number, started_s=10.0, scheduled_s=10.0, first_audio_s=10.0 + corrected_s, outcome=outcome, **more
    )


HALF_FAILED = SampleFacts(
    [
        *(spoken(number, number / 10, audio_s=3.0, stalls=1, longest_stall_s=0.2) for number in range(1, 11)),
        *(Sample(number=number, outcome=Outcome.FAILED) for number in range(11, 21)),
    ],
    seconds=5.0,
)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("corrected_ms.p50 < 501", 500.0, True),
        ("corrected_ms.p50 < 500", 500.0, False),
        ("corrected_ms.max <= 1000", 1000.0, True),
        ("corrected_ms.count == 10", 10.0, True),
        ("errors.rate < 0.5", 0.5, False),
        ("errors.count != 10", 10.0, False),
        # Ten stalls in thirty seconds of audio.
        ("stalls.per_minute == 20", 20.0, True),
        ("stalls.rate >= .5", 0.5, True),
        ("stall_ms.p99 > 1e2", 200.0, True),
        ("utterances.per_second > 1.9", 2.0, True),
        ("release_ms.p95 < 500", None, False),
    ],
)
def test_worked_cases(text, value, holds):
    threshold = parse(text)
    measured = threshold.value(HALF_FAILED)

    assert measured == (None if value is None else pytest.approx(value))
    assert threshold.holds(measured) is holds


def test_no_stall_is_the_best_value_and_not_the_lack_of_one():
    calm = SampleFacts([spoken(1, 0.1)], 1.0)
    assert parse("stall_ms.max == 0").holds(parse("stall_ms.max == 0").value(calm))


def test_everything_that_is_named_can_be_asked_for():
    names = [f"{metric}.{each}" for metric in DISTRIBUTIONS for each in STATISTICS]
    names += [f"{metric}.{each}" for metric, known in NUMBERS.items() for each in known]

    for name in names:
        parse(f"{name} < 1").value(HALF_FAILED)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a condition like"),
        ("ttfa_ms.p95", "a condition like"),
        ("ttfa_ms.p95 < fast", "a condition like"),
        ("ttfa_ms.p95 < 1e999", "a smaller number than 1e999"),
        ("ttfa.p95 < 4", "'ttfa' is not measured; expected one of ttfa_ms,"),
        ("ttfa_ms.p96 < 4", "ttfa_ms has no 'p96'; expected one of min,"),
        ("errors.p95 < 4", "errors has no 'p95'; expected one of rate, count"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_threshold_or_a_sentence(text):
    said = ""
    try:
        assert parse(text).text == text.strip()
    except ValueError as error:
        said = str(error)
    assert not said or ("expected" in said and "\n" not in said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing measured"),
        (0.0, "0"),
        (0.05102, "0.05102"),
        (16.994, "16.99"),
        (999.96, "1,000"),
        (16417.3, "16,417"),
        (1234567.0, "1,234,567"),
    ],
)
def test_what_was_measured_is_never_written_with_an_exponent(value, said):
    assert figure(value) == said


def test_a_few_values_cross_nothing():
    few = SampleFacts([spoken(number, 9.0) for number in range(9)], 1.0)
    enough = SampleFacts([spoken(number, 9.0) for number in range(10)], 1.0)

    assert not parse("corrected_ms.p95 < 400").crossed(few)
    assert parse("corrected_ms.p95 < 400").crossed(enough)
    assert not parse("utterances.done > 1000").crossed(enough)
