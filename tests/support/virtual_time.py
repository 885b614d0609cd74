"""An event loop whose time jumps: waiting costs nothing, and every run is the same."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class NothingLeft(AssertionError):
    """Everybody waits and nothing is scheduled: a real loop would hang here for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of sleeping, lets the loop's clock jump to the next timer."""

    loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise NothingLeft("nothing is scheduled and everybody waits")
        self.loop.jump(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time, which begins at 1000 seconds."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self._now = 1000.0
        super().__init__(selector)

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        # The smallest step keeps a timer that is due "now, but for rounding" from being asked for again and again.
        self._now += max(seconds, 1e-9)


def run(coroutine: Any) -> Any:
    """Run a coroutine in virtual time, and fail on whatever it leaves behind."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)
