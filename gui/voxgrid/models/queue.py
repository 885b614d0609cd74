"""Who waits for a slot, in which order, for how long."""

from __future__ import annotations

from dataclasses import dataclass

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


class QueueModel:
    """The waiters in the order of the pool's queue.

    Attributes:
        changed: Whether anything changed since this was last cleared.
        longest_ms: Longest wait of anyone who was served, in milliseconds.
    """

    def __init__(self) -> None:
        self._waiters: dict[int, Waiter] = {}
        self._asked: dict[int, UtteranceQueued] = {}
        self.changed = False
        self.longest_ms = 0.0

    def __len__(self) -> int:
        return len(self._waiters)

    def __repr__(self) -> str:
        return f"<QueueModel {len(self)} waiting>"

    @property
    def waiters(self) -> tuple[Waiter, ...]:
        """Waiters; the first is served next."""
        return tuple(self._waiters.values())

    def oldest_s(self, now: float) -> float:
        """Return how long the one that waits longest has waited, in seconds; 0 when nobody waits."""
        return max((now - waiter.since for waiter in self._waiters.values()), default=0.0)

    def fold(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, UtteranceQueued):
            self._asked[event.utterance_id] = event
            if event.waiting:
                self._add(event, event.at, 1)
        elif isinstance(event, UtteranceGranted):
            self._remove(event.utterance_id)
            self.longest_ms = max(self.longest_ms, event.waited_ms)
        elif isinstance(event, UtteranceRetried):
            asked = self._asked.get(event.utterance_id)
            if asked is not None:
                self._add(asked, event.at, event.attempt + 1)
        elif isinstance(event, UtteranceEnded):
            self._remove(event.utterance_id)
            self._asked.pop(event.utterance_id, None)

    def _add(self, asked: UtteranceQueued, since: float, attempt: int) -> None:
        self._waiters[asked.utterance_id] = Waiter(asked.utterance_id, asked.label, asked.voice, since, attempt)
        self.changed = True

    def _remove(self, utterance_id: int) -> None:
        if self._waiters.pop(utterance_id, None) is not None:
            self.changed = True
