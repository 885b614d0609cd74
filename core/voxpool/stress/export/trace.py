"""A run as a Chrome trace, which opens in Perfetto (ui.perfetto.dev) and in chrome://tracing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from voxpool.stress.result import RunResult, Tick
from voxpool.stress.sample import Sample
from voxpool.stress.scrub import scrub_result
from voxpool.tracing import RUN, TraceEvent, counter, instant, slot, slot_names, span, to_json, us, wait

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
    return slot_names(rows, columns, f"Run: {result.name}")


def _utterances(result: RunResult, *, texts: bool) -> Iterator[TraceEvent]:
    for sample in result.samples:
        yield from _waiting(sample)
        if sample.row >= 0 and sample.granted_s is not None:
            yield from _in_slot(sample, sample.granted_s, texts=texts)


def _waiting(sample: Sample) -> Iterator[TraceEvent]:
    end = sample.granted_s if sample.granted_s is not None else sample.closed_s
    if end is not None and end > sample.scheduled_s:
        yield from wait(sample.number, sample.scheduled_s, end, {"outcome": sample.outcome.value})


def _in_slot(sample: Sample, granted_s: float, *, texts: bool) -> Iterator[TraceEvent]:
    reached = ((getattr(sample, name), stage) for name, stage in _STAGES.items())
    # In the order in which they happened: the first text may go out before the context is confirmed, or after.
    stages = sorted((at, stage) for at, stage in reached if at is not None and at > granted_s)
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
    phases = [mark for mark in result.marks if mark.kind.value == "phase"]
    ends = [(mark, after.at_s) for mark, after in pairwise(phases)] + [(mark, result.wall_s) for mark in phases[-1:]]
    for mark, end in ends:
        yield span({"pid": RUN, "tid": 1}, mark.text, "phase", (mark.at_s, end))
