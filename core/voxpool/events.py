"""The one stream of events that log, metrics, grid and inspector read.

Every transition of a connection, a context or an utterance is one frozen, serialisable record with ids, a
monotonic time in seconds and a reason.  Audio chunks are not events (an object each costs too much): an
utterance counts them.  Emitting never waits: a subscriber has a bounded queue that it drains when it likes,
and one that is too slow loses the oldest events and is told how many.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from enum import Enum, StrEnum
from functools import cache
from typing import Any, get_args, get_type_hints

from voxpool.errors import SettingError

_logger = logging.getLogger(__name__)


class ConnectionState(StrEnum):
    """Life of one WebSocket connection."""

    CONNECTING = "connecting"
    OPEN = "open"
    RETIRING = "retiring"
    """Takes no new contexts; closes when the last one is done."""
    CLOSED = "closed"


class CloseReason(StrEnum):
    """Why a connection closed: the ledger of the inspector."""

    IDLE = "idle"
    LIFETIME = "lifetime"
    DRAINED = "drained"
    RESIZED = "resized"
    ZOMBIE = "zombie"
    POOL_CLOSED = "pool closed"
    SERVER_CLOSED = "closed by the server"
    SERVICE_ERROR = "service error"
    CREDENTIAL = "credential rejected"
    NETWORK = "network"
    UNRESPONSIVE = "unresponsive"
    CONNECT_FAILED = "connect failed"


class SlotState(StrEnum):
    """What one of the slots of a connection is doing.

    ``GENERATING`` lasts until the context is done while its caller may still add text, and until the first
    audio when the caller is done (``close_context`` is pipelined behind the text); from then on a context whose
    ``close_context`` was sent is ``DRAINING``.  ``CLOSING`` is a cancelled context, or one closed with nothing
    left to say, that the server has not let go.  ``FAILED`` and ``EMPTY`` hold no slot.
    """

    EMPTY = "empty"
    RESERVED = "reserved"
    CREATING = "creating"
    OPEN = "open"
    GENERATING = "generating"
    DRAINING = "draining"
    CLOSING = "closing"
    ZOMBIE = "zombie"
    FAILED = "failed"

    holds_slot: bool
    """Whether the server counts the context, or may count it (protocol.md section 10)."""


for _state in SlotState:
    # A plain attribute, because the books ask for it some twenty times for each utterance.
    _state.holds_slot = _state not in (SlotState.EMPTY, SlotState.FAILED)


class Outcome(StrEnum):
    """How an utterance ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events.

    Attributes:
        at: Monotonic time in seconds, from the pool's clock.
    """

    at: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data (enums as their values), with the event's name under ``"event"``."""
        return {"event": type(self).__name__} | {
            name: value.value if isinstance(value, Enum) else value for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged(Event):
    """A connection went from one state to the next.

    Attributes:
        connection_id: Serial number in the pool, from 1; never reused.
        row: The grid row it occupies, 0 to ``max_connections - 1``; reused after it closed.
        old: State before, or None at its birth.
        new: State after.
        reason: Why it closes, in the ledger's terms, or None.
        detail: The cause in words, credentials scrubbed, or "".
    """

    connection_id: int
    row: int
    old: ConnectionState | None
    new: ConnectionState
    reason: CloseReason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPinged(Event):
    """A ping was answered.

    Attributes:
        connection_id: Serial number of the connection.
        row: Its grid row.
        ping_ms: Round trip in milliseconds.
    """

    connection_id: int
    row: int
    ping_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDropped(Event):
    """A frame had nothing for anybody.  Of a flood on one connection, the 1st, 2nd, 4th, 8th... is told.

    Attributes:
        connection_id: Serial number of the connection.
        row: Its grid row.
        kind: ``"malformed"``: it could not be understood.  ``"stray"``: it names a context that the connection does
            not have (any more), as late audio does (protocol.md section 13, number 10).
        text: In words, without the frame's audio.
        count: How many of the kind there were on the connection.
    """

    connection_id: int
    row: int
    kind: str
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotChanged(Event):
    """A slot went from one state to the next.

    Attributes:
        connection_id: Serial number of the connection.
        row: Grid row, from 0.
        column: Grid column, 0 to 4.
        context_id: Id on the wire.
        utterance_id: Serial number of the utterance that owns the context.
        old: State before.
        new: State after.
        code: Service status code when ``new`` is FAILED by a status, else None.
        detail: Reason in words, credentials scrubbed, or "".
    """

    connection_id: int
    row: int
    column: int
    context_id: str
    utterance_id: int
    old: SlotState
    new: SlotState
    code: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceQueued(Event):
    """An utterance asked for a slot.

    Attributes:
        utterance_id: Serial number in the pool, from 1.
        waiting: Waiters in the queue, this one included; 0 when a slot was free at once.
        label: A snippet of its text for people, at most 80 characters.
        voice: Voice name.
    """

    utterance_id: int
    waiting: int
    label: str
    voice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceGranted(Event):
    """An utterance got a slot (again after a retry).

    Attributes:
        utterance_id: Serial number.
        connection_id: Serial number of the connection.
        row: Grid row.
        column: Grid column.
        context_id: Id on the wire.
        attempt: 1 for the first context, 2 for the first retry, ...
        waited_ms: Milliseconds in the queue.
    """

    utterance_id: int
    connection_id: int
    row: int
    column: int
    context_id: str
    attempt: int
    waited_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAudio(Event):
    """The first audio of an utterance arrived.

    Attributes:
        utterance_id: Serial number.
        context_id: Id on the wire.
        ttfa_ms: Time to first audio in milliseconds, from the moment its first text was handed to the socket.
        since_request_ms: The same from the moment the caller asked, queueing and connecting included.
    """

    utterance_id: int
    context_id: str
    ttfa_ms: float
    since_request_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceRetried(Event):
    """An attempt failed before any audio and another one follows.

    Attributes:
        utterance_id: Serial number.
        context_id: The context that failed ("" when no context was made).
        attempt: The attempt that failed.
        delay_ms: Backoff before the next attempt, in milliseconds.
        error: The error in words.
        code: Service status code, or None.
    """

    utterance_id: int
    context_id: str
    attempt: int
    delay_ms: float
    error: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceEnded(Event):
    """An utterance is over; its slot may be held a little longer (see ``SlotChanged``).

    Attributes:
        utterance_id: Serial number.
        context_id: Its last context, or "" when it never got one.
        outcome: How it ended.
        attempts: Contexts used.
        audio_s: Seconds of audio delivered.
        chunks: Audio chunks delivered.
        characters: Characters the service says it processed.
        error: The error in words, or "".
        code: Service status code, or None.
    """

    utterance_id: int
    context_id: str
    outcome: Outcome
    attempts: int
    audio_s: float
    chunks: int
    characters: int
    error: str = ""
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolNotice(Event):
    """Something about the whole pool that a person should read once.

    Attributes:
        kind: Stable name, for example ``"credential_rejected"``, ``"connection_limit"``, ``"paused"``, ``"resized"``.
        text: One sentence, credentials scrubbed.
    """

    kind: str
    text: str


def event_from_dict(data: Mapping[str, Any]) -> Event:
    """Return the event that ``Event.to_dict`` made plain; names it does not know are passed over.

    Args:
        data: Plain data with the event's name under ``"event"``.

    Raises:
        ValueError: If it is no event, something is missing, or a value has another type; says which.
    """
    name = data.get("event")
    kind = _kinds().get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"there is no event {name!r}")
    values: dict[str, Any] = {}
    for field, (enum, types, required) in _shape(kind.__name__).items():
        if field not in data:
            if required:
                raise ValueError(f"{name} has no {field}")
            continue
        value = data[field]
        if type(value) not in types:
            raise ValueError(f"{field} of {name} is {value!r}")
        values[field] = value if enum is None or value is None else enum(value)
    return kind(**values)


@cache
def _kinds() -> dict[str, type[Event]]:
    return {kind.__name__: kind for kind in Event.__subclasses__()}


@cache
def _shape(name: str) -> dict[str, tuple[type[Enum] | None, tuple[type, ...], bool]]:
    """Return each field's enum, the types of its plain value, and whether it must be there."""
    kind = _kinds()[name]
    hints = get_type_hints(kind)
    shape = {}
    for each in fields(kind):
        parts: tuple[type, ...] = get_args(hints[each.name]) or (hints[each.name],)
        enum = next((part for part in parts if issubclass(part, Enum)), None)
        types = {str if issubclass(part, Enum) else part for part in parts}  # NoneType among them where None is allowed
        if float in types:
            types.add(int)
        shape[each.name] = enum, tuple(types), each.default is MISSING
    return shape


class Subscription:
    """A bounded queue of events that one consumer drains at its own pace.

    Attributes:
        lost: Events that were dropped because the queue was full, since the subscription began.
    """

    def __init__(self, stream: EventStream, limit: int, wake: Callable[[], None] | None = None) -> None:
        self._stream = stream
        self._queue: deque[Event] = deque()
        self._limit = limit
        self._wake = wake
        self.lost = 0

    def __len__(self) -> int:
        return len(self._queue)

    def __repr__(self) -> str:
        return f"<Subscription {len(self._queue)} waiting, {self.lost} lost>"

    def put(self, event: Event) -> None:
        """Append an event; drop the oldest when full."""
        if len(self._queue) >= self._limit:
            self._queue.popleft()
            self.lost += 1
        self._queue.append(event)
        if self._wake is not None and len(self._queue) == 1:
            try:
                self._wake()
            except Exception:
                # In the middle of the pool's books: one consumer's mistake must not become everybody's.
                self._wake = None
                _logger.exception("a consumer of events failed when it was woken, and is woken no more")

    def drain(self) -> Iterator[Event]:
        """Yield and remove all events that are waiting now, oldest first."""
        for _ in range(len(self._queue)):
            yield self._queue.popleft()

    def close(self) -> None:
        """Stop receiving."""
        self._stream.unsubscribe(self)


class EventStream:
    """Fans events out to subscriptions without ever waiting for one."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def __repr__(self) -> str:
        return f"<EventStream {len(self._subscriptions)} subscriptions>"

    def subscribe(self, limit: int = 10_000, wake: Callable[[], None] | None = None) -> Subscription:
        """Return a new bounded queue that receives every event from now on.

        Args:
            limit: Most events held; beyond it the oldest is dropped.
            wake: Called when the first event comes into an empty queue, so that a consumer need not poll.  It
                must return at once, and cannot steer the pool, which is in the middle of its work (``NotNow``): let
                it set an event, or use ``loop.call_soon``.  One that raises is logged and called no more; its events
                still wait for it.

        Raises:
            SettingError: If the limit is no number above 0.
        """
        if not isinstance(limit, int) or limit < 1:
            raise SettingError("limit", limit, "a whole number, at least 1")
        subscription = Subscription(self, limit, wake)
        # A new list each time: whoever subscribes or leaves while an event is told makes nobody else miss it.
        self._subscriptions = [*self._subscriptions, subscription]
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription; unknown ones are ignored."""
        self._subscriptions = [each for each in self._subscriptions if each is not subscription]

    def emit(self, event: Event) -> None:
        """Hand an event to every subscription."""
        for subscription in self._subscriptions:
            subscription.put(event)
