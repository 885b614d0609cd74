"""The life of every utterance, attempt by attempt: what the inspector lists and draws as a waterfall."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from voxpool.events import (
    Event,
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)

LIMIT: Final = 2000
"""Lives kept."""

_CONFIRMED: Final = frozenset({SlotState.OPEN, SlotState.GENERATING, SlotState.DRAINING})
_GONE: Final = frozenset({SlotState.EMPTY, SlotState.FAILED})


@dataclass(slots=True)
class Attempt:
    """One context of an utterance.  Moments are monotonic seconds, None before they came.

    Attributes:
        number: 1 for the first.
        connection_id: Serial number of its connection.
        row: Grid row.
        column: Grid column.
        context_id: Id on the wire.
        waited_from: When the wait for this slot began.
        granted_at: When it got the slot.
        creating_at: When ``create`` was handed to the socket.
        confirmed_at: When the server confirmed it.
        first_audio_at: When the first audio came.
        ttfa_ms: Time to first audio, as the pool measured it.
        ended_at: When its utterance ended, or the attempt failed.
        freed_at: When the server let go of the slot.
        zombie_at: When it was declared a zombie.
        error: Why the attempt failed, or "".
        code: Status code of the failure, or None.
    """

    number: int
    connection_id: int
    row: int
    column: int
    context_id: str
    waited_from: float
    granted_at: float
    creating_at: float | None = None
    confirmed_at: float | None = None
    first_audio_at: float | None = None
    ttfa_ms: float | None = None
    ended_at: float | None = None
    freed_at: float | None = None
    zombie_at: float | None = None
    error: str = ""
    code: int | None = None


@dataclass(slots=True)
class Life:
    """One utterance from the request to its last slot's release.

    Attributes:
        utterance_id: Serial number.
        label: Its text, shortened.
        voice: Its voice.
        requested_at: When it was asked for, monotonic seconds.
        attempts: Its contexts, in order.
        ended_at: When it was over, or None.
        outcome: How it ended, or None.
        error: The error in words, or "".
        code: Status code of the error, or None.
        audio_s: Seconds of audio delivered.
        chunks: Audio chunks delivered.
        characters: Characters the service says it processed.
    """

    utterance_id: int
    label: str
    voice: str
    requested_at: float
    attempts: list[Attempt] = field(default_factory=list)
    ended_at: float | None = None
    outcome: Outcome | None = None
    error: str = ""
    code: int | None = None
    audio_s: float = 0.0
    chunks: int = 0
    characters: int = 0

    @property
    def settled(self) -> bool:
        """Whether nothing more can happen to it."""
        last = self.attempts[-1] if self.attempts else None
        return self.ended_at is not None and (last is None or last.freed_at is not None)

    def attempt(self, context_id: str) -> Attempt | None:
        """Return the attempt with this context, or None."""
        return next((attempt for attempt in self.attempts if attempt.context_id == context_id), None)


@dataclass(frozen=True, slots=True)
class StageRow:
    """One line of the waterfall.

    Attributes:
        name: What was done.
        start_s: When it began, in seconds after the request.
        end_s: When it ended, in seconds after the request; now, while it lasts.
        running: Whether it still lasts.
        state: Whose colour it is drawn in.
        note: A word beside the time, or "".
    """

    name: str
    start_s: float
    end_s: float
    running: bool
    state: SlotState
    note: str = ""

    @property
    def duration_ms(self) -> float:
        """How long it took, in milliseconds."""
        return max(0.0, (self.end_s - self.start_s) * 1000)


class LifeBook:
    """The lives of the last utterances.

    Attributes:
        changed: Utterances whose life changed since this was last cleared.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lives: dict[int, Life] = {}
        self.changed: set[int] = set()
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            UtteranceQueued: self._queued,
            UtteranceGranted: self._granted,
            SlotChanged: self._slot_changed,
            FirstAudio: self._first_audio,
            UtteranceRetried: self._retried,
            UtteranceEnded: self._ended,
        }

    def __len__(self) -> int:
        return len(self._lives)

    def __repr__(self) -> str:
        return f"<LifeBook {len(self)} lives>"

    def get(self, utterance_id: int) -> Life | None:
        """Return a life, or None when it is unknown or forgotten."""
        return self._lives.get(utterance_id)

    def to_state(self, wanted: Collection[int]) -> list[Life]:
        """Return the lives that are not settled and those that are wanted, in their order; the rest is history."""
        return [life for life in self._lives.values() if life.utterance_id in wanted or not life.settled]

    def load(self, state: list[Life]) -> None:
        """Become what a state says."""
        self._lives = {life.utterance_id: life for life in state}
        self.changed = set(self._lives)

    def newest(self, most: int = 200) -> Iterator[Life]:
        """Yield the last lives, newest first."""
        return islice(reversed(self._lives.values()), most)

    def fold(self, event: Event) -> None:
        """Take in one event."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def _touch(self, utterance_id: int) -> Life | None:
        life = self._lives.get(utterance_id)
        if life is not None:
            self.changed.add(utterance_id)
        return life

    def _queued(self, event: UtteranceQueued) -> None:
        self._lives[event.utterance_id] = Life(event.utterance_id, event.label, event.voice, event.at)
        self.changed.add(event.utterance_id)
        while len(self._lives) > self._limit:
            del self._lives[next(iter(self._lives))]

    def _granted(self, event: UtteranceGranted) -> None:
        life = self._touch(event.utterance_id)
        if life is None:
            return
        asked = event.at - event.waited_ms / 1000
        life.attempts.append(
            Attempt(event.attempt, event.connection_id, event.row, event.column, event.context_id, asked, event.at)
        )

    def _slot_changed(self, event: SlotChanged) -> None:
        life = self._touch(event.utterance_id)
        attempt = life.attempt(event.context_id) if life else None
        if attempt is None:
            return
        if event.new is SlotState.CREATING:
            attempt.creating_at = event.at
        elif event.new in _CONFIRMED and attempt.confirmed_at is None:
            attempt.confirmed_at = event.at
        elif event.new is SlotState.ZOMBIE:
            attempt.zombie_at = event.at
        elif event.new in _GONE and attempt.freed_at is None:
            attempt.freed_at = event.at
        if event.new is SlotState.FAILED:
            attempt.error, attempt.code = event.detail or attempt.error, event.code

    def _first_audio(self, event: FirstAudio) -> None:
        life = self._touch(event.utterance_id)
        attempt = life.attempt(event.context_id) if life else None
        if attempt is not None:
            attempt.first_audio_at, attempt.ttfa_ms = event.at, event.ttfa_ms

    def _retried(self, event: UtteranceRetried) -> None:
        life = self._touch(event.utterance_id)
        attempt = life.attempt(event.context_id) if life else None
        if attempt is not None:
            attempt.ended_at, attempt.error, attempt.code = event.at, event.error, event.code

    def _ended(self, event: UtteranceEnded) -> None:
        life = self._touch(event.utterance_id)
        if life is None:
            return
        life.ended_at, life.outcome = event.at, event.outcome
        life.error, life.code = event.error, event.code
        life.audio_s, life.chunks, life.characters = event.audio_s, event.chunks, event.characters
        if life.attempts and life.attempts[-1].ended_at is None:
            life.attempts[-1].ended_at = event.at
            if event.outcome is Outcome.FAILED:
                life.attempts[-1].error, life.attempts[-1].code = event.error, event.code
