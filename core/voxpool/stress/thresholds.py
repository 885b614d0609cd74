"""Thresholds: ``ttfa_ms.p95 < 400``, ``errors.rate < 0.01``, ``stalls.per_minute == 0``.

A threshold names something measured, compares it, and holds or does not.  It is checked on the last seconds while a
run goes on, and on all of it at the end.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

DISTRIBUTIONS: Final = (
    "ttfa_ms", "corrected_ms", "uncorrected_ms", "queue_ms", "connect_ms", "create_ms", "release_ms", "stall_ms",
    "late_start_ms", "loop_lag_ms", "real_time_factor",
)  # fmt: skip
"""What is measured for each utterance (or connection, or moment); see ``RunResult.distributions``."""

STATISTICS: Final = ("min", "mean", "p50", "p90", "p95", "p99", "p999", "max", "count")
"""What may be asked of each of them."""

NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "errors": ("rate", "count"),
    "stalls": ("per_minute", "count", "rate"),
    "utterances": ("started", "done", "failed", "cancelled", "per_second"),
    "characters": ("sent", "wasted", "wasted_rate"),
    "cost": ("usd",),
}
"""Plain numbers: ``errors.rate`` is the share of those that ended, ``stalls.per_minute`` for each minute of audio,
``stalls.rate`` the share of utterances with a stall, ``utterances.per_second`` those that were done."""

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_FORM: Final = re.compile(r"\s*(\w+)\s*\.\s*(\w+)\s*(<=|>=|==|!=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")
FEWEST: Final = 10
"""Values that a percentile or a rate of the last seconds needs before it says anything."""


class ThresholdSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A threshold as a table of a scenario.

    Attributes:
        check: The condition, as in ``"errors.rate < 0.01"``.
        abort: Whether the run ends when it is crossed.
    """

    check: str
    abort: bool = False

    def __post_init__(self) -> None:
        """Check that it can be read."""
        parse(self.check)


class Facts(Protocol):
    """Something measured that thresholds can be asked about."""

    def distribution(self, name: str, statistic: str) -> float | None:
        """Return a statistic of one of ``DISTRIBUTIONS``, or None when nothing was measured."""

    @property
    def counts(self) -> Counts:
        """The plain numbers."""


@dataclass(slots=True)
class Counts:
    """What is counted of a run, or of a part of it.

    Attributes:
        seconds: How long it lasted.
        started: Utterances begun.
        done: Heard to their end.
        failed: Ended with an error.
        cancelled: Interrupted, or cut short by the end of the run.
        cut_short: Of these, cut short by the end of the run.
        stalls: Silences in mid-utterance.
        stalled: Utterances that had one.
        under_way: Utterances that are not over, of which stalls and audio are counted all the same.
        audio_s: Seconds of audio received.
        chunks: Audio chunks received.
        characters: Characters sent.
        wasted: Of these, paid for and not heard, estimated.
        usd: What they cost, estimated.
    """

    seconds: float = 0.0
    started: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    cut_short: int = 0
    stalls: int = 0
    stalled: int = 0
    under_way: int = 0
    audio_s: float = 0.0
    chunks: int = 0
    characters: int = 0
    wasted: int = 0
    usd: float = 0.0

    @property
    def ended(self) -> int:
        """Utterances that are over."""
        return self.done + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition.

    Attributes:
        text: As it was written.
        metric: What is measured.
        statistic: What of it.
        comparison: ``<``, ``<=``, ``>``, ``>=``, ``==`` or ``!=``.
        limit: Compared with.
        aborts: Whether the run ends when it is crossed.
    """

    text: str
    metric: str
    statistic: str
    comparison: str
    limit: float
    aborts: bool = False

    def value(self, facts: Facts) -> float | None:
        """Return what was measured, or None when nothing was."""
        if self.metric in NUMBERS:
            return _NUMBER[self.metric, self.statistic](facts.counts)
        value = facts.distribution(self.metric, self.statistic)
        # No stall at all is the best that can be measured, not the lack of a measurement.
        return 0.0 if value is None and self.metric == "stall_ms" and facts.counts.ended else value

    def holds(self, value: float | None) -> bool:
        """Whether a value satisfies it; nothing measured satisfies nothing."""
        return value is not None and _OPERATORS[self.comparison](value, self.limit)

    def crossed(self, facts: Facts) -> bool:
        """Whether the last seconds break it, with enough in them to say so."""
        counts = facts.counts
        if self.metric in NUMBERS:
            # How many were begun or done in the last seconds says nothing about a condition on all of them.
            behind = counts.ended + (counts.under_way if self.metric == "stalls" else 0)
            if self.metric in ("utterances", "characters", "cost") or behind < FEWEST:
                return False
        elif (facts.distribution(self.metric, "count") or 0) < FEWEST:
            return False
        value = self.value(facts)
        return value is not None and not self.holds(value)


def parse(text: str, *, aborts: bool = False) -> Threshold:
    """Return the threshold that a text asks for.

    Raises:
        ValueError: In one sentence: what was expected, and what there is.
    """
    match = _FORM.fullmatch(text)
    if match is None and text.rstrip().endswith(" abort"):
        # As the window has it, one on each line.
        check = text.rstrip().removesuffix(" abort").strip()
        raise ValueError(f"one that ends the run is written like {{ check = {check[:80]!r}, abort = true }} here")
    if match is None:
        raise ValueError(f"expected a condition like 'ttfa_ms.p95 < 400', got {text[:80]!r}")
    metric, statistic, comparison, limit = match.groups()
    if metric not in DISTRIBUTIONS and metric not in NUMBERS:
        raise ValueError(f"{metric!r} is not measured; expected one of {', '.join((*DISTRIBUTIONS, *NUMBERS))}")
    known: Sequence[str] = NUMBERS.get(metric, STATISTICS)
    if statistic not in known:
        raise ValueError(f"{metric} has no {statistic!r}; expected one of {', '.join(known)}")
    if math.isinf(float(limit)):
        raise ValueError(f"expected a smaller number than {limit[:80]}: nothing measured can be compared with it")
    return Threshold(text.strip(), metric, statistic, comparison, float(limit), aborts)


def figure(value: float | None) -> str:
    """Write what was measured without digits that it does not have: the same wherever a threshold is told."""
    if value is None or math.isnan(value):
        return "nothing measured"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.4g}"


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


_NUMBER: Final[Mapping[tuple[str, str], Callable[[Counts], float | None]]] = {
    ("errors", "rate"): lambda counts: _share(counts.failed, counts.ended),
    ("errors", "count"): lambda counts: counts.failed,
    ("stalls", "per_minute"): lambda counts: _share(counts.stalls * 60.0, counts.audio_s),
    ("stalls", "count"): lambda counts: counts.stalls,
    ("stalls", "rate"): lambda counts: _share(counts.stalled, counts.ended + counts.under_way),
    ("utterances", "started"): lambda counts: counts.started,
    ("utterances", "done"): lambda counts: counts.done,
    ("utterances", "failed"): lambda counts: counts.failed,
    ("utterances", "cancelled"): lambda counts: counts.cancelled,
    ("utterances", "per_second"): lambda counts: _share(counts.done, counts.seconds),
    ("characters", "sent"): lambda counts: counts.characters,
    ("characters", "wasted"): lambda counts: counts.wasted,
    ("characters", "wasted_rate"): lambda counts: _share(counts.wasted, counts.characters),
    ("cost", "usd"): lambda counts: counts.usd,
}
