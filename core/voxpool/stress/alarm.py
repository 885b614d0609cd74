"""Waiting until a moment, on loops whose timers are early, late and coarse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

_PRECISE_S: Final = 0.02
"""Shorter timers are precise on every loop; longer ones of Qt's may be off by a twentieth, either way."""
_LONGEST_S: Final = 3600.0


class Alarm:
    """Waits until a moment, or until somebody rings.  One task may wait.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rung = False
        self._waiter: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake whoever waits now, or else who waits next."""
        self._rung = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def until(self, at: float) -> bool:
        """Wait until the clock says ``at`` and return True, or return False as soon as it is rung.

        Others get a turn even when that moment has passed.
        """
        loop = asyncio.get_running_loop()
        while not self._rung:
            left = at - self._clock()
            if left <= 0:
                await asyncio.sleep(0)
                return True
            self._waiter = loop.create_future()
            # The timer only says when to look again; the clock says when it is time.
            handle = loop.call_later(_step(left), self._wake)
            try:
                await self._waiter
            finally:
                handle.cancel()
                self._waiter = None
        self._rung = False
        return False


def _step(left: float) -> float:
    return left if left <= _PRECISE_S else min(left * 0.9, _LONGEST_S)
