"""Lets callers begin as a plan says: an open load by the clock alone, a closed one by who is through."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from voxpool.stress.alarm import Alarm
from voxpool.stress.callers import Callers
from voxpool.stress.control import RunControl
from voxpool.stress.honesty import LATE_LIMIT_MS
from voxpool.stress.recorder import Recorder
from voxpool.stress.result import MarkKind
from voxpool.stress.shapes import Plan, Schedule

_BREATH_S: Final = 0.1
"""What a caller of a closed load waits after a failure, so that a refusal is not answered a thousand times a second."""
_ROUNDING: Final = 1e-6


@dataclass(slots=True)
class _Moment:
    """Those who are due at the same moment: one loop asks for one after the other.

    None of them can be sooner than the one before it, so each is late by what passed since then, and not by all that
    went before.  Whatever else holds the loop up, before the first or between two, is lateness of the tool.  Corrected
    times count from the moment itself for all of them; where that adds up, it is said.

    Attributes:
        scheduled: The moment.
        first: When the first of them was asked for.
        newest: When the newest was.
        told: Whether it was said that this takes long.
    """

    scheduled: float
    first: float
    newest: float
    told: bool = False


class LoadRunner:
    """Plays one plan.

    Args:
        plan: The load.
        callers: Carry out what callers do.
        recorder: Keeps the books.
        control: May stop it.
        clock: Monotonic seconds.
        random: Source of the gaps between arrivals.
        first_phase: Index of the plan's first phase in the run.

    Attributes:
        plan: The load, as edited.
        began: When it began, on the clock.
    """

    def __init__(
        self,
        plan: Plan,
        callers: Callers,
        recorder: Recorder,
        control: RunControl,
        clock: Callable[[], float],
        random: Random,
        first_phase: int = 0,
    ) -> None:
        self.plan = plan
        self._callers = callers
        self._recorder = recorder
        self._control = control
        self._clock = clock
        self._first_phase = first_phase
        self._alarm = Alarm(clock)
        self._schedule = Schedule(plan, random)
        self._tasks: set[asyncio.Task[object]] = set()
        self._begun = 0
        self._volleys = {at_s for at_s, _ in plan.volleys}
        self._lines = None if plan.lines is None else asyncio.Semaphore(plan.lines)
        self.began = clock()
        self._moment = _Moment(-math.inf, 0.0, 0.0)

    def __repr__(self) -> str:
        return f"<LoadRunner {self.plan.model}, {len(self._tasks)} callers, target {self.target:g}>"

    @property
    def at_s(self) -> float:
        """Seconds since it began."""
        return self._clock() - self.began

    @property
    def target(self) -> float:
        """What the plan asks for now: nothing any more once it stops."""
        return 0.0 if self._control.stopping else self.plan.target(self.at_s)

    @property
    def phase(self) -> int:
        """Index of the present phase in the run."""
        return self._phase_at(self._clock())

    def _phase_at(self, moment: float) -> int:
        """Return the index of the phase in the run at a moment of the clock."""
        return self._first_phase + self.plan.phase(moment - self.began)

    def edit(self, target: float) -> None:
        """Set another target for the rest of the plan."""
        now_s = self.at_s
        self.plan = self.plan.edited(now_s, target)
        self._schedule.follow(self.plan, now_s)
        self._alarm.ring()

    def stop(self) -> None:
        """Let nobody begin any more, and end what is under way unless it may drain."""
        self._callers.hang_up()
        self._alarm.ring()
        if not self._control.draining:
            for task in [*self._tasks]:
                task.cancel()

    async def play(self) -> None:
        """Let callers begin until the plan is over, and wait until all of them are through."""
        self.began = self._clock()
        self._callers.pick_up()
        try:
            async with asyncio.TaskGroup() as group:
                await (self._arrive(group) if self.plan.model == "open" else self._seat(group))
                if self.at_s >= self.plan.duration_s - _ROUNDING or self._control.stopping:
                    # At its end calls are not carried on with; a plan of so many callers lets them finish.
                    self._callers.hang_up()
        finally:
            self._tasks.clear()

    def _start(self, group: asyncio.TaskGroup, coroutine: object, name: str) -> None:
        task: asyncio.Task[object] = group.create_task(coroutine, name=name)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- open ------------------------------------------------------------------------------------------------

    async def _arrive(self, group: asyncio.TaskGroup) -> None:
        while not self._control.stopping:
            due_s = self._schedule.peek()
            if due_s is None:
                # Somebody may still raise a target of nothing.
                if self._full or await self._alarm.until(self.began + self.plan.duration_s):
                    return
                continue
            if await self._alarm.until(self.began + due_s) and not self._control.stopping:
                self._let_in(group, self._clock())

    def _let_in(self, group: asyncio.TaskGroup, now: float) -> None:
        """Start everybody who is due, with nothing in between: the last of a volley comes soon after the first."""
        # Compared as the alarm compares: a rounding the other way would ask it again and again.
        while (due_s := self._schedule.peek()) is not None and self.began + due_s <= now:
            self._schedule.take()
            self._recorder.arrived()
            self._begun += 1
            self._start(group, self._ring(due_s), f"stress caller {self._begun}")

    async def _ring(self, due_s: float) -> None:
        scheduled = self.began + due_s
        if self._lines is not None:
            async with self._lines:
                await self._callers.call(scheduled, self._phase_at, self._clock())
        else:
            ready = self._turn_of(scheduled) if due_s in self._volleys else None
            await self._callers.call(scheduled, self._phase_at, ready)

    def _turn_of(self, scheduled: float) -> float:
        """Return when somebody could begin who is due together with others: see ``_Moment``."""
        now, moment = self._clock(), self._moment
        if moment.scheduled != scheduled:
            self._moment = _Moment(scheduled, now, now)
            return scheduled
        ready, moment.newest = moment.newest, now
        if not moment.told and (now - moment.first) * 1000.0 > LATE_LIMIT_MS:
            moment.told = True
            took = f"asking for all that is due at one moment takes this process more than {LATE_LIMIT_MS:.0f} ms"
            self._recorder.mark(MarkKind.TOOL, f"{took}: corrected times hold it")
        return ready

    @property
    def _full(self) -> bool:
        return self.plan.most is not None and self._begun >= self.plan.most

    # -- closed ----------------------------------------------------------------------------------------------

    async def _seat(self, group: asyncio.TaskGroup) -> None:
        """Keep as many callers busy as the target says; seats are numbered, and the highest retire first."""
        taken: set[int] = set()
        while not self._over:
            now_s = self.at_s
            for seat in range(self._wanted(now_s)):
                if seat not in taken:
                    taken.add(seat)
                    self._start(group, self._sit(seat, taken, self.began + now_s), f"stress seat {seat}")
            await self._alarm.until(self.began + self.plan.next_change(now_s) + _ROUNDING)

    @property
    def _over(self) -> bool:
        return self._control.stopping or self._full or self.at_s >= self.plan.duration_s

    def _wanted(self, at_s: float) -> int:
        return math.floor(self.plan.target(at_s) + _ROUNDING * 10)

    async def _sit(self, seat: int, taken: set[int], scheduled: float) -> None:
        ready: float | None = self._turn_of(scheduled)
        try:
            while seat < self._wanted(self.at_s) and not self._over:
                self._begun += 1
                self._recorder.arrived()
                fine = await self._callers.call(scheduled, self._phase_at, ready)
                ready = None
                if not fine:
                    await asyncio.sleep(_BREATH_S)
                scheduled = self._clock()
        finally:
            taken.discard(seat)
            if self._full:
                self._alarm.ring()
