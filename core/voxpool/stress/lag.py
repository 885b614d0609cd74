"""How late an event loop is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

PERIOD_S: Final = 0.01


class LagProbe:
    """Wakes up every ten milliseconds, as long as its block runs, and notes by how much it was late.

    Meant for asyncio's own loop, whose timers are never early; qasync's are coarse and need another probe.

    Args:
        clock: Monotonic time in seconds; the loop's own when None.

    Attributes:
        late_ms: One entry for each wake-up, in milliseconds.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.late_ms: list[float] = []

    async def __aenter__(self) -> Self:
        self._schedule()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._clock = self._clock or loop.time
        self._due = self._clock() + PERIOD_S
        self._handle = loop.call_later(PERIOD_S, self._woke)

    def _woke(self) -> None:
        assert self._clock is not None  # noqa: S101 - set when it was scheduled
        self.late_ms.append(max(0.0, self._clock() - self._due) * 1000.0)
        self._schedule()
