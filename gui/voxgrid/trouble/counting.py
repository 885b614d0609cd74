"""Compares every few seconds what the pool holds with what the app's own local server holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from voxgrid.models.suspects import Suspect
from voxgrid.speech.control import ControlError
from voxgrid.speech.tasks import Tasks

if TYPE_CHECKING:
    from voxgrid.features import Desk

EVERY_S: Final = 2.0


class ServerCount:
    """Reads the server's ledger while that server is the endpoint.

    Args:
        desk: What it may use.
        tell: Takes the differences, oldest first.

    Attributes:
        said: Whether both sides are compared, as a sentence.
    """

    def __init__(self, desk: Desk, tell: Callable[[list[Suspect]], None]) -> None:
        self._desk = desk
        self._tell = tell
        self._asked_at = float("-inf")
        self._asking = False
        self._closed = False
        self._tasks = Tasks(lambda name, error: desk.notifications.exception(error, name))
        self.said = ""

    def see_to(self) -> None:
        """Ask, if it is time to: call it once a second."""
        control = self._desk.controller.local_control
        if control is None:
            self.said = "The server's own count can be compared at the app's local server only."
            return
        if self._closed or self._asking or self._desk.clock() - self._asked_at < EVERY_S:
            return
        self._asking = True
        self._tasks.attach(asyncio.get_running_loop())
        self._tasks.start(self.compare(), "compare with the server's count")

    async def compare(self) -> None:
        """Ask once, and tell what differs."""
        control = self._desk.controller.local_control
        try:
            if control is None:
                return
            ledger = await control.ledger()
        except ControlError as error:
            self.said = str(error)
        else:
            self.said = "Both sides are counted every two seconds."
            models = self._desk.bridge.live
            # Events that are under way belong to the time before the answer.
            self._tell(models.comparison.take(ledger, models.grid.cells(), self._desk.clock()))
        finally:
            self._asked_at = self._desk.clock()
            self._asking = False

    async def close(self) -> None:
        """End an asking that is under way; nothing is asked any more."""
        self._closed = True
        await self._tasks.cancel()
