"""Whether the service of a run can be reached at all, told by the pool's connections alone."""

from __future__ import annotations

from voxpool.events import CloseReason, ConnectionChanged, ConnectionState


class Reach:
    """Follows the connections of one pool.

    The service is out of reach from the first attempt to connect that fails while no connection is open, until one
    opens.  A connection that is lost and replaced at once is no such trouble.

    Attributes:
        since: Since when it is out of reach, on the pool's clock, or None while it is not.
        why: What the newest attempt failed with, in words, or "".
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._failed_at = 0.0
        self.since: float | None = None
        self.why = ""

    def __repr__(self) -> str:
        return f"<Reach {len(self._open)} open, out of reach since {self.since}>"

    def take(self, event: ConnectionChanged) -> None:
        """Take in what happened to a connection."""
        if event.new is ConnectionState.OPEN:
            self._open.add(event.connection_id)
            self.since, self.why = None, ""
        elif event.new is ConnectionState.CLOSED:
            self._open.discard(event.connection_id)
            if event.reason is CloseReason.CONNECT_FAILED and not self._open:
                self.since = event.at if self.since is None else self.since
                self._failed_at, self.why = event.at, event.detail

    def gone_for(self, limit_s: float, now: float) -> bool:
        """Whether it has been out of reach for so long; nobody knows where nobody has tried for as long.

        Args:
            limit_s: How long.
            now: The time, on the pool's clock.
        """
        return self.since is not None and now - self.since >= limit_s > now - self._failed_at
