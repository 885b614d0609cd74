"""How contexts and utterances end: done, failed, tried again, cancelled, and how their slots come free."""

from __future__ import annotations

from voxpool.errors import ConnectFailed, LimitReached, ServiceError, VoxpoolError
from voxpool.events import Outcome, SlotState, UtteranceRetried
from voxpool.pool.admission import leave_queue, mark_queued
from voxpool.pool.agenda import Due
from voxpool.pool.backoff import delay_s
from voxpool.pool.books import Books, code_of
from voxpool.pool.commands import CancelContext, CloseContext, Rewind
from voxpool.pool.records import Slot, Ticket
from voxpool.pool.watch import arm
from voxpool.protocol.status import retry_hints


def cancel(books: Books, ticket: Ticket, now: float) -> None:
    """The caller wants no more: end the utterance now, and get rid of its context."""
    if ticket.outcome is not None:
        return
    if ticket.slot is None:
        leave_queue(books, ticket, now)
        books.finish(ticket, Outcome.CANCELLED, now)
        return
    slot = ticket.slot
    books.finish(ticket, Outcome.CANCELLED, now)
    dispose(books, slot, now, "cancelled")


def dispose(books: Books, slot: Slot, now: float, detail: str) -> None:
    """Get rid of a context that nobody wants any more; the slot is held until the service lets go."""
    if slot.closing_at is None:
        slot.closing_at = now
        slot.cancelled_at = now
        slot.owing_since = None
        books.commands.append(CancelContext(slot))
        if slot.state.holds_slot:
            books.move(slot, SlotState.CLOSING, now, detail=detail)
        arm(books, slot)


def close_instead(books: Books, slot: Slot) -> None:
    """``cancel_context`` had no effect, or the service does not know it: close the context (section 4.5)."""
    slot.cancelled_at = None
    books.commands.append(CloseContext(slot))


def context_closed(books: Books, slot: Slot, now: float, error: VoxpoolError | None = None) -> None:
    """The service let go of a context: the end of its utterance, unless that had ended before.

    Args:
        books: The books.
        slot: The context's slot.
        now: The time.
        error: Why the end is not a good one, or None.
    """
    ticket = slot.live
    if ticket is not None and isinstance(error, LimitReached):
        limit_reached(books, slot, error, now)
    books.release(
        slot,
        now,
        failed=error is not None and ticket is not None,
        code=code_of(error),
        detail="" if error is None else str(error),
    )
    if ticket is None:
        return
    if error is None:
        books.finish(ticket, Outcome.DONE, now)
    else:
        attempt_failed(books, ticket, error, now)


def context_broke(books: Books, slot: Slot, error: VoxpoolError, now: float) -> None:
    """A context is of no use any more, but the service still holds it, or may."""
    ticket = slot.live
    if ticket is not None:
        attempt_failed(books, ticket, error, now)
    dispose(books, slot, now, str(error))


def attempt_failed(books: Books, ticket: Ticket, error: VoxpoolError, now: float) -> None:
    """One attempt failed: try again if that is allowed and can help, else fail the utterance."""
    delay = retry_delay_s(books, ticket, error)
    if delay is None or books.closing or now + delay >= ticket.deadline:
        books.finish(ticket, Outcome.FAILED, now, error)
        return
    books.tally.speaking -= 1
    books.tally.retried += 1
    if ticket.slot is not None:
        ticket.failed_on = ticket.slot.link
    ticket.slot = None
    ticket.last_error = error
    ticket.ready_at = now + delay
    mark_queued(books, ticket, now)
    ticket.characters = 0
    books.delayed[ticket.id] = ticket
    books.agenda.add(ticket.ready_at, Due.BACKOFF, ticket)
    books.commands.append(Rewind(ticket))
    books.emit(
        UtteranceRetried(
            at=now,
            utterance_id=ticket.id,
            context_id=ticket.context_id,
            attempt=ticket.attempt,
            delay_ms=delay * 1000.0,
            error=str(error),
            code=code_of(error),
        )
    )


def retry_delay_s(books: Books, ticket: Ticket, error: VoxpoolError) -> float | None:
    """Return the backoff before another attempt, or None when there must not be one (section 16).

    Never after the first audio: the listener would hear the beginning twice.
    """
    config = books.config
    if not ticket.retry or ticket.chunks or not error.retryable or ticket.attempt >= config.max_attempts:
        return None
    hints = retry_hints(error.details) if isinstance(error, ServiceError) else None
    if hints is not None and hints.max_retries is not None and 0 < hints.max_retries < ticket.attempt:
        return None
    delay = delay_s(ticket.attempt, config.backoff_base_s, config.backoff_cap_s, books.random)
    return max(delay, hints.reconnect_time_s or 0.0) if hints is not None else delay


def limit_reached(books: Books, slot: Slot, error: LimitReached, now: float) -> None:
    """The service counts more than we do: leave that connection alone for a while (code 8)."""
    link = slot.link
    pause = delay_s(max(1, link.refusals), books.config.backoff_base_s, books.config.backoff_cap_s, books.random)
    link.refusals += 1
    link.cooling_until = now + pause
    books.agenda.add(link.cooling_until, Due.COOLED, link)
    books.notice("service_limit", f"the service is at a limit: {error.message or 'code 8'}", now, quiet_s=30.0)


def connect_failure_ends(books: Books, ticket: Ticket, error: ConnectFailed) -> bool:
    """Whether a failed handshake ends a waiting ticket, when no other connection could serve it."""
    if not error.retryable:
        return True
    if error.too_many_connections:
        return False
    return books.failure_rounds - ticket.failures_seen >= books.config.max_attempts
