"""What can still be said of a run whose process ended before it did: a result, from what was written down in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from voxpool.events import Outcome
from voxpool.stress.distribution import measure
from voxpool.stress.ledger import Errors
from voxpool.stress.result import ErrorCount, Mark, Percentiles, RunResult, Tick, Verdict
from voxpool.stress.sample import Sample

ENDED: Final = "The program ended before the run did; this is what had been recorded until then."
"""The reason of a run whose process died."""
GOING_ON: Final = "The run is still going on; this is what has been recorded so far."
"""The reason of a run that is opened while it goes on."""

_SPANS: Final[Mapping[str, Callable[[Sample], float | None]]] = {
    "ttfa": lambda sample: sample.ttfa_ms,
    "corrected": lambda sample: sample.corrected_ms,
    "uncorrected": lambda sample: sample.uncorrected_ms,
    "queue": lambda sample: sample.queue_ms,
    "release": lambda sample: sample.release_ms,
    "late_start": lambda sample: sample.late_start_ms,
    "real_time_factor": lambda sample: sample.real_time_factor,
}


def distributions_of(samples: Iterable[Sample]) -> dict[str, Percentiles]:
    """Return the distributions that samples alone can give."""
    kept = list(samples)
    # A slot may be free a moment before its utterance has ended for the caller: that is no time at all.
    return {
        name: measure(max(0.0, value) for each in kept if (value := span(each)) is not None)
        for name, span in _SPANS.items()
    }


def salvage(head: RunResult, ticks: Sequence[Tick], marks: Sequence[Mark], samples: Sequence[Sample]) -> RunResult:
    """Return the result of a run that nobody finished.

    Args:
        head: What was known when it began: id, name, scenario, endpoint, seed, environment.
        ticks: What was written of its time line.
        marks: Its annotations.
        samples: Utterances that were over.
    """
    last = ticks[-1] if ticks else Tick(at_s=0.0)
    kept, wall_s = tuple(samples), max([last.at_s, *(sample.closed_s or 0.0 for sample in samples[-1:])])
    warm = [sample for sample in kept if sample.warm_up]
    samples = [sample for sample in kept if not sample.warm_up]
    outcomes = Counter(sample.outcome for sample in samples)
    return replace(
        head,
        wall_s=wall_s,
        warm_up=max(last.warm_up, len(warm)),
        warm_up_characters=sum(sample.paid_characters for sample in warm),
        verdict=Verdict.ABORTED,
        reasons=(ENDED,),
        started=max(last.started, len(samples)),
        done=outcomes[Outcome.DONE],
        failed=outcomes[Outcome.FAILED],
        cancelled=outcomes[Outcome.CANCELLED],
        cut_short=sum(sample.cut_short for sample in samples),
        peak_in_flight=max((tick.in_flight for tick in ticks), default=0),
        peak_connections=max((tick.connections for tick in ticks), default=0),
        characters=max(last.characters, sum(sample.paid_characters for sample in samples)),
        cost_usd=last.usd,
        wasted_characters=sum(sample.wasted_characters for sample in samples),
        audio_s=sum(sample.audio_s for sample in samples),
        chunks=sum(sample.chunks for sample in samples),
        stalls=sum(sample.stalls for sample in samples),
        stalled_utterances=sum(1 for sample in samples if sample.stalls),
        distributions=distributions_of(samples),
        errors=_errors(samples),
        ticks=tuple(ticks),
        marks=tuple(marks),
        samples=kept,
    )


def _errors(samples: Iterable[Sample]) -> tuple[ErrorCount, ...]:
    errors = Errors()
    for sample in samples:
        if sample.error_kind:
            errors.add(sample.error_kind, sample.error, _ended(sample))
    return errors.result()


def _ended(sample: Sample) -> float:
    return sample.started_s if sample.closed_s is None else sample.closed_s
