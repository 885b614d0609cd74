"""How much the account may produce at once (section 10)."""

from __future__ import annotations

import asyncio
from collections import deque

from voxpool.server import statuses
from voxpool.server.statuses import Refused


class Generations:
    """Counts contexts and requests that produce audio; an idle open context does not count.

    Args:
        limit: How many at once; 0 means no limit.
        wait: Whether the next one waits for its turn instead of being refused.
    """

    def __init__(self, limit: int, *, wait: bool = False) -> None:
        self.limit = limit
        self._wait = wait
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.refused = 0

    @property
    def active(self) -> int:
        """How many produce audio now."""
        return self._active

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    async def acquire(self) -> bool:
        """Begin to produce.

        Returns:
            Whether it had to wait for its turn.

        Raises:
            Refused: With code 8 if there are too many and nobody waits here.
        """
        if not self.limit or self._active < self.limit:
            self._active += 1
            return False
        if not self._wait:
            self.refused += 1
            raise Refused(statuses.too_many_generations(self.limit))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # The turn was given and is not used.
                self.release()
            else:
                self._waiting.remove(turn)
            raise
        return True

    def release(self) -> None:
        """End producing, and hand on to the first who waits."""
        self._active -= 1
        while self._waiting and (not self.limit or self._active < self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._active += 1
                turn.set_result(None)
