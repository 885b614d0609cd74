"""The context menus of the grid: of a cell, and of a row's head."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from voxgrid.bridge import Bridge
from voxgrid.models.cell import CellState
from voxgrid.speech.breaking import OF_CONNECTIONS, OF_CONTEXTS, Effect
from voxgrid.views.main_window import MainWindow
from voxpool.events import SlotState

if TYPE_CHECKING:
    from voxgrid.presenter import Presenter
    from voxgrid.speech import SpeechController


class GridMenus:
    """Opens the menus with what is possible just now.

    Args:
        window: Where.
        bridge: The models.
        controller: Speech.
        presenter: For what needs the window too.
    """

    def __init__(self, window: MainWindow, bridge: Bridge, controller: SpeechController, presenter: Presenter) -> None:
        self._window = window
        self._bridge = bridge
        self._controller = controller
        self._presenter = presenter
        window.cockpit.grid.menuRequested.connect(self.open_cell)
        window.cockpit.grid.rowMenuRequested.connect(self.open_row)

    def open_cell(self, row: int, column: int, where: QPoint) -> None:
        """Open the menu of a cell."""
        cell = self._bridge.models.grid.cell(row, column)
        menu = self._menu(f"Connection {row + 1}, slot {column + 1}")
        for text, act, enabled in self._acts(cell):
            action = menu.addAction(text)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _checked=False, act=act: act(cell.utterance_id))
        menu.addSeparator()
        # The id of now: by the time of the click another context may have the cell.
        context_id = cell.context_id
        self._add_breaks(
            menu,
            "Break this context",
            OF_CONTEXTS,
            partial(self._controller.break_context, context_id),
            _breakable(cell),
        )
        self._add_row_breaks(menu, row)
        menu.popup(where)

    def open_row(self, row: int, where: QPoint) -> None:
        """Open the menu of a row's head."""
        menu = self._menu(f"Connection {row + 1}")
        self._add_row_breaks(menu, row)
        menu.popup(where)

    def _acts(self, cell: CellState) -> tuple[tuple[str, Callable[[int], None], bool], ...]:
        controller, presenter = self._controller, self._presenter
        past = self._bridge.in_past
        record = None if past else controller.records.get(cell.utterance_id)
        heard = record is not None and record.listening
        audible = record is not None or (past and bool(cell.utterance_id))
        return (
            ("Inspect\tEnter", presenter.inspect_in_front, bool(cell.utterance_id)),
            ("Frames\tCtrl+Shift+F", presenter.ask_for_frames, bool(cell.utterance_id)),
            ("Stop listening\tSpace" if heard else "Listen\tSpace", presenter.toggle_listening, audible),
            ("Solo", controller.solo, record is not None),
            ("Replay", controller.replay, record is not None and record.ended and record.kept),
            ("Save as WAV…", presenter.save, record is not None and record.kept and record.audio_s > 0),
            ("Interrupt\tDelete", presenter.interrupt, cell.running and not past),
        )

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(self._window)
        menu.setAccessibleName(name)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _add_row_breaks(self, menu: QMenu, row: int) -> None:
        grid = self._bridge.models.grid
        number = grid.rows[row].connection_id if grid.rows[row].live else 0
        # An idle connection is known by what it carried.
        cells = [cell for cell in grid.cells() if cell.row == row and cell.context_id and cell.connection_id == number]
        act = partial(self._controller.break_connection, tuple(cell.context_id for cell in cells))
        self._add_breaks(menu, "Break this connection", OF_CONNECTIONS, act, bool(cells))

    def _add_breaks(
        self, menu: QMenu, title: str, effects: Iterable[Effect], act: Callable[[str], None], live: bool
    ) -> None:
        below = menu.addMenu(title)
        below.setToolTipsVisible(True)
        why = self._why_not(live)
        below.menuAction().setEnabled(not why)
        below.menuAction().setStatusTip(why)
        below.menuAction().setToolTip(why)
        for effect in effects:
            action = below.addAction(effect.text)
            action.setObjectName(f"break_{effect.name}")
            action.setStatusTip(effect.tip)
            action.setToolTip(effect.tip)
            action.setEnabled(not why)
            action.triggered.connect(lambda _checked=False, name=effect.name: act(name))

    def _why_not(self, live: bool) -> str:
        if self._bridge.in_past:
            return "What you see is a moment of a recording: it cannot be broken any more."
        if not self._controller.can_break:
            return "Only what runs at the app's own local server can be broken."
        return "" if live else "Nothing runs here that could be broken."


def _breakable(cell: CellState) -> bool:
    """Whether the server has, or is about to have, a context for this cell."""
    return bool(cell.context_id) and cell.state.holds_slot and cell.state is not SlotState.RESERVED
