"""Where the next context goes: a pure function over plain rows.

It decides and does not act: it takes a slot, says how many connections to open, or says wait.  The policies:

``least_loaded``
    The open connection with the fewest contexts.  The default: a lost connection hurts the fewest utterances, a
    slow one shares its socket with the fewest, and no handshake is waited for while a slot is free.
``packed``
    The fullest connection that has room, so that the others fall idle and close.  Fewest connections.
``spread``
    A connection of its own for each context while connections can still be opened, even if that costs a
    handshake; then like ``least_loaded``.

Why that default: eight utterances over four warm connections, one of which is cut, lose two with
``least_loaded``, five with ``packed`` and one with ``spread``, which however opens four more connections and has
callers wait for the handshakes (measured in ``tests/core/pool/test_assignment.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol, TypeVar


class Placement(StrEnum):
    """The policies."""

    LEAST_LOADED = "least_loaded"
    PACKED = "packed"
    SPREAD = "spread"


class Row(Protocol):
    """What the decision needs to know of a connection that takes contexts."""

    @property
    def held(self) -> int:
        """Slots in use."""


R = TypeVar("R", bound=Row)


def choose(rows: Iterable[R], capacity: int, policy: Placement, *, may_open: bool) -> R | None:
    """Return the connection for the next context, or None when it has to wait for a slot or for a handshake.

    Args:
        rows: Connections that take new contexts now; ties go to the first.
        capacity: Contexts per connection.
        policy: The placement.
        may_open: Whether another connection is being opened or could be.
    """
    best: R | None = None
    if policy is Placement.PACKED:
        for row in rows:
            if row.held < capacity and (best is None or row.held > best.held):
                best = row
        return best
    for row in rows:
        if row.held == 0:
            return row
        if row.held < capacity and (best is None or row.held < best.held):
            best = row
    return None if policy is Placement.SPREAD and may_open else best


def connections_to_open(waiting: int, connecting: int, room: int, capacity: int, policy: Placement) -> int:
    """Return how many handshakes to begin for those who wait.

    Callers share handshakes: five waiters need one connection of five contexts, and those that are already being
    opened are counted first.

    Args:
        waiting: Utterances that wait and may hold a slot at once.
        connecting: Handshakes that are running.
        room: How many more connections are allowed.
        capacity: Contexts per connection.
        policy: The placement.
    """
    share = 1 if policy is Placement.SPREAD else capacity
    needed = -(-waiting // share) - connecting
    return max(0, min(needed, room))
