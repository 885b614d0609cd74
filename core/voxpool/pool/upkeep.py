"""The life of connections: opened, used, replaced, lost, retired, closed."""

from __future__ import annotations

from typing import Final

from voxpool.errors import ConnectFailed, ConnectionLost, CredentialRejected, ServiceError, VoxpoolError
from voxpool.events import CloseReason, ConnectionPinged, ConnectionState, FrameDropped
from voxpool.pool.admission import begin_handshake, fail_waiting, open_connections, pump
from voxpool.pool.agenda import Due
from voxpool.pool.backoff import delay_s
from voxpool.pool.books import Books, code_of
from voxpool.pool.commands import Disconnect, Ping
from voxpool.pool.endings import attempt_failed, close_instead, connect_failure_ends, context_broke
from voxpool.pool.records import Link

RETRY_AFTER_CAP_S: Final = 60.0
"""Longest wait that an answer to a handshake may ask for: one wrong header must not silence a pool for hours."""


def connected(books: Books, link: Link, now: float) -> None:
    """A handshake succeeded."""
    if link.closing:
        return
    config = books.config
    link.opened_at = link.last_at = link.idle_since = now
    books.failures = 0
    books.refusal = None
    books.tally.opened += 1
    books.shift(link, ConnectionState.OPEN, now)
    jitter = config.lifetime_jitter * (2.0 * books.random.random() - 1.0)
    books.agenda.add(now + config.max_lifetime_s * (1.0 + jitter), Due.LIFETIME, link)
    books.agenda.add(now + config.idle_close_s, Due.IDLE, link)
    ping(books, link, now)
    _retire_replaced(books, link, now)


def _retire_replaced(books: Books, link: Link, now: float) -> None:
    """The connection that was to be replaced has waited long enough, whatever became of the new one."""
    if link.replaces is not None:
        retire(books, link.replaces, CloseReason.LIFETIME, now)
        link.replaces = None


def connect_failed(books: Books, link: Link, error: VoxpoolError, now: float) -> None:
    """A handshake failed: back off, and tell those who cannot be helped by another one."""
    if link.closing:
        return
    link.closing = True
    link.reason = CloseReason.CONNECT_FAILED
    link.detail = str(error)
    books.refusal = error
    books.tally.connects_failed += 1
    books.shift(link, ConnectionState.CLOSED, now)
    _retire_replaced(books, link, now)
    _back_off(books, now)
    if isinstance(error, ConnectFailed) and error.retry_after_s:
        books.connect_at = max(books.connect_at, now + min(error.retry_after_s, RETRY_AFTER_CAP_S))
    if isinstance(error, CredentialRejected):
        credential_rejected(books, error, now)
    elif isinstance(error, ConnectFailed):
        if error.too_many_connections:
            books.notice("connection_limit", str(error), now, quiet_s=30.0)
        if not error.retryable or books.failures >= books.config.max_attempts:
            # Warmth is not worth more, even where some connections are open and a limit refuses the rest.
            books.warm_target = 0
        if not any(other.state is not ConnectionState.CONNECTING for other in books.links.values()):
            _tell_waiting(books, error, now)


def _back_off(books: Books, now: float) -> None:
    # Handshakes that were begun together fail together: they count as one failure.
    if now < books.connect_at:
        return
    books.failures += 1
    books.failure_rounds += 1
    config = books.config
    books.connect_at = now + delay_s(books.failures, config.backoff_base_s, config.backoff_cap_s, books.random)


def _tell_waiting(books: Books, error: ConnectFailed, now: float) -> None:
    for ticket in [*books.queue, *books.delayed.values()]:
        if connect_failure_ends(books, ticket, error):
            fail_waiting(books, ticket, error, now)


def credential_rejected(books: Books, error: CredentialRejected, now: float) -> None:
    """The service does not accept the credential: everyone who depends on it learns it now, and once.

    Later requests may test it again, over one connection at a time and with the backoff of a failed handshake.  Those
    who wait go on waiting while there are connections on which it was accepted: these still serve them.
    """
    if books.rejection is None:
        books.notice("credential_rejected", str(error), now)
    books.rejection = error
    books.warm_target = 0
    _back_off(books, now)
    for link in [*books.links.values()]:
        if not link.proven:
            lost(books, link, CloseReason.CREDENTIAL, error, now)
    if any(link.proven and link.state is ConnectionState.OPEN for link in books.links.values()):
        return
    for ticket in [*books.queue, *books.delayed.values()]:
        fail_waiting(books, ticket, error, now)


def proven(books: Books, link: Link, now: float) -> None:
    """The service accepted a message on a connection, and with it the credential."""
    link.proven = True
    if books.rejection is not None:
        books.rejection = None
        books.notice("credential_accepted", "the service accepts the credential again", now)


def lost(books: Books, link: Link, reason: CloseReason, error: VoxpoolError, now: float) -> None:
    """A connection died, or is given up: its contexts end now, each with the reason."""
    if link.held:
        link.reason, link.detail = reason, str(error)
    for slot in link.slots:
        if not slot.state.holds_slot:
            continue
        ticket = slot.live
        if ticket is None:
            books.release(slot, now, detail=reason.value)
        else:
            books.release(slot, now, failed=True, code=code_of(error), detail=str(error))
            attempt_failed(books, ticket, _in_their_words(error, link, ticket.audio_s), now)
    disconnect(books, link, reason, now, str(error))


def _in_their_words(error: VoxpoolError, link: Link, heard_s: float) -> VoxpoolError:
    """Return the error of one utterance: what was heard differs."""
    if not isinstance(error, ConnectionLost):
        return error
    own = ConnectionLost(link.id, error.why, heard_s)
    own.__cause__ = error.__cause__
    return own


def retire(books: Books, link: Link, reason: CloseReason, now: float, detail: str = "") -> None:
    """Give a connection no new contexts; it closes when the last one is done (see ``close_retired``)."""
    if link.state is ConnectionState.CONNECTING:
        disconnect(books, link, reason, now, detail)
    elif link.state is ConnectionState.OPEN:
        link.reason = reason
        link.detail = detail
        books.shift(link, ConnectionState.RETIRING, now)
        books.touched.append(link)


def disconnect(books: Books, link: Link, reason: CloseReason, now: float, detail: str = "") -> None:
    """Have the transport closed.  The connection counts until ``closed`` says that it is."""
    if link.closing:
        return
    link.closing = True
    if link.reason is None:
        link.reason, link.detail = reason, detail
    if link.state is ConnectionState.OPEN:
        books.shift(link, ConnectionState.RETIRING, now)
    books.commands.append(Disconnect(link, link.reason))


def close_retired(books: Books, now: float) -> None:
    """Close the retiring connections whose last context is done, or whose rest are zombies."""
    while books.touched:
        link = books.touched.pop()
        if link.closing or link.state is not ConnectionState.RETIRING or link.held > link.zombies:
            continue
        for slot in link.slots:
            if slot.state.holds_slot:
                books.release(slot, now, detail="its connection was closed to be rid of it")
        disconnect(books, link, CloseReason.DRAINED, now)


def closed(books: Books, link: Link, now: float) -> None:
    """The transport of a connection is closed."""
    if link.state is ConnectionState.CLOSED:
        return
    books.keep_failed_cells(link)
    books.shift(link, ConnectionState.CLOSED, now)
    _retire_replaced(books, link, now)


def service_error(
    books: Books, link: Link, error: ServiceError, now: float, *, fatal: bool, names_message: bool = False
) -> None:
    """Take an error without a context id (section 9): it concerns this connection, and nobody else.

    Args:
        books: The books.
        link: The connection it came on.
        error: The error.
        now: The time.
        fatal: Whether the connection is of no use any more, whatever follows (codes 7, 16, 10).
        names_message: Whether it is about one message of ours that was not understood (shape C).
    """
    link.error = error
    if isinstance(error, CredentialRejected) and not link.proven:
        credential_rejected(books, error, now)
    elif isinstance(error, CredentialRejected):
        books.notice("credential_rejected", str(error), now, quiet_s=30.0)
        lost(books, link, CloseReason.CREDENTIAL, error, now)
    elif fatal:
        lost(books, link, CloseReason.SERVICE_ERROR, error, now)
    elif names_message:
        _blame(books, link, error, now)
    else:
        # Whether it is fatal only the CLOSE that may follow can tell; until then it finishes what it has.
        retire(books, link, CloseReason.SERVICE_ERROR, now, str(error))


def _blame(books: Books, link: Link, error: ServiceError, now: float) -> None:
    """Find whose message was not understood: one that created a context, or one that cancelled one.

    Replies come in the order of the messages (section 5.7), so contexts that are confirmed are out of it.  When
    several are left, the one whose create was lost will be "not found" next, and the session then gives it this
    error; until then it is kept as the likely cause of a silence.
    """
    creating = [slot for slot in link.slots if slot.live is not None and slot.confirmed_at is None]
    cancelled = [slot for slot in link.slots if slot.cancelled_at is not None and slot.state.holds_slot]
    for slot in cancelled:
        close_instead(books, slot)
    if len(creating) == 1 and not cancelled:
        # Perhaps it exists all the same: its slot stays held until the service says otherwise.
        context_broke(books, creating[0], error, now)
        return
    for slot in creating:
        slot.suspect = error


def ping(books: Books, link: Link, now: float) -> None:
    """Send a ping and come back to see whether anything was heard since."""
    link.pinged_at = now
    books.commands.append(Ping(link))
    books.agenda.add(now + books.config.heartbeat_s, Due.PING, link)


def ponged(books: Books, link: Link, ping_ms: float, now: float) -> None:
    """A ping was answered."""
    link.last_at = now
    link.ping_ms = ping_ms
    books.emit(ConnectionPinged(at=now, connection_id=link.id, row=link.row, ping_ms=ping_ms))


def dropped(books: Books, link: Link, kind: str, text: str, count: int, now: float) -> None:
    """A frame had nothing for anybody; of a flood, fewer and fewer are told."""
    if count & (count - 1) == 0:
        books.emit(FrameDropped(at=now, connection_id=link.id, row=link.row, kind=kind, text=text, count=count))


def replace(books: Books, link: Link, now: float) -> None:
    """Open another connection before an old one retires, if it is in use and there is room; else retire it now."""
    if link.held and books.room > 0 and not books.closing and books.connect_at <= now:
        begin_handshake(books, now).replaces = link
    else:
        retire(books, link, CloseReason.LIFETIME, now)


def resize(books: Books, limit: int, now: float) -> None:
    """Change the number of connections; the least loaded surplus ones retire."""
    books.max_connections = limit
    books.warm_target = min(books.warm_target, limit)
    staying = [link for link in books.links.values() if link.state is not ConnectionState.RETIRING]
    staying.sort(key=lambda link: (link.state is ConnectionState.OPEN, link.held))
    for link in staying[: max(0, len(staying) - limit)]:
        retire(books, link, CloseReason.RESIZED, now, f"the pool was resized to {limit} connections")
    books.notice("resized", f"the pool may now open {limit} connections", now)


def drained(books: Books, now: float) -> None:
    """While draining: when the last of those who were there is done, close every connection; then go on."""
    barrier = books.barrier
    if barrier is None:
        return
    head = books.queue.head()
    if (head is not None and head.id < barrier) or any(number < barrier for number in books.delayed):
        return
    if books.tally.speaking:
        return
    for link in [*books.links.values()]:
        retire(books, link, CloseReason.DRAINED, now, "the pool was drained")
    close_retired(books, now)
    if not books.links:
        books.barrier = None
        pump(books, now)
        open_connections(books, now)
