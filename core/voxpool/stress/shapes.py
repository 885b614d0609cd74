"""Shapes of load: how many utterances at once, or how many begin in a second, at every moment of a run.  Pure rules.

A *closed* load holds a number of callers: each begins anew when its utterance is over.  An *open* load has arrivals
that wait for nothing, as calls do.  Both are a target over time, made of straight lines; arrivals are computed from
its integral, so they neither drift nor depend on how the run goes.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Annotated, ClassVar, Final, Literal

import msgspec

Model = Literal["closed", "open"]
Arrivals = Literal["poisson", "even"]
Level = Annotated[float, msgspec.Meta(ge=0, le=10_000)]
SomeLevel = Annotated[float, msgspec.Meta(gt=0, le=10_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=604_800)]
SomeSeconds = Annotated[float, msgspec.Meta(gt=0, le=604_800)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]

UNITS: Final = {"closed": "utterances at once", "open": "utterances per second"}
"""What a target counts, by model."""

_SMALLEST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the plan in which the target moves along a straight line.

    Attributes:
        phase: Index of the phase it belongs to.
        begin_s: Seconds since the run began.
        end_s: The same of its end, may be infinite.
        begin: Target at its beginning.
        end: Target at its end.
    """

    phase: int
    begin_s: float
    end_s: float
    begin: float
    end: float

    @property
    def slope(self) -> float:
        """Change of the target in a second."""
        return 0.0 if self.begin == self.end else (self.end - self.begin) / (self.end_s - self.begin_s)

    def target(self, at_s: float) -> float:
        """Return the target at a time within it."""
        return self.begin + self.slope * (at_s - self.begin_s)

    def area(self, from_s: float, to_s: float) -> float:
        """Return the integral of the target between two times within it."""
        return (self.target(from_s) + self.target(to_s)) / 2.0 * (to_s - from_s)

    def reaches(self, area: float, from_s: float) -> float | None:
        """Return when the integral from ``from_s`` on has grown by ``area``, or None if not within it."""
        now, slope = self.target(from_s), self.slope
        if slope == 0.0:
            after = area / now if now > 0 else math.inf
        else:
            # area = now * x + slope * x^2 / 2, in the form that loses no digits when the slope is small.
            root = now * now + 2.0 * slope * area
            if root < 0.0:
                return None
            below = now + math.sqrt(root)
            after = 2.0 * area / below if below > 0 else math.inf
        return from_s + after if from_s + after <= self.end_s else None


@dataclass(frozen=True, slots=True)
class Plan:
    """A load, second by second.

    Attributes:
        model: Closed or open.
        phases: Names of the phases.
        segments: One after the other, from 0 on, without gaps.
        arrivals: How the arrivals of an open load are spread.
        volleys: (time, count): arrivals of that moment beyond the target's, as in a burst; in order.
        most: Callers that begin at most, or None.
        lines: Callers of an open load that can be busy at once, or None for any number; who arrives while all are
            busy begins late, and is late by the corrected times.
    """

    model: Model
    phases: tuple[str, ...]
    segments: tuple[Segment, ...]
    arrivals: Arrivals = "even"
    volleys: tuple[tuple[float, int], ...] = ()
    most: int | None = None
    lines: int | None = None
    _begins: tuple[float, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        """Prepare the search by time."""
        object.__setattr__(self, "_begins", tuple(segment.begin_s for segment in self.segments))

    @property
    def duration_s(self) -> float:
        """Seconds in which callers begin; infinite when only their number ends it."""
        return self.segments[-1].end_s

    @property
    def peak(self) -> float:
        """The largest target."""
        return max(max(segment.begin, segment.end) for segment in self.segments)

    def segment(self, at_s: float) -> Segment:
        """Return the segment of a time; the last one's for all times after it."""
        return self.segments[self.index(at_s)]

    def index(self, at_s: float) -> int:
        """Return the index of the segment of a time; the last one's for all times after it."""
        return max(0, bisect_right(self._begins, at_s) - 1)

    def target(self, at_s: float) -> float:
        """Return the target at a time; 0 when the plan is over."""
        return 0.0 if at_s >= self.duration_s else self.segment(at_s).target(at_s)

    def phase(self, at_s: float) -> int:
        """Return the index of the phase at a time."""
        return self.segment(at_s).phase

    def area(self, from_s: float, to_s: float) -> float:
        """Return the integral of the target between two times: for an open load, how many arrive in between."""
        total = 0.0
        for segment in self.segments:
            begin_s, end_s = max(from_s, segment.begin_s), min(to_s, segment.end_s)
            if begin_s < end_s:
                total += segment.area(begin_s, end_s)
        return total

    @property
    def expected(self) -> float | None:
        """Callers that will begin, on average, or None when that depends on how long they take."""
        if self.model == "closed":
            return None if self.most is None or not math.isinf(self.duration_s) else float(self.most)
        count = self.area(0.0, self.duration_s) + sum(count for _, count in self.volleys)
        return count if self.most is None else min(count, float(self.most))

    def next_change(self, at_s: float) -> float:
        """Return when the whole number below the target changes next, or a segment ends.  For closed loads."""
        segment = self.segment(at_s)
        slope, now = segment.slope, segment.target(at_s)
        if slope == 0.0:
            return segment.end_s
        whole = math.floor(now + _SMALLEST) + 1 if slope > 0 else math.ceil(now - _SMALLEST) - 1
        return min(segment.end_s, at_s + (whole - now) / slope)

    def edited(self, at_s: float, target: float) -> Plan:
        """Return the plan with another, constant target from a time on; its phases keep their names and times."""
        kept: list[Segment] = []
        for segment in self.segments:
            if segment.end_s <= at_s:
                kept.append(segment)
                continue
            begin_s = max(at_s, segment.begin_s)
            if segment.begin_s < at_s:
                kept.append(replace(segment, end_s=at_s, end=segment.target(at_s)))
            kept.append(Segment(segment.phase, begin_s, segment.end_s, target, target))
        return replace(self, segments=tuple(kept))

    def after(self, name: str, seconds: float) -> Plan:
        """Return the plan behind a phase of that name that holds its first target for so many seconds."""
        if seconds <= 0:
            return self
        first = self.segments[0].begin
        moved = [
            Segment(each.phase + 1, each.begin_s + seconds, each.end_s + seconds, each.begin, each.end)
            for each in self.segments
        ]
        return replace(
            self,
            phases=(name, *self.phases),
            segments=(Segment(0, 0.0, seconds, first, first), *moved),
            volleys=tuple((at_s + seconds, count) for at_s, count in self.volleys),
        )


class Schedule:
    """When the callers of an open load arrive, one after the other.

    Args:
        plan: The load.
        random: Source of the gaps of Poisson arrivals.
    """

    def __init__(self, plan: Plan, random: Random) -> None:
        self._plan = plan
        self._random = random
        self._at_s = 0.0
        # Even arrivals begin after half a gap, so that a whole number of gaps holds as many arrivals.
        self._owed = self._draw() if plan.arrivals == "poisson" else 0.5
        self._volleys = [at_s for at_s, count in plan.volleys for _ in range(count)][::-1]
        self._begun = 0
        self._next = self._regular()

    def peek(self) -> float | None:
        """Return the time of the next arrival in seconds since the run began, or None when there is none."""
        if self._plan.most is not None and self._begun >= self._plan.most:
            return None
        regular, volley = self._next, self._volleys[-1] if self._volleys else None
        if regular is None or volley is None:
            return volley if regular is None else regular
        return min(regular, volley)

    def take(self) -> float:
        """Return the time of the next arrival and go on to the one after it.

        Raises:
            IndexError: If there is none.
        """
        at_s = self.peek()
        if at_s is None:
            raise IndexError("nobody arrives any more")
        self._begun += 1
        if self._volleys and self._volleys[-1] == at_s:
            self._volleys.pop()
        else:
            self._at_s, self._owed = at_s, self._draw()
            self._next = self._regular()
        return at_s

    def follow(self, plan: Plan, at_s: float) -> None:
        """Follow another plan from a time on; what was already on its way to the next arrival counts."""
        if at_s > self._at_s:
            self._owed = max(0.0, self._owed - self._plan.area(self._at_s, at_s))
            self._at_s = at_s
        self._plan = plan
        self._next = self._regular()

    def _draw(self) -> float:
        return self._random.expovariate(1.0) if self._plan.arrivals == "poisson" else 1.0

    def _regular(self) -> float | None:
        owed, at_s, segments = self._owed, self._at_s, self._plan.segments
        for index in range(self._plan.index(at_s), len(segments)):
            segment = segments[index]
            begin_s = max(at_s, segment.begin_s)
            reached = segment.reaches(owed, begin_s)
            if reached is not None and reached < self._plan.duration_s:
                return reached
            owed -= segment.area(begin_s, segment.end_s) if segment.end_s < math.inf else 0.0
            # Rounding must not make an arrival that is due at the very end of a segment come before it.
            owed = max(owed, 0.0)
        return None


def plan_of(
    model: Model,
    parts: Iterable[tuple[str, float, float, float]],
    arrivals: Arrivals = "even",
    volleys: Sequence[tuple[float, int]] = (),
    most: int | None = None,
) -> Plan:
    """Return a plan made of parts.

    Args:
        model: Closed or open.
        parts: (name of the phase, duration in seconds, target at its beginning, target at its end); those without
            a duration are left out.
        arrivals: How the arrivals of an open load are spread.
        volleys: Arrivals beyond the target's.
        most: Callers that begin at most.
    """
    names: list[str] = []
    segments: list[Segment] = []
    now = 0.0
    for name, seconds, begin, end in parts:
        if seconds > 0:
            names.append(name)
            segments.append(Segment(len(segments), now, now + seconds, float(begin), float(end)))
            now += seconds
    return Plan(model, tuple(names), tuple(segments), arrivals, tuple(volleys), most)


class Load(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="profile"):
    """Base of all profiles: the table ``[load]`` of a scenario.

    Attributes:
        fixed: Why it has no target that can be edited while it runs, or "".
    """

    fixed: ClassVar[str] = ""

    def plan(self) -> Plan:
        """Return the load, second by second."""
        raise NotImplementedError


class Concurrency(Load, frozen=True, kw_only=True, tag="concurrency"):
    """A constant number of callers (closed).

    Attributes:
        concurrency: Utterances at once.
        duration_s: Seconds, or None when ``utterances`` ends it.
        utterances: Callers that begin, or None when ``duration_s`` ends it.
    """

    concurrency: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    duration_s: SomeSeconds | None = None
    utterances: Count | None = None

    def __post_init__(self) -> None:
        """Check that it ends."""
        _ends(self.duration_s, self.utterances)

    def plan(self) -> Plan:
        """Return the load, second by second."""
        seconds = math.inf if self.duration_s is None else self.duration_s
        return plan_of("closed", [("hold", seconds, self.concurrency, self.concurrency)], most=self.utterances)


class Rate(Load, frozen=True, kw_only=True, tag="rate"):
    """A constant rate of arrivals that wait for nothing (open).

    Attributes:
        rate: Arrivals per second.
        duration_s: Seconds, or None when ``utterances`` ends it.
        utterances: Callers that arrive, or None when ``duration_s`` ends it.
        arrivals: ``"poisson"`` as calls are, or ``"even"``.
        lines: Callers that can be busy at once, as with a limited number of phone lines, or None for any number.
    """

    rate: SomeLevel
    duration_s: SomeSeconds | None = None
    utterances: Count | None = None
    arrivals: Arrivals = "poisson"
    lines: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None

    def __post_init__(self) -> None:
        """Check that it ends."""
        _ends(self.duration_s, self.utterances)

    def plan(self) -> Plan:
        """Return the load, second by second."""
        seconds = math.inf if self.duration_s is None else self.duration_s
        plan = plan_of("open", [("hold", seconds, self.rate, self.rate)], self.arrivals, most=self.utterances)
        return replace(plan, lines=self.lines)


class Ramp(Load, frozen=True, kw_only=True, tag="ramp"):
    """From one target to another along a straight line, then hold.

    Attributes:
        model: Whether targets are utterances at once (closed) or per second (open).
        start: First target.
        end: Last target.
        ramp_s: Seconds from one to the other.
        hold_s: Seconds at the last.
        arrivals: Of an open load.
    """

    model: Model = "closed"
    start: Level = 1.0
    end: Level
    ramp_s: SomeSeconds
    hold_s: Seconds = 0.0
    arrivals: Arrivals = "poisson"

    def plan(self) -> Plan:
        """Return the load, second by second."""
        parts = [("ramp", self.ramp_s, self.start, self.end), ("hold", self.hold_s, self.end, self.end)]
        return plan_of(self.model, parts, self.arrivals)


class Steps(Load, frozen=True, kw_only=True, tag="steps"):
    """A staircase.

    Attributes:
        model: Whether targets are utterances at once (closed) or per second (open).
        start: Target of the first step.
        step: By how much each is higher.
        steps: How many.
        hold_s: Seconds on each.
        arrivals: Of an open load.
    """

    model: Model = "closed"
    start: SomeLevel
    step: SomeLevel
    steps: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    hold_s: SomeSeconds
    arrivals: Arrivals = "poisson"

    def plan(self) -> Plan:
        """Return the load, second by second."""
        targets = [self.start + self.step * index for index in range(self.steps)]
        return plan_of(self.model, [(f"step {target:g}", self.hold_s, target, target) for target in targets],
                       self.arrivals)  # fmt: skip


class Spike(Load, frozen=True, kw_only=True, tag="spike"):
    """A calm load, a peak of a while, and the calm load again.

    Attributes:
        model: Whether targets are utterances at once (closed) or per second (open).
        base: Target before and after.
        peak: Target of the spike.
        before_s: Seconds before.
        spike_s: Seconds of the spike.
        after_s: Seconds after it: does everything recover?
        arrivals: Of an open load.
    """

    model: Model = "open"
    base: Level
    peak: SomeLevel
    before_s: Seconds = 15.0
    spike_s: SomeSeconds = 10.0
    after_s: Seconds = 30.0
    arrivals: Arrivals = "poisson"

    def plan(self) -> Plan:
        """Return the load, second by second."""
        parts = [
            ("before", self.before_s, self.base, self.base),
            ("spike", self.spike_s, self.peak, self.peak),
            ("after", self.after_s, self.base, self.base),
        ]
        return plan_of(self.model, parts, self.arrivals)


class Soak(Load, frozen=True, kw_only=True, tag="soak"):
    """A gentle start, then the same for long: what leaks, drifts and tires.

    Attributes:
        model: Whether targets are utterances at once (closed) or per second (open).
        level: Target.
        ramp_s: Seconds until it is reached.
        duration_s: Seconds at it.
        arrivals: Of an open load.
    """

    model: Model = "closed"
    level: SomeLevel
    ramp_s: Seconds = 10.0
    duration_s: SomeSeconds = 600.0
    arrivals: Arrivals = "poisson"

    def plan(self) -> Plan:
        """Return the load, second by second."""
        parts = [("ramp", self.ramp_s, 0.0, self.level), ("soak", self.duration_s, self.level, self.level)]
        return plan_of(self.model, parts, self.arrivals)


class Burst(Load, frozen=True, kw_only=True, tag="burst"):
    """So many at the same moment, perhaps again and again (open).

    Attributes:
        count: Utterances of one volley.
        volleys: How many volleys.
        every_s: Seconds from one to the next.
    """

    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    volleys: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    every_s: SomeSeconds = 10.0
    fixed: ClassVar[str] = "a burst comes all at once"

    def plan(self) -> Plan:
        """Return the load, second by second."""
        parts = [(f"volley {number}", self.every_s if number < self.volleys else 1.0, 0.0, 0.0)
                 for number in range(1, self.volleys + 1)]  # fmt: skip
        volleys = [(number * self.every_s, self.count) for number in range(self.volleys)]
        # So many and no more: whoever came is let finish, as with any load that is told by a number.
        return plan_of("open", parts, volleys=volleys, most=self.count * self.volleys)


class Search(Load, frozen=True, kw_only=True, tag="search"):
    """The search for the breaking point: raise until a threshold fails, then bisect.

    Attributes:
        model: Whether levels are utterances at once (closed) or per second (open).
        start: First level.
        most: Highest level tried.
        step: Levels are multiples of it; the answer is as fine as this, or as ``precision`` if that is coarser.
        factor: By how much each level is higher than the one before, until one fails.
        precision: The answer may be coarser than it by this share of the level, 0 to 0.5.
        hold_s: Seconds that a level is measured.
        settle_s: Seconds before that, in which it may settle.
        repeats: Times that a level must agree with itself before it is believed (1 believes at once).
        arrivals: Of an open load.
    """

    model: Model = "closed"
    start: SomeLevel = 5.0
    most: SomeLevel = 200.0
    step: SomeLevel = 1.0
    factor: Annotated[float, msgspec.Meta(gt=1, le=10)] = 2.0
    precision: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.1
    hold_s: SomeSeconds = 15.0
    settle_s: Seconds = 5.0
    repeats: Annotated[int, msgspec.Meta(ge=1, le=5)] = 2
    arrivals: Arrivals = "poisson"
    fixed: ClassVar[str] = "a search sets its levels itself"

    def __post_init__(self) -> None:
        """Check that no level has to be above the highest."""
        if self.most < max(self.start, self.step):
            raise ValueError("expected most to be at least start and step: no higher level is tried")

    def plan(self) -> Plan:
        """Return the load of the first level; the others follow from what is measured."""
        return self.level(self.start)

    def level(self, target: float) -> Plan:
        """Return the load of one level."""
        parts = [("settle", self.settle_s, target, target), (f"level {target:g}", self.hold_s, target, target)]
        return plan_of(self.model, parts, self.arrivals)


AnyLoad = Concurrency | Rate | Ramp | Steps | Spike | Soak | Burst | Search


def _ends(duration_s: float | None, utterances: int | None) -> None:
    if duration_s is None and utterances is None:
        raise ValueError("expected duration_s, utterances, or both: without them it would never end")
