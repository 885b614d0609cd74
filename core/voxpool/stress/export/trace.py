"""A run as a Chrome trace, which opens in Perfetto (ui.perfetto.dev) and in chrome://tracing.

Each of the connections is a process and each of its slots a thread, so that rows and columns of the grid stand below
each other.  Source: the Trace Event Format (complete events "X", counters "C", instants "i", metadata "M"); its times
are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson

from voxpool.stress.result import RunResult, Tick
from voxpool.stress.sample import Sample
from voxpool.stress.scrub import scrub_result

Event = dict[str, Any]

RUN: Final = 1
"""Process of the counters and annotations."""
QUEUE: Final = 2
"""Process of what had no slot: time in the queue, and utterances that never got one."""
_FIRST_ROW: Final = 10
_STAGES: Final = {
    "first_text_s": "to first text",
    "created_s": "to created",
    "first_audio_s": "to first audio",
    "last_audio_s": "audio",
    "closed_s": "to closed",
    "slot_free_s": "to slot free",
}
"""What an utterance waited for until then."""
_FIGURES: Final = ("corrected_ms", "ttfa_ms", "queue_ms", "release_ms", "audio_s", "attempts", "stalls", "characters")


def to_trace(result: RunResult, *, texts: bool = False) -> bytes:
    """Return the trace as JSON.

    Args:
        result: The run.
        texts: Whether the utterances' texts are in it.
    """
    clean = scrub_result(result)
    events = [*_names(clean), *_utterances(clean, texts=texts), *_counters(clean.ticks), *_marks(clean)]
    # Perfetto sorts for itself; chrome://tracing nests slices by their order.
    events.sort(key=lambda event: (event.get("ts", -1.0), -event.get("dur", 0.0)))
    about = {"run": clean.run_id, "name": clean.name, "seed": clean.seed, "verdict": clean.verdict.value}
    return orjson.dumps({"traceEvents": events, "displayTimeUnit": "ms", "otherData": about})


def write_trace(result: RunResult, path: Path, *, texts: bool = False) -> None:
    """Write the trace to a file.

    Raises:
        OSError: If it cannot be written.
    """
    path.write_bytes(to_trace(result, texts=texts))


def _names(result: RunResult) -> Iterator[Event]:
    yield from _process(RUN, f"Run: {result.name}", 0)
    yield from _process(QUEUE, "Queue", 1)
    yield _thread(QUEUE, 0, "waiting for a slot")
    used = {(sample.row, sample.column) for sample in result.samples if sample.row >= 0}
    rows = max([20, *(row + 1 for row, _ in used)]) if used else 0
    columns = max([5, *(column + 1 for _, column in used)]) if used else 0
    for row in range(rows):
        yield from _process(_FIRST_ROW + row, f"Connection {row + 1}", row + 2)
        for column in range(columns):
            yield _thread(_FIRST_ROW + row, column, f"slot {column + 1}")


def _process(pid: int, name: str, place: int) -> Iterator[Event]:
    yield {"ph": "M", "pid": pid, "tid": 0, "name": "process_name", "args": {"name": name}}
    yield {"ph": "M", "pid": pid, "tid": 0, "name": "process_sort_index", "args": {"sort_index": place}}


def _thread(pid: int, tid: int, name: str) -> Event:
    return {"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": name}}


def _utterances(result: RunResult, *, texts: bool) -> Iterator[Event]:
    for sample in result.samples:
        yield from _waiting(sample)
        if sample.row >= 0 and sample.granted_s is not None:
            yield from _in_slot(sample, sample.granted_s, texts=texts)


def _waiting(sample: Sample) -> Iterator[Event]:
    """Waits overlap, so they are asynchronous events ("b" and "e") and not slices of a thread."""
    end = sample.granted_s if sample.granted_s is not None else sample.closed_s
    if end is None or end <= sample.scheduled_s:
        return
    common = {"cat": "queue", "id": sample.number, "pid": QUEUE, "tid": 0, "name": f"#{sample.number}"}
    yield common | {"ph": "b", "ts": _us(sample.scheduled_s), "args": {"outcome": sample.outcome.value}}
    yield common | {"ph": "e", "ts": _us(end)}


def _in_slot(sample: Sample, granted_s: float, *, texts: bool) -> Iterator[Event]:
    reached = ((getattr(sample, name), stage) for name, stage in _STAGES.items())
    # In the order in which they happened: the first text may go out before the context is confirmed, or after.
    stages = sorted((at, stage) for at, stage in reached if at is not None and at > granted_s)
    end = stages[-1][0] if stages else granted_s
    place = {"pid": _FIRST_ROW + sample.row, "tid": sample.column}
    figures = {name: value for name in _FIGURES if (value := getattr(sample, name)) is not None}
    told: Event = {"outcome": sample.outcome.value, "voice": sample.voice, **figures}
    if sample.error_kind:
        told |= {"error_kind": sample.error_kind, "error": sample.error}
    if texts:
        told["text"] = sample.text
    name = f"#{sample.number} {sample.label}" if texts and sample.label else f"#{sample.number}"
    yield _slice(place, name, "utterance", (granted_s, end)) | {"args": told}
    for (begun, _), (at, stage) in pairwise([(granted_s, ""), *stages]):
        yield _slice(place, stage, "stage", (begun, at))
    if sample.interrupted_s is not None:
        yield place | {"ph": "i", "s": "t", "name": "interrupted", "cat": "stage", "ts": _us(sample.interrupted_s)}


def _slice(place: Event, name: str, category: str, span: tuple[float, float]) -> Event:
    start, end = map(_us, span)
    return place | {"ph": "X", "name": name, "cat": category, "ts": start, "dur": end - start}


def _counters(ticks: tuple[Tick, ...]) -> Iterator[Event]:
    for now, before in zip(ticks, (Tick(at_s=0.0), *ticks), strict=False):
        seconds = max(now.at_s - before.at_s, 1e-9)
        for name, values in (
            ("in flight", {"utterances": now.in_flight}),
            ("slots", {"held": now.slots_held, "generating": now.generating}),
            ("waiting", {"utterances": now.waiting}),
            ("a second", {"arrivals": now.arrivals / seconds, "completions": now.completions / seconds}),
            ("failed", {"utterances": now.failed}),
            ("loop lag ms", {"largest": now.loop_lag_ms}),
        ):
            yield {"ph": "C", "pid": RUN, "tid": 0, "name": name, "ts": _us(now.at_s), "args": values}


def _marks(result: RunResult) -> Iterator[Event]:
    for mark in result.marks:
        name = f"{mark.kind.value}: {mark.text}"
        yield {"ph": "i", "s": "g", "pid": RUN, "tid": 0, "cat": mark.kind.value, "name": name, "ts": _us(mark.at_s)}
    phases = [mark for mark in result.marks if mark.kind.value == "phase"]
    ends = [(mark, after.at_s) for mark, after in pairwise(phases)] + [(mark, result.wall_s) for mark in phases[-1:]]
    for mark, end in ends:
        yield _slice({"pid": RUN, "tid": 1}, mark.text, "phase", (mark.at_s, end))


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 1)
