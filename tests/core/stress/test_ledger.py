"""What is written down of a run stays bounded, and adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.events import Outcome
from voxpool.stress import ledger as ledgers
from voxpool.stress.ledger import Errors, Ledger, merged
from voxpool.stress.result import MarkKind, Tick
from voxpool.stress.sample import Sample

ticks = st.lists(
    st.builds(
        Tick,
        at_s=st.floats(0, 100),
        arrivals=st.integers(0, 50),
        completions=st.integers(0, 50),
        in_flight=st.integers(0, 50),
        loop_lag_ms=st.floats(0, 100),
        ttfa_ms=st.lists(st.floats(0, 1000), max_size=20).map(tuple),
    ),
    min_size=1,
    max_size=40,
)


@given(ticks)
def test_ticks_that_become_one_lose_nothing_that_happened(together):
    one = merged(together)

    assert one.at_s == together[-1].at_s
    assert one.arrivals == sum(tick.arrivals for tick in together)
    assert one.completions == sum(tick.completions for tick in together)
    assert one.loop_lag_ms == max(tick.loop_lag_ms for tick in together)
    every = [value for tick in together for value in tick.ttfa_ms]
    assert len(one.ttfa_ms) <= 256
    assert set(one.ttfa_ms) <= set(every)
    assert len(every) > 256 or sorted(one.ttfa_ms) == sorted(every)


def test_the_time_line_of_a_long_run_becomes_coarser_and_keeps_its_sums(monkeypatch):
    monkeypatch.setattr(ledgers, "MOST_TICKS", 8)
    ledger = Ledger(10)
    for number in range(100):
        ledger.tick(Tick(at_s=number / 4, arrivals=1))

    assert len(ledger.ticks) <= 9
    assert sum(tick.arrivals for tick in ledger.ticks) == 100
    times = [tick.at_s for tick in ledger.ticks]
    assert times == sorted(times)
    assert times[-1] == 99 / 4


def test_errors_are_counted_by_kind_with_a_few_examples():
    errors = Errors()
    for number in range(10):
        errors.add("Common", f"text {'abcdefghij'[number]}", float(number))
    errors.add("Rare", "once", 3.0)
    common, rare = errors.result()

    assert (common.kind, common.count, common.first_s, common.last_s) == ("Common", 10, 0.0, 9.0)
    assert common.examples == ("text a", "text b", "text c")
    assert rare.count == 1
    assert errors.counts == {"Common": 10, "Rare": 1}


def test_kinds_of_errors_are_bounded_too():
    errors = Errors()
    for number in range(1000):
        errors.add(f"Kind {number}", "text", 0.0)
    assert len(errors.result()) <= 101
    assert sum(errors.counts.values()) == 1000


@pytest.mark.parametrize("most", [1, 5, 100])
def test_of_many_samples_the_newest_are_kept_and_the_rest_counted(most):
    ledger = Ledger(most)
    for number in range(1, 31):
        ledger.sample(Sample(number=number, outcome=Outcome.DONE))

    assert [sample.number for sample in ledger.samples] == list(range(1, 31))[-most:]
    assert ledger.dropped == max(0, 30 - most)


def test_marks_are_in_the_order_of_their_writing():
    ledger = Ledger(1)
    ledger.mark(1.0, MarkKind.PHASE, "one")
    ledger.mark(0.5, MarkKind.PHASE, "two")
    assert [mark.text for mark in ledger.marks] == ["one", "two"]


def test_errors_that_differ_in_numbers_alone_are_one_example_and_said_to_be_one():
    errors = Errors()
    for number in range(4, 19):
        errors.add("ConnectionLost", f"connection {number} was lost after 1.{number} s", number)
    errors.add("ConnectionLost", "connection 20 was lost: reset", 3.0)
    for _ in range(2):
        errors.add("ServiceError 8", "too many (code 8)", 1.0)
    errors.add("Odd", "", 1.0)
    lost, service, odd = sorted(errors.result(), key=lambda each: -each.count)

    assert lost.examples == ("connection 4 was lost after 1.4 s", "connection 20 was lost: reset")
    assert lost.words == "for example: connection 4 was lost after 1.4 s"
    assert (lost.count, lost.first_s, lost.last_s) == (16, 3.0, 18)
    assert (service.words, service.varied) == ("too many (code 8)", False)
    assert (odd.words, odd.examples) == ("", ())
