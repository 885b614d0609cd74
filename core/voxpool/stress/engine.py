"""Runs a scenario on a pool and measures it."""

from __future__ import annotations

import asyncio
import gc
import platform
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from importlib import metadata
from random import Random
from typing import TYPE_CHECKING, Any, Final

from voxpool.errors import CredentialRejected, LocalServerError
from voxpool.stress.alarm import Alarm
from voxpool.stress.callers import Callers, Ear
from voxpool.stress.control import RunControl
from voxpool.stress.honesty import FEWEST, BareLoop, CpuMeter, LagProbe, Observed, complaints
from voxpool.stress.load import LoadRunner
from voxpool.stress.measure import Meter
from voxpool.stress.outage import OutageWatch
from voxpool.stress.recorder import Recorder
from voxpool.stress.result import MarkKind, RunListener, RunResult, SearchResult, ThresholdResult, Verdict
from voxpool.stress.sample import WARM_UP
from voxpool.stress.scenario import Scenario, TimedFault
from voxpool.stress.shapes import Plan, Search
from voxpool.stress.strike import Strike
from voxpool.stress.watch import ThresholdWatch, sentence
from voxpool.stress.words import Mix

if TYPE_CHECKING:
    from voxpool.pool.pool import Pool

TICK_S: Final = 0.25
"""Between two ticks, in seconds."""
NOTHING_COUNTED: Final = "Everything fell into the warm-up: nothing was measured."
"""The reason of a run that was over before its warm-up was."""
_MOST_TOLD: Final = 3
"""Refused faults that are told one by one."""
_RELEASE_S: Final = 3.0
"""How long the end of a run waits for slots to come free, in seconds."""


@dataclass(kw_only=True)
class Surroundings:
    """What a run has around it.

    Attributes:
        url: The endpoint, noted in the result.
        paid: Whether characters cost money there.
        own_price: US dollars for a million characters, or 0 for list prices.
        most_characters: A further cap on characters, or None.
        bare: A bare loop that runs beside it, or None.
        strike: Sets faults at the local server, or None where there is none.
        underflows: Returns the underflows of the sound device so far.
        clock: Monotonic seconds; the pool's own.
        source: What errors of the scenario name: its file.
        environment: Further facts for the result.
        ear: Listens to the utterances, or None.
        check_key: What to do when the credential is refused: where the key is set.
        apart: Whether this process does nothing else than the run.
    """

    url: str = ""
    paid: bool = False
    own_price: float = 0.0
    most_characters: int | None = None
    bare: BareLoop | None = None
    strike: Strike | None = None
    underflows: Callable[[], int] = field(default=lambda: 0)
    clock: Callable[[], float] = time.monotonic
    source: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    ear: Ear | None = None
    check_key: str = "check the key in the endpoint settings"
    apart: bool = False


class Engine:
    """One run of a scenario.

    Args:
        pool: An open pool.
        scenario: What to do.
        around: What the run has around it.
        listeners: Who follows it; their methods must return at once and must not raise.
        control: Steers it.

    Attributes:
        recorder: Keeps the books.
        control: Steers it.

    Raises:
        ScenarioError: If the texts of the scenario cannot be used.
    """

    def __init__(
        self,
        pool: Pool,
        scenario: Scenario,
        around: Surroundings | None = None,
        *,
        listeners: Iterable[RunListener] = (),
        control: RunControl | None = None,
    ) -> None:
        around = around or Surroundings()
        self._around = around
        self._scenario = scenario
        self._clock = around.clock
        self._pool = pool
        self._mix = Mix(scenario, around.source)
        self.control = control or RunControl()
        self.control.fixed = scenario.load.fixed
        self.recorder = Recorder(
            pool, around.clock, scenario.max_samples, listeners, paid=around.paid, own_price=around.own_price
        )
        self._callers = Callers(
            pool,
            scenario.behaviour,
            self._mix.draw,
            seed=scenario.seed,
            jitter_s=scenario.jitter_buffer_ms / 1000.0,
            most_characters=_least(scenario.max_characters, around.most_characters),
            recorder=self.recorder,
            control=self.control,
            clock=around.clock,
            ear=around.ear,
            refused=self._refused_key,
        )
        self._watch = ThresholdWatch(scenario.conditions, self.recorder, self.control)
        self._outage = OutageWatch(self.recorder, self.control, scenario.unreachable_s)
        self._phases: list[str] = []
        self._phase_marks: list[tuple[float, str]] = []
        self._load: LoadRunner | None = None
        self._cpu = CpuMeter(around.clock)
        self._random = Random(scenario.seed)  # noqa: S311 - a load, not a secret
        self._troubled = False
        self._unstruck = dict(enumerate(scenario.faults))
        self._refused: list[str] = []
        self._underflows = around.underflows()
        self._over = False
        self._began_at = time.time()
        self.run_id = uuid.uuid4().hex

    def __repr__(self) -> str:
        return f"<Engine {self._scenario.name!r} {self.recorder!r}>"

    def head(self) -> RunResult:
        """Return what is known of the result before the run begins; call it on the event loop."""
        return RunResult(
            run_id=self.run_id,
            name=self._scenario.name,
            began_at=self._began_at,
            wall_s=0.0,
            url=self._around.url,
            seed=self._scenario.seed,
            scenario=self._scenario.to_dict(),
            environment=environment() | self._around.environment,
        )

    def follow(self, listener: RunListener) -> None:
        """Let somebody follow the run who did not from its beginning."""
        self.recorder.ledger.follow(listener)

    async def run(self) -> RunResult:
        """Run it and return what was measured.

        An utterance that fails is counted and the run goes on.  When the run is cancelled, so are its utterances.

        Raises:
            asyncio.CancelledError: When the run is cancelled; ``RunControl.stop`` ends it with a result.
        """
        recorder = self.recorder
        self._began_at = time.time()
        bare = self._around.bare
        if bare is not None:
            await bare.start()
        self.control.listen(self._edit, self._stop)
        recorder.began = self._clock()
        self._cpu = CpuMeter(self._clock)
        helpers = [
            asyncio.create_task(self._tick(), name="stress tick"),
            *(asyncio.create_task(self._strike(index, each), name=f"stress fault {each.at_s:g}")
              for index, each in enumerate(self._scenario.faults)),
        ]  # fmt: skip
        try:
            with LagProbe(self._clock, recorder.lag):
                search, thresholds = await self._play()
                wall_s = recorder.now_s
                await self._let_go()
        finally:
            self._over = True
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            recorder.close()
            if bare is not None:
                await bare.close()
        self._take_tick()
        return self._result(wall_s, search, thresholds)

    # -- playing ---------------------------------------------------------------------------------------------

    async def _play(self) -> tuple[SearchResult | None, tuple[ThresholdResult, ...] | None]:
        load = self._scenario.load
        if isinstance(load, Search):
            from voxpool.stress.searching import SearchRunner

            conditions = self._scenario.conditions
            return await SearchRunner(load, conditions, self.recorder, self.control, self.play, self._outage).run()
        await self.play(self._scenario.plan)
        return None, None

    async def play(self, plan: Plan) -> int:
        """Play one plan behind what was played so far, and return the index of its first phase."""
        first = len(self._phases)
        self._phases.extend(plan.phases)
        if plan.phases[0] == WARM_UP:
            self.recorder.uncounted.add(first)
        self._load = LoadRunner(
            plan, self._callers, self.recorder, self.control, self._clock, self._random, first
        )  # fmt: skip
        begins = {segment.phase: segment.begin_s for segment in reversed(plan.segments)}
        now_s = self.recorder.now_s
        self._phase_marks = [(now_s + begins[index], name) for index, name in enumerate(plan.phases)]
        self._mark_phases()
        await self._load.play()
        return first

    async def _let_go(self) -> None:
        """Wait a moment for the slots of the last utterances to come free."""
        until, alarm = self._clock() + _RELEASE_S, Alarm(self._clock)
        while self.recorder.releasing and self._clock() < until:
            await alarm.until(min(until, self._clock() + 0.02))

    def _edit(self, target: float) -> None:
        if self._load is not None and not self._over:
            self._load.edit(target)
            self.recorder.mark(MarkKind.EDIT, f"target set to {target:g}")

    def _stop(self) -> None:
        if self._over:
            return
        how = "draining" if self.control.draining else "ending at once"
        self.recorder.mark(MarkKind.STOP, f"{how}: {self.control.why}")
        if self._load is not None:
            self._load.stop()

    def _refused_key(self, error: CredentialRejected) -> None:
        """End the run: a credential that was refused stays so, and every further try is one more for nothing.

        Unless it was accepted before, and the scenario sets faults that may be the cause.
        """
        if not (self._scenario.faults and self.recorder.heard):
            what = f"{error.what[0].upper()}{error.what[1:]}"
            self.control.stop(drain=False, why=f"{what}; {self._around.check_key}.")

    async def _strike(self, index: int, timed: TimedFault) -> None:
        await Alarm(self._clock).until(self.recorder.began + timed.at_s)
        if self._around.strike is None:
            self._refuse(timed, "this is no local server of ours")
            return
        try:
            await self._around.strike(timed.fault)
        except LocalServerError as error:
            self._refuse(timed, str(error))
        else:
            del self._unstruck[index]
            self.recorder.mark(MarkKind.FAULT, timed.words)

    def _refuse(self, timed: TimedFault, why: str) -> None:
        self.recorder.mark(MarkKind.TOOL, f"the fault could not be set: {timed.words}: {why}")
        self._refused.append(f"The fault at {timed.at_s:g} s ({timed.words}) could not be set: {why}.")

    def _missed(self) -> tuple[str, ...]:
        """Return which faults did not strike, as sentences; of a run that was stopped only those that were refused."""
        if self._refused or self.control.stopping or not self._unstruck:
            more = len(self._refused) - _MOST_TOLD
            return (*self._refused[:_MOST_TOLD], *([f"Nor could {more} more."] if more > 0 else []))
        first = min(self._unstruck.values(), key=lambda each: each.at_s)
        return (f"The run was over before its fault at {first.at_s:g} s ({first.words}) was due.",)

    # -- ticking ---------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        alarm, at = Alarm(self._clock), self.recorder.began
        while True:
            at = max(at + TICK_S, self._clock())
            await alarm.until(at)
            self._take_tick()

    def _take_tick(self) -> None:
        load = self._load
        phase, target = (load.phase, load.target) if load is not None else (0, 0.0)
        self._mark_phases()
        stats = self._pool.stats()
        if not self._over:
            self._outage.look(stats)
        self.recorder.tick(
            stats,
            phase=phase,
            target=target,
            cpu_percent=self._cpu.take(),
            underflows=self._around.underflows() - self._underflows,
            trouble=self._outage.trouble,
            nothing_s=self._outage.silent_s,
        )
        if not isinstance(self._scenario.load, Search):
            self._watch.look()
        troubled = self._in_trouble()
        if troubled and not self._troubled:
            # Once, when it turns bad; what is said is what the result would say if the run ended now.
            found = complaints(self._observed())
            self.recorder.mark(MarkKind.TOOL, f"invalid so far: {' '.join(found)}" if found else "invalid so far")
        elif self._troubled and not troubled:
            self.recorder.mark(MarkKind.TOOL, "valid again so far: most of the run is in time")
        self._troubled = troubled

    def _in_trouble(self) -> bool:
        """Whether the run is invalid so far, found out at once: a tick must not be what holds the loop up."""
        probes = (self.recorder.meter.histogram("loop_lag_ms"), self.recorder.meter.histogram("late_start_ms"))
        late = any(each.count >= FEWEST and each.is_above(99.0) for each in probes)
        return late or self.recorder.events_lost > 0

    def _mark_phases(self) -> None:
        while self._phase_marks and self._phase_marks[0][0] <= self.recorder.now_s + 1e-6:
            at_s, name = self._phase_marks.pop(0)
            self.recorder.mark(MarkKind.PHASE, name, at_s)

    # -- the result ------------------------------------------------------------------------------------------

    def _observed(self) -> Observed:
        meter, bare = self.recorder.meter, self._around.bare
        return Observed(
            lag_p99_ms=_steady(meter, "loop_lag_ms"),
            late_p99_ms=_steady(meter, "late_start_ms"),
            cpu_percent=self._cpu.whole,
            events_lost=self.recorder.events_lost,
            bare_p99_ms=None if bare is None else bare.late.statistic("p99"),
            bare_count=0 if bare is None else int(bare.late.statistic("count") or 0),
            apart=self._around.apart,
        )

    def _result(
        self, wall_s: float, search: SearchResult | None, thresholds: tuple[ThresholdResult, ...] | None
    ) -> RunResult:
        recorder, meter, ledger = self.recorder, self.recorder.meter, self.recorder.ledger
        counts = meter.counts
        counts.seconds = wall_s - (self._scenario.warm_up_s if recorder.uncounted else 0.0)
        thresholds = self._watch.results(meter) if thresholds is None else thresholds
        verdict, reasons = self._verdict(thresholds, search)
        head = self.head()
        return replace(
            head,
            wall_s=wall_s,
            environment={**head.environment, **self._bare_facts()},
            verdict=verdict,
            reasons=reasons,
            phases=tuple(self._phases),
            started=counts.started,
            warm_up=recorder.warm_up.started,
            warm_up_characters=recorder.warm_up.characters,
            warm_up_usd=recorder.warm_up.usd,
            done=counts.done,
            failed=counts.failed,
            cancelled=counts.cancelled,
            cut_short=counts.cut_short,
            peak_in_flight=recorder.peak_in_flight,
            peak_connections=recorder.peak_connections,
            characters=recorder.characters,
            wasted_characters=counts.wasted,
            cost_usd=recorder.usd,
            audio_s=counts.audio_s,
            chunks=counts.chunks,
            stalls=counts.stalls,
            stalled_utterances=counts.stalled,
            distributions=meter.result(),
            errors=ledger.errors.result(),
            faults_missed=len(self._refused) if self.control.stopping else len(self._unstruck),
            thresholds=thresholds,
            search=search,
            ticks=ledger.ticks,
            marks=ledger.marks,
            samples=ledger.samples,
            samples_dropped=ledger.dropped,
        )

    def _verdict(
        self, thresholds: tuple[ThresholdResult, ...], search: SearchResult | None
    ) -> tuple[Verdict, tuple[str, ...]]:
        invalid = (*self._missed(), *complaints(self._observed()))
        if search is not None and search.safe is None:
            failed: tuple[str, ...] = ("No level held: not even the lowest one that was tried.",)
        elif thresholds:
            # Who stopped the run took its time away: what was not measured by then did not fail.
            failed = tuple(
                sentence(each)
                for each in thresholds
                if not each.passed and not (self.control.stopping and each.value is None)
            )
        else:
            failed = self._failures()
        nothing = (NOTHING_COUNTED,) if self._only_warm_up() else ()
        stopped: tuple[str, ...] = ()
        if self.control.stopping:
            stopped = (self.control.why, *nothing)
        else:
            invalid = (*invalid, *nothing)
        reasons = (*invalid, *stopped, *failed)
        if invalid:
            return Verdict.INVALID, reasons
        if stopped:
            return Verdict.ABORTED, reasons
        return (Verdict.FAILED if failed else Verdict.PASSED), reasons

    def _only_warm_up(self) -> bool:
        return bool(self.recorder.warm_up.started and not self.recorder.meter.counts.started)

    def _failures(self) -> tuple[str, ...]:
        """Return what a run without thresholds is judged by: it must not pass with nothing but failures."""
        counts = self.recorder.meter.counts
        if not counts.failed:
            return ()
        return (f"{counts.failed} of {counts.ended} utterances failed, and no threshold says how many may.",)

    def _bare_facts(self) -> dict[str, str]:
        seen = self._observed()
        if seen.bare_p99_ms is None:
            return {}
        return {"bare loop p99": f"{seen.bare_p99_ms:.2f} ms ({seen.bare_count} values)"}


def calm_collector() -> None:
    """Keep the garbage collector from looking at what was there before the run, and will be after it.

    For a process that does nothing else than one run: a look at all of it takes longer than what is measured.
    """
    gc.collect()
    gc.freeze()


async def run(
    pool: Pool,
    scenario: Scenario,
    around: Surroundings | None = None,
    *,
    listeners: Iterable[RunListener] = (),
    control: RunControl | None = None,
) -> RunResult:
    """Run a scenario on a pool; see :class:`Engine`."""
    return await Engine(pool, scenario, around, listeners=listeners, control=control).run()


def environment() -> dict[str, str]:
    """Return what a reader of numbers wants to know of the machine and the programs; no names, no paths."""
    import psutil

    facts: dict[str, Any] = {
        "voxgrid": metadata.version("voxgrid"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": psutil.cpu_count() or "unknown",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "loop": type(asyncio.get_running_loop()).__name__,
        "aiohttp": metadata.version("aiohttp"),
        "process": "frozen" if getattr(sys, "frozen", False) else "python",
    }
    return {name: str(value) for name, value in facts.items()}


def _steady(meter: Meter, name: str) -> float | None:
    return meter.distribution(name, "p99") if (meter.distribution(name, "count") or 0) >= FEWEST else None


def _least(*values: int | None) -> int | None:
    return min((value for value in values if value is not None), default=None)
