"""Whether the service of a run can be reached at all, and whether anything comes from it."""

from __future__ import annotations

from typing import Final

from voxpool.events import CloseReason, ConnectionChanged, ConnectionState

_LONGEST_LOOK_S: Final = 1.0
"""A look that took longer is the tool's own doing: what came meanwhile has not been read yet."""


class Silence:
    """Adds up how long nothing at all has come from a service that owes something.

    Frames of every kind, answered pings and connections that open are signs of life.  Time in which nothing is due
    does not count, nor does time in which the tool itself hung.

    Attributes:
        lasts_s: Seconds of silence up to the newest look.
    """

    def __init__(self) -> None:
        self.lasts_s = 0.0
        self._looked: float | None = None
        self._signs = 0

    def __repr__(self) -> str:
        return f"<Silence of {self.lasts_s:.1f} s>"

    def look(self, now: float, signs: int, *, due: bool) -> None:
        """Take note of a moment; call it a few times a second.

        Args:
            now: The time, on the pool's clock.
            signs: Signs of life since the run began.
            due: Whether the service owes something.
        """
        before, self._looked = self._looked, now
        if signs != self._signs:
            self._signs, self.lasts_s = signs, 0.0
        elif due and before is not None:
            self.lasts_s += min(now - before, _LONGEST_LOOK_S)


class Reach:
    """Follows the connections of one pool.

    The service is out of reach from the first attempt to connect that fails while no connection is open, until one
    opens.  A connection that is lost and replaced at once is no such trouble.

    Attributes:
        since: Since when it is out of reach, on the pool's clock, or None while it is not.
        why: What the newest attempt failed with, in words, or "".
        times: How often it went out of reach.
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._failed_at = 0.0
        self.since: float | None = None
        self.why = ""
        self.times = 0

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
                self.times += self.since is None
                self.since = event.at if self.since is None else self.since
                self._failed_at, self.why = event.at, event.detail

    def gone_for(self, limit_s: float, now: float, before_s: float = 0.0) -> bool:
        """Whether it has been out of reach for so long; nobody knows where nobody has tried for as long.

        Args:
            limit_s: How long.
            now: The time, on the pool's clock.
            before_s: How long it was silent before that.
        """
        return self.since is not None and now - self.since + before_s >= limit_s > now - self._failed_at
