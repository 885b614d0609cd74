"""A made-up run of the stress lab: ticks, marks and a result as the engine would give them, for models and views."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from voxpool.stress.result import (
    ErrorCount,
    Mark,
    MarkKind,
    Percentiles,
    RunResult,
    SearchResult,
    Step,
    ThresholdResult,
    Tick,
    Verdict,
)

THRESHOLDS = ("ttfa_ms.p95 < 400", "errors.rate < 0.01", "stalls.per_minute == 0")


def fake_ticks(seconds: float = 60.0, *, seed: int = 3, slots: int = 100) -> Iterator[Tick]:
    """Yield the ticks of a ramp to more than the slots carry, a quarter of a second apart."""
    rng = random.Random(seed)
    started = done = failed = stalls = characters = 0
    errors: dict[str, int] = {}
    for number in range(1, int(seconds * 4) + 1):
        at_s = number * 0.25
        share = at_s / seconds
        target = 4 + 56 * share
        wanted = target * 2.6
        held = min(slots, round(wanted + rng.gauss(0, 2)))
        waiting = max(0, round((wanted - slots) * 1.7 + rng.gauss(0, 3)))
        arrivals, completions = rng.randint(0, round(target / 2)), rng.randint(0, round(target / 2.2))
        base = 140 + 18 * rng.random() + (waiting * 14 if waiting else 0)
        values = tuple(base * math.exp(rng.gauss(0, 0.25)) for _ in range(completions))
        started, done = started + arrivals, done + completions
        if waiting and rng.random() < 0.2:
            kind = rng.choice(("ServiceError 8", "ServiceError 8", "AcquireTimeout", "TransportError"))
            errors[kind] = errors.get(kind, 0) + 1
            failed += 1
        stalls += int(waiting > 20 and rng.random() < 0.15)
        characters += arrivals * 62
        yield Tick(
            at_s=at_s,
            target=target,
            arrivals=arrivals,
            completions=completions,
            in_flight=held + waiting,
            slots_held=held,
            generating=min(held, round(held * 0.62)),
            waiting=waiting,
            oldest_wait_s=waiting / 22,
            connections=min(20, 1 + held // 5),
            started=started,
            done=done,
            failed=failed,
            ttfa_ms=values,
            ttfa_p50_ms=base,
            ttfa_p95_ms=base * 1.55,
            ttfa_p99_ms=base * 2.1,
            errors=dict(errors),
            stalls=stalls,
            characters=characters,
            loop_lag_ms=abs(rng.gauss(3, 2)),
            late_start_ms=abs(rng.gauss(1, 1)),
            cpu_percent=31 + rng.random() * 8,
        )


def fake_marks(seconds: float = 60.0) -> tuple[Mark, ...]:
    """Return one annotation of every kind."""
    return (
        Mark(0.0, MarkKind.PHASE, "ramp from 4 to 60 a second"),
        Mark(seconds * 0.3, MarkKind.EDIT, "target set to 30 a second"),
        Mark(seconds * 0.45, MarkKind.FAULT, "connection 12 cut"),
        Mark(seconds * 0.68, MarkKind.THRESHOLD, f"{THRESHOLDS[0]} crossed: 412"),
        Mark(seconds * 0.8, MarkKind.TOOL, "event loop late by 41 ms"),
        Mark(seconds * 0.97, MarkKind.STOP, "drain"),
    )


def fake_result(
    verdict: Verdict = Verdict.FAILED, *, seconds: float = 60.0, search: SearchResult | None = None
) -> RunResult:
    """Return the result of that run."""
    ticks = tuple(fake_ticks(seconds))
    last = ticks[-1]
    reasons = {
        Verdict.PASSED: (),
        Verdict.FAILED: ("ttfa_ms.p95 < 400 did not hold: 1,184 was measured, crossed first after 0:41.",),
        Verdict.INVALID: ("The event loop was late by 64 ms at p99, more than 20 ms: this tool was the bottleneck.",),
        Verdict.ABORTED: ("Stopped by a person after 0:58.",),
    }[verdict]
    failed = verdict is Verdict.FAILED
    return RunResult(
        run_id="20261125-214500-fake",
        name="Ramp to the limit",
        began_at=1_764_000_000.0,
        wall_s=seconds,
        url="http://127.0.0.1:1",
        seed=7,
        scenario={"name": "Ramp to the limit", "pool": {"max_connections": 20, "contexts_per_connection": 5}},
        verdict=verdict,
        reasons=reasons,
        started=last.started,
        done=last.done,
        failed=last.failed,
        peak_in_flight=max(tick.in_flight for tick in ticks),
        peak_connections=20,
        characters=last.characters,
        stalls=last.stalls,
        distributions={
            "corrected": Percentiles(last.done, 302, 91, 182, 640, 1184, 2240, 3100, 3320),
            "uncorrected": Percentiles(last.done, 298, 91, 181, 601, 1102, 2100, 2890, 3120),
            "ttfa": Percentiles(last.done, 154, 88, 149, 201, 233, 310, 402, 440),
        },
        errors=(ErrorCount("ServiceError 8", 4, ("You have reached the limit",), 41.0, 58.0),),
        thresholds=(
            ThresholdResult(THRESHOLDS[0], not failed, 1184.0 if failed else 233.0, 41.0 if failed else None),
            ThresholdResult(THRESHOLDS[1], True, 0.004),
            ThresholdResult(THRESHOLDS[2], True, 0.0),
        ),
        search=search,
        ticks=ticks,
        marks=fake_marks(seconds),
    )


def fake_search() -> SearchResult:
    """Return what a search found: doubling, then bisecting."""
    tried = ((10, 148, 176), (20, 151, 190), (40, 160, 231), (80, 171, 366), (160, 840, 2210))
    bisected = ((120, 420, 1190), (100, 182, 391), (110, 310, 702))
    steps = [
        Step(
            level,
            p95 < 400,
            p50,
            p95,
            0.0 if p95 < 1000 else min(0.4, p95 / 12_000),
            "" if p95 < 400 else f"{THRESHOLDS[0]}: {p95:,} was measured",
        )
        for level, p50, p95 in (*tried, *bisected)
    ]
    return SearchResult(100, 110, "utterances at once", tuple(steps))
