"""Carries out the search for the breaking point: plays one level after the other and judges each."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from voxpool.stress.control import RunControl
from voxpool.stress.measure import SampleFacts
from voxpool.stress.outage import OutageWatch
from voxpool.stress.recorder import Recorder
from voxpool.stress.result import MarkKind, SearchResult, Step, ThresholdResult
from voxpool.stress.sample import Sample
from voxpool.stress.search import BreakingPoint
from voxpool.stress.shapes import UNITS, Plan, Search
from voxpool.stress.thresholds import Facts, Threshold, figure

_MOST_SAMPLES: Final = 100_000
_MOST_OUTAGES: Final = 3
"""After more than these at one level it is not tried again: it may be what takes the service down."""


class SearchRunner:
    """Searches with one pool.

    Args:
        load: Where to begin, how far to go, how fine.
        thresholds: What must hold.
        recorder: Keeps the books.
        control: May stop it.
        play: Plays a plan to its end and returns the index of its first phase.
        outage: Knows whether the service was away.
    """

    def __init__(
        self,
        load: Search,
        thresholds: Sequence[Threshold],
        recorder: Recorder,
        control: RunControl,
        play: Callable[[Plan], Awaitable[int]],
        outage: OutageWatch,
    ) -> None:
        self._outage = outage
        self._load = load
        self._thresholds = tuple(thresholds)
        self._recorder = recorder
        self._control = control
        self._play = play
        self._facts: dict[float, Facts] = {}

    async def run(self) -> tuple[SearchResult, tuple[ThresholdResult, ...]]:
        """Search, and return what was found and what became of the thresholds at the safe level."""
        rule, steps = BreakingPoint(self._load), []
        while (level := rule.next_level()) is not None and not self._control.stopping:
            step, facts = await self._try(level)
            if self._control.stopping:
                break
            if step.passed:
                self._facts[level] = facts
            steps.append(step)
            rule.record(level, passed=step.passed)
            words = "holds" if step.passed else f"fails: {step.why}"
            self._recorder.mark(MarkKind.THRESHOLD, f"{level:g} {UNITS[self._load.model]}: {words}")
        result = SearchResult(rule.safe, rule.breaking, UNITS[self._load.model], tuple(steps))
        return result, self._results(rule.safe)

    async def _try(self, level: float) -> tuple[Step, Facts]:
        """Play a level and judge it; a failure while the service was away says nothing, and it is played again.

        It is not waited for in between: nothing would connect to it.  One outage that lasts ends the run in time; of
        several at one level the last counts as its failure.
        """
        outage, outages, repeated = self._outage, 0, 0
        while True:
            before, away = outage.times, outage.present
            facts = await self._measure(level)
            step = replace(self._judge(level, facts), repeated=repeated)
            outages += outage.times - before
            away = away or outage.times > before
            if step.passed or not away or self._control.stopping or outages > _MOST_OUTAGES:
                return step, facts
            repeated += 1
            again = f"fails, and is tried again, as the service was away meanwhile: {step.why}"
            self._recorder.mark(MarkKind.SERVICE, f"{level:g} {UNITS[self._load.model]}: {again}")

    async def _measure(self, level: float) -> Facts:
        samples: deque[Sample] = deque(maxlen=_MOST_SAMPLES)
        self._recorder.window.clear()
        plan = self._load.level(level)
        self._recorder.follow(samples.append)
        try:
            first = await self._play(plan)
        finally:
            self._recorder.follow(None)
        # What still held a slot when the level was over is part of it as well.
        samples.extend(self._recorder.unreleased())
        measured = first + len(plan.phases) - 1
        return SampleFacts((each for each in samples if each.phase == measured), self._load.hold_s)

    def _judge(self, level: float, facts: Facts) -> Step:
        failed = next((each for each in self._thresholds if not each.holds(each.value(facts))), None)
        counts, value = facts.counts, None if failed is None else failed.value(facts)
        why = "" if failed is None else f"{failed.text}, got {'nothing' if value is None else figure(value)}"
        return Step(
            level=level,
            passed=failed is None,
            ttfa_p50_ms=facts.distribution("corrected_ms", "p50"),
            ttfa_p95_ms=facts.distribution("corrected_ms", "p95"),
            error_rate=counts.failed / counts.ended if counts.ended else 0.0,
            why=why,
        )

    def _results(self, safe: float | None) -> tuple[ThresholdResult, ...]:
        facts = None if safe is None else self._facts.get(safe)
        return tuple(
            ThresholdResult(each.text, facts is not None, None if facts is None else each.value(facts), None, False)
            for each in self._thresholds
        )
