"""The pieces of a Chrome trace, for runs of the stress lab and for recordings.

Source: the Trace Event Format (complete events "X", counters "C", instants "i", metadata "M"); its times are
microseconds.  Each of the connections is a process and each of its slots a thread, so that rows and columns of the grid
stand below each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

TraceEvent = dict[str, Any]

RUN: Final = 1
"""Process of the counters and annotations."""
QUEUE: Final = 2
"""Process of what had no slot: time in the queue, and utterances that never got one."""
FIRST_ROW: Final = 10
"""Process of the first connection."""


def to_json(events: Iterable[TraceEvent], about: dict[str, Any]) -> bytes:
    """Return a trace as JSON.

    Args:
        events: In any order.
        about: Names and values that a viewer shows beside it.
    """
    # Perfetto sorts for itself; chrome://tracing nests slices by their order.
    ordered = sorted(events, key=lambda event: (event.get("ts", -1.0), -event.get("dur", 0.0)))
    # Event by event: one call for all of them would hold up every other thread of the process.
    lines = b",\n".join(map(orjson.dumps, ordered))
    head = orjson.dumps({"displayTimeUnit": "ms", "otherData": about}).removesuffix(b"}")
    return head + b',"traceEvents":[\n' + lines + b"\n]}\n"


def slot_names(rows: int, columns: int, title: str) -> Iterator[TraceEvent]:
    """Yield the names of run, queue, connections and slots.

    Args:
        rows: Connections.
        columns: Contexts on each.
        title: Name of the run.
    """
    yield from process(RUN, title, 0)
    yield thread(RUN, 0, "annotations")
    yield from process(QUEUE, "Queue", 1)
    yield thread(QUEUE, 0, "waiting for a slot")
    for row in range(rows):
        yield from process(FIRST_ROW + row, f"Connection {row + 1}", row + 2)
        for column in range(columns):
            yield thread(FIRST_ROW + row, column, f"slot {column + 1}")


def process(pid: int, name: str, place: int) -> Iterator[TraceEvent]:
    """Yield the name of a process and its place among the others."""
    yield {"ph": "M", "pid": pid, "tid": 0, "name": "process_name", "args": {"name": name}}
    yield {"ph": "M", "pid": pid, "tid": 0, "name": "process_sort_index", "args": {"sort_index": place}}


def thread(pid: int, tid: int, name: str) -> TraceEvent:
    """Return the name of a thread."""
    return {"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": name}}


def slot(row: int, column: int) -> TraceEvent:
    """Return the place of a slot."""
    return {"pid": FIRST_ROW + row, "tid": column}


def wait(number: int, begin_s: float, end_s: float, told: dict[str, Any]) -> Iterator[TraceEvent]:
    """Yield a wait in the queue; waits overlap, so they are asynchronous events ("b" and "e") and no slices.

    Args:
        number: The utterance.
        begin_s: When it began to wait.
        end_s: When it no longer did.
        told: What a viewer shows of it.
    """
    common = {"cat": "queue", "id": number, "pid": QUEUE, "tid": 0, "name": f"#{number}"}
    yield common | {"ph": "b", "ts": us(begin_s), "args": told}
    yield common | {"ph": "e", "ts": us(end_s)}


def span(place: TraceEvent, name: str, category: str, times: tuple[float, float]) -> TraceEvent:
    """Return a slice of a thread.

    Args:
        place: Its process and thread.
        name: What it says.
        category: What kind it is.
        times: Begin and end in seconds; one that ends before it begins lasts for nothing.
    """
    start, end = map(us, times)
    return place | {"ph": "X", "name": name, "cat": category, "ts": start, "dur": round(max(0.0, end - start), 1)}


def counter(name: str, at_s: float, values: Mapping[str, float]) -> TraceEvent:
    """Return the values of a counter at a time in seconds."""
    return {"ph": "C", "pid": RUN, "tid": 0, "name": name, "ts": us(at_s), "args": values}


def instant(name: str, category: str, at_s: float) -> TraceEvent:
    """Return something that happened to everything at once, at a time in seconds."""
    return {"ph": "i", "s": "g", "pid": RUN, "tid": 0, "cat": category, "name": name, "ts": us(at_s)}


def us(seconds: float) -> float:
    """Return a time in microseconds."""
    return round(seconds * 1e6, 1)
