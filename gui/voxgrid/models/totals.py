"""The numbers of the status line and the small charts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from voxpool.events import Event, FirstAudio, Outcome, UtteranceEnded, UtteranceQueued, UtteranceRetried

RECENT: Final = 1000
"""Times to first audio that the percentiles are taken from."""
HISTORY: Final = 120
"""Samples of the small charts, one a second."""


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the nearest-rank percentile, or None of nothing.

    Args:
        values: In any order.
        share: 0.5 for the median, 0.95 for p95.
    """
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of the small charts.

    Attributes:
        in_use: Slots in use.
        waiting: Waiters.
        ttfa_p95_ms: Of the last ten seconds, in milliseconds, or None when nothing was heard in them.
        errors_per_minute: Errors of the last minute, of whatever kind, as the errors dock counts them.
    """

    in_use: int
    waiting: int
    ttfa_p95_ms: float | None
    errors_per_minute: int


@dataclass(frozen=True, slots=True)
class TotalsState:
    """Totals as a recording keeps them; the names are those of ``TotalsModel``.

    Attributes:
        ttfa: When a first audio came, monotonic seconds, and the time to it in milliseconds.
        history: Samples of the small charts.
    """

    asked: int
    done: int
    failed: int
    cancelled: int
    retried: int
    characters: int
    audio_s: float
    ttfa: list[tuple[float, float]]
    history: list[Sample]


class TotalsModel:
    """Counts since the pool began.

    Attributes:
        asked, done, failed, cancelled, retried: Utterances.
        characters: Characters the service says it processed.
        audio_s: Seconds of audio received by utterances that ended.
    """

    def __init__(self) -> None:
        self.asked = self.done = self.failed = self.cancelled = self.retried = 0
        self.characters = 0
        self.audio_s = 0.0
        self._ttfa: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self.history: deque[Sample] = deque(maxlen=HISTORY)
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            UtteranceQueued: self._queued,
            FirstAudio: self._first_audio,
            UtteranceRetried: self._retried,
            UtteranceEnded: self._ended,
        }

    def __repr__(self) -> str:
        return f"<TotalsModel {self.asked} asked, {self.done} done, {self.failed} failed>"

    def fold(self, event: Event) -> None:
        """Take in one event; kinds that are not counted are ignored."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def ttfa_ms(self, share: float, since: float = float("-inf")) -> float | None:
        """Return a percentile of the recent times to first audio, in milliseconds.

        Args:
            share: 0.5 for p50, 0.95 for p95.
            since: Only those after this monotonic moment.
        """
        return percentile((value for at, value in self._ttfa if at >= since), share)

    def sample(self, now: float, in_use: int, waiting: int, errors: int) -> None:
        """Add one second to the small charts.

        Args:
            now: Monotonic seconds.
            in_use: Slots in use.
            waiting: Waiters.
            errors: Errors of the last minute.
        """
        self.history.append(Sample(in_use, waiting, self.ttfa_ms(0.95, now - 10), errors))

    def to_state(self) -> TotalsState:
        """Return everything there is to know."""
        counts = self.asked, self.done, self.failed, self.cancelled, self.retried, self.characters
        return TotalsState(*counts, self.audio_s, list(self._ttfa), list(self.history))

    def load(self, state: TotalsState) -> None:
        """Become what a state says."""
        self.asked, self.done, self.failed = state.asked, state.done, state.failed
        self.cancelled, self.retried, self.characters = state.cancelled, state.retried, state.characters
        self.audio_s = state.audio_s
        self._ttfa = deque(state.ttfa, self._ttfa.maxlen)
        self.history = deque(state.history, self.history.maxlen)

    def _queued(self, event: UtteranceQueued) -> None:
        self.asked += 1

    def _first_audio(self, event: FirstAudio) -> None:
        self._ttfa.append((event.at, event.ttfa_ms))

    def _retried(self, _event: UtteranceRetried) -> None:
        self.retried += 1

    def _ended(self, event: UtteranceEnded) -> None:
        self.characters += event.characters
        self.audio_s += event.audio_s
        if event.outcome is Outcome.DONE:
            self.done += 1
        elif event.outcome is Outcome.CANCELLED:
            self.cancelled += 1
        else:
            self.failed += 1
