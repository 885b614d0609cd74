"""Distributions of every stage, fed by the event stream only: what a consumer could compute, the pool says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from voxpool.events import (
    ConnectionChanged,
    ConnectionPinged,
    ConnectionState,
    Event,
    FirstAudio,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
)
from voxpool.metrics import Distribution, Reservoir

STAGES: Final = ("queue", "connect", "create", "ttfa", "since_request", "speak", "release", "ping")


class StageMeter:
    """Folds events into one reservoir for each stage."""

    def __init__(self) -> None:
        self._stages = {name: Reservoir() for name in STAGES}
        self._connecting_at: dict[int, float] = {}
        self._creating_at: dict[str, float] = {}
        self._first_audio_at: dict[int, float] = {}
        self._holding: set[str] = set()
        self._ended_at: dict[str, float] = {}
        self._takers: Final[dict[type[Event], Callable[[Any], None]]] = {
            ConnectionChanged: self._connection,
            ConnectionPinged: lambda event: self._record("ping", event.ping_ms),
            UtteranceGranted: lambda event: self._record("queue", event.waited_ms),
            FirstAudio: self._first_audio,
            UtteranceEnded: self._ended,
            SlotChanged: self._slot,
        }

    def __repr__(self) -> str:
        return f"<StageMeter {len(self._creating_at)} creating, {len(self._first_audio_at)} speaking>"

    def take(self, event: Event) -> None:
        """Take one event."""
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event)

    def snapshot(self) -> Mapping[str, Distribution]:
        """Return every stage, in milliseconds."""
        return {name: reservoir.snapshot() for name, reservoir in self._stages.items()}

    def _record(self, stage: str, value_ms: float) -> None:
        self._stages[stage].record(value_ms)

    def _since(self, stage: str, begun_at: float | None, now: float) -> None:
        if begun_at is not None:
            self._record(stage, (now - begun_at) * 1000.0)

    def _connection(self, event: ConnectionChanged) -> None:
        if event.new is ConnectionState.CONNECTING:
            self._connecting_at[event.connection_id] = event.at
            return
        begun_at = self._connecting_at.pop(event.connection_id, None)
        if event.new is ConnectionState.OPEN:
            self._since("connect", begun_at, event.at)

    def _slot(self, event: SlotChanged) -> None:
        if event.new is SlotState.RESERVED:
            self._holding.add(event.context_id)
        elif event.new is SlotState.CREATING:
            self._creating_at[event.context_id] = event.at
        elif event.old is SlotState.CREATING:
            begun_at = self._creating_at.pop(event.context_id, None)
            if event.new in (SlotState.OPEN, SlotState.GENERATING, SlotState.DRAINING):
                self._since("create", begun_at, event.at)
        if not event.new.holds_slot:
            self._holding.discard(event.context_id)
            self._since("release", self._ended_at.pop(event.context_id, None), event.at)

    def _first_audio(self, event: FirstAudio) -> None:
        self._record("ttfa", event.ttfa_ms)
        self._record("since_request", event.since_request_ms)
        self._first_audio_at[event.utterance_id] = event.at

    def _ended(self, event: UtteranceEnded) -> None:
        self._since("speak", self._first_audio_at.pop(event.utterance_id, None), event.at)
        if event.context_id in self._holding:
            self._ended_at[event.context_id] = event.at
