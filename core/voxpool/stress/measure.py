"""Distributions of a run: HDR histograms over all of it, and the plain values of its last seconds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hdrh.histogram import HdrHistogram

from voxpool.stress.result import Percentiles
from voxpool.stress.sample import Sample
from voxpool.stress.thresholds import DISTRIBUTIONS, Counts

LARGEST_MS: Final = 3_600_000.0
"""Longer than this is not told apart: an hour."""
WINDOW_S: Final = 10.0
"""How far back the live values reach, in seconds."""

_US: Final = 1000.0
_DIGITS: Final = 3
_SHARES: Final[Mapping[str, float]] = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}
_MOST_RECENT: Final = 50_000


class Histogram:
    """Durations, exact to three significant digits however many there are, in bounded memory.

    Args:
        limit: Values above it are counted: whether a percentile is above it can then be told at once, which the
            histogram takes milliseconds for.
    """

    def __init__(self, limit: float = math.inf) -> None:
        self._limit = limit
        self._above = 0
        self._hdr = HdrHistogram(1, int(LARGEST_MS * _US), _DIGITS)
        self._count = 0
        self._total = 0.0
        self._min = math.inf
        self._max = -math.inf

    def __repr__(self) -> str:
        return f"<Histogram of {self._count} values>"

    def record(self, value: float, interval: float = 0.0) -> None:
        """Add a value in milliseconds (or a ratio); a negative one counts as 0.

        Args:
            value: The value.
            interval: For a probe that looks every so many milliseconds: a value above it hid those looks that it
                was too late for, which are added as they would have been (no coordinated omission).
        """
        value = min(max(0.0, value), LARGEST_MS)
        self._add(value)
        if interval > 0:
            missed = value - interval
            while missed >= interval:
                self._add(missed)
                missed -= interval

    def _add(self, value: float) -> None:
        self._hdr.record_value(round(value * _US))
        self._count += 1
        self._above += value > self._limit
        self._total += value
        self._min = min(self._min, value)
        self._max = max(self._max, value)

    @property
    def count(self) -> int:
        """Values recorded."""
        return self._count

    def is_above(self, percent: float) -> bool:
        """Whether a percentile is above the limit."""
        return self._count > 0 and self._count - self._above < rank_of(percent, self._count)

    def statistic(self, name: str) -> float | None:
        """Return one of ``STATISTICS``, or None without any value (a count of 0 is a value)."""
        if name == "count":
            return float(self._count)
        if not self._count:
            return None
        if name in _SHARES:
            # The highest value of its bucket may be above the largest that there was.
            return min(float(self._hdr.get_value_at_percentile(self._percentile(name))) / _US, self._max)
        return {"min": self._min, "max": self._max, "mean": self._total / self._count}[name]

    def _percentile(self, name: str) -> float:
        """Return the percentile of the nearest rank: the library rounds ranks, and would round some down."""
        return rank_of(_SHARES[name], self._count) / self._count * 100.0

    def percentiles(self) -> Percentiles:
        """Return all of it, with the histogram itself."""
        if not self._count:
            return Percentiles()
        # One pass for all of them: each costs the histogram a walk through its buckets.
        asked = {name: self._percentile(name) for name in _SHARES}
        found = self._hdr.get_percentile_to_value_dict(sorted(set(asked.values())))
        shares = {name: min(float(found[percent]) / _US, self._max) for name, percent in asked.items()}
        return Percentiles(
            count=self._count,
            mean=self._total / self._count,
            min=self._min,
            max=self._max,
            hdr=self._hdr.encode().decode("ascii"),
            **shares,
        )


class Meter:
    """Every distribution and every count of a run.

    Args:
        limits: Limits of distributions by name, for ``is_above``.

    Attributes:
        counts: The plain numbers.
    """

    def __init__(self, limits: Mapping[str, float] | None = None) -> None:
        self.counts = Counts()
        limits = limits or {}
        self._histograms = {name: Histogram(limits.get(name, math.inf)) for name in DISTRIBUTIONS}

    def __repr__(self) -> str:
        return f"<Meter {self.counts.started} started, {self.counts.ended} ended>"

    def record(self, name: str, value: float | None, interval: float = 0.0) -> None:
        """Add a value to a distribution; None is none."""
        if value is not None:
            self._histograms[name].record(value, interval)

    def count(self, sample: Sample) -> None:
        """Count an utterance that is over."""
        count_sample(self.counts, sample)

    def histogram(self, name: str) -> Histogram:
        """Return a distribution."""
        return self._histograms[name]

    def distribution(self, name: str, statistic: str) -> float | None:
        """Return a statistic of a distribution, or None when nothing was measured."""
        return self._histograms[name].statistic(statistic)

    def result(self) -> dict[str, Percentiles]:
        """Return every distribution under the name that results use."""
        return {name.removesuffix("_ms"): each.percentiles() for name, each in self._histograms.items()}


class Window:
    """The values and the ends of the last seconds.

    Args:
        seconds: How far back.

    """

    def __init__(self, seconds: float = WINDOW_S) -> None:
        self._seconds = seconds
        self._values: dict[str, deque[tuple[float, float]]] = {
            name: deque(maxlen=_MOST_RECENT) for name in DISTRIBUTIONS
        }
        self._ends: deque[tuple[float, Sample]] = deque(maxlen=_MOST_RECENT)
        self._queues: tuple[deque[tuple[float, Any]], ...] = (*self._values.values(), self._ends)
        self._counts: Counts | None = None

    def record(self, at_s: float, name: str, value: float | None) -> None:
        """Add a value to a distribution; None is none."""
        if value is not None:
            self._values[name].append((at_s, value))

    def end(self, at_s: float, sample: Sample) -> None:
        """Add an utterance that is over."""
        self._ends.append((at_s, sample))
        self._counts = None

    def forget(self, now_s: float) -> None:
        """Drop what is too old."""
        for queue in self._queues:
            while queue and queue[0][0] < now_s - self._seconds:
                queue.popleft()
        self._counts = None

    def clear(self) -> None:
        """Drop everything: something else begins to be measured."""
        for queue in self._queues:
            queue.clear()
        self._counts = None

    @property
    def counts(self) -> Counts:
        """The plain numbers of the utterances that ended in the last seconds; what only began is not counted."""
        if self._counts is None:
            self._counts = Counts(seconds=self._seconds)
            for _, sample in self._ends:
                count_sample(self._counts, sample)
        return self._counts

    def distribution(self, name: str, statistic: str) -> float | None:
        """Return a statistic of a distribution, or None when nothing was measured."""
        return statistic_of([value for _, value in self._values[name]], statistic)


class SampleFacts:
    """What a set of utterances says, computed from themselves: for one level of a search.

    Args:
        samples: Utterances that are over.
        seconds: How long they took together.
        moments: Further distributions: those of the loop.
    """

    def __init__(
        self, samples: Iterable[Sample], seconds: float, moments: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        self.counts = Counts(seconds=seconds)
        self._values: dict[str, list[float]] = {name: [] for name in DISTRIBUTIONS}
        for sample in samples:
            self.counts.started += 1
            self.counts.characters += sample.paid_characters
            count_sample(self.counts, sample)
            for name, value in values_of(sample):
                if value is not None:
                    self._values[name].append(value)
        for name, values in (moments or {}).items():
            self._values[name].extend(values)

    def distribution(self, name: str, statistic: str) -> float | None:
        """Return a statistic of a distribution, or None when nothing was measured."""
        return statistic_of(self._values[name], statistic)


def values_of(sample: Sample) -> tuple[tuple[str, float | None], ...]:
    """Return what one utterance adds to the distributions."""
    created = sample.created_s if sample.granted_s is not None else None
    return (
        ("ttfa_ms", sample.ttfa_ms),
        ("corrected_ms", sample.corrected_ms),
        ("uncorrected_ms", sample.uncorrected_ms),
        ("queue_ms", sample.queue_ms),
        ("late_start_ms", sample.late_start_ms),
        ("create_ms", None if created is None or sample.granted_s is None else (created - sample.granted_s) * 1000.0),
        ("release_ms", sample.release_ms),
        ("stall_ms", sample.longest_stall_s * 1000.0 if sample.stalls else None),
        ("real_time_factor", sample.real_time_factor),
    )


EARLY: Final = ("ttfa_ms", "corrected_ms", "uncorrected_ms", "queue_ms", "late_start_ms")
"""Known at the first audio, when the utterance is far from over."""


def count_sample(counts: Counts, sample: Sample) -> None:
    """Count an utterance that is over (but not its beginning)."""
    name = sample.outcome.value
    setattr(counts, name, getattr(counts, name) + 1)
    counts.cut_short += sample.cut_short
    counts.stalls += sample.stalls
    counts.stalled += bool(sample.stalls)
    counts.audio_s += sample.audio_s
    counts.chunks += sample.chunks
    counts.wasted += sample.wasted_characters


def rank_of(percent: float, count: int) -> int:
    """Return the nearest rank of a percentile, from 1: so many values are at most as large."""
    return max(1, math.ceil(percent * count / 100.0 - 1e-9))


def statistic_of(values: Sequence[float], name: str) -> float | None:
    """Return one of ``STATISTICS`` of plain values, by the nearest-rank rule, or None without any."""
    if name == "count":
        return float(len(values))
    if not values:
        return None
    if name in _SHARES:
        ranked = sorted(values)
        return ranked[rank_of(_SHARES[name], len(ranked)) - 1]
    return {"min": min(values), "max": max(values), "mean": sum(values) / len(values)}[name]
