"""How a run of the stress lab reads in a terminal, when it is over and while it goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from voxpool.stress.report import words
from voxpool.stress.result import Mark, Percentiles, RunResult, SearchResult, Tick, Verdict
from voxpool.stress.sample import Sample
from voxpool.stress.thresholds import figure

ROWS: Final = (
    ("ttfa", "time to first audio", "ms"),
    ("corrected", "  from when it was due", "ms"),
    ("uncorrected", "  from when it was asked for", "ms"),
    ("queue", "waiting for a slot", "ms"),
    ("release", "from its end to a free slot", "ms"),
    ("real_time_factor", "real-time factor", ""),
    ("late_start", "late starts of this process", "ms"),
    ("loop_lag", "loop lag of this process", "ms"),
)
"""Distributions that are shown, with their names for people and their units."""

_EVERY_S: Final = 5.0
_HELD: Final = {True: "held  ", False: "FAILED", None: "–     "}


def report(result: RunResult) -> str:
    """Return the report of a run, without a final line break."""
    return "\n".join(_lines(result))


def _lines(result: RunResult) -> Iterator[str]:
    interrupted = f", {result.interrupted} interrupted" if result.interrupted else ""
    short = f", {result.cut_short} cut short by the end of the run" if result.cut_short else ""
    utterances = words.quantity(result.started, "utterance")
    warm_up = f"; {words.left_out(result)}" if result.warm_up else ""
    yield f"{result.done} done, {result.failed} failed{interrupted}{short} of {utterances}{warm_up}"
    connections = words.quantity(result.peak_connections, "connection")
    yield f"{result.peak_in_flight} at once on {connections}, {result.wall_s:.1f} s in all, seed {result.seed}"
    cost = f", about {result.cost_usd:.2f} US dollars" if result.cost_usd else ""
    wasted = f" ({result.wasted_characters} of them not heard)" if result.wasted_characters else ""
    yield (
        f"{result.audio_s:.1f} s of audio in {words.quantity(result.chunks, 'chunk')} for "
        f"{words.quantity(result.characters, 'character')}{wasted}{cost}"
    )
    yield ""
    yield f"{'':30}{'p50':>9}{'p95':>9}{'p99':>9}{'p99.9':>9}{'max':>9}  count"
    for name, title, unit in ROWS:
        values = result.distributions.get(name, Percentiles())
        if values.count:
            yield _row(title, values, unit)
    yield ""
    yield f"stalls: {result.stalls} in {words.quantity(result.stalled_utterances, 'utterance')}"
    yield "errors: " + ("none" if not result.errors else "")
    for error in result.errors:
        yield f"  {error.count} x {error.kind}: {error.words}"
    if result.thresholds:
        yield "thresholds:"
    if said := words.judged(result):
        yield f"  {said}"
    for each in result.thresholds:
        yield f"  {_HELD[words.held(each, result.verdict)]}  {each.text}  ({figure(each.value)})"
    yield from _search(result.search)
    yield ""
    yield f"{result.verdict.value.upper()}" + (": " + " ".join(result.reasons) if result.reasons else "")
    if result.verdict is Verdict.INVALID and not result.faults_missed and result.started:
        yield "Read the times as an upper bound, not as the service's."


def _search(search: SearchResult | None) -> Iterator[str]:
    if search is None:
        return
    safe = "none" if search.safe is None else f"{search.safe:g}"
    breaking = "none was found" if search.breaking is None else f"{search.breaking:g}"
    yield f"safe: {safe} {search.unit}; breaking: {breaking}"
    for step in search.steps:
        p95 = "-" if step.ttfa_p95_ms is None else f"{step.ttfa_p95_ms:.0f} ms"
        yield f"  {step.level:>8g}  {'held  ' if step.passed else 'FAILED'}  p95 {p95}  {step.words}".rstrip()


def _row(title: str, values: Percentiles, unit: str) -> str:
    cells = (values.p50, values.p95, values.p99, values.p999, values.max)
    shown = "".join(_cell(cell, unit).rjust(9) for cell in cells)
    return f"{title:30}{shown}  {values.count}"


def _cell(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:.0f} {unit}" if unit else f"{value:.2f}"


def stalls(tick: Tick) -> str:
    """Return the stalls so far, and those that go on."""
    return f"{tick.stalls}" + (f" ({tick.starving} silent now, {tick.starved_s:.1f} s)" if tick.starving else "")


def now(tick: Tick) -> str:
    """Return a run at one moment as a line."""
    p95 = "-" if tick.ttfa_p95_ms is None else f"{tick.ttfa_p95_ms:.0f} ms"
    warm_up = f"warm-up {tick.warm_up}  " if tick.warm_up else ""
    cost = f"  cost {words.money(tick.usd)}" if tick.usd else ""
    return (
        f"{tick.at_s:7.1f} s  target {tick.target:g}  in flight {tick.in_flight}  waiting {tick.waiting}  {warm_up}"
        f"done {tick.done}  failed {tick.failed}  interrupted {tick.interrupted}  p95 {p95}  stalls {stalls(tick)}"
        f"{cost}{_trouble(tick)}"
    )


def _trouble(tick: Tick) -> str:
    if tick.nothing_s:
        return f"  (nothing has come for {tick.nothing_s:.0f} s)"
    return "  (service out of reach)" if tick.trouble else ""


class PlainView:
    """Follows a run in plain lines on standard error: marks as they come, and the state every few seconds."""

    def __init__(self) -> None:
        self._next_s = _EVERY_S

    def on_sample(self, sample: Sample) -> None:
        """An utterance is over."""

    def on_tick(self, tick: Tick) -> None:
        """Print where the run is, if it is time."""
        if tick.at_s >= self._next_s:
            self._next_s = tick.at_s + _EVERY_S
            print(now(tick), file=sys.stderr)

    def on_mark(self, mark: Mark) -> None:
        """Print an annotation."""
        print(f"{mark.at_s:7.1f} s  {mark.kind.value}: {mark.text}", file=sys.stderr)
