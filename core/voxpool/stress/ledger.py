"""What is written down of a run while it goes on: samples, ticks, marks, errors.  All of it bounded."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from voxpool.events import Outcome
from voxpool.stress.result import ErrorCount, Mark, MarkKind, RunListener, Tick
from voxpool.stress.sample import Sample

MOST_TICKS: Final = 14_400
"""Ticks kept: an hour of them; of longer runs two and two become one, again and again."""
MOST_MARKS: Final = 2000
_EXAMPLES: Final = 3
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_MOST_KINDS: Final = 100
_MOST_TTFA: Final = 256


class Errors:
    """Failures by kind."""

    def __init__(self) -> None:
        self._kinds: dict[str, ErrorCount] = {}

    def add(self, kind: str, text: str, at_s: float) -> None:
        """Count one failure."""
        if kind not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            kind = "other"
        known = self._kinds.get(kind) or ErrorCount(kind, 0, (), at_s, at_s)
        examples = known.examples
        # Texts that differ in numbers alone say the same of different connections and times.
        if text and len(examples) < _EXAMPLES and _shape(text) not in map(_shape, examples):
            examples = (*examples, text)
        self._kinds[kind] = replace(
            known,
            count=known.count + 1,
            examples=examples,
            first_s=min(known.first_s, at_s),
            last_s=max(known.last_s, at_s),
            varied=known.varied or text not in examples[:1],
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return {kind: each.count for kind, each in self._kinds.items()}

    def result(self) -> tuple[ErrorCount, ...]:
        """Return all, the most frequent first."""
        return tuple(sorted(self._kinds.values(), key=lambda each: (-each.count, each.kind)))


class Ledger:
    """Keeps samples, ticks and marks, and hands each on to whoever follows the run.

    Args:
        most_samples: Samples kept; of a longer run the newest.
        listeners: Who follows.

    Attributes:
        errors: Failures by kind, without those of the warm-up.
        dropped: Samples that were not kept.
    """

    def __init__(self, most_samples: int, listeners: Iterable[RunListener] = ()) -> None:
        self._samples: deque[Sample] = deque(maxlen=most_samples)
        self._listeners = tuple(listeners)
        self._ticks: list[Tick] = []
        self._held: list[Tick] = []
        self._stride = 1
        self._marks: deque[Mark] = deque(maxlen=MOST_MARKS)
        self.errors = Errors()
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<Ledger {len(self._samples)} samples, {len(self._ticks)} ticks, {len(self._marks)} marks>"

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples that were kept, in the order of their ends."""
        return tuple(self._samples)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The time line."""
        return (*self._ticks, *([merged(self._held)] if self._held else ()))

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Its annotations."""
        return tuple(self._marks)

    def follow(self, listener: RunListener) -> None:
        """Hand everything from now on to one more."""
        self._listeners = (*self._listeners, listener)

    def sample(self, sample: Sample) -> None:
        """Write down an utterance that is over."""
        if len(self._samples) == self._samples.maxlen:
            self.dropped += 1
        self._samples.append(sample)
        if sample.outcome is Outcome.FAILED and not sample.warm_up:
            at_s = sample.closed_s if sample.closed_s is not None else sample.started_s
            self.errors.add(sample.error_kind, sample.error, at_s)
        for listener in self._listeners:
            listener.on_sample(sample)

    def tick(self, tick: Tick) -> None:
        """Write down the run at one moment."""
        self._held.append(tick)
        if len(self._held) >= self._stride:
            self._ticks.append(merged(self._held))
            self._held = []
        if len(self._ticks) >= MOST_TICKS:
            self._ticks = [merged(self._ticks[index : index + 2]) for index in range(0, len(self._ticks), 2)]
            self._stride *= 2
        for listener in self._listeners:
            listener.on_tick(tick)

    def mark(self, at_s: float, kind: MarkKind, text: str) -> None:
        """Write an annotation into the time line."""
        mark = Mark(at_s, kind, text)
        self._marks.append(mark)
        for listener in self._listeners:
            listener.on_mark(mark)


def _shape(text: str) -> str:
    return _NUMBER.sub("#", text)


def merged(ticks: list[Tick]) -> Tick:
    """Return one tick for several that follow each other: sums of what happened, the worst of what was bad."""
    last = ticks[-1]
    if len(ticks) == 1:
        return last
    ttfa = [value for tick in ticks for value in tick.ttfa_ms]
    every = -(-len(ttfa) // _MOST_TTFA) or 1
    return replace(
        last,
        arrivals=sum(tick.arrivals for tick in ticks),
        completions=sum(tick.completions for tick in ticks),
        ttfa_ms=tuple(sorted(ttfa)[::every]) if every > 1 else tuple(ttfa),
        in_flight=max(tick.in_flight for tick in ticks),
        slots_held=max(tick.slots_held for tick in ticks),
        waiting=max(tick.waiting for tick in ticks),
        oldest_wait_s=max(tick.oldest_wait_s for tick in ticks),
        starving=max(tick.starving for tick in ticks),
        nothing_s=max(tick.nothing_s for tick in ticks),
        starved_s=max(tick.starved_s for tick in ticks),
        loop_lag_ms=max(tick.loop_lag_ms for tick in ticks),
        late_start_ms=max(tick.late_start_ms for tick in ticks),
        cpu_percent=sum(tick.cpu_percent for tick in ticks) / len(ticks),
    )
