"""What the books want done: values that the pool carries out after each input."""

from __future__ import annotations

from dataclasses import dataclass

from voxpool.events import CloseReason
from voxpool.pool.records import Link, Slot, Ticket


@dataclass(frozen=True, slots=True)
class Connect:
    """Begin a handshake; answer with ``connected`` or ``connect_failed``."""

    link: Link


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close a connection, or give up its handshake; answer with ``closed``."""

    link: Link
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class Start:
    """Create the ticket's context in its slot and begin to send its text."""

    ticket: Ticket
    slot: Slot


@dataclass(frozen=True, slots=True)
class CancelContext:
    """Ask the service to drop what it has not spoken and let the context go."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class CloseContext:
    """Ask the service to let the context go."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Ping:
    """Send a ping; answer with ``ponged``."""

    link: Link


@dataclass(frozen=True, slots=True)
class Rewind:
    """The attempt is over and another follows: the text must be sent again from its beginning."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Finish:
    """The ticket has its outcome: tell its caller."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Released:
    """The slot is free; the ticket that had it may be anywhere in its life."""

    slot: Slot
    ticket: Ticket
    context_id: str


Command = Connect | Disconnect | Start | CancelContext | CloseContext | Ping | Rewind | Finish | Released
