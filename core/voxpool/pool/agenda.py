"""What falls due when: one heap for all deadlines of the pool, so that one timer serves it.

Deadlines that only move later (the last frame plus so many seconds) are not moved in the heap: the entry fires
at its old time, and whoever handles it looks again and comes back later.  So receiving a frame costs no heap
operation, and no timer of the event loop is cancelled (on qasync a cancelled timer lives on until its time).
"""

from __future__ import annotations

from enum import Enum
from heapq import heappop, heappush
from itertools import count

from voxpool.pool.records import Link, Slot, Ticket


class Due(Enum):
    """What an entry is about."""

    QUEUE = "queue"
    BACKOFF = "backoff"
    CONNECT = "connect"
    SLOT = "slot"
    PING = "ping"
    IDLE = "idle"
    LIFETIME = "lifetime"
    COOLED = "cooled"


Subject = Link | Slot | Ticket | None


class Agenda:
    """Entries in the order of their times."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Due, Subject]] = []
        self._serial = count()

    def __len__(self) -> int:
        return len(self._heap)

    def __repr__(self) -> str:
        return f"<Agenda {len(self._heap)} entries, next at {self.next_at()}>"

    def add(self, at: float, due: Due, subject: Subject = None) -> None:
        """Note that something falls due."""
        heappush(self._heap, (at, next(self._serial), due, subject))

    def next_at(self) -> float | None:
        """Return the time of the first entry, or None."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> tuple[float, Due, Subject] | None:
        """Remove and return the first entry that is due with its time, or None.

        Entries are not taken back: whoever moved a deadline forward knows the time of the entry that counts, and
        passes over the others.
        """
        if not self._heap or self._heap[0][0] > now:
            return None
        at, _, due, subject = heappop(self._heap)
        return at, due, subject
