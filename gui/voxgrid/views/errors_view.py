"""The errors dock: errors in groups, each explained; the ledger of connections; slots that are suspected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QTabWidget, QToolButton, QVBoxLayout, QWidget

from voxgrid.items.failure_items import LineItems
from voxgrid.models.connections import ConnectionLife
from voxgrid.models.failures import Failure, Group
from voxgrid.models.suspects import Suspect
from voxgrid.theme import Theme
from voxgrid.views.error_detail import Detail, ErrorDetail
from voxgrid.views.error_lists import GroupDelegate, LineDelegate, LineList
from voxgrid.views.widgets import label, tool_button


class Words(Protocol):
    """How things are said in the lists: a line to see, a sentence to hear."""

    def group(self, group: Group, /) -> str:
        """Return a group's title."""

    def group_spoken(self, group: Group, /) -> str:
        """Return everything about a group."""

    def failure(self, failure: Failure, /) -> str:
        """Return a failure's line."""

    def failure_spoken(self, failure: Failure, /) -> str:
        """Return everything about a failure."""

    def connection(self, life: ConnectionLife, /) -> str:
        """Return a connection's line."""

    def connection_spoken(self, life: ConnectionLife, /) -> str:
        """Return everything about a connection."""

    def suspect(self, suspect: Suspect, /) -> str:
        """Return a suspect's line."""

    def suspect_spoken(self, suspect: Suspect, /) -> str:
        """Return everything about a suspect."""


class ErrorsView(QTabWidget):
    """Three pages about what goes wrong.

    Args:
        theme: Colours.
        words: Lines and sentences of groups, failures, connections and suspects.

    Signals:
        groupChosen(object), failureChosen(object): A ``Group``, a ``Failure``.
        failureOpened(object): Go to its cell and its moment.
        suspectOpened(object): A ``Suspect``: go to its cell.
        connectionOpened(object): A ``ConnectionLife``: go to its row.
        allRequested(): Show the errors of all cells again.
    """

    groupChosen = Signal(object)
    failureChosen = Signal(object)
    failureOpened = Signal(object)
    suspectOpened = Signal(object)
    connectionOpened = Signal(object)
    allRequested = Signal()

    def __init__(self, theme: Theme, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errors")
        self.setAccessibleName("Errors")
        self.setDocumentMode(True)
        self._group_paint = GroupDelegate(theme)
        self.groups = LineList(
            LineItems[Group](words.group, words.group_spoken, lambda group: group.fingerprint, self),
            "error_groups",
            "Errors, grouped",
            self._group_paint,
        )
        self.failures = LineList(
            LineItems[Failure](words.failure, words.failure_spoken, lambda failure: failure.number, self),
            "error_list",
            "Errors of the chosen group; Enter goes to the cell",
            LineDelegate(theme),
        )
        self.connections = LineList(
            LineItems[ConnectionLife](
                words.connection, words.connection_spoken, lambda life: (life.connection_id, life.state), self
            ),
            "connection_ledger",
            "Connections and why they closed",
            LineDelegate(theme),
        )
        self.suspects = LineList(
            LineItems[Suspect](words.suspect, words.suspect_spoken, lambda suspect: suspect.key, self),
            "suspects",
            "Zombies and suspected leaks",
            LineDelegate(theme),
        )
        # Without a parent, as the lists: Tab comes to them in the order in which they are put into one.
        self.detail = ErrorDetail()
        self._build_errors()
        self._closings = _head("")
        self.addTab(_page(self._closings, self.connections), "Connections")
        self._suspect_head = _head("")
        self.addTab(_page(self._suspect_head, self.suspects), "Slots")
        self.groups.chosen.connect(self.groupChosen)
        self.groups.opened.connect(self.groupChosen)
        self.failures.chosen.connect(self.failureChosen)
        self.failures.opened.connect(self.failureOpened)
        self.connections.opened.connect(self.connectionOpened)
        self.suspects.opened.connect(self.suspectOpened)

    def _build_errors(self) -> None:
        self._filter = label("", "small")
        self._all = tool_button("Show all", "show_all_errors", "Show the errors of all cells", "flat")
        self._all.clicked.connect(self.allRequested)
        self._filter_bar = QWidget(self)
        bar = QHBoxLayout(self._filter_bar)
        bar.setContentsMargins(12, 2, 8, 0)
        bar.addWidget(self._filter, 1)
        bar.addWidget(self._all)
        self._filter_bar.hide()
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.setChildrenCollapsible(False)
        heights: list[int] = []
        # Three groups and four errors; what is said of one has the rest.
        for widget, high in ((self.groups, 138), (self.failures, 96), (self.detail, 380)):
            widget.setMinimumHeight(60)
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, int(widget is self.detail))
            heights.append(high)
        split.setSizes(heights)
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._filter_bar)
        column.addWidget(split, 1)
        self.addTab(page, "Errors")

    @property
    def all_button(self) -> QToolButton:
        """Takes the filter away."""
        return self._all

    def show_groups(self, groups: Sequence[Group], total: int, now: float) -> None:
        """Show the groups; ``total`` stands on the tab."""
        self._group_paint.now = now
        # Two empty lists above a sentence say nothing.
        self.groups.setVisible(bool(groups))
        self.failures.setVisible(bool(groups))
        self.groups.show_things(list(groups))
        self._set_tab(0, f"Errors {total}" if total else "Errors")

    def show_failures(self, failures: Sequence[Failure]) -> None:
        """Show the failures of the chosen group or cell."""
        self.failures.show_things(list(failures))

    def show_filter(self, text: str) -> None:
        """Say whose errors are shown, or "" for all."""
        self._filter.setText(text)
        self._filter_bar.setVisible(bool(text))

    def show_connections(self, lives: Sequence[ConnectionLife], closings: str) -> None:
        """Show the ledger, and how many closed why."""
        self._closings.setText(closings)
        self.connections.show_things(list(lives))

    def show_suspects(self, suspects: Sequence[Suspect], said: str) -> None:
        """Show zombies and suspected leaks."""
        self._suspect_head.setText(said)
        self.suspects.show_things(list(suspects))
        self._set_tab(2, f"Slots {len(suspects)}" if suspects else "Slots")

    def show_detail(self, detail: Detail | None) -> None:
        """Show one error in full."""
        self.detail.show_detail(detail)

    def _set_tab(self, number: int, text: str) -> None:
        if self.tabText(number) != text:
            self.setTabText(number, text)


def _head(text: str) -> QLabel:
    made = label(text, "small")
    made.setWordWrap(True)
    made.setContentsMargins(12, 6, 12, 2)
    return made


def _page(head: QLabel, below: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(head)
    column.addWidget(below, 1)
    return page
