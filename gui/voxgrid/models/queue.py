"""Who waits for a slot, in which order, for how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voxpool.events import Event, UtteranceEnded, UtteranceGranted, UtteranceQueued, UtteranceRetried


@dataclass(frozen=True, slots=True)
class Waiter:
    """One utterance without a slot.

    Attributes:
        utterance_id: Serial number.
        label: Its text, shortened.
        voice: Its voice.
        since: When it began to wait, monotonic seconds.
        attempt: 1, or more when it waits for another try.
    """

    utterance_id: int
    label: str
    voice: str
    since: float
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue as a recording keeps it.

    Attributes:
        waiters: In the order of the pool's queue.
        asked: Requests of utterances that have not ended.
        longest_ms: Longest wait of anyone who was served, in milliseconds.
    """

    waiters: list[Waiter]
    asked: list[UtteranceQueued]
    longest_ms: float


class QueueModel:
    """The waiters in the order of the pool's queue.

    Attributes:
        changed: Whether anything changed since this was last cleared.
        folds: What it does with which kind of event.
        longest_ms: Longest wait of anyone who was served, in milliseconds.
    """

    def __init__(self) -> None:
        self._waiters: dict[int, Waiter] = {}
        self._asked: dict[int, UtteranceQueued] = {}
        self.changed = False
        self.longest_ms = 0.0
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            UtteranceQueued: self._queued,
            UtteranceGranted: self._granted,
            UtteranceRetried: self._retried,
            UtteranceEnded: self._ended,
        }

    def __len__(self) -> int:
        return len(self._waiters)

    def __repr__(self) -> str:
        return f"<QueueModel {len(self)} waiting>"

    @property
    def waiters(self) -> tuple[Waiter, ...]:
        """Waiters; the first is served next."""
        return tuple(self._waiters.values())

    @property
    def asked(self) -> tuple[UtteranceQueued, ...]:
        """Everything that was asked for and has not ended, waiting or not."""
        return tuple(self._asked.values())

    def oldest_s(self, now: float) -> float:
        """Return how long the one that waits longest has waited, in seconds; 0 when nobody waits."""
        return max((now - waiter.since for waiter in self._waiters.values()), default=0.0)

    def fold(self, event: Event) -> None:
        """Take in one event; kinds that say nothing about the queue are ignored."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def to_state(self) -> QueueState:
        """Return everything there is to know."""
        return QueueState(list(self._waiters.values()), list(self._asked.values()), self.longest_ms)

    def load(self, state: QueueState) -> None:
        """Become what a state says."""
        self._waiters = {waiter.utterance_id: waiter for waiter in state.waiters}
        self._asked = {asked.utterance_id: asked for asked in state.asked}
        self.longest_ms = state.longest_ms
        self.changed = True

    def _queued(self, event: UtteranceQueued) -> None:
        self._asked[event.utterance_id] = event
        if event.waiting:
            self._add(event, event.at, 1)

    def _granted(self, event: UtteranceGranted) -> None:
        self._remove(event.utterance_id)
        self.longest_ms = max(self.longest_ms, event.waited_ms)

    def _retried(self, event: UtteranceRetried) -> None:
        asked = self._asked.get(event.utterance_id)
        if asked is not None:
            self._add(asked, event.at, event.attempt + 1)

    def _ended(self, event: UtteranceEnded) -> None:
        self._remove(event.utterance_id)
        self._asked.pop(event.utterance_id, None)

    def _add(self, asked: UtteranceQueued, since: float, attempt: int) -> None:
        self._waiters[asked.utterance_id] = Waiter(asked.utterance_id, asked.label, asked.voice, since, attempt)
        self.changed = True

    def _remove(self, utterance_id: int) -> None:
        if self._waiters.pop(utterance_id, None) is not None:
            self.changed = True
