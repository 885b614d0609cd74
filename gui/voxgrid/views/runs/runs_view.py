"""The dock "Runs": a list that can be searched, and what can be done with the chosen ones."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from voxgrid.items.run_items import RunItems
from voxgrid.models import runs
from voxgrid.theme import Theme
from voxgrid.views.runs.run_delegate import RunDelegate
from voxgrid.views.widgets import label, tool_button
from voxpool.stress.store import KeptRun


class RunsView(QWidget):
    """Shows the kept runs; Enter opens, Shift and Ctrl choose several to compare.

    Args:
        theme: Colours.
        parent: Qt parent.

    Signals:
        chosenChanged(): Other runs are chosen.
        wanted(): It came into sight, and its list may be old.
        openRequested(): A run was activated.
    """

    chosenChanged = Signal()
    wanted = Signal()
    openRequested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runs")
        self._runs: Sequence[KeptRun] = ()
        self._menu_actions: list[QAction | None] = []
        self.items = RunItems(self)
        self.search = QLineEdit()
        self.search.setObjectName("runs_search")
        self.search.setPlaceholderText("Search name, note, endpoint, verdict")
        self.search.setAccessibleName("Search the kept runs")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._refill)
        self.list = self._make_list(theme)
        self.empty = label("", "small", "runs_empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._row = QHBoxLayout()
        self._row.setSpacing(4)
        self._build()
        self.setFocusProxy(self.list)
        theme.changed.connect(self.list.viewport().update)
        self._refill()

    @property
    def chosen(self) -> list[KeptRun]:
        """The chosen runs, in the order of the list."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [run for row in rows if (run := self.items.run(row)) is not None]

    def show_runs(self, found: Sequence[KeptRun]) -> None:
        """Show other runs; the chosen ones stay chosen."""
        self._runs = found
        self._refill()

    def offer(self, actions: Sequence[QAction | None]) -> None:
        """Take the actions of the context menu; None is a line between groups."""
        self._menu_actions = list(actions)

    def add_button(self, text: str, action: QAction, menu: QMenu | None = None) -> QToolButton:
        """Add a button below the list that follows an action."""
        button = tool_button(text, f"{action.objectName()}_button", action.text().replace("&", ""), "compact")
        button.setToolTip(action.toolTip())
        if menu is None:
            button.clicked.connect(action.trigger)
        else:
            button.setMenu(menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        action.changed.connect(lambda: button.setEnabled(action.isEnabled()))
        button.setEnabled(action.isEnabled())
        self._row.insertWidget(self._row.count() - 1, button)
        return button

    def choose(self, run_ids: Sequence[str]) -> None:
        """Choose runs by id."""
        selection = self.list.selectionModel()
        selection.clearSelection()
        for run_id in run_ids:
            row = self.items.row_of(run_id)
            if row >= 0:
                index = self.items.index(row)
                selection.select(index, QItemSelectionModel.SelectionFlag.Select)
                selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    def showEvent(self, event: QShowEvent) -> None:
        """Another process may have added runs meanwhile."""
        super().showEvent(event)
        self.wanted.emit()

    # --- inside ------------------------------------------------------------------------------------------

    def _make_list(self, theme: Theme) -> QListView:
        made = QListView()
        made.setObjectName("runs_list")
        made.setAccessibleName("Kept runs of the stress lab, newest first")
        made.setModel(self.items)
        made.setItemDelegate(RunDelegate(theme, made))
        made.setUniformItemSizes(True)
        made.setMouseTracking(True)
        made.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        made.customContextMenuRequested.connect(self._menu)
        made.activated.connect(lambda _index: self.openRequested.emit())
        made.selectionModel().selectionChanged.connect(lambda *_: self.chosenChanged.emit())
        return made

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 2, 12, 8)
        column.setSpacing(6)
        column.addWidget(self.search)
        column.addWidget(self.empty, 1)
        column.addWidget(self.list, 1)
        self._row.addStretch(1)
        column.addLayout(self._row)

    def _refill(self) -> None:
        kept = [run.run_id for run in self.chosen]
        found = runs.chosen(self._runs, self.search.text())
        self.items.show(found)
        self.choose(kept)
        self.list.setVisible(bool(found))
        self.empty.setVisible(not found)
        self.empty.setText(
            "No run matches the search."
            if self._runs
            else "No run is kept yet. Every run of the stress lab appears here when it begins, and so do those of "
            "voxpool stress."
        )
        self.chosenChanged.emit()

    def _menu(self, at: QPoint) -> None:
        if not self.chosen:
            return
        menu = QMenu(self)
        for action in self._menu_actions:
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.list.viewport().mapToGlobal(at))
