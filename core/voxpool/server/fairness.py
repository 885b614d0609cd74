"""A queue that serves its clients in turn, so that one long text does not hold up the others.  Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """First in, first out for each client; round robin between clients."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, deque[T]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __bool__(self) -> bool:
        return self._length > 0

    def push(self, client: Hashable, item: T) -> None:
        """Add an item behind the others of its client."""
        self._waiting.setdefault(client, deque()).append(item)
        self._length += 1

    def pop(self) -> T:
        """Take the first item of the client whose turn it is.

        Raises:
            IndexError: If the queue is empty.
        """
        if not self._waiting:
            raise IndexError("the queue is empty")
        client = next(iter(self._waiting))
        items = self._waiting.pop(client)
        item = items.popleft()
        if items:
            # Back to the end of the ring: a dict keeps the order of insertion.
            self._waiting[client] = items
        self._length -= 1
        return item

    def remove(self, client: Hashable, item: T) -> bool:
        """Take an item out of turn; return whether it was there."""
        items = self._waiting.get(client)
        if items is None or item not in items:
            return False
        items.remove(item)
        self._length -= 1
        if not items:
            del self._waiting[client]
        return True

    def items(self) -> list[T]:
        """Return everything that waits, in no particular order."""
        return [item for items in self._waiting.values() for item in items]
