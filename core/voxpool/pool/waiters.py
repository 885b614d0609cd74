"""The queue: first come, first served, and a retried utterance goes back to its old place.

Newcomers come in the order of their serial numbers, so an ordered dictionary is their queue (a plain one looks
for its first entry behind all the deleted ones, which makes emptying it quadratic); the few that come back after
a retry stand in a sorted list of their own, and the head is the older of the two fronts.  Joining, leaving and
taking the head are O(1) for newcomers.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from heapq import merge

from voxpool.pool.records import Ticket


class WaitQueue:
    """Tickets in the order of their serial numbers."""

    def __init__(self) -> None:
        self._fresh: OrderedDict[int, Ticket] = OrderedDict()
        self._returned: list[int] = []
        self._by_id: dict[int, Ticket] = {}

    def __len__(self) -> int:
        return len(self._fresh) + len(self._returned)

    def __bool__(self) -> bool:
        return bool(self._fresh) or bool(self._returned)

    def __contains__(self, ticket: Ticket) -> bool:
        return ticket.id in self._fresh or ticket.id in self._by_id

    def __iter__(self) -> Iterator[Ticket]:
        """Yield the tickets, next first."""
        returned = (self._by_id[number] for number in self._returned)
        return merge(self._fresh.values(), returned, key=lambda ticket: ticket.id)

    def __repr__(self) -> str:
        return f"<WaitQueue {len(self)} waiting, {len(self._returned)} of them again>"

    def join(self, ticket: Ticket) -> None:
        """Add a newcomer (behind everyone) or one that comes back (at its old place)."""
        if ticket.attempt == 0:
            self._fresh[ticket.id] = ticket
        else:
            self._by_id[ticket.id] = ticket
            insort(self._returned, ticket.id)

    def leave(self, ticket: Ticket) -> bool:
        """Remove a ticket wherever it stands; return whether it was there."""
        if self._fresh.pop(ticket.id, None) is not None:
            return True
        if self._by_id.pop(ticket.id, None) is None:
            return False
        del self._returned[bisect_left(self._returned, ticket.id)]
        return True

    def head(self) -> Ticket | None:
        """Return who is next, or None."""
        fresh = next(iter(self._fresh.values()), None)
        if not self._returned:
            return fresh
        returned = self._by_id[self._returned[0]]
        return returned if fresh is None or returned.id < fresh.id else fresh
