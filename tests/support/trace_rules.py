"""The rules of the Trace Event Format that a viewer needs, checked on the bytes of a trace.

Source: "Trace Event Format" (the document of Chrome's tracing team that Perfetto names for its JSON importer): every
event has a phase, a name, a process and a thread; times are microseconds; complete events ("X") of one thread nest;
asynchronous ones ("b", "e") come in pairs of one category and id; counters ("C") are numbers; instants ("i") have a
scope.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

_PHASES = {"M", "X", "b", "e", "C", "i"}
_NAMES = {"process_name": str, "thread_name": str, "process_sort_index": int, "thread_sort_index": int}
_ROUNDING_US = 0.001


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def check_trace(data: bytes) -> list[dict[str, Any]]:
    """Return the events of a trace, after checking all of them."""
    trace = json.loads(data, parse_constant=_refuse)
    assert isinstance(trace, dict)
    assert trace["displayTimeUnit"] in ("ms", "ns")
    assert isinstance(trace["otherData"], dict)
    events = trace["traceEvents"]
    assert isinstance(events, list)
    for event in events:
        _check_event(event)
    timed = [event["ts"] for event in events if event["ph"] != "M"]
    assert timed == sorted(timed)
    # Who names a thread says so before anything happens on it.
    assert [event["ph"] == "M" for event in events] == [True] * (len(events) - len(timed)) + [False] * len(timed)
    _check_names(events)
    _check_nesting(events)
    _check_pairs(events)
    return events


def _check_event(event: dict[str, Any]) -> None:
    assert event["ph"] in _PHASES, event
    assert isinstance(event["name"], str), event
    assert event["name"], event
    for place in ("pid", "tid"):
        assert type(event[place]) is int, event
        assert event[place] >= 0, event
    assert isinstance(event.get("args", {}), dict), event
    _OF_PHASE[event["ph"]](event)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_metadata(event: dict[str, Any]) -> None:
    ((name, value),) = event["args"].items()
    assert name == event["name"].removeprefix("process_").removeprefix("thread_"), event
    assert isinstance(value, _NAMES[event["name"]]), event


def _check_timed(event: dict[str, Any]) -> None:
    assert _is_number(event["ts"]), event
    assert event["ts"] >= 0, event


def _check_complete(event: dict[str, Any]) -> None:
    _check_timed(event)
    assert isinstance(event["cat"], str), event
    assert _is_number(event["dur"]), event
    assert event["dur"] >= 0, event


def _check_asynchronous(event: dict[str, Any]) -> None:
    _check_timed(event)
    assert isinstance(event["cat"], str), event
    assert isinstance(event["id"], int | str), event


def _check_counter(event: dict[str, Any]) -> None:
    _check_timed(event)
    assert event["args"], event
    assert all(_is_number(value) for value in event["args"].values()), event


def _check_instant(event: dict[str, Any]) -> None:
    _check_timed(event)
    assert event["s"] in ("g", "p", "t"), event


_OF_PHASE = {
    "M": _check_metadata,
    "X": _check_complete,
    "b": _check_asynchronous,
    "e": _check_asynchronous,
    "C": _check_counter,
    "i": _check_instant,
}


def _check_names(events: list[dict[str, Any]]) -> None:
    """Every process and every thread on which something lasts or happens has one name."""
    named = [(each["name"], each["pid"], each["tid"]) for each in events if each["ph"] == "M"]
    assert len(named) == len(set(named))
    processes = {pid for name, pid, _ in named if name == "process_name"}
    threads = {(pid, tid) for name, pid, tid in named if name == "thread_name"}
    for event in events:
        assert event["pid"] in processes, event
        if event["ph"] in "Xbei":
            assert (event["pid"], event["tid"]) in threads, event


def _check_nesting(events: list[dict[str, Any]]) -> None:
    """In the order of the file, as viewers read it: a slice ends before the one ends in which it begins."""
    ends: dict[tuple[int, int], list[float]] = defaultdict(list)
    for event in events:
        if event["ph"] != "X":
            continue
        stack, begin = ends[event["pid"], event["tid"]], event["ts"]
        end = begin + event["dur"]
        while stack and stack[-1] <= begin + _ROUNDING_US:
            stack.pop()
        assert not stack or end <= stack[-1] + _ROUNDING_US, event
        stack.append(end)


def _check_pairs(events: list[dict[str, Any]]) -> None:
    open_: dict[tuple[Any, ...], float] = {}
    for event in events:
        key = (event["pid"], event.get("cat"), event.get("id"), event["name"])
        if event["ph"] == "b":
            assert key not in open_, event
            open_[key] = event["ts"]
        elif event["ph"] == "e":
            assert open_.pop(key) <= event["ts"], event
    assert not open_
