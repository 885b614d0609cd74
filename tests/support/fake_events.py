"""A plausible busy pool without a network: events and records for screenshots, paint measurements and GUI tests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from voxpool.config import PoolConfig
from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionPinged,
    ConnectionState,
    Event,
    EventStream,
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)

TEXTS = (
    "The total for your order comes to forty two dollars.",
    "Thanks for calling, how can I help you today?",
    "Your code is three seven one nine.",
    "One moment please, I am looking that up for you.",
    "Let me check the calendar for the next free day.",
    "It is raining in Hamburg this evening.",
    "I can move your table to eight o'clock.",
    "Would you like me to send that by mail?",
    "The train leaves at nine from platform four.",
    "Your table for four is booked.",
)


@dataclass(eq=False)
class FakeRecord:
    """What the window reads of an utterance's record."""

    id: int
    text: str
    label: str
    levels: np.ndarray
    audio_s: float = 0.0
    played_s: float = 0.0
    listening: bool = False
    ended: bool = False
    kept: bool = True
    ttfa_ms: float | None = None
    error: str = ""

    @property
    def envelope(self) -> FakeRecord:
        return self


@dataclass
class FakeUtterance:
    """One utterance on its way through the states."""

    id: int
    label: str
    row: int = 0
    column: int = 0
    connection_id: int = 0
    context_id: str = ""
    state: SlotState = SlotState.EMPTY
    attempt: int = 1
    queued_at: float = 0.0
    step_at: float = 0.0
    duration_s: float = 3.0
    first_audio_at: float = 0.0
    ends_badly: bool = False


def speech_levels(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Return levels that look like speech: syllables and pauses, 50 a second."""
    n = max(2, int(seconds * 50))
    t = np.arange(n) / 50
    syllables = np.abs(np.sin(2 * np.pi * 2.1 * t + rng.uniform(0, 6))) * np.abs(np.sin(2 * np.pi * 0.43 * t))
    return np.clip((0.15 + 0.85 * syllables) * rng.uniform(0.6, 1, n) * 255, 8, 255).astype(np.uint8)


@dataclass
class FakePool:
    """Emits what a pool would, driven by ``advance``."""

    seed: int = 7
    config: PoolConfig = field(default_factory=PoolConfig)
    troubles: float = 0.03
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.events = EventStream()
        self.rng = random.Random(self.seed)
        self.np_rng = np.random.default_rng(self.seed)
        self.records: dict[int, FakeRecord] = {}
        self.running: list[FakeUtterance] = []
        self.waiting: list[FakeUtterance] = []
        self.open_rows: dict[int, int] = {}
        self.next_connection = 0
        self.next_utterance = 0
        self.taken: dict[tuple[int, int], FakeUtterance] = {}

    def emit(self, event: Event) -> None:
        self.events.emit(event)

    def open(self, rows: int) -> None:
        """Open connections at once."""
        for row in range(rows):
            self._open(row)

    def _open(self, row: int) -> None:
        self.next_connection += 1
        self.open_rows[row] = self.next_connection
        number = self.next_connection
        states = (None, ConnectionState.CONNECTING, ConnectionState.OPEN)
        for old, new in pairwise(states):
            assert new is not None
            self.emit(ConnectionChanged(at=self.now, connection_id=number, row=row, old=old, new=new))
        self.emit(ConnectionPinged(at=self.now, connection_id=number, row=row, ping_ms=self.rng.uniform(1, 9)))

    def cut(self, row: int, reason: CloseReason = CloseReason.NETWORK, detail: str = "cut (1006)") -> None:
        """Lose a connection under its contexts."""
        number = self.open_rows.pop(row)
        for utterance in [u for u in self.running if u.row == row]:
            if self.records[utterance.id].ended:
                self._step(utterance, SlotState.EMPTY, 0)
                self._free_slot(utterance)
                continue
            self._fail(utterance, None, f"connection {number} was lost: {detail}")
        self.emit(
            ConnectionChanged(
                at=self.now,
                connection_id=number,
                row=row,
                old=ConnectionState.OPEN,
                new=ConnectionState.CLOSED,
                reason=reason,
                detail=detail,
            )
        )

    def fire(self, n: int) -> None:
        """Ask for utterances."""
        for _ in range(n):
            self.next_utterance += 1
            text = self.rng.choice(TEXTS)
            utterance = FakeUtterance(self.next_utterance, text, queued_at=self.now)
            utterance.duration_s = len(text) / self.rng.uniform(12, 17)
            utterance.ends_badly = self.rng.random() < self.troubles
            levels = speech_levels(self.np_rng, utterance.duration_s)
            self.records[utterance.id] = FakeRecord(utterance.id, text, text, levels[:0])
            self.records[utterance.id].full = levels  # type: ignore[attr-defined]
            self.waiting.append(utterance)
            free = any(True for _ in self._free())
            waiting = 0 if free else len(self.waiting)
            self.emit(UtteranceQueued(at=self.now, utterance_id=utterance.id, waiting=waiting, label=text, voice="Joe"))
            self._grant()

    def _free(self) -> Iterator[tuple[int, int]]:
        for column in range(self.config.contexts_per_connection):
            for row in self.open_rows:
                if (row, column) not in self.taken:
                    yield row, column

    def _grant(self) -> None:
        for row, column in list(self._free()):
            if not self.waiting:
                return
            utterance = self.waiting.pop(0)
            utterance.row, utterance.column = row, column
            utterance.connection_id = self.open_rows[row]
            utterance.context_id = f"c-{utterance.id:04}-{utterance.attempt}"
            self.taken[row, column] = utterance
            self.running.append(utterance)
            self.emit(
                UtteranceGranted(
                    at=self.now,
                    utterance_id=utterance.id,
                    connection_id=utterance.connection_id,
                    row=row,
                    column=column,
                    context_id=utterance.context_id,
                    attempt=utterance.attempt,
                    waited_ms=(self.now - utterance.queued_at) * 1000,
                )
            )
            self._step(utterance, SlotState.RESERVED, self.rng.uniform(0.01, 0.1))

    def _step(
        self, utterance: FakeUtterance, new: SlotState, for_s: float, code: int | None = None, detail: str = ""
    ) -> None:
        old, utterance.state = utterance.state, new
        utterance.step_at = self.now + for_s
        self.emit(
            SlotChanged(
                at=self.now,
                connection_id=utterance.connection_id,
                row=utterance.row,
                column=utterance.column,
                context_id=utterance.context_id,
                utterance_id=utterance.id,
                old=old,
                new=new,
                code=code,
                detail=detail,
            )
        )

    def _fail(self, utterance: FakeUtterance, code: int | None, error: str) -> None:
        self._step(utterance, SlotState.FAILED, 0, code, error)
        self._free_slot(utterance)
        if utterance.attempt < 2 and self.rng.random() < 0.5:
            self.emit(
                UtteranceRetried(
                    at=self.now,
                    utterance_id=utterance.id,
                    context_id=utterance.context_id,
                    attempt=utterance.attempt,
                    delay_ms=40,
                    error=error,
                    code=code,
                )
            )
            utterance.attempt += 1
            utterance.queued_at = self.now
            utterance.state = SlotState.EMPTY
            utterance.ends_badly = False
            self.waiting.insert(0, utterance)
        else:
            self._end(utterance, Outcome.FAILED, error, code)

    def _free_slot(self, utterance: FakeUtterance) -> None:
        self.taken.pop((utterance.row, utterance.column), None)
        if utterance in self.running:
            self.running.remove(utterance)

    def _end(self, utterance: FakeUtterance, outcome: Outcome, error: str = "", code: int | None = None) -> None:
        record = self.records[utterance.id]
        record.ended = True
        record.error = error
        self.emit(
            UtteranceEnded(
                at=self.now,
                utterance_id=utterance.id,
                context_id=utterance.context_id,
                outcome=outcome,
                attempts=utterance.attempt,
                audio_s=record.audio_s,
                chunks=int(record.audio_s * 8),
                characters=len(record.text),
                error=error,
                code=code,
            )
        )

    def advance(self, seconds: float, step_s: float = 0.02) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += step_s
            for utterance in list(self.running):
                self._hear(utterance)
                if self.now >= utterance.step_at:
                    self._next(utterance)
            self._grant()

    def _hear(self, utterance: FakeUtterance) -> None:
        record = self.records[utterance.id]
        if utterance.state in (SlotState.GENERATING, SlotState.DRAINING) and utterance.first_audio_at:
            heard = min(utterance.duration_s, (self.now - utterance.first_audio_at) * 1.6)
            record.audio_s = heard
            record.levels = record.full[: int(heard * 50)]  # type: ignore[attr-defined]
            if record.listening:
                record.played_s = min(heard, self.now - utterance.first_audio_at)

    def _next(self, utterance: FakeUtterance) -> None:
        rng = self.rng
        state = utterance.state
        if state is SlotState.RESERVED:
            self._step(utterance, SlotState.CREATING, rng.uniform(0.02, 0.15))
        elif state is SlotState.CREATING and utterance.ends_badly:
            self._fail(utterance, 8, "You have reached the limit of 5 contexts on this connection")
        elif state is SlotState.CREATING:
            chosen = SlotState.OPEN if rng.random() < 0.1 else SlotState.GENERATING
            self._step(utterance, chosen, rng.uniform(0.09, 0.24))
        elif state is SlotState.OPEN:
            self._step(utterance, SlotState.GENERATING, rng.uniform(0.09, 0.24))
        elif state is SlotState.GENERATING:
            self._speak(utterance)
        elif state is SlotState.DRAINING:
            self._end(utterance, Outcome.DONE)
            self._step(utterance, SlotState.CLOSING, rng.uniform(0.05, 0.4))
        elif state is SlotState.CLOSING and rng.random() < self.troubles / 2:
            self._step(utterance, SlotState.ZOMBIE, 90)
        else:
            self._step(utterance, SlotState.EMPTY, 0)
            self._free_slot(utterance)

    def _speak(self, utterance: FakeUtterance) -> None:
        if utterance.first_audio_at:
            self._step(utterance, SlotState.DRAINING, utterance.duration_s * 0.65 / 1.6)
            return
        utterance.first_audio_at = self.now
        ttfa_ms = max(40.0, self.rng.gauss(160, 35))
        self.records[utterance.id].ttfa_ms = ttfa_ms
        self.emit(
            FirstAudio(
                at=self.now,
                utterance_id=utterance.id,
                context_id=utterance.context_id,
                ttfa_ms=ttfa_ms,
                since_request_ms=ttfa_ms + 20,
            )
        )
        utterance.step_at = self.now + utterance.duration_s * 0.35 / 1.6
