"""How a run's numbers are written: the same in reports, on the command line and in the window."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voxpool.stress.remains import GOING_ON
from voxpool.stress.result import RunResult, ThresholdResult, Verdict
from voxpool.stress.thresholds import figure


@dataclass(frozen=True, slots=True)
class Reading:
    """How a verdict is shown: never by colour alone.

    Attributes:
        word: In capitals.
        sign: One character.
        tone: Name of a colour: good, bad or warning.
        meaning: A sentence.
    """

    word: str
    sign: str
    tone: str
    meaning: str


READINGS: Final = {
    Verdict.PASSED: Reading("PASSED", "✓", "good", "Every threshold held."),
    Verdict.FAILED: Reading("FAILED", "✕", "bad", "A threshold did not hold."),
    Verdict.INVALID: Reading(
        "INVALID", "?", "warning", "These numbers say little about the service, for the reasons that are named."
    ),
    Verdict.ABORTED: Reading("ABORTED", "■", "warning", "The run ended before its time."),
}
GOES_ON: Final = Reading("RUNNING", "▸", "accent", "The run still goes on.")
"""What stands for the verdict of a run that has none yet."""
NOTHING: Final = "–"
"""Stands where nothing was measured."""
MEASURES: Final = {
    "corrected": "First audio, from when it should have begun",
    "uncorrected": "First audio, from when the pool was asked",
    "ttfa": "First audio, from the first text on the wire",
    "queue": "Waiting for a slot",
    "connect": "Connecting",
    "create": "Creating the context",
    "release": "From the end to the free slot",
    "stall": "Silence in mid-utterance",
    "late_start": "Late starts of this tool",
    "loop_lag": "Loop lag of this tool",
    "real_time_factor": "Real-time factor",
}
"""Every distribution in words."""


def held(threshold: ThresholdResult, verdict: Verdict) -> bool | None:
    """Return whether a threshold held at the end of a run, or None where the run ended before it could be measured.

    In a run that had all its time, nothing measured is a failure: the threshold asked for something.
    """
    unmeasured = threshold.value is None and threshold.first_crossed_s is None
    return None if unmeasured and verdict is not Verdict.FAILED else threshold.passed


def reading(verdict: Verdict | None) -> Reading:
    """Return how a verdict is shown; None is a run that goes on."""
    return GOES_ON if verdict is None else READINGS[verdict]


def reading_of(result: RunResult) -> Reading:
    """Return how a run's verdict is shown; one that was opened while it goes on has none yet."""
    return GOES_ON if GOING_ON in result.reasons else READINGS[result.verdict]


def sentences(result: RunResult) -> tuple[str, ...]:
    """Return why the verdict is as it is; at least one sentence."""
    if result.reasons:
        return result.reasons
    if result.verdict is Verdict.PASSED and not result.thresholds:
        return ("Nothing went wrong; the scenario sets no threshold.",)
    return (READINGS[result.verdict].meaning,)


def left_out(result: RunResult) -> str:
    """Say how much of the warm-up is in no count, with its characters and what they cost, or "" without any."""
    if not result.warm_up:
        return ""
    cost = f", {money(result.warm_up_usd)}" if result.warm_up_usd else ""
    characters = quantity(result.warm_up_characters, "character")
    return f"{result.warm_up:,} of the warm-up left out ({characters}{cost})"


def quantity(number: int, thing: str) -> str:
    """Write how many there are of something: 1 connection, 2 connections."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def millis(value: float | None) -> str:
    """Write milliseconds with three significant digits, as far as that makes sense."""
    if value is None or math.isnan(value):
        return NOTHING
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def signed(value: float | None) -> str:
    """Write a difference in milliseconds with its sign."""
    if value is None or math.isnan(value):
        return NOTHING
    return "0" if abs(value) < 0.005 else f"{'−' if value < 0 else '+'}{millis(abs(value))}"


def number(value: float | None) -> str:
    """Write a number without digits that it does not have."""
    if value is None or math.isnan(value):
        return NOTHING
    return figure(value)


def percent(share: float) -> str:
    """Write a share of 1."""
    return f"{share * 100:.3g} %"


def money(usd: float) -> str:
    """Write an amount in US dollars; nothing costs nothing."""
    if not usd:
        return "nothing"
    return f"${usd:,.2f}" if usd >= 0.01 else f"${usd:.4f}"


def duration(seconds: float) -> str:
    """Write a duration: 12.3 s, 4:05 min, 1:02:03 h."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def moment(at: float) -> str:
    """Write a wall clock time in the time zone of whoever reads."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def safe_number(result: RunResult) -> str:
    """Say what a search found, as a sentence, or "" when there was none."""
    if result.search is None:
        return ""
    search = result.search
    if search.safe is None:
        return f"No level was safe: the lowest that failed was {number(search.breaking)} {search.unit}."
    if search.breaking is None:
        return f"{number(search.safe)} {search.unit} held, and nothing higher was tried."
    return f"{number(search.safe)} {search.unit} are safe; at {number(search.breaking)} a threshold failed."


def judged(result: RunResult) -> str:
    """Say what the thresholds of a search are about, as a sentence, or "" where they are about all of the run."""
    search = result.search
    if search is None or not result.thresholds:
        return ""
    others = "percentiles, stalls and errors are of all levels together"
    if search.safe is None:
        return f"No level held, so that no threshold has a value; {others}."
    return f"The thresholds are of the last try at {number(search.safe)} {search.unit}, the safe level; {others}."


def distinct_names(results: Sequence[RunResult]) -> list[str]:
    """Return the runs' names; those of the same name get their time too."""
    names = [result.name for result in results]
    return [
        name if names.count(name) == 1 else f"{name}, {moment(result.began_at)}"
        for name, result in zip(names, results, strict=True)
    ]


def caveats(names: Sequence[str], results: Sequence[RunResult]) -> list[str]:
    """Return a sentence for each run whose numbers should not be compared with anything."""
    why = {
        Verdict.INVALID: "its numbers say little about the service",
        Verdict.ABORTED: "its numbers say only how it began",
    }
    return [
        f"{name} is {reading_of(result).word}: {why[result.verdict]}."
        for name, result in zip(names, results, strict=True)
        if result.verdict in why
    ]
