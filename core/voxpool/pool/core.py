"""The pool without I/O: inputs in, events and commands out, time as an argument.

Whoever owns it calls one input at a time and then carries out ``commands``; the asyncio pool does so with
sockets, the tests with a model of the service in virtual time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

from voxpool.config import PoolConfig
from voxpool.errors import LimitReached, PoolClosed, ServiceError, VoxpoolError
from voxpool.events import CloseReason, ConnectionState, Event, FirstAudio, Outcome, SlotState
from voxpool.pool import admission, deadlines, endings, upkeep, watch
from voxpool.pool.books import Books
from voxpool.pool.commands import Command
from voxpool.pool.records import Link, Slot, Ticket


class PoolCore:
    """Every input of the pool.  After each one the queue is served and finished connections are closed.

    Args:
        config: How the pool behaves.
        random: Source of jitter.
        emit: Receives every event.
        prefix: Beginning of every context id.

    Attributes:
        books: All records.
    """

    def __init__(self, config: PoolConfig, random: Random, emit: Callable[[Event], None], prefix: str = "vx") -> None:
        self.books = Books(config, random, emit, prefix)

    def __repr__(self) -> str:
        tally = self.books.tally
        return f"<PoolCore {len(self.books.links)} connections, {tally.held} slots held, {self.books.waiting} waiting>"

    @property
    def commands(self) -> deque[Command]:
        """What is to be done, in order; whoever does it takes it out."""
        return self.books.commands

    @property
    def cancel_grace_s(self) -> float:
        """How long a context may take to react to ``cancel_context``."""
        return self.books.config.zombie_after_s * watch.CANCEL_GRACE_FRACTION

    def next_at(self) -> float | None:
        """Return when ``tick`` has to be called next, or None."""
        return self.books.agenda.next_at()

    def _settle(self, now: float) -> None:
        books = self.books
        if books.queue:
            admission.pump(books, now)
        if books.touched:
            upkeep.close_retired(books, now)
        if books.warm_target and (self.open_connections >= books.warm_target or self._tests_the_credential()):
            books.warm_target = 0
        if books.queue or books.delayed or books.warm_target:
            admission.open_connections(books, now)
        else:
            books.set_wanting(now, wanting=False)
        if books.barrier is not None:
            upkeep.drained(books, now)

    def _tests_the_credential(self) -> bool:
        """Whether no more connections can be had before the credential is accepted again on the one that is there."""
        books = self.books
        if books.rejection is None or books.room:
            return False
        return all(link.state is ConnectionState.OPEN for link in books.links.values())

    # -- callers ---------------------------------------------------------------------------------------------

    def request(self, ticket: Ticket, now: float) -> None:
        """An utterance wants a slot.

        Raises:
            PoolClosed: The pool is closing.
            TooManyWaiters: The queue is full.
        """
        admission.request(self.books, ticket, now)
        self._settle(now)

    def cancel(self, ticket: Ticket, now: float) -> None:
        """The caller wants no more of an utterance."""
        endings.cancel(self.books, ticket, now)
        self._settle(now)

    def fail(self, ticket: Ticket, error: VoxpoolError, now: float) -> None:
        """An utterance cannot go on for a reason of ours, for example a consumer that does not read."""
        if ticket.outcome is not None:
            return
        slot = ticket.slot
        if slot is None:
            admission.fail_waiting(self.books, ticket, error, now)
        else:
            self.books.finish(ticket, Outcome.FAILED, now, error)
            endings.dispose(self.books, slot, now, str(error))
        self._settle(now)

    # -- contexts --------------------------------------------------------------------------------------------

    def moved(self, slot: Slot, state: SlotState, now: float) -> None:
        """A frame of ours or of the service moved a context; its end comes through ``ended``."""
        if slot.state is not SlotState.ZOMBIE and state.holds_slot:
            self.books.move(slot, state, now)

    def started(self, slot: Slot, now: float) -> None:
        """The context's first frames were handed to the connection."""
        slot.last_at = now
        watch.arm(self.books, slot)

    def start_failed(self, slot: Slot, error: VoxpoolError, now: float) -> None:
        """The context could not even be asked for."""
        endings.context_closed(self.books, slot, now, error)
        self._settle(now)

    def text_sent(self, slot: Slot, now: float, *, speakable: bool, asks: bool, restarts: bool = False) -> None:
        """Text, a flush or a close went out (see ``deadlines.text_sent``)."""
        deadlines.text_sent(self.books, slot, now, speakable=speakable, asks=asks, restarts=restarts)

    def confirmed(self, slot: Slot, now: float) -> None:
        """The service confirmed a context."""
        slot.last_at = now
        if slot.confirmed_at is None:
            slot.confirmed_at = now
            slot.suspect = None
            slot.link.refusals = 0
            watch.arm(self.books, slot)
        if not slot.link.proven:
            upkeep.proven(self.books, slot.link, now)
            self._settle(now)

    def first_audio(self, slot: Slot, first_text_at: float, now: float) -> None:
        """The first audio of a context arrived."""
        self.confirmed(slot, now)
        slot.heard = True
        watch.arm(self.books, slot)
        ticket = slot.live
        if ticket is not None:
            self.books.emit(
                FirstAudio(
                    at=now,
                    utterance_id=ticket.id,
                    context_id=slot.context_id,
                    ttfa_ms=(now - first_text_at) * 1000.0,
                    since_request_ms=(now - ticket.requested_at) * 1000.0,
                )
            )

    def synthesis_ended(self, slot: Slot, now: float) -> None:
        """One synthesis of a context is over."""
        slot.last_at = now
        deadlines.synthesis_ended(slot)

    def ended(self, slot: Slot, error: VoxpoolError | None, now: float) -> None:
        """The service let go of a context."""
        endings.context_closed(self.books, slot, now, error)
        self._settle(now)

    def broke(self, slot: Slot, error: VoxpoolError, now: float) -> None:
        """A context is of no use any more, or a message of its was refused; the service may still hold it."""
        slot.last_at = now
        if isinstance(error, LimitReached):
            endings.limit_reached(self.books, slot, error, now)
        if slot.closing_at is None:
            endings.context_broke(self.books, slot, error, now)
        elif slot.cancelled_at is not None:
            endings.close_instead(self.books, slot)
        self._settle(now)

    # -- connections -----------------------------------------------------------------------------------------

    def connected(self, link: Link, now: float) -> None:
        """A handshake succeeded."""
        upkeep.connected(self.books, link, now)
        self._settle(now)

    def connect_failed(self, link: Link, error: VoxpoolError, now: float) -> None:
        """A handshake failed; nothing is left of it."""
        upkeep.connect_failed(self.books, link, error, now)
        self._settle(now)

    def lost(self, link: Link, reason: CloseReason, error: VoxpoolError, now: float) -> None:
        """A connection died."""
        if not link.closing:
            upkeep.lost(self.books, link, reason, error, now)
            self._settle(now)

    def closed(self, link: Link, now: float) -> None:
        """The transport of a connection is closed."""
        upkeep.closed(self.books, link, now)
        self._settle(now)

    def service_error(
        self, link: Link, error: ServiceError, now: float, *, fatal: bool, names_message: bool = False
    ) -> None:
        """An error without a context id came (see ``upkeep.service_error``)."""
        if not link.closing:
            upkeep.service_error(self.books, link, error, now, fatal=fatal, names_message=names_message)
            self._settle(now)

    def ponged(self, link: Link, ping_ms: float, now: float) -> None:
        """A ping was answered."""
        upkeep.ponged(self.books, link, ping_ms, now)

    def dropped(self, link: Link, kind: str, text: str, count: int, now: float) -> None:
        """A frame had nothing for anybody."""
        upkeep.dropped(self.books, link, kind, text, count, now)

    # -- the pool --------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Time passed."""
        deadlines.tick(self.books, now)
        self._settle(now)

    def prewarm(self, connections: int, now: float) -> None:
        """Open connections until so many are there, or it turns out that they cannot be opened."""
        self.books.warm_target = max(self.books.warm_target, min(connections, self.books.max_connections))
        self._settle(now)

    def pause(self, now: float) -> None:
        """Grant nothing; the deadlines of those who wait stand still."""
        if self.books.paused_at is None:
            self.books.paused_at = now
            self.books.notice("paused", "no slot is granted until the pool is resumed", now)

    def resume(self, now: float) -> None:
        """Grant again."""
        books = self.books
        if books.paused_at is None:
            return
        # Those who speak as well: they may have to wait again, and deadlines have to keep the order of the queue.
        for ticket in [*books.queue, *books.delayed.values(), *books.speakers()]:
            ticket.deadline += now - max(ticket.requested_at, books.paused_at)
        books.paused_at = None
        admission.arm_queue(books)
        books.notice("resumed", "slots are granted again", now)
        self._settle(now)

    def resize(self, connections: int, now: float) -> None:
        """Change the number of connections."""
        upkeep.resize(self.books, connections, now)
        self._settle(now)

    def drain(self, barrier: int, now: float) -> None:
        """Finish the utterances below ``barrier``, then close every connection; later ones wait that long."""
        self.books.barrier = max(barrier, self.books.barrier or 0)
        self._settle(now)

    def close(self, now: float) -> None:
        """End every utterance, and every connection as soon as its contexts are let go."""
        books = self.books
        if books.closing:
            return
        books.closing = True
        books.warm_target = 0
        books.barrier = None
        for ticket in [*books.queue, *books.delayed.values()]:
            admission.fail_waiting(books, ticket, PoolClosed(), now)
        for link in [*books.links.values()]:
            for slot in link.slots:
                if slot.live is not None:
                    self.fail(slot.live, PoolClosed(), now)
            upkeep.retire(books, link, CloseReason.POOL_CLOSED, now)
        self._settle(now)

    def close_now(self, now: float) -> None:
        """Stop waiting for contexts to be let go: the time for closing is over."""
        for link in [*self.books.links.values()]:
            upkeep.lost(self.books, link, CloseReason.POOL_CLOSED, PoolClosed(), now)
        self._settle(now)

    @property
    def open_connections(self) -> int:
        """Connections that are open."""
        return sum(link.state is ConnectionState.OPEN for link in self.books.links.values())
