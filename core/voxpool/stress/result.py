"""What a run leaves behind, as plain data: the window, the report, the store and the comparison read this alone.

``Tick`` is the live picture, a few times a second; ``Mark`` an annotation of the time line; ``RunResult`` everything
at the end.  All of them are frozen and turn into JSON and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, Protocol, Self

from voxpool.stress.sample import WARM_UP, Sample


class Verdict(StrEnum):
    """How a run is to be read."""

    PASSED = "passed"
    """Every threshold held; without any, no utterance failed."""
    FAILED = "failed"
    """A threshold did not hold; without any, an utterance failed."""
    INVALID = "invalid"
    """The tool itself was the bottleneck, or a fault of the scenario did not strike: the numbers mislead."""
    ABORTED = "aborted"
    """Ended before its time: by a person, a cap, a threshold that says so, or a service out of reach."""


class MarkKind(StrEnum):
    """What an annotation is about."""

    PHASE = "phase"
    FAULT = "fault"
    THRESHOLD = "threshold"
    EDIT = "edit"
    TOOL = "tool"
    STOP = "stop"
    SERVICE = "service"
    """It went out of reach, or came back."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation of the time line.

    Attributes:
        at_s: Seconds since the run began.
        kind: What it is about.
        text: A few words for people.
    """

    at_s: float
    kind: MarkKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The run at one moment, and what happened since the tick before.

    Attributes:
        at_s: Seconds since the run began.
        phase: Index of the phase.
        target: Utterances per second (open model) or utterances in flight (closed model) that the load asks for.
        arrivals: Utterances scheduled since the tick before.
        completions: Utterances that ended since the tick before.
        in_flight: Utterances asked for and not ended.
        slots_held: Slots held in the pool.
        generating: Contexts that have had audio and are not done: what counts against the generation limit.
        waiting: Utterances in the pool's queue.
        oldest_wait_s: Seconds that the longest waiter has waited.
        connections: Open connections.
        started: Utterances begun since the warm-up, which none of the following counts has in it.
        warm_up: Utterances of the warm-up.
        done: Of these, heard to their end.
        failed: Of these, ended with an error.
        cancelled: Of these, interrupted, or cut short by the end of the run.
        cut_short: Of the cancelled ones, those that the end of the run cut short.
        ttfa_ms: Corrected times to first audio that came in since the tick before, in milliseconds.
        ttfa_p50_ms: Median of the corrected time to first audio over the last ten seconds, or None.
        ttfa_p95_ms: Its 95th percentile.
        ttfa_p99_ms: Its 99th percentile.
        errors: Failed utterances by kind.
        stalls: Stalls that are over, those of utterances under way included.
        starving: Utterances whose listener hears silence at this moment, after the first audio and before the end.
        starved_s: The longest of these silences so far, in seconds.
        characters: Characters sent.
        usd: What they cost so far, estimated, in US dollars; 0 at an endpoint that costs nothing.
        loop_lag_ms: Largest lag of the event loop since the tick before.
        late_start_ms: Largest delay of a start since the tick before.
        cpu_percent: CPU of this process since the tick before, 100 being one core.
        events_lost: Pool events that the measurement lost since the run began.
        underflows: Underflows of the sound device since the run began, where it plays.
        trouble: What keeps the service out of reach or that it is silent, since when, and what comes of it, as a
            sentence without a beginning; "" while nothing does.
        nothing_s: Seconds that nothing has come from any connection although utterances are in flight, or 0 while
            that is not worth a word.
    """

    at_s: float
    phase: int = 0
    target: float = 0.0
    arrivals: int = 0
    completions: int = 0
    in_flight: int = 0
    slots_held: int = 0
    generating: int = 0
    waiting: int = 0
    oldest_wait_s: float = 0.0
    connections: int = 0
    started: int = 0
    warm_up: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    cut_short: int = 0
    ttfa_ms: tuple[float, ...] = ()
    ttfa_p50_ms: float | None = None
    ttfa_p95_ms: float | None = None
    ttfa_p99_ms: float | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    stalls: int = 0
    starving: int = 0
    starved_s: float = 0.0
    characters: int = 0
    usd: float = 0.0
    loop_lag_ms: float = 0.0
    late_start_ms: float = 0.0
    cpu_percent: float = 0.0
    events_lost: int = 0
    underflows: int = 0
    trouble: str = ""
    nothing_s: float = 0.0

    @property
    def interrupted(self) -> int:
        """Utterances that were interrupted on purpose."""
        return self.cancelled - self.cut_short

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a tick from plain data; unknown names are passed over."""
        taken = _known(cls, data)
        return cls(**taken | {"ttfa_ms": tuple(taken.get("ttfa_ms", ()))})


@dataclass(frozen=True, slots=True)
class Percentiles:
    """A distribution over the whole run, from an HDR histogram with three significant digits.

    Attributes:
        count: Values recorded.
        mean: Their mean, None without any (as are the others).
        min: The smallest.
        p50: Median.
        p90: 90th percentile.
        p95: 95th percentile.
        p99: 99th percentile.
        p999: 99.9th percentile.
        max: The largest.
        hdr: The histogram itself in HdrHistogram's compressed base64 form (values in microseconds), or "".
    """

    count: int = 0
    mean: float | None = None
    min: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None
    hdr: str = ""


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Failures of one kind.

    Attributes:
        kind: Stable short name, such as ``"ServiceError 8"``.
        count: How many utterances failed with it.
        examples: A few of the texts, credentials scrubbed; of those that differ in numbers alone the first.
        first_s: Seconds since the run began when it first happened.
        last_s: When it last happened.
        varied: Whether not all of the texts are the same.
    """

    kind: str
    count: int
    examples: tuple[str, ...] = ()
    first_s: float = 0.0
    last_s: float = 0.0
    varied: bool = False

    @property
    def words(self) -> str:
        """The error in words: that of all of them, or of one for example, or "" where no text is known."""
        if not self.examples:
            return ""
        return f"for example: {self.examples[0]}" if self.varied or len(self.examples) > 1 else self.examples[0]


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """What became of one threshold.

    Attributes:
        text: As in the scenario, ``"ttfa_ms.p95 < 400"``.
        passed: Whether it held at the end, and was not crossed where crossing aborts.
        value: What was measured, or None when nothing was.
        first_crossed_s: Seconds since the run began when it was first crossed, or None.
        aborts: Whether crossing it ends the run.
    """

    text: str
    passed: bool
    value: float | None = None
    first_crossed_s: float | None = None
    aborts: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One level that the search for the breaking point tried.

    Attributes:
        level: Concurrency or rate.
        passed: Whether the thresholds held.
        ttfa_p50_ms: Median of the corrected time to first audio at this level, or None.
        ttfa_p95_ms: Its 95th percentile, or None.
        error_rate: Failed utterances for each one that ended, 0 to 1.
        why: The threshold that failed, or "".
        repeated: Failed tries before it that say nothing, as the service was out of reach or silent meanwhile.
    """

    level: float
    passed: bool
    ttfa_p50_ms: float | None = None
    ttfa_p95_ms: float | None = None
    error_rate: float = 0.0
    why: str = ""
    repeated: int = 0

    @property
    def words(self) -> str:
        """Why it failed, and that it was tried again, in words, or ""."""
        often = "once" if self.repeated == 1 else f"{self.repeated} times"
        again = f"tried again {often}, as the service was away" if self.repeated else ""
        return "; ".join(each for each in (self.why, again) if each)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What the search for the breaking point found.

    Attributes:
        safe: The highest level at which every threshold held, or None when none did.
        breaking: The lowest level at which one failed, or None when none did.
        unit: What a level is: ``"utterances at once"`` or ``"utterances per second"``.
        steps: Every level tried, in the order of trying.
    """

    safe: float | None
    breaking: float | None
    unit: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything a run leaves behind.

    Attributes:
        run_id: Made-up unique id, usable as a file name.
        name: The scenario's name.
        began_at: Wall clock time of the beginning, seconds since the epoch.
        wall_s: Duration in seconds.
        url: The endpoint, without a credential.
        seed: Of everything random.
        scenario: The scenario as plain data.
        environment: Versions, machine, loop: names and texts.
        verdict: How to read it.
        reasons: Sentences: why it is invalid, which threshold failed, who stopped it.
        phases: Names of the phases.
        started: Utterances begun.  The warm-up is in no count and no distribution of the result, only in ``warm_up``,
            ``ticks`` and ``samples``.
        warm_up: Utterances of the warm-up.
        warm_up_characters: Characters sent in it.
        warm_up_usd: What these cost, estimated, in US dollars.
        done: Heard to their end.
        failed: Ended with an error.
        cancelled: Interrupted, or cut short by the end of the run.
        cut_short: Of the cancelled ones, those that the end of the run cut short: a stop at once, or a service that
            was gone.
        peak_in_flight: Most utterances at once.
        peak_connections: Most open connections.
        characters: Characters sent.
        wasted_characters: Of these, paid for and not heard, estimated.
        cost_usd: Estimated cost in US dollars, 0 at an endpoint that costs nothing.
        audio_s: Seconds of audio received.
        chunks: Audio chunks received.
        stalls: Stalls of all utterances.
        stalled_utterances: Utterances with at least one.
        distributions: By name, in milliseconds unless the name says otherwise: ``ttfa``, ``corrected``,
            ``uncorrected``, ``queue``, ``connect``, ``create``, ``release``, ``stall``, ``late_start``, ``loop_lag``,
            ``real_time_factor`` (a ratio).
        errors: By kind, the most frequent first.
        faults_missed: Faults of the scenario that could not be set, or whose time did not come.
        thresholds: Every threshold.
        search: What the search found, or None when the load was another.
        ticks: The time line.
        marks: Its annotations.
        samples: Every utterance, or only the newest of a long run.
        samples_dropped: Samples that were not kept.
    """

    run_id: str
    name: str
    began_at: float
    wall_s: float
    url: str = ""
    seed: int = 0
    scenario: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = Verdict.PASSED
    reasons: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    started: int = 0
    warm_up: int = 0
    warm_up_characters: int = 0
    warm_up_usd: float = 0.0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    cut_short: int = 0
    peak_in_flight: int = 0
    peak_connections: int = 0
    characters: int = 0
    wasted_characters: int = 0
    cost_usd: float = 0.0
    audio_s: float = 0.0
    chunks: int = 0
    stalls: int = 0
    stalled_utterances: int = 0
    distributions: Mapping[str, Percentiles] = field(default_factory=dict)
    errors: tuple[ErrorCount, ...] = ()
    faults_missed: int = 0
    thresholds: tuple[ThresholdResult, ...] = ()
    search: SearchResult | None = None
    ticks: tuple[Tick, ...] = ()
    marks: tuple[Mark, ...] = ()
    samples: tuple[Sample, ...] = ()
    samples_dropped: int = 0

    @property
    def interrupted(self) -> int:
        """Utterances that were interrupted on purpose."""
        return self.cancelled - self.cut_short

    @property
    def measured(self) -> tuple[Sample, ...]:
        """The samples that count: all but those of the warm-up."""
        # Runs that were kept before a sample knew this have only the names of their phases.
        warm = {index for index, name in enumerate(self.phases) if name == WARM_UP}
        return tuple(each for each in self.samples if not (each.warm_up or each.phase in warm))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON (enums as their values)."""
        data = asdict(self)
        data["verdict"] = self.verdict.value
        data["marks"] = [asdict(mark) | {"kind": mark.kind.value} for mark in self.marks]
        data["samples"] = [sample.to_dict() for sample in self.samples]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a result from what ``to_dict`` returned; unknown names are passed over.

        Raises:
            KeyError, TypeError, ValueError: If it is no result of a run.
        """
        taken = _known(cls, data)
        search = taken.get("search")
        return cls(
            **taken
            | {
                "verdict": Verdict(taken.get("verdict", Verdict.PASSED)),
                "reasons": tuple(taken.get("reasons", ())),
                "phases": tuple(taken.get("phases", ())),
                "distributions": {
                    name: Percentiles(**_known(Percentiles, each))
                    for name, each in taken.get("distributions", {}).items()
                },
                "errors": tuple(_error(each) for each in taken.get("errors", ())),
                "thresholds": tuple(
                    ThresholdResult(**_known(ThresholdResult, each)) for each in taken.get("thresholds", ())
                ),
                "search": None if search is None else _search(search),
                "ticks": tuple(Tick.from_dict(each) for each in taken.get("ticks", ())),
                "marks": tuple(
                    Mark(float(each["at_s"]), MarkKind(each["kind"]), str(each["text"]))
                    for each in taken.get("marks", ())
                ),
                "samples": tuple(Sample.from_dict(each) for each in taken.get("samples", ())),
            }
        )


class RunListener(Protocol):
    """Who follows a run while it happens.  Every method must return at once and must not raise."""

    def on_sample(self, sample: Sample) -> None:
        """An utterance is over and its slot is free (or will not become so)."""

    def on_tick(self, tick: Tick) -> None:
        """A quarter of a second passed."""

    def on_mark(self, mark: Mark) -> None:
        """Something happened that belongs on the time line."""


_NAMES: Final[dict[type[Any], frozenset[str]]] = {}


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    # Asked for each of thousands of ticks.
    if kind not in _NAMES:
        _NAMES[kind] = frozenset(each.name for each in fields(kind))
    known = _NAMES[kind]
    return {name: value for name, value in data.items() if name in known}


def _error(data: Mapping[str, Any]) -> ErrorCount:
    return ErrorCount(**_known(ErrorCount, data) | {"examples": tuple(data.get("examples", ()))})


def _search(data: Mapping[str, Any]) -> SearchResult:
    steps = tuple(Step(**_known(Step, each)) for each in data.get("steps", ()))
    return SearchResult(**_known(SearchResult, data) | {"steps": steps})
