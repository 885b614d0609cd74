"""A run in words: how it stands, how it ended, what its thresholds say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.scale import clock
from voxgrid.models.wording import count, millis
from voxpool.stress.report import words as report
from voxpool.stress.result import Percentiles, RunResult, SearchResult, Verdict
from voxpool.stress.thresholds import FEWEST, figure, parse

VERDICT_WORDS: Final[dict[Verdict, str]] = {
    Verdict.PASSED: "PASSED",
    Verdict.FAILED: "FAILED",
    Verdict.INVALID: "INVALID",
    Verdict.ABORTED: "ABORTED",
}
VERDICT_TOKENS: Final[dict[Verdict, str]] = {
    Verdict.PASSED: "good",
    Verdict.FAILED: "bad",
    Verdict.INVALID: "warning",
    Verdict.ABORTED: "muted",
}
"""Colour of each verdict; its word and its glyph tell it too."""

_MEANINGS: Final[dict[Verdict, str]] = {
    Verdict.PASSED: "Every threshold held.",
    Verdict.FAILED: "A threshold did not hold.",
    Verdict.INVALID: "This computer was the bottleneck: the numbers say little about the service.",
    Verdict.ABORTED: "Ended before its time.",
}
_FROM_THE_START: Final = ("loop_lag_ms", "late_start_ms")
_WITH_AUDIO: Final = (
    "ttfa_ms", "corrected_ms", "uncorrected_ms", "queue_ms", "create_ms", "real_time_factor",
    "stalls",
)  # fmt: skip
"""What thresholds are about that is known as soon as a run has begun, or with its first audio; all other things can be
said only of utterances that ended."""
_AT_THE_END: Final = ("utterances", "characters", "cost")
"""What thresholds are about that nobody can judge by a part of the run."""
_COUNTED: Final = (
    "started", "done", "failed", "interrupted", "cut short", "in flight", "stalls", "silent now", "characters", "cost",
)  # fmt: skip
_SHOWN: Final = (
    ("corrected", "First audio, corrected"),
    ("uncorrected", "First audio, uncorrected"),
    ("ttfa", "First audio, from first text"),
    ("queue", "In the queue"),
    ("release", "Slot release"),
    ("late_start", "Late starts"),
    ("loop_lag", "Loop lag"),
)


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """One threshold as it stands.

    Attributes:
        text: As written.
        passed: Whether it holds (so far), or None when nothing was measured yet.
        note: A few words beside it.
    """

    text: str
    passed: bool | None
    note: str = ""


def headline(result: RunResult) -> str:
    """Return the verdict in one sentence."""
    if result.verdict is Verdict.PASSED and not result.thresholds:
        return "The run is over; it had no thresholds to hold."
    if result.verdict is Verdict.INVALID and result.faults_missed:
        return "Not every fault of the scenario struck: this is not the run that it describes."
    return _MEANINGS[result.verdict]


def search_sentence(found: SearchResult) -> str:
    """Return what a search found."""
    if found.safe is None:
        return f"No level was safe: the lowest one tried, {_lowest(found):g} {found.unit}, failed already."
    if found.breaking is None:
        return f"Safe: {found.safe:g} {found.unit}. Nothing failed up to there; the service may carry more."
    why = next((step.why for step in found.steps if step.level == found.breaking and step.why), "")
    because = f": {why}" if why else ""
    return f"Safe: {found.safe:g} {found.unit}. At {found.breaking:g} a threshold failed{because}."


def threshold_rows(picture: Picture) -> tuple[ThresholdRow, ...]:
    """Return every threshold: as it ended, or as it stands while the run goes on."""
    if picture.result is not None:
        search = picture.result.search
        where = "" if search is None or search.safe is None else ", at the safe level"
        verdict = picture.result.verdict
        return tuple(
            ThresholdRow(each.text, report.held(each, verdict), _measured(each.value, each.first_crossed_s) + where)
            for each in picture.result.thresholds
        )
    return tuple(_so_far(text, picture) for text in picture.thresholds)


def progress_words(picture: Picture, phase: str = "") -> str:
    """Return how far a run is, and how long it still takes."""
    at_s = picture.line.ends_s
    if picture.stopping:
        said = f"{clock(at_s)} · waiting for the last ones"
    elif picture.planned_s is None:
        said = f"{clock(at_s)} so far"
    elif at_s <= picture.planned_s:
        said = f"{clock(at_s)} of {clock(picture.planned_s)} · {clock(picture.planned_s - at_s)} left"
    else:
        said = f"{clock(at_s)} · waiting for the last ones"
    left_out = picture.line.newest.warm_up if picture.line.newest is not None else 0
    parts = (said, phase, f"{left_out:,} of the warm-up left out" if left_out else "")
    return " · ".join(part for part in parts if part)


def trouble_words(picture: Picture) -> str:
    """Return what keeps the service out of reach, or ""."""
    tick = picture.line.newest
    return f"The service is {tick.trouble}" if tick is not None and tick.trouble else ""


def progress_share(picture: Picture) -> float | None:
    """Return how far a run is, 0 to 1, or None when nobody knows."""
    if not picture.planned_s:
        return None
    return min(1.0, picture.line.ends_s / picture.planned_s)


def counts_words(picture: Picture) -> tuple[tuple[str, str], ...]:
    """Return what happened so far, as names and numbers."""
    tick = picture.line.newest
    if tick is None:
        return tuple((name, "–") for name in _COUNTED)
    silent = count(tick.starving) + (f" · {tick.starved_s:.1f} s" if tick.starving else "")
    cost = f"${tick.usd:,.4f}" if picture.paid else "free"
    values = (
        *map(count, (tick.started, tick.done, tick.failed, tick.interrupted, tick.cut_short, tick.in_flight)),
        *(count(tick.stalls), silent, count(tick.characters), cost),
    )
    return tuple(zip(_COUNTED, values, strict=True))


def distribution_rows(result: RunResult) -> tuple[tuple[str, ...], ...]:
    """Return the distributions that people ask for: name, count, p50, p95, p99, p99.9, largest."""
    found = ((title, result.distributions.get(name)) for name, title in _SHOWN)
    return tuple(_row(title, each) for title, each in found if each is not None and each.count)


def _row(title: str, each: Percentiles) -> tuple[str, ...]:
    return (title, count(each.count), *(millis(value) for value in (each.p50, each.p95, each.p99, each.p999, each.max)))


def _so_far(text: str, picture: Picture) -> ThresholdRow:
    if picture.search:
        return ThresholdRow(text, None, "judged at each level")
    if text in picture.crossed:
        return ThresholdRow(text, False, f"crossed after {clock(picture.crossed[text])}")
    metric = parse(text).metric
    if metric in _AT_THE_END:
        return ThresholdRow(text, None, "judged at the end")
    return ThresholdRow(text, True if _says_something(metric, picture) else None)


def _says_something(metric: str, picture: Picture) -> bool:
    """Whether enough was measured yet for a threshold of a running run to be crossed."""
    tick = picture.line.newest
    if tick is None:
        return False
    if metric in _FROM_THE_START:
        return tick.started > 0
    if metric == "connect_ms":
        return tick.connections >= FEWEST
    return (picture.heard if metric in _WITH_AUDIO else tick.done + tick.failed + tick.cancelled) >= FEWEST


def _measured(value: float | None, crossed_s: float | None) -> str:
    said = figure(value) if value is None else f"measured {figure(value)}"
    return said if crossed_s is None else f"{said}, crossed after {clock(crossed_s)}"


def _lowest(found: SearchResult) -> float:
    return min((step.level for step in found.steps), default=0.0)
