"""Who gets a slot, and how many connections to open for those who wait."""

from __future__ import annotations

from typing import Final

from voxpool.errors import AcquireTimeout, PoolClosed, Stage, TooManyWaiters, VoxpoolError
from voxpool.events import ConnectionState, Outcome, UtteranceGranted, UtteranceQueued
from voxpool.pool.agenda import Due
from voxpool.pool.assignment import Placement, choose, connections_to_open
from voxpool.pool.books import Books
from voxpool.pool.commands import Connect, Start
from voxpool.pool.records import Link, Ticket

_OPEN: Final = ConnectionState.OPEN


def request(books: Books, ticket: Ticket, now: float) -> None:
    """Take a newcomer in: a slot at once when one is free and nobody waits, else the end of the queue.

    Raises:
        PoolClosed: The pool is closing.
        TooManyWaiters: The queue is full.
    """
    if books.closing:
        raise PoolClosed
    link = None if len(books.queue) else find_slot(books, ticket, now)
    if link is None and books.waiting >= books.config.max_waiters:
        books.tally.refused += 1
        raise TooManyWaiters(books.config.max_waiters)
    mark_queued(books, ticket, now)
    ticket.failures_seen = books.failure_rounds
    if link is None:
        books.tally.requested += 1
        _wait(books, ticket)
        _announce(books, ticket, books.waiting, now)
    else:
        # Counted behind its event: whoever looks at the counters while it is told finds them conserved.
        _announce(books, ticket, 0, now)
        books.tally.requested += 1
        grant(books, ticket, link, now)


def _announce(books: Books, ticket: Ticket, waiting: int, now: float) -> None:
    books.emit(UtteranceQueued(at=now, utterance_id=ticket.id, waiting=waiting, label=ticket.label, voice=ticket.voice))


def _wait(books: Books, ticket: Ticket) -> None:
    books.queue.join(ticket)
    arm_queue(books)


def arm_queue(books: Books) -> None:
    """See to it that the agenda comes to the queue when its head's time is over."""
    head = books.queue.head()
    if head is not None and (books.queue_armed_at is None or head.deadline < books.queue_armed_at):
        books.queue_armed_at = head.deadline
        books.agenda.add(head.deadline, Due.QUEUE)


def rejoin(books: Books, ticket: Ticket, now: float) -> None:
    """Put a ticket whose backoff is over back at its old place."""
    books.delayed.pop(ticket.id, None)
    books.queue.join(ticket)
    arm_queue(books)


def find_slot(books: Books, ticket: Ticket, now: float) -> Link | None:
    """Return the connection for a ticket's context, or None when it has to wait."""
    if books.paused_at is not None or (books.barrier is not None and ticket.id >= books.barrier):
        return None
    cap = books.config.max_generations
    if cap is not None and books.tally.held >= cap:
        return None
    rows = [link for link in books.links.values() if link.state is _OPEN and link.cooling_until <= now]
    may_open = books.placement is Placement.SPREAD and (
        books.connecting > 0 or (books.room > 0 and books.connect_at <= now)
    )
    capacity = books.config.contexts_per_connection
    if ticket.failed_on is not None:
        # What went wrong may have been the connection's fault.
        others = [link for link in rows if link is not ticket.failed_on]
        other = choose(others, capacity, books.placement, may_open=may_open)
        if other is not None:
            return other
    return choose(rows, capacity, books.placement, may_open=may_open)


def grant(books: Books, ticket: Ticket, link: Link, now: float) -> None:
    """Give a ticket a slot on a connection."""
    waited_s = now - ticket.queued_at
    settle_waiting_time(books, ticket, now)
    slot = books.reserve(link, ticket, now)
    ticket.granted_at = now
    books.emit(
        UtteranceGranted(
            at=now,
            utterance_id=ticket.id,
            connection_id=link.id,
            row=link.row,
            column=slot.column,
            context_id=slot.context_id,
            attempt=ticket.attempt,
            waited_ms=waited_s * 1000.0,
        )
    )
    books.commands.append(Start(ticket, slot))


def settle_waiting_time(books: Books, ticket: Ticket, now: float) -> None:
    """Add the wait that ends now to the ticket's account, by stage."""
    wanting = books.wanting_clock(now)
    connecting = wanting - ticket.wanting_mark
    ticket.connecting_s += connecting
    ticket.queueing_s += now - ticket.queued_at - connecting
    mark_queued(books, ticket, now)


def mark_queued(books: Books, ticket: Ticket, now: float) -> None:
    """Begin to count a wait."""
    ticket.queued_at = now
    ticket.wanting_mark = books.wanting_clock(now)


def pump(books: Books, now: float) -> None:
    """Serve the queue from its head while there are slots."""
    while (ticket := books.queue.head()) is not None:
        link = find_slot(books, ticket, now)
        if link is None:
            return
        books.queue.leave(ticket)
        grant(books, ticket, link, now)


def open_connections(books: Books, now: float) -> None:
    """Begin as many handshakes as those who wait need (after ``pump``: no slot is free for them)."""
    wanted = _wanted(books, now)
    if books.failures:
        # One goes ahead: where a service is down, or allows no more connections, the others would be refused as well.
        wanted = min(wanted, max(0, 1 - books.connecting))
    if wanted and books.connect_at > now:
        if books.connect_armed_at != books.connect_at:
            books.connect_armed_at = books.connect_at
            books.agenda.add(books.connect_at, Due.CONNECT)
    elif wanted:
        for _ in range(wanted):
            begin_handshake(books, now)
    books.set_wanting(now, wanting=bool(books.queue) and (wanted > 0 or books.connecting > 0))


def begin_handshake(books: Books, now: float) -> Link:
    """Enter a connection and have it connect."""
    link = books.begin_link(now)
    books.commands.append(Connect(link))
    return link


def _wanted(books: Books, now: float) -> int:
    room = books.room
    if not room or books.closing:
        return 0
    connecting = books.connecting
    # While draining every connection is closed, so a new one would be, too, again and again.
    for_warmth = 0 if books.barrier is not None else min(books.warm_target - len(books.links), room)
    return max(for_warmth, _wanted_by_queue(books, connecting, room), _wanted_by_retries(books, connecting))


def _wanted_by_retries(books: Books, connecting: int) -> int:
    """Return 1 if somebody is to be tried again and there is no connection but the one that just failed them.

    It opens while they wait out their backoff; when it is not there by then, they take the old one once more.
    """
    if not books.delayed or connecting or books.paused_at is not None or books.barrier is not None:
        return 0
    links = [link for link in books.links.values() if link.state is _OPEN]
    return int(len(links) == 1 and any(ticket.failed_on is links[0] for ticket in books.delayed.values()))


def _wanted_by_queue(books: Books, connecting: int, room: int) -> int:
    head = books.queue.head()
    if head is None or books.paused_at is not None or (books.barrier is not None and head.id >= books.barrier):
        return 0
    waiting = len(books.queue)
    if books.config.max_generations is not None:
        waiting = min(waiting, books.config.max_generations - books.tally.held)
    return connections_to_open(waiting, connecting, room, books.config.contexts_per_connection, books.placement)


def leave_queue(books: Books, ticket: Ticket, now: float) -> None:
    """Take a waiting ticket out, wherever it waits."""
    if not books.queue.leave(ticket):
        books.delayed.pop(ticket.id, None)
    settle_waiting_time(books, ticket, now)


def fail_waiting(books: Books, ticket: Ticket, error: VoxpoolError, now: float) -> None:
    """End a ticket that waits."""
    leave_queue(books, ticket, now)
    books.finish(ticket, Outcome.FAILED, now, error)


def expire_queue(books: Books, now: float) -> None:
    """Fail those whose time is over; the queue is in the order of deadlines."""
    while (ticket := books.queue.head()) is not None and books.paused_at is None:
        if ticket.deadline > now:
            arm_queue(books)
            return
        fail_waiting(books, ticket, acquire_timeout(books, ticket, now), now)


def acquire_timeout(books: Books, ticket: Ticket, now: float) -> AcquireTimeout:
    """Return the error of a ticket whose time is over, with the stage that ate it and what was behind it."""
    if ticket.slot is not None:
        stage = Stage.CREATING
    elif books.wanting_since is not None or books.connecting:
        stage = Stage.CONNECTING
    else:
        stage = Stage.QUEUEING
    if ticket.slot is None:
        settle_waiting_time(books, ticket, now)
    spent = {
        Stage.QUEUEING: ticket.queueing_s,
        Stage.CONNECTING: ticket.connecting_s,
        Stage.CREATING: now - ticket.granted_at if ticket.slot and ticket.granted_at is not None else 0.0,
    }
    error = AcquireTimeout(stage, books.config.acquire_timeout_s, spent)
    error.__cause__ = ticket.last_error or (books.refusal if stage is Stage.CONNECTING else None)
    return error
