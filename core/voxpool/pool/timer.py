"""One wake-up for all deadlines of a pool.

A scheduled wake-up is never moved: when an earlier deadline appears, another one is scheduled, and the one that
was there stays for its time.  On qasync a cancelled timer lives on in Qt until its time, and timers of more than
20 ms fire some milliseconds early; whoever is woken looks at the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final

LATE_S: Final = 0.25
"""Lateness from which the loop is taken to have been blocked."""

BREATH_S: Final = 0.02
"""Time that a blocked loop gets to read what came meanwhile, before anything is declared late."""

SHORTEST_S: Final = 0.001
"""Shortest wait: a timer that fired a hair too early must not be set again for no time at all."""


class Timer:
    """Calls back at the earliest time that was asked for, or somewhat later.

    Args:
        clock: Monotonic seconds.
        wake: Called when it is time.
    """

    def __init__(self, clock: Callable[[], float], wake: Callable[[], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._scheduled: list[tuple[float, int, asyncio.Handle]] = []
        self._serial = count()
        self._closed = False

    def __repr__(self) -> str:
        return f"<Timer {len(self._scheduled)} scheduled>"

    def ask(self, at: float | None) -> None:
        """See to it that ``wake`` is called at ``at`` or before."""
        if self._closed or at is None or (self._scheduled and self._scheduled[0][0] <= at):
            return
        self._schedule(at, self._fired)

    def _schedule(self, at: float, callback: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        handle = loop.call_later(max(SHORTEST_S, at - self._clock()), callback)
        heappush(self._scheduled, (at, next(self._serial), handle))

    def _fired(self) -> None:
        now = self._clock()
        due_at = self._scheduled[0][0] if self._scheduled else now
        self._forget_past(now)
        if now - due_at > LATE_S:
            self._schedule(now + BREATH_S, self._fired_again)
        else:
            self._wake()

    def _fired_again(self) -> None:
        self._forget_past(self._clock())
        self._wake()

    def _forget_past(self, now: float) -> None:
        # A wake-up that fires a little early is gone all the same: at least the first one always goes.
        horizon = max(now, self._scheduled[0][0] if self._scheduled else now)
        while self._scheduled and self._scheduled[0][0] <= horizon:
            heappop(self._scheduled)

    def close(self) -> None:
        """Schedule nothing more, ever, and forget what is scheduled."""
        self._closed = True
        for _, _, handle in self._scheduled:
            handle.cancel()
        self._scheduled.clear()
