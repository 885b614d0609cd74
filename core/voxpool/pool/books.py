"""The books of the pool: who holds what, changed in one place, without any I/O.

Every change of a slot goes through ``Books.move``, of a connection through ``Books.shift``, of an utterance's end
through ``Books.finish``; each checks its table, emits its event once, and counts.  The rules that decide are in
``admission``, ``endings``, ``upkeep`` and ``deadlines``; what they want done are ``commands``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from voxpool.config import PoolConfig
from voxpool.errors import ConnectFailed, ServiceError, VoxpoolError
from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionState,
    Event,
    Outcome,
    PoolNotice,
    SlotChanged,
    SlotState,
    UtteranceEnded,
)
from voxpool.pool.agenda import Agenda
from voxpool.pool.assignment import Placement
from voxpool.pool.commands import Command, Finish, Released
from voxpool.pool.records import Link, Slot, Ticket
from voxpool.pool.tally import Tally
from voxpool.pool.transitions import LINK_MOVES, SLOT_MOVES, IllegalTransition
from voxpool.pool.waiters import WaitQueue

S = SlotState
C = ConnectionState


class Books:
    """All records of one pool.

    Args:
        config: How the pool behaves.
        random: Source of jitter.
        emit: Receives every event.
        prefix: Beginning of every context id.

    Attributes:
        links: Connections that are not closed, by id.
        queue: Who waits and is ready.
        delayed: Who waits out a backoff, by id.
        agenda: What falls due when.
        commands: What is to be done, in order.
        tally: Counters.
        max_connections: The current limit.
        paused_at: Since when no slot is granted, or None.
        barrier: While draining, tickets from this id on are held back; else None.
        closing: Whether the pool closes.
        failures: Rounds of handshakes that failed in a row.
        failure_rounds: The same since the beginning; handshakes that were begun together fail as one.
        connect_at: No handshake begins before this time.
        connect_armed_at: The time of the agenda's entry for the next handshake, or None.
        queue_armed_at: The time of the agenda's entry for the queue, or None.
        wanting_since: Since when a connection is wanted that is not there, or None.
        wanted_s: Seconds of all such times that are over.
        refusal: Why the newest handshake failed, or None.
        rejection: The service's refusal of the credential, until it accepts it again.
        warm_target: Connections that ``prewarm`` asked for; 0 when they are there, or cannot be had.
    """

    def __init__(self, config: PoolConfig, random: Random, emit: Callable[[Event], None], prefix: str) -> None:
        self.config = config
        self.placement = Placement(config.placement)
        self.random = random
        self.emit = emit
        self.prefix = prefix
        self.links: dict[int, Link] = {}
        self.queue = WaitQueue()
        self.delayed: dict[int, Ticket] = {}
        self.agenda = Agenda()
        self.commands: deque[Command] = deque()
        self.tally = Tally()
        self.max_connections = config.max_connections
        self.paused_at: float | None = None
        self.barrier: int | None = None
        self.closing = False
        self.failures = 0
        self.failure_rounds = 0
        self.connect_at = 0.0
        self.connect_armed_at: float | None = None
        self.queue_armed_at: float | None = None
        self.wanting_since: float | None = None
        self.wanted_s = 0.0
        self.refusal: VoxpoolError | None = None
        self.rejection: ServiceError | None = None
        self.warm_target = 0
        self.touched: list[Link] = []
        self.last_close: dict[int, CloseReason] = {}
        self.noticed: dict[str, float] = {}
        self._rows: list[int] = []
        self._rows_made = 0
        self._links_made = 0
        self._stale: dict[int, list[SlotChanged]] = {}

    # -- what is so ------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Utterances that wait, in backoff or not."""
        return len(self.queue) + len(self.delayed)

    @property
    def connecting(self) -> int:
        """Handshakes that are running."""
        return sum(link.state is C.CONNECTING for link in self.links.values())

    def wanting_clock(self, now: float) -> float:
        """Return the seconds until now in which those who waited wanted a connection that was not there."""
        return self.wanted_s + (0.0 if self.wanting_since is None else now - self.wanting_since)

    def set_wanting(self, now: float, *, wanting: bool) -> None:
        """Note whether a connection is wanted that is not there."""
        if wanting and self.wanting_since is None:
            self.wanting_since = now
        elif not wanting and self.wanting_since is not None:
            self.wanted_s += now - self.wanting_since
            self.wanting_since = None

    @property
    def room(self) -> int:
        """How many more connections may be opened."""
        room = self.max_connections - len(self.links)
        if self.rejection is not None:
            # One at a time tests whether the credential is accepted again, beside those on which it was.
            room = min(room, 1 - sum(not link.proven for link in self.links.values()))
        return max(0, room)

    def speakers(self) -> list[Ticket]:
        """Return the utterances that hold a context and have not ended."""
        slots = (slot for link in self.links.values() for slot in link.slots)
        return [slot.ticket for slot in slots if slot.ticket is not None and slot.live is slot.ticket]

    # -- connections -----------------------------------------------------------------------------------------

    def begin_link(self, now: float) -> Link:
        """Enter a new connection in the lowest free row."""
        row = heappop(self._rows) if self._rows else self._new_row()
        self._links_made += 1
        link = Link(self._links_made, row, now, last_at=now)
        link.slots = [Slot(link, column) for column in range(self.config.contexts_per_connection)]
        self.links[link.id] = link
        for cell in self._stale.pop(row, ()):
            self.emit(_cleared(cell, now))
        self.emit(ConnectionChanged(at=now, connection_id=link.id, row=row, old=None, new=link.state))
        return link

    def _new_row(self) -> int:
        self._rows_made += 1
        return self._rows_made - 1

    def shift(self, link: Link, new: ConnectionState, now: float) -> None:
        """Move a connection to its next state."""
        old = link.state
        if new is old:
            return
        if new not in LINK_MOVES[old]:
            raise IllegalTransition(f"{link!r} cannot become {new}")
        link.state = new
        if new is C.CLOSED:
            self._forget(link)
        self.emit(
            ConnectionChanged(
                at=now,
                connection_id=link.id,
                row=link.row,
                old=old,
                new=new,
                reason=link.reason,
                detail=link.detail,
            )
        )

    def _forget(self, link: Link) -> None:
        if link.held:
            raise IllegalTransition(f"{link!r} closes with {link.held} slots held")
        del self.links[link.id]
        heappush(self._rows, link.row)
        reason = link.reason or CloseReason.NETWORK
        self.tally.closed[reason] += 1
        self.last_close[link.row] = reason

    # -- slots -----------------------------------------------------------------------------------------------

    def reserve(self, link: Link, ticket: Ticket, now: float) -> Slot:
        """Take a free slot of a connection for a ticket."""
        slot = next(slot for slot in link.slots if not slot.state.holds_slot)
        ticket.attempt += 1
        ticket.context_id = f"{self.prefix}-{ticket.id}-{ticket.attempt}"
        ticket.slot = slot
        slot.ticket = ticket
        slot.context_id = ticket.context_id
        slot.confirmed_at = slot.owing_since = slot.closing_at = slot.cancelled_at = slot.armed_at = None
        slot.suspect = None
        slot.heard = slot.unspoken = slot.closed_by_us = False
        slot.last_at = now
        slot.serial += 1
        link.held += 1
        link.served += 1
        link.idle_since = None
        self.tally.acquired += 1
        self.tally.held += 1
        self.tally.speaking += 1
        self.move(slot, S.RESERVED, now)
        return slot

    def move(self, slot: Slot, new: SlotState, now: float, *, code: int | None = None, detail: str = "") -> None:
        """Move a slot to its next state."""
        old = slot.state
        if new is old:
            return
        if new not in SLOT_MOVES[old]:
            raise IllegalTransition(f"{slot!r} cannot become {new}")
        slot.state = new
        link, ticket = slot.link, slot.ticket
        if new is S.ZOMBIE:
            link.zombies += 1
            self.tally.zombies += 1
        elif old is S.ZOMBIE:
            link.zombies -= 1
            self.tally.zombies -= 1
        event = SlotChanged(
            at=now,
            connection_id=link.id,
            row=link.row,
            column=slot.column,
            context_id=slot.context_id,
            utterance_id=ticket.id if ticket else 0,
            old=old,
            new=new,
            code=code,
            detail=detail,
        )
        if new is S.FAILED:
            slot.failure = event
        self.emit(event)

    def release(
        self, slot: Slot, now: float, *, failed: bool = False, code: int | None = None, detail: str = ""
    ) -> None:
        """Give a slot back, once."""
        ticket, link = slot.ticket, slot.link
        if ticket is None or not slot.state.holds_slot:
            raise IllegalTransition(f"{slot!r} is given back twice")
        link.held -= 1
        self.tally.held -= 1
        self.tally.released += 1
        self.move(slot, S.FAILED if failed else S.EMPTY, now, code=code, detail=detail)
        slot.ticket = None
        if ticket.outcome is not None and ticket.slot is slot:
            ticket.slot = None
        if not link.held:
            link.idle_since = now
        self.touched.append(link)
        self.commands.append(Released(slot, ticket, slot.context_id))

    def keep_failed_cells(self, link: Link) -> None:
        """Remember the failed cells of a connection that closes: the next one in its row clears them."""
        cells = [slot.failure for slot in link.slots if slot.state is S.FAILED and slot.failure is not None]
        if cells:
            self._stale[link.row] = cells

    # -- utterances ------------------------------------------------------------------------------------------

    def finish(self, ticket: Ticket, outcome: Outcome, now: float, error: VoxpoolError | None = None) -> None:
        """End an utterance, once.  Its slot may be held a little longer."""
        if ticket.outcome is not None:
            raise IllegalTransition(f"utterance {ticket.id} ends twice")
        if ticket.slot is not None:
            self.tally.speaking -= 1
            if ticket.slot.ticket is not ticket:
                ticket.slot = None
        ticket.outcome = outcome
        ticket.error = error
        self._count(ticket, outcome)
        self.emit(
            UtteranceEnded(
                at=now,
                utterance_id=ticket.id,
                context_id=ticket.context_id,
                outcome=outcome,
                attempts=ticket.attempt,
                audio_s=ticket.audio_s,
                chunks=ticket.chunks,
                characters=ticket.characters,
                error="" if error is None else str(error),
                code=code_of(error),
            )
        )
        self.commands.append(Finish(ticket))

    def _count(self, ticket: Ticket, outcome: Outcome) -> None:
        self.tally.audio_chunks += ticket.chunks
        self.tally.audio_s += ticket.audio_s
        if outcome is Outcome.DONE:
            self.tally.done += 1
        elif outcome is Outcome.FAILED:
            self.tally.failed += 1
        else:
            self.tally.cancelled += 1

    def notice(self, kind: str, text: str, now: float, *, quiet_s: float = 0.0) -> None:
        """Tell people something about the whole pool, at most once in ``quiet_s`` for each kind."""
        if quiet_s and now - self.noticed.get(kind, float("-inf")) < quiet_s:
            return
        self.noticed[kind] = now
        self.emit(PoolNotice(at=now, kind=kind, text=text))


def code_of(error: VoxpoolError | None) -> int | None:
    """Return the service's status code in an error, if there is one."""
    if isinstance(error, ConnectFailed):
        return None
    return error.code if isinstance(error, ServiceError) else None


def _cleared(cell: SlotChanged, now: float) -> SlotChanged:
    return SlotChanged(
        at=now,
        connection_id=cell.connection_id,
        row=cell.row,
        column=cell.column,
        context_id=cell.context_id,
        utterance_id=cell.utterance_id,
        old=S.FAILED,
        new=S.EMPTY,
        detail="its row is used again",
    )
