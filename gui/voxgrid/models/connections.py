"""The ledger of connections: each one's life, and why it closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from voxgrid.models.wording import TROUBLE
from voxpool.events import CloseReason, ConnectionChanged, ConnectionPinged, ConnectionState, Event, UtteranceGranted
from voxpool.scrub import scrub

KEPT: Final = 500


@dataclass(slots=True)
class ConnectionLife:
    """One connection from its handshake to its end.  Moments are monotonic seconds, None before they came.

    Attributes:
        connection_id: Serial number in the pool.
        row: Grid row.
        state: What it is doing.
        began_at: When the handshake began.
        opened_at: When it was open.
        retired_at: When it stopped taking contexts.
        closed_at: When it was closed.
        reason: Why, in the ledger's terms, or None.
        detail: The same in words: the server's code and text, what the network said.
        contexts: Contexts that it carried.
        ping_ms: Last round trip in milliseconds, or None.
    """

    connection_id: int
    row: int
    state: ConnectionState
    began_at: float
    opened_at: float | None = None
    retired_at: float | None = None
    closed_at: float | None = None
    reason: CloseReason | None = None
    detail: str = ""
    contexts: int = 0
    ping_ms: float | None = None

    @property
    def troubled(self) -> bool:
        """Whether it ended, or is about to, for a reason that nobody wished for."""
        return self.reason in TROUBLE

    def age_s(self, now: float) -> float:
        """Return how long it lived, or has lived, in seconds."""
        return (self.closed_at if self.closed_at is not None else now) - self.began_at


@dataclass(slots=True)
class ConnectionsState:
    """The ledger as plain data."""

    lives: list[ConnectionLife]
    closings: dict[CloseReason, int]


class ConnectionBook:
    """The lives of the last connections.

    Attributes:
        changed: Whether anything changed since this was last cleared.
        closings: How many connections closed, by reason.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lives: dict[int, ConnectionLife] = {}
        self.closings: Counter[CloseReason] = Counter()
        self.changed = False
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            ConnectionChanged: self._changed,
            ConnectionPinged: self._pinged,
            UtteranceGranted: self._granted,
        }

    def __len__(self) -> int:
        return len(self._lives)

    def __repr__(self) -> str:
        return f"<ConnectionBook {len(self)} lives, {self.closings.total()} closed>"

    @property
    def lives(self) -> tuple[ConnectionLife, ...]:
        """All lives, the newest first."""
        return tuple(reversed(self._lives.values()))

    def get(self, connection_id: int) -> ConnectionLife | None:
        """Return a life, or None when it is unknown or forgotten."""
        return self._lives.get(connection_id)

    def to_state(self) -> ConnectionsState:
        """Return everything there is to know."""
        return ConnectionsState(list(self._lives.values()), dict(self.closings))

    def load(self, state: ConnectionsState) -> None:
        """Become what a state says."""
        self._lives = {life.connection_id: life for life in state.lives}
        self.closings = Counter(state.closings)
        self.changed = True

    def fold(self, event: Event) -> None:
        """Take in one event."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def _changed(self, event: ConnectionChanged) -> None:
        self.changed = True
        life = self._lives.get(event.connection_id)
        if life is None:
            life = ConnectionLife(event.connection_id, event.row, event.new, event.at)
            self._lives[event.connection_id] = life
            self._forget()
        life.state = event.new
        if event.reason is not None:
            life.reason, life.detail = event.reason, scrub(event.detail)
        if event.new is ConnectionState.OPEN:
            life.opened_at = event.at
        elif event.new is ConnectionState.RETIRING:
            life.retired_at = event.at
        elif event.new is ConnectionState.CLOSED and life.closed_at is None:
            life.closed_at = event.at
            if life.reason is not None:
                self.closings[life.reason] += 1

    def _forget(self) -> None:
        while len(self._lives) > self._kept:
            closed = (number for number, life in self._lives.items() if life.closed_at is not None)
            del self._lives[next(closed, next(iter(self._lives)))]

    def _pinged(self, event: ConnectionPinged) -> None:
        life = self._lives.get(event.connection_id)
        if life is not None:
            life.ping_ms = event.ping_ms

    def _granted(self, event: UtteranceGranted) -> None:
        life = self._lives.get(event.connection_id)
        if life is not None:
            life.contexts += 1
