"""The rows of the pool's books: a ticket per utterance, a link per connection, a slot per context."""

from __future__ import annotations

from dataclasses import dataclass, field

from voxpool.errors import ServiceError, VoxpoolError
from voxpool.events import CloseReason, ConnectionState, Outcome, SlotChanged, SlotState


@dataclass(slots=True, eq=False)
class Ticket:
    """What the books know of one utterance.

    Attributes:
        id: Serial number; the order of the queue.
        label: A snippet of its text.
        voice: Voice name.
        requested_at: When it was asked for.
        deadline: When queueing, connecting and creating must be over.
        retry: Whether another attempt is allowed and possible.
        buffer_delay_s: The declared ``max_buffer_delay_ms`` in seconds.
        attempt: Contexts used.
        ready_at: End of the backoff.
        queued_at: When it last joined the queue.
        granted_at: When it last got a slot, or None.
        wanting_mark: The pool's clock of wanted connections when it last joined the queue.
        queueing_s: Seconds spent in the queue over all attempts, without those in ``connecting_s``.
        connecting_s: Seconds spent in the queue while a connection was wanted that was not there.
        failures_seen: The pool's count of failed rounds of handshakes when it asked.
        slot: Its slot, until the service lets go of it or another attempt follows.
        failed_on: The connection of the attempt before, or None.
        outcome: How it ended, or None.
        error: What ended it, or None.
        last_error: What ended the attempt before, or None.
        audio_s: Seconds of audio that arrived.
        chunks: Audio chunks that arrived.
        characters: Characters that the service says it processed.
        context_id: Its newest context on the wire, or "".
        late_audio_at: When audio last came that nobody wanted any more, or None.
    """

    id: int
    label: str
    voice: str
    requested_at: float
    deadline: float
    retry: bool = True
    buffer_delay_s: float = 0.0
    attempt: int = 0
    ready_at: float = 0.0
    queued_at: float = 0.0
    granted_at: float | None = None
    wanting_mark: float = 0.0
    queueing_s: float = 0.0
    connecting_s: float = 0.0
    failures_seen: int = 0
    slot: Slot | None = None
    failed_on: Link | None = None
    outcome: Outcome | None = None
    error: VoxpoolError | None = None
    last_error: VoxpoolError | None = None
    audio_s: float = 0.0
    chunks: int = 0
    characters: int = 0
    context_id: str = ""
    late_audio_at: float | None = None


@dataclass(slots=True, eq=False)
class Slot:
    """One cell of the grid: the place for one context on one connection.

    Attributes:
        link: The connection.
        column: 0 to 4.
        state: What it does; changed only by ``Books.move``.
        ticket: Whose context it carries, or None when it is free.
        context_id: Id on the wire.
        serial: Contexts it has carried; tells an old context from the present one.
        confirmed_at: When the service confirmed the context, or None.
        unspoken: Whether text with something to say was sent since the last synthesis ended.
        closed_by_us: Whether ``close_context`` was sent behind the last text.
        owing_since: Since when the service owes audio, or None while it owes none.
        last_at: Its last frame, or when it was granted.
        heard: Whether audio came.
        closing_at: Since when the pool wants to be rid of it, or None.
        cancelled_at: When ``cancel_context`` was sent, until ``close_context`` is sent behind it; else None.
        suspect: A connection-level error that may have been about it.
        armed_at: The time of its entry in the agenda, or None.
        failure: The event of its newest failure.
    """

    link: Link
    column: int
    state: SlotState = SlotState.EMPTY
    ticket: Ticket | None = None
    context_id: str = ""
    serial: int = 0
    confirmed_at: float | None = None
    unspoken: bool = False
    closed_by_us: bool = False
    owing_since: float | None = None
    last_at: float = 0.0
    heard: bool = False
    closing_at: float | None = None
    cancelled_at: float | None = None
    suspect: ServiceError | None = None
    armed_at: float | None = None
    failure: SlotChanged | None = None

    @property
    def live(self) -> Ticket | None:
        """Its ticket if the caller still waits for this very context, else None."""
        ticket = self.ticket
        return ticket if ticket is not None and ticket.slot is self and ticket.outcome is None else None

    def __repr__(self) -> str:
        whose = f" utterance {self.ticket.id}" if self.ticket else ""
        return f"<Slot {self.link.row}/{self.column} {self.state}{whose}>"


@dataclass(slots=True, eq=False)
class Link:
    """What the books know of one connection.

    Attributes:
        id: Serial number.
        row: Grid row.
        state: Changed only by ``Books.shift``.
        begun_at: When the handshake began.
        opened_at: When it opened, or None.
        last_at: Its last frame, pong or handshake.
        held: Slots that the server counts, or may count.
        zombies: Those of them that are zombies.
        slots: One per column.
        served: Contexts carried.
        idle_since: Since when it has had no context, or None.
        refusals: Contexts it refused in a row because it was full.
        cooling_until: No new context before this time (it said that it was full).
        proven: Whether the service accepted a message on it, and with it the credential.
        closing: Whether its transport was told to close.
        replaces: The connection that retires when this one is open or has failed.
        pinged_at: When the unanswered ping was sent, or None.
        ping_ms: Newest round trip in milliseconds, or None.
        reason: Why it closes.
        detail: The same in words.
        error: The newest connection-level error: the likely cause of a silence that follows.
    """

    id: int
    row: int
    begun_at: float
    state: ConnectionState = ConnectionState.CONNECTING
    opened_at: float | None = None
    last_at: float = 0.0
    held: int = 0
    zombies: int = 0
    slots: list[Slot] = field(default_factory=list)
    served: int = 0
    idle_since: float | None = None
    refusals: int = 0
    cooling_until: float = 0.0
    proven: bool = False
    closing: bool = False
    replaces: Link | None = None
    pinged_at: float | None = None
    ping_ms: float | None = None
    reason: CloseReason | None = None
    detail: str = ""
    error: ServiceError | None = None

    def __repr__(self) -> str:
        cells = "".join("." if slot.state is SlotState.EMPTY else slot.state.value[0] for slot in self.slots)
        return f"<Link {self.id} row {self.row} {self.state} [{cells}]>"
