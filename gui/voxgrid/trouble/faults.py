"""The faults dock at work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from voxgrid.models.cell import CellState
from voxgrid.models.failure_words import clock_time
from voxgrid.models.faulting import ArmedFault, Injection, Plan
from voxgrid.notifications import Severity
from voxgrid.speech.notice import Notice
from voxgrid.trouble.errors import TITLE
from voxgrid.trouble.injecting import Injector, target_of
from voxgrid.views.faults_view import FaultsView
from voxgrid.views.menus import Entry
from voxpool.errors import SettingError

if TYPE_CHECKING:
    from voxgrid.features import Desk


class FaultsFeature(QObject):
    """Wires the faults dock.

    Args:
        desk: What it may use.

    Signals:
        injected(object): An ``Injection`` has struck: for whoever marks it on a time line.
    """

    injected = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.window)
        self.setObjectName("faults_feature")
        self._desk = desk
        self._injector = Injector(desk, self.refresh, self._struck, self._tell)
        self.view = FaultsView(desk.theme, self._when, desk.window)
        self._dock = desk.window.add_dock("faults", "Faults", self.view, Qt.DockWidgetArea.LeftDockWidgetArea)
        errors = desk.window.docks.get("errors")
        if errors is not None:
            desk.window.tabifyDockWidget(errors, self._dock)
        self.view.injectRequested.connect(self.inject)
        self.view.removeRequested.connect(self._remove)
        self.view.clearRequested.connect(self._injector.clear)
        desk.bridge.second.connect(self._second)
        desk.window.cockpit.grid.cellChosen.connect(lambda _row, _column: self._show_chosen())
        self._dock.visibilityChanged.connect(lambda _visible: self._second())
        desk.commands.add_menu(
            TITLE,
            [
                Entry("inject", "&Inject the chosen fault", "Shift+F9", self.view.inject.click),
                Entry("clear_faults", "&Remove all faults", "", self._injector.clear),
                None,
                Entry("go_faults", "To the &faults", "F9", self.go, tip="Break something on purpose"),
            ],
        )

    def __repr__(self) -> str:
        return f"<FaultsFeature {self._injector.board!r}>"

    @property
    def injections(self) -> tuple[Injection, ...]:
        """What has struck, oldest first."""
        return tuple(self._injector.board.injections)

    @property
    def armed(self) -> tuple[ArmedFault, ...]:
        """What waits for its occasion."""
        return self._injector.board.armed

    async def close(self) -> None:
        """End what is under way."""
        await self._injector.close()

    def go(self) -> None:
        """Show the dock and give its first field the keyboard."""
        self._desk.window.bring_up("faults")
        self.view.preset.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def inject(self, plan: Plan) -> None:
        """Inject a fault into what is chosen in the grid."""
        try:
            grid, cell = self._desk.bridge.live.grid, self._chosen()
            target = target_of(plan.aim, cell, list(grid.cells()), grid.rows[cell.row].connection_id if cell else 0)
        except SettingError:
            self.view.show_problem("Choose a cell in the grid first, or aim at everything.")
            return
        self._injector.inject(plan, target)

    async def look(self) -> None:
        """Read the server's list of faults now."""
        await self._injector.look()

    def refresh(self) -> None:
        """Show what is armed and what has struck."""
        board = self._injector.board
        self.view.show_faults(board.armed, board.injections)

    def _second(self) -> None:
        self._injector.see_to(watched=self.view.isVisible())
        if self.view.isVisible():
            self._show_chosen()
            self.refresh()

    def _show_chosen(self) -> None:
        cell = self._chosen()
        words = f"connection {cell.row + 1}, slot {cell.column + 1}" if cell is not None else ""
        why = ""
        if self._desk.bridge.in_past:
            why = "What you see is a moment of a recording: nothing in it can be broken."
        elif self._injector.control is None:
            why = "Only the app's own local server can be told to misbehave, while it runs."
        self.view.show_chosen(words, why)

    def _chosen(self) -> CellState | None:
        place = self._desk.presenter.cell
        grid = self._desk.bridge.live.grid
        if place is None or place[0] >= len(grid.rows):
            return None
        return grid.cell(*place)

    def _remove(self, fault: ArmedFault) -> None:
        self._injector.remove([fault.number])

    def _struck(self, injection: Injection) -> None:
        self.injected.emit(injection)
        # Told the way the grid's own menus tell it: the person reads it, and a recording marks it on the time line.
        self._desk.controller.notice.emit(Notice("break", f"Injected: {injection.sentence()}"))

    def _tell(self, text: str, good: bool) -> None:
        severity = Severity.INFO if good else Severity.WARNING
        self._desk.notifications.post(text, severity=severity, key="fault")

    def _when(self, at: float) -> str:
        return clock_time(at, time.time() - self._desk.clock())
