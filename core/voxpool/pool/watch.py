"""Until when something has to be heard of a context, and how the agenda comes to know."""

from __future__ import annotations

from math import inf
from typing import Final

from voxpool.events import SlotState
from voxpool.pool.agenda import Due
from voxpool.pool.books import Books
from voxpool.pool.records import Slot

CANCEL_GRACE_FRACTION: Final = 0.1
"""Part of ``zombie_after_s`` that a context has to react to ``cancel_context`` before it is closed instead."""


def arm(books: Books, slot: Slot) -> None:
    """See to it that the agenda comes to a slot in time."""
    at = due_at(books, slot)
    if at is not None and (slot.armed_at is None or at < slot.armed_at):
        slot.armed_at = at
        books.agenda.add(at, Due.SLOT, slot)


def due_at(books: Books, slot: Slot) -> float | None:
    """Return when something has to happen to a slot if nothing comes, or None."""
    if not slot.state.holds_slot or slot.state is SlotState.ZOMBIE or slot.ticket is None:
        return None
    config = books.config
    if slot.closing_at is not None:
        zombie_at = max(slot.last_at, slot.closing_at) + config.zombie_after_s
        if slot.cancelled_at is None:
            return zombie_at
        return min(zombie_at, slot.cancelled_at + config.zombie_after_s * CANCEL_GRACE_FRACTION)
    if slot.confirmed_at is None:
        # Who gave the text is not kept waiting longer because not even the create was answered.
        return min(slot.ticket.deadline, first_audio_at(books, slot))
    if slot.owing_since is None:
        return None
    if not slot.heard:
        return first_audio_at(books, slot)
    return max(slot.last_at, slot.owing_since) + slot.ticket.buffer_delay_s + config.stall_timeout_s


def first_audio_at(books: Books, slot: Slot) -> float:
    """Return when the first audio of a context has to be there; never while the service owes none."""
    if slot.owing_since is None or slot.ticket is None:
        return inf
    return slot.owing_since + slot.ticket.buffer_delay_s + books.config.first_audio_timeout_s
