"""The Chrome trace: slices that nest, in the rows and columns of the grid."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.runs import MADE_UP_KEY, TEXT, make_result
from support.trace_rules import check_trace
from voxpool.events import Outcome
from voxpool.stress.export.trace import to_trace, write_trace
from voxpool.stress.result import Mark, MarkKind, RunResult, Tick
from voxpool.stress.sample import Sample
from voxpool.tracing import QUEUE, RUN


@pytest.fixture(scope="module")
def result():
    return make_result(count=150)


@pytest.fixture(scope="module")
def events(result):
    return json.loads(to_trace(result))["traceEvents"]


def test_every_utterance_is_a_slice_in_its_slot(result, events):
    slices = [each for each in events if each.get("cat") == "utterance"]
    found = {each["name"]: (each["pid"], each["tid"]) for each in slices}
    assert found == {f"#{sample.number}": (10 + sample.row, sample.column) for sample in result.samples}


def test_slices_of_one_slot_nest_and_do_not_cross(events):
    lanes = {}
    for each in events:
        if each["ph"] == "X":
            lanes.setdefault((each["pid"], each["tid"]), []).append((each["ts"], each["ts"] + each["dur"]))
    assert len(lanes) > 20
    for spans in lanes.values():
        stack = []
        # By time, and where it is the same in the order of the file, as the viewers do.
        for start, end in sorted(spans, key=lambda span: span[0]):
            while stack and stack[-1] <= start + 0.2:
                stack.pop()
            assert not stack or end <= stack[-1] + 0.2
            stack.append(end)


def test_connections_and_slots_have_names(events):
    processes = [each["args"]["name"] for each in events if each["name"] == "process_name"]
    assert processes == ["Run: morning rush", "Queue", *(f"Connection {row}" for row in range(1, 21))]
    threads = [each["args"]["name"] for each in events if each["name"] == "thread_name" and each["pid"] == 10]
    assert threads == [f"slot {column}" for column in range(1, 6)]


def test_counters_and_marks_are_there(result, events):
    counters = [each for each in events if each["ph"] == "C" and each["name"] == "in flight"]
    assert [each["args"]["utterances"] for each in counters] == [tick.in_flight for tick in result.ticks]
    instants = sorted(each["name"] for each in events if each["ph"] == "i" and each["pid"] == RUN)
    assert instants == sorted(f"{mark.kind}: {mark.text}" for mark in result.marks)
    phases = {each["name"]: each["dur"] for each in events if each.get("cat") == "phase" and each["ph"] == "X"}
    assert sum(phases.values()) == pytest.approx(result.wall_s * 1e6)


def test_waits_begin_and_end(events):
    waits = [each for each in events if each["pid"] == QUEUE and each["ph"] in "be"]
    begun = {each["id"] for each in waits if each["ph"] == "b"}
    assert begun
    assert begun == {each["id"] for each in waits if each["ph"] == "e"}


def test_texts_only_when_asked_and_keys_never(result, tmp_path):
    spoilt = replace(
        result, samples=tuple(replace(each, error=f"Basic {MADE_UP_KEY}", error_kind="x") for each in result.samples)
    )
    assert TEXT[:12].encode() not in to_trace(spoilt)
    file = tmp_path / "run.json"
    write_trace(spoilt, file, texts=True)
    assert TEXT[:12].encode() in file.read_bytes()
    assert MADE_UP_KEY.encode() not in file.read_bytes()


def test_a_run_of_nothing_is_a_trace_too(result):
    empty = replace(result, samples=(), ticks=(), marks=())
    assert {each["ph"] for each in json.loads(to_trace(empty))["traceEvents"]} == {"M"}


times = st.floats(0.0, 1000.0) | st.integers(0, 5).map(float)
maybe = st.none() | times
stages = ("granted_s", "created_s", "first_text_s", "first_audio_s", "last_audio_s", "closed_s", "slot_free_s")
samples = st.builds(
    Sample,
    number=st.just(0),
    row=st.integers(-1, 2),
    column=st.integers(-1, 1),
    scheduled_s=times,
    started_s=times,
    interrupted_s=maybe,
    outcome=st.sampled_from(Outcome),
    label=st.text(max_size=5),
    text=st.text(max_size=5),
    error_kind=st.sampled_from(["", "ServiceError 8"]),
    **dict.fromkeys(stages, maybe),
)
results = st.builds(
    RunResult,
    run_id=st.just("run"),
    name=st.text(max_size=5),
    began_at=st.just(0.0),
    wall_s=times,
    samples=st.lists(samples, max_size=6).map(
        lambda made: tuple(replace(each, number=number) for number, each in enumerate(made, start=1))
    ),
    ticks=st.lists(st.builds(Tick, at_s=times, in_flight=st.integers(0, 9)), max_size=4).map(tuple),
    marks=st.lists(st.builds(Mark, times, st.sampled_from(MarkKind), st.text(max_size=5)), max_size=6).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(results, st.booleans())
def test_every_trace_keeps_the_rules_of_the_format(result, texts):
    """Whatever was measured: clocks of the tool and of the pool meet in it, and a run may have been cut short."""
    events = check_trace(to_trace(result, texts=texts))
    shown = [each for each in events if each.get("cat") == "utterance"]
    in_slots = [each for each in result.samples if each.row >= 0 and each.column >= 0 and each.granted_s is not None]
    assert len(shown) == len(in_slots)


def test_a_real_looking_run_keeps_them_too(result):
    check_trace(to_trace(result, texts=True))
