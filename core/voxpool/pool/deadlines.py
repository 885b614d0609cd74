"""What happens when time passes and nothing else does."""

from __future__ import annotations

from typing import Final

from voxpool.errors import ConnectionLost, FirstAudioTimeout, StallTimeout
from voxpool.events import CloseReason, ConnectionState, SlotState
from voxpool.pool import admission, endings, upkeep
from voxpool.pool.agenda import Due, Subject
from voxpool.pool.books import Books
from voxpool.pool.records import Link, Slot, Ticket
from voxpool.pool.watch import arm, due_at


def tick(books: Books, now: float) -> None:
    """Handle everything that is due."""
    while (entry := books.agenda.pop_due(now)) is not None:
        _handle(books, *entry, now)


def _handle(books: Books, at: float, due: Due, subject: Subject, now: float) -> None:
    if due is Due.QUEUE:
        if at == books.queue_armed_at:
            books.queue_armed_at = None
            admission.expire_queue(books, now)
    elif isinstance(subject, Ticket):
        if subject.id in books.delayed and subject.ready_at <= now:
            admission.rejoin(books, subject, now)
    elif isinstance(subject, Slot):
        if at == subject.armed_at:
            subject.armed_at = None
            check_slot(books, subject, now)
    elif isinstance(subject, Link) and not subject.closing:
        _LINK_CHECKS[due](books, subject, now)


# -- contexts ------------------------------------------------------------------------------------------------


def check_slot(books: Books, slot: Slot, now: float) -> None:
    """Do what is due for a slot, or come back when it is."""
    at = due_at(books, slot)
    if at is None:
        return
    if at > now:
        arm(books, slot)
    elif slot.closing_at is not None:
        _closing_is_late(books, slot, now)
    else:
        _speech_is_late(books, slot, now)


def _closing_is_late(books: Books, slot: Slot, now: float) -> None:
    if now < max(slot.last_at, slot.closing_at or 0.0) + books.config.zombie_after_s:
        endings.close_instead(books, slot)
        arm(books, slot)
        return
    silent_s = now - slot.last_at
    books.move(slot, SlotState.ZOMBIE, now, detail=f"nothing came for {silent_s:.1f} s after it was closed")
    upkeep.retire(books, slot.link, CloseReason.ZOMBIE, now, "a context on it does not close")
    books.touched.append(slot.link)


def _speech_is_late(books: Books, slot: Slot, now: float) -> None:
    config = books.config
    ticket = slot.ticket
    if ticket is None:
        return
    if slot.confirmed_at is None and now >= ticket.deadline:
        timeout = admission.acquire_timeout(books, ticket, now)
        timeout.__cause__ = slot.suspect or slot.link.error or timeout.__cause__
        endings.context_broke(books, slot, timeout, now)
    elif not slot.heard:
        late = FirstAudioTimeout(config.first_audio_timeout_s + ticket.buffer_delay_s)
        late.__cause__ = slot.suspect or slot.link.error
        endings.context_broke(books, slot, late, now)
        _give_up_if_mute(books, slot.link, ticket, now)
    else:
        stalled = StallTimeout(config.stall_timeout_s, ticket.audio_s)
        stalled.__cause__ = slot.link.error
        endings.context_broke(books, slot, stalled, now)
    arm(books, slot)


def _give_up_if_mute(books: Books, link: Link, ticket: Ticket, now: float) -> None:
    """Give a connection up from which nothing came at all while somebody waited for the first audio.

    Every create is answered, so it is half open; with the heartbeat alone more utterances would be lost to it.
    """
    if ticket.granted_at is not None and link.last_at <= ticket.granted_at:
        error = ConnectionLost(
            link.id, f"no frame and no pong for {now - link.last_at:.1f} s, not even for a new context"
        )
        upkeep.lost(books, link, CloseReason.UNRESPONSIVE, error, now)


def text_sent(books: Books, slot: Slot, now: float, *, speakable: bool, asks: bool, restarts: bool = False) -> None:
    """Text, a flush or a close went out: from when on does the service owe audio (section 6)?

    Args:
        books: The books.
        slot: The context's slot.
        now: The time.
        speakable: Whether the text has something to say (punctuation alone is never answered, section 4.2).
        asks: Whether the service has to begin: a flush, a close, auto mode, a full buffer or a running timer.
        restarts: Whether only the idle timer asks, which begins anew with every text.
    """
    slot.unspoken = slot.unspoken or speakable
    if not (asks and (slot.unspoken or slot.closed_by_us)):
        return
    if slot.owing_since is None or restarts:
        slot.owing_since = now
    arm(books, slot)


def synthesis_ended(slot: Slot) -> None:
    """One synthesis is over; if the caller is not done, the service owes nothing until more is said."""
    if not slot.closed_by_us:
        slot.unspoken = False
        slot.owing_since = None


# -- connections ---------------------------------------------------------------------------------------------


def _check_ping(books: Books, link: Link, now: float) -> None:
    if link.state is ConnectionState.CONNECTING or link.pinged_at is None:
        return
    if link.last_at >= link.pinged_at:
        upkeep.ping(books, link, now)
        return
    silent_s = now - link.last_at
    error = ConnectionLost(link.id, f"no frame and no pong for {silent_s:.1f} s")
    upkeep.lost(books, link, CloseReason.UNRESPONSIVE, error, now)


def _check_idle(books: Books, link: Link, now: float) -> None:
    since = link.idle_since
    if since is None:
        # It is busy: when its last context ends it will be idle for the whole time again.
        books.agenda.add(now + books.config.idle_close_s, Due.IDLE, link)
    elif since + books.config.idle_close_s > now:
        books.agenda.add(since + books.config.idle_close_s, Due.IDLE, link)
    else:
        upkeep.retire(books, link, CloseReason.IDLE, now, f"no context for {now - since:.0f} s")


def _check_lifetime(books: Books, link: Link, now: float) -> None:
    if link.state is ConnectionState.OPEN:
        upkeep.replace(books, link, now)


def _cooled(_books: Books, _link: Link, _now: float) -> None:
    """A connection takes contexts again; the queue is served after every input."""


_LINK_CHECKS: Final = {
    Due.PING: _check_ping,
    Due.IDLE: _check_idle,
    Due.LIFETIME: _check_lifetime,
    Due.COOLED: _cooled,
}
