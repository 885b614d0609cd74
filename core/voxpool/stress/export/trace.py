"""A run as a Chrome trace, which opens in Perfetto (ui.perfetto.dev) and in chrome://tracing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from voxpool.stress.result import MarkKind, RunResult, Tick
from voxpool.stress.sample import Sample
from voxpool.stress.scrub import scrub_result
from voxpool.tracing import RUN, TraceEvent, counter, instant, slot, slot_names, span, thread, to_json, us, wait

_Granted = tuple[Sample, float]
_PHASES: Final = 1
"""Thread of the phases, beside the annotations."""
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
    about = {"run": clean.run_id, "name": clean.name, "seed": clean.seed, "verdict": clean.verdict.value}
    return to_json(events, about)


def write_trace(result: RunResult, path: Path, *, texts: bool = False) -> None:
    """Write the trace to a file.

    Raises:
        OSError: If it cannot be written.
    """
    path.write_bytes(to_trace(result, texts=texts))


def _names(result: RunResult) -> Iterator[TraceEvent]:
    used = {(sample.row, sample.column) for sample in result.samples if sample.row >= 0}
    rows = max([20, *(row + 1 for row, _ in used)]) if used else 0
    columns = max([5, *(column + 1 for _, column in used)]) if used else 0
    yield from slot_names(rows, columns, f"Run: {result.name}")
    yield thread(RUN, _PHASES, "phases")


def _utterances(result: RunResult, *, texts: bool) -> Iterator[TraceEvent]:
    for sample in result.samples:
        yield from _waiting(sample)
    for (first, granted_s), following in _slots(result.samples):
        yield from _in_slot(first, granted_s, math.inf if following is None else following[1], texts=texts)


def _slots(samples: Iterable[Sample]) -> Iterator[tuple[_Granted, _Granted | None]]:
    """Yield every utterance that had a slot with when it got it, and with the one that had the slot after it."""
    by_slot: dict[tuple[int, int], list[_Granted]] = {}
    for sample in samples:
        if sample.row >= 0 and sample.column >= 0 and sample.granted_s is not None:
            by_slot.setdefault((sample.row, sample.column), []).append((sample, sample.granted_s))
    for held in by_slot.values():
        held.sort(key=lambda each: each[1])
        yield from zip(held, (*held[1:], None), strict=True)


def _waiting(sample: Sample) -> Iterator[TraceEvent]:
    end = sample.granted_s if sample.granted_s is not None else sample.closed_s
    if end is not None and end > sample.scheduled_s:
        yield from wait(sample.number, sample.scheduled_s, end, {"outcome": sample.outcome.value})


def _in_slot(sample: Sample, granted_s: float, until_s: float, *, texts: bool) -> Iterator[TraceEvent]:
    reached = ((getattr(sample, name), stage) for name, stage in _STAGES.items())
    # In the order in which they happened: the first text may go out before the context is confirmed, or after.  A
    # caller may hear of its end when the slot is somebody else's already, and slices of one slot must not cross.
    stages = sorted((min(at, until_s), stage) for at, stage in reached if at is not None and at > granted_s)
    end = stages[-1][0] if stages else granted_s
    place = slot(sample.row, sample.column)
    figures = {name: value for name in _FIGURES if (value := getattr(sample, name)) is not None}
    told: TraceEvent = {"outcome": sample.outcome.value, "voice": sample.voice, **figures}
    if sample.error_kind:
        told |= {"error_kind": sample.error_kind, "error": sample.error}
    if texts:
        told["text"] = sample.text
    name = f"#{sample.number} {sample.label}" if texts and sample.label else f"#{sample.number}"
    yield span(place, name, "utterance", (granted_s, end)) | {"args": told}
    for (begun, _), (at, stage) in pairwise([(granted_s, ""), *stages]):
        if at > begun:
            yield span(place, stage, "stage", (begun, at))
    if sample.interrupted_s is not None:
        yield place | {"ph": "i", "s": "t", "name": "interrupted", "cat": "stage", "ts": us(sample.interrupted_s)}


def _counters(ticks: tuple[Tick, ...]) -> Iterator[TraceEvent]:
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
            yield counter(name, now.at_s, values)


def _marks(result: RunResult) -> Iterator[TraceEvent]:
    for mark in result.marks:
        yield instant(f"{mark.kind.value}: {mark.text}", mark.kind.value, mark.at_s)
    phases = sorted((mark for mark in result.marks if mark.kind is MarkKind.PHASE), key=lambda mark: mark.at_s)
    ends = [(mark, after.at_s) for mark, after in pairwise(phases)] + [(mark, result.wall_s) for mark in phases[-1:]]
    for mark, end in ends:
        yield span({"pid": RUN, "tid": _PHASES}, mark.text or "phase", "phase", (mark.at_s, end))
