"""Has the app's own local server misbehave, and watches when it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from voxgrid.models.faulting import Aim, FaultBoard, Injection, Plan
from voxgrid.speech.breaking import find_connection
from voxgrid.speech.control import ControlError, LocalControl
from voxgrid.speech.tasks import Tasks
from voxpool.errors import SettingError

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.models.cell import CellState

EVERY_S: Final = 1.0
_ELSEWHERE: Final = "Faults can be injected at the app's own local server only, while it runs."


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a fault strikes.

    Attributes:
        aim: A cell, a row, or everything.
        row: Grid row, or -1.
        column: Grid column, or -1.
        context_ids: The context that the cell holds, or those that the row's connection holds or held.
    """

    aim: Aim
    row: int = -1
    column: int = -1
    context_ids: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """In words: ``"connection 3, slot 2"``."""
        if self.aim is Aim.ALL:
            return "everything"
        slot = f", slot {self.column + 1}" if self.aim is Aim.CELL else ""
        return f"connection {self.row + 1}{slot}"


class Injector:
    """Arms, removes and watches faults.

    Args:
        desk: What it may use.
        changed: Called when the board has changed.
        injected: Called with everything that has struck.
        told: Takes a sentence for the person and whether it is good news.

    Attributes:
        board: What is armed and what has struck.
    """

    def __init__(
        self,
        desk: Desk,
        changed: Callable[[], None],
        injected: Callable[[Injection], None],
        told: Callable[[str, bool], None],
    ) -> None:
        self._desk = desk
        self._changed = changed
        self._injected = injected
        self._told = told
        self._tasks = Tasks(lambda name, error: desk.notifications.exception(error, name))
        self._looked_at = float("-inf")
        self._looking = False
        self._closed = False
        self._url = ""
        self.board = FaultBoard()

    @property
    def control(self) -> LocalControl | None:
        """The server's control endpoints, while it is the app's own."""
        control = None if self._closed else self._desk.controller.local_control
        if control is not None and control.url != self._url:
            self._url = control.url
            self.board.restart()
        return control

    # --- asked for ---------------------------------------------------------------------------------------

    def inject(self, plan: Plan, target: Target) -> None:
        """Arm a fault, or have it strike at once."""
        control = self.control
        if control is None:
            self._told(_ELSEWHERE, False)
            return
        try:
            # What could never happen is said before anything is asked.
            plan.fault()
        except SettingError as error:
            self._told(f"That fault cannot be: {error}.", False)
            return
        self._start(self._inject(control, plan, target), "inject a fault")

    def remove(self, numbers: Sequence[int]) -> None:
        """Take faults away."""
        control = self.control
        if control is not None and numbers:
            self._start(self._remove(control, numbers), "remove faults")

    def clear(self) -> None:
        """Take all faults away."""
        control = self.control
        if control is not None:
            self._start(self._clear(control), "remove all faults")

    def see_to(self, *, watched: bool) -> None:
        """Look at the server, if it is time to: call it once a second.

        Args:
            watched: Whether somebody looks at the list; else only while faults are armed.
        """
        control = self.control
        due = self._desk.clock() - self._looked_at >= EVERY_S * 0.9
        if control is None or self._looking or not due or not (watched or self.board.armed):
            return
        self._start(self.look(), "look at the faults")

    async def look(self) -> None:
        """Read the server's list."""
        control = self.control
        if control is None or self._looking:
            return
        self._looking = True
        try:
            listed = await control.faults()
        except ControlError as error:
            # It may be starting anew; whoever asks for something is told.
            self.board.armed = ()
            self._told(str(error), False)
        else:
            for injection in self.board.take(listed, self._desk.clock()):
                self._injected(injection)
        finally:
            self._looked_at = self._desk.clock()
            self._looking = False
        self._changed()

    async def close(self) -> None:
        """End what is under way; nothing is asked any more."""
        self._closed = True
        await self._tasks.cancel()

    # --- inside ------------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.attach(asyncio.get_running_loop())
        self._tasks.start(work, name)

    async def _inject(self, control: LocalControl, plan: Plan, target: Target) -> None:
        try:
            fault = plan.fault(**await self._resolve(control, target))
            armed = await control.add(fault.entry())
        except (ControlError, SettingError) as error:
            self._told(str(error), False)
            return
        self.board.know(armed.number, target.words, target.row, target.column, 1 if armed.struck else 0)
        if armed.struck == 0:
            self._told("Nothing was struck: it ended just before.", False)
        elif armed.struck is not None:
            injection = Injection(
                self._desk.clock(), plan.words(), target.words, armed.struck, target.row, target.column
            )
            self.board.struck(injection)
            self._injected(injection)
        else:
            self._told(f"Armed: {plan.words()}, on {target.words}.", True)
        await self.look()

    async def _resolve(self, control: LocalControl, target: Target) -> dict[str, int | str]:
        """Return how the server calls a target."""
        if target.aim is Aim.ALL:
            return {}
        if not target.context_ids:
            raise ControlError(f"The server has no context on {target.words}: speak or fire something first.")
        number = find_connection(await control.ledger(), target.context_ids, ended=target.aim is Aim.ROW)
        if number is None:
            raise ControlError(f"What was on {target.words} has ended: there is nothing left to break.")
        return {"context_id": target.context_ids[0]} if target.aim is Aim.CELL else {"connection": number}

    async def _remove(self, control: LocalControl, numbers: Sequence[int]) -> None:
        try:
            for number in numbers:
                await control.remove(number)
        except ControlError as error:
            self._told(str(error), False)
        await self.look()

    async def _clear(self, control: LocalControl) -> None:
        try:
            await control.clear()
        except ControlError as error:
            self._told(str(error), False)
        await self.look()


def target_of(aim: Aim, cell: CellState | None, cells: Sequence[CellState], connection_id: int = 0) -> Target:
    """Return whom an aim means.

    Args:
        aim: A cell, a row, or everything.
        cell: The chosen cell, or None when none is.
        cells: All cells.
        connection_id: The connection in the row of the chosen cell: what it carried tells the server which one is
            meant, although it is idle.

    Raises:
        SettingError: If no cell is chosen and one is needed.
    """
    if aim is Aim.ALL:
        return Target(aim)
    if cell is None:
        raise SettingError("target", "nothing", "a cell that is chosen in the grid")
    if aim is Aim.CELL:
        held = (cell.context_id,) if cell.context_id and cell.state.holds_slot else ()
        return Target(aim, cell.row, cell.column, held)
    carried = [each for each in cells if each.row == cell.row and each.connection_id == connection_id]
    return Target(aim, cell.row, -1, tuple(each.context_id for each in carried if each.context_id))
