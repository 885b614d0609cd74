"""Made-up runs of the stress lab: a small simulated service, so that reports and comparisons have something to show."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np

from voxpool.events import Outcome
from voxpool.stress.distribution import measure
from voxpool.stress.remains import distributions_of
from voxpool.stress.result import (
    ErrorCount,
    Mark,
    MarkKind,
    RunResult,
    SearchResult,
    Step,
    ThresholdResult,
    Tick,
    Verdict,
)
from voxpool.stress.sample import Sample

MADE_UP_KEY = "bm90LWEtcmVhbC1rZXk6bWFkZS11cA=="
"""Looks like a key of the portal and is none."""
TEXT = "=SUM(A1) said the <b>caller</b>, who has a secret order number"


def make_samples(
    seed: int = 1, *, count: int = 400, rate: float = 12.0, slots: int = 100, slow: float = 1.0, stall_at: float = -1.0
) -> list[Sample]:
    """Simulate calls that arrive at random and speak for a few seconds each, first come first served.

    Args:
        seed: Of everything random.
        count: Utterances.
        rate: Arrivals a second.
        slots: How many fit.
        slow: Factor on the service's time to first audio.
        stall_at: When the service does nothing for two seconds, or negative.
    """
    rng = random.Random(seed)
    free = [(0.0, place) for place in range(slots)]
    made: list[Sample] = []
    at = 0.0
    for number in range(1, count + 1):
        at += rng.expovariate(rate)
        opened, place = heapq.heappop(free)
        granted = max(at + 0.0002, opened)
        first = granted + slow * (0.12 + rng.lognormvariate(-2.6, 0.5))
        if stall_at <= first < stall_at + 2.0:
            first = stall_at + 2.0 + rng.uniform(0, 0.1)
        audio = rng.uniform(1.5, 6.0)
        last = first + audio * 0.3
        sample = _sample(rng, number, place, (at, granted, first, last), audio)
        heapq.heappush(free, (sample.slot_free_s or last, place))
        made.append(sample)
    return made


def _sample(
    rng: random.Random, number: int, place: int, times: tuple[float, float, float, float], audio: float
) -> Sample:
    at, granted, first, last = times
    failed, interrupted = rng.random() < 0.02, rng.random() < 0.05
    stalls = int(rng.random() < 0.03)
    common = Sample(
        number=number,
        utterance_id=number,
        label=f"{TEXT} {number}"[:40],
        text=f"{TEXT} {number}",
        voice="Joe",
        model="inworld-tts-1",
        characters=len(TEXT) + 4,
        row=place % 20,
        column=place // 20,
        connection_id=place % 20 + 1,
        attempts=1,
        scheduled_s=at,
        started_s=at + 0.0001,
        granted_s=granted,
        connected_s=-1.0,
        created_s=granted + 0.02,
        first_text_s=granted + 0.0005,
        first_audio_s=first,
        last_audio_s=last,
        closed_s=last + 0.01,
        slot_free_s=last + 0.03,
        audio_s=audio,
        chunks=int(audio * 8),
        stalls=stalls,
        stalled_s=0.3 * stalls,
        longest_stall_s=0.3 * stalls,
    )
    if failed:
        return replace(
            common,
            first_audio_s=None,
            last_audio_s=None,
            outcome=Outcome.FAILED,
            error_kind="ServiceError 13",
            error="the worker went away (code 13)",
            code=13,
            audio_s=0.0,
            chunks=0,
            stalls=0,
        )
    if interrupted:
        return replace(
            common,
            outcome=Outcome.CANCELLED,
            interrupted_s=last - 0.2,
            late_bytes_s=last,
            wasted_characters=20,
        )
    return common


def make_ticks(samples: list[Sample], every_s: float = 0.25) -> list[Tick]:
    """Return the time line of samples."""
    end = max(sample.slot_free_s or 0.0 for sample in samples)
    ticks, recent = [], []
    for step in range(1, int(end / every_s) + 2):
        now, before = step * every_s, (step - 1) * every_s
        heard = [s for s in samples if s.first_audio_s is not None and before <= s.first_audio_s < now]
        recent = [s for s in samples if s.first_audio_s is not None and now - 10 <= s.first_audio_s < now]
        values = [s.corrected_ms for s in recent]
        p50, p95, p99 = np.percentile(values, [50, 95, 99]).tolist() if values else (None, None, None)
        over = [s for s in samples if s.closed_s < now]
        waiting = [s for s in samples if s.started_s < now <= s.granted_s]
        outcomes = Counter(s.outcome for s in over)
        ticks.append(
            Tick(
                at_s=now,
                target=12.0,
                arrivals=sum(before <= s.scheduled_s < now for s in samples),
                completions=sum(before <= s.closed_s < now for s in samples),
                in_flight=sum(s.started_s < now <= s.closed_s for s in samples),
                slots_held=sum(s.granted_s < now <= s.slot_free_s for s in samples),
                generating=sum(
                    s.first_audio_s is not None and s.first_audio_s < now <= s.last_audio_s for s in samples
                ),
                waiting=len(waiting),
                oldest_wait_s=max((now - s.started_s for s in waiting), default=0.0),
                connections=20,
                started=sum(s.started_s < now for s in samples),
                done=outcomes[Outcome.DONE],
                failed=outcomes[Outcome.FAILED],
                cancelled=outcomes[Outcome.CANCELLED],
                ttfa_ms=tuple(s.corrected_ms for s in heard),
                ttfa_p50_ms=p50,
                ttfa_p95_ms=p95,
                ttfa_p99_ms=p99,
                errors=dict(Counter(s.error_kind for s in over if s.error_kind)),
                stalls=sum(s.stalls for s in over),
                characters=sum(s.characters for s in samples if s.started_s < now),
                loop_lag_ms=1.0 + step % 7,
                late_start_ms=0.3,
                cpu_percent=40.0 + step % 9,
            )
        )
    return ticks


@cache
def make_result(seed: int = 1, *, name: str = "morning rush", search: bool = False, **load: float) -> RunResult:
    """Return a run that failed one of its two thresholds; keywords go to ``make_samples``.

    The same call returns the same object: whoever wants another one replaces.
    """
    samples = make_samples(seed, **load)
    ticks = make_ticks(samples)
    distributions = distributions_of(samples)
    distributions |= {"loop_lag": measure(t.loop_lag_ms for t in ticks)}
    outcomes = Counter(s.outcome for s in samples)
    failed = [s for s in samples if s.outcome is Outcome.FAILED]
    p95 = distributions["corrected"].p95
    return RunResult(
        run_id=f"run-{seed:04}",
        name=name,
        began_at=1_790_000_000.0 + seed * 60,
        wall_s=ticks[-1].at_s,
        url="http://127.0.0.1:8123",
        seed=seed,
        scenario=_scenario(name),
        environment={"voxgrid": "0.1.0", "python": "3.11.7", "loop": "asyncio", "machine": "x86_64, 2 cores"},
        verdict=Verdict.FAILED,
        reasons=(f"ttfa_ms.p95 < 300 did not hold: {p95:.0f} ms.",),
        phases=("ramp", "hold"),
        started=len(samples),
        done=outcomes[Outcome.DONE],
        failed=outcomes[Outcome.FAILED],
        cancelled=outcomes[Outcome.CANCELLED],
        peak_in_flight=max(t.in_flight for t in ticks),
        peak_connections=20,
        characters=sum(s.characters for s in samples),
        wasted_characters=sum(s.wasted_characters for s in samples),
        cost_usd=0.42,
        audio_s=sum(s.audio_s for s in samples),
        chunks=sum(s.chunks for s in samples),
        stalls=sum(s.stalls for s in samples),
        stalled_utterances=sum(1 for s in samples if s.stalls),
        distributions=distributions,
        errors=_errors(failed),
        thresholds=(
            ThresholdResult("ttfa_ms.p95 < 300", passed=False, value=p95, first_crossed_s=4.25),
            ThresholdResult("errors.rate < 0.05", passed=True, value=len(failed) / len(samples)),
        ),
        search=_search() if search else None,
        ticks=tuple(ticks),
        marks=(
            Mark(0.0, MarkKind.PHASE, "ramp"),
            Mark(ticks[-1].at_s / 3, MarkKind.PHASE, "hold"),
            Mark(ticks[-1].at_s / 2, MarkKind.FAULT, "connection 4 cut"),
            Mark(4.25, MarkKind.THRESHOLD, "ttfa_ms.p95 < 300 crossed"),
        ),
        samples=tuple(samples),
    )


def _errors(failed: list[Sample]) -> tuple[ErrorCount, ...]:
    if not failed:
        return ()
    times = [s.closed_s for s in failed]
    return (ErrorCount("ServiceError 13", len(failed), (failed[0].error,), min(times), max(times)),)


def _scenario(name: str) -> dict[str, object]:
    return {
        "name": name,
        "seed": 1,
        "connections": 20,
        "contexts": 5,
        "texts": {"lines": [TEXT, "another text"]},
        "load": [{"kind": "ramp", "rate": 12.0, "seconds": 10.0}, {"kind": "constant", "rate": 12.0, "seconds": 20.0}],
        "thresholds": ["ttfa_ms.p95 < 300", "errors.rate < 0.05"],
    }


def _search() -> SearchResult:
    levels = ((20, 210, 260), (40, 220, 280), (80, 300, 390), (60, 230, 290), (70, 260, 310), (65, 240, 296))
    steps = tuple(
        Step(float(level), p95 < 300, p50, p95, 0.01, "" if p95 < 300 else "ttfa_ms.p95 < 300")
        for level, p50, p95 in levels
    )
    return SearchResult(65.0, 70.0, "utterances at once", steps)
