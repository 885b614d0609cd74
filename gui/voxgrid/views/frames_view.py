"""The dock of frames: whose, which, the list, and what is in the chosen one."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from voxgrid.items.frame_items import FrameItems
from voxgrid.models import frame_words as words
from voxgrid.models.frame_list import ROWS_MOST, FrameList, Scope, Target
from voxgrid.theme import Theme
from voxgrid.views.filter_field import FilterField
from voxgrid.views.frame_detail import FrameDetail
from voxgrid.views.frame_table import FrameTable
from voxgrid.views.widgets import label, restyle, tool_button
from voxpool.frames.record import FrameRecord
from voxpool.frames.store import FrameStore
from voxpool.frames.terms import Everything, Term

_SEARCH_MS: Final = 12
_WIDE: Final = 620
"""From this width on, the content stands beside the list and not below it."""
_CHIPS: Final = (
    (Scope.CONTEXT, "Context", "Only frames of the chosen context"),
    (Scope.UTTERANCE, "Utterance", "Frames of all attempts of the chosen utterance"),
    (Scope.CONNECTION, "Connection", "Frames of the chosen context's connection"),
    (Scope.EVERYTHING, "Everything", "Frames of all connections"),
)


class FramesView(QWidget):
    """Lists the frames of a store.

    Args:
        store: Where they are.
        theme: Colours.

    Signals:
        scopeWanted(object): A chip was pressed: a ``Scope``.
    """

    scopeWanted = Signal(object)

    def __init__(self, store: FrameStore, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("frames_view")
        self.list = FrameList(store)
        self.items = FrameItems(self.list, self)
        self.table = FrameTable(self.items, theme, self)
        self.detail = FrameDetail(self.list, theme, self)
        self.filter = FilterField(theme, self)
        self._said = label("", "small", "frames_said")
        # What is wrong with a filter can be long: it wraps, and never widens the dock at the neighbours' cost.
        self._said.setWordWrap(True)
        self._said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._problem = self._nothing = ""
        self._searching = QTimer(self)
        self._searching.setInterval(_SEARCH_MS)
        self._searching.timeout.connect(self.refresh)
        self._build()
        self.setFocusProxy(self.table)
        # As one reads: whose, which, the list, what is in it.
        order = (*self.chips.values(), self.filter, self.following, self.table, self.detail.whole, self.detail.copy)
        for before, after in pairwise((*order, self.detail.text)):
            self.setTabOrder(before, after)
        self.table.chosen.connect(self._choose)
        self.table.followed.connect(self.following.setChecked)
        self.filter.filtered.connect(self._filter)
        self.filter.failed.connect(self._fail)
        self.show_target(Target())
        self._say()

    def _build(self) -> None:
        self.chips: dict[Scope, QToolButton] = {}
        group = QButtonGroup(self)
        top = QHBoxLayout()
        top.setContentsMargins(8, 2, 6, 0)
        top.setSpacing(4)
        for scope, text, tip in _CHIPS:
            chip = tool_button(text, f"frames_{scope}", tip, "compact")
            chip.setToolTip(tip)
            chip.setCheckable(True)
            chip.clicked.connect(lambda _checked=False, wanted=scope: self.scopeWanted.emit(wanted))
            group.addButton(chip)
            top.addWidget(chip)
            self.chips[scope] = chip
        self.chips[Scope.EVERYTHING].setChecked(True)
        top.addWidget(self.filter, 1)
        self.following = tool_button("Follow", "frames_follow", "Keep the newest frame in view", "compact")
        self.following.setToolTip("Keep the newest frame in view (End)")
        self.following.setCheckable(True)
        self.following.setChecked(True)
        self.following.clicked.connect(self.table.follow)
        top.addWidget(self.following)
        said = QHBoxLayout()
        said.setContentsMargins(10, 0, 8, 0)
        said.addWidget(self._said, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.table.setMinimumSize(180, 60)
        self.detail.setMinimumSize(160, 60)
        self.detail.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(top)
        column.addLayout(said)
        column.addWidget(self.splitter, 1)

    def set_copy_actions(self, actions: list[QAction]) -> None:
        """Offer these ways to copy, on the button and on the list."""
        menu = QMenu(self.detail.copy)
        menu.addActions(actions)
        self.detail.copy.setMenu(menu)
        self.detail.copy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.table.addActions(actions)

    # --- showing -------------------------------------------------------------------------------------------

    def show_target(self, target: Target) -> None:
        """Another context is chosen: lists that are about it are filled anew."""
        for scope, chip in self.chips.items():
            chip.setEnabled(target.has(scope))
        if target == self.list.target:
            return
        if self.list.scope is Scope.EVERYTHING:
            self.list.aim(target)
            return
        scope = self.list.scope if target.has(self.list.scope) else Scope.EVERYTHING
        self.show_scope(scope, target)

    def show_scope(self, scope: Scope, target: Target | None = None) -> None:
        """List other frames."""
        self.chips[scope].setChecked(True)
        self.list.show(scope=scope, target=target)
        self._look()

    def restart(self) -> None:
        """Fill the list anew: the store holds the frames of another pool."""
        self.list.restart()
        self._look()

    def show_store(self, store: FrameStore) -> None:
        """List the frames of another store: those of a recording, or this session's again."""
        if store is not self.list.store:
            self.list.read(store)
            self._look()

    def _choose(self, records: list[FrameRecord]) -> None:
        """Show what is in frames; until one is chosen, the list has all the room."""
        self.detail.show_records(records)
        if records:
            self.detail.show()

    def go_to(self, at: float) -> None:
        """Choose the last frame that is listed up to a moment, in monotonic seconds."""
        rows = self.list.rows
        place = bisect_right(rows, at, key=lambda record: record.at)
        self.table.follow(False)
        if place:
            self.table.choose(rows[place - 1].serial)

    def refresh(self) -> None:
        """Show what came since the last time; costs nothing while nobody sees it."""
        if not self.isVisible():
            self._searching.stop()
            return
        searching = self.list.searching
        if self.table.refresh() or searching:
            self._say()
        if self.list.searching and not self._searching.isActive():
            self._searching.start()
        elif not self.list.searching:
            self._searching.stop()

    def stop(self) -> None:
        """Leave no timer behind."""
        self._searching.stop()
        self.filter.pause.stop()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while it was hidden."""
        super().showEvent(event)
        if self.list.is_behind:
            self.list.restart()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the content beside the list, or below it where that is too narrow."""
        super().resizeEvent(event)
        wanted = Qt.Orientation.Horizontal if self.width() >= _WIDE else Qt.Orientation.Vertical
        if self.splitter.orientation() != wanted:
            self.splitter.setOrientation(wanted)

    def _filter(self, term: Term) -> None:
        self.list.show(term=term)
        self._look()

    def _look(self) -> None:
        self.refresh()
        self._say()

    def _fail(self, problem: str) -> None:
        self._problem = problem
        self._say()

    def _say(self) -> None:
        text = self._problem or words.listed(
            len(self.list.rows),
            len(self.list.store),
            self.list.store.forgotten,
            ROWS_MOST,
            progress=self.list.progress if self.list.searching else 1.0,
            why=self._why(),
        )
        restyle(self._said, "role", "error" if self._problem else "small")
        if text != self._said.text():
            self._said.setText(text)

    def _why(self) -> str:
        """Return why nothing is listed; a filter that lets nothing through explains itself."""
        if not isinstance(self.list.term, Everything):
            return ""
        if self.list.scope is Scope.EVERYTHING or self._nothing == words.APART:
            return self._nothing
        return words.NONE_OF.format(self.list.scope)

    def explain(self, nothing: str) -> None:
        """Say this where no frames are listed; "" when some may come."""
        if nothing != self._nothing:
            self._nothing = nothing
            self._say()

    @property
    def said(self) -> str:
        """The line above the list: how many there are, or what is wrong with the filter."""
        return self._said.text()
