"""The errors dock at work: keeps it true, leads from an error to its cell and from a cell to its errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication

from voxgrid.frames import FramesFeature
from voxgrid.models import connection_words, failure_words
from voxgrid.models.connections import ConnectionLife
from voxgrid.models.failures import Failure, Group, Kind
from voxgrid.models.suspects import Suspect, find
from voxgrid.models.wording import age_words
from voxgrid.notifications import Severity
from voxgrid.trouble.announcer import Announcer
from voxgrid.trouble.counting import ServerCount
from voxgrid.views.error_detail import Detail
from voxgrid.views.errors_view import ErrorsView
from voxgrid.views.menus import Entry
from voxpool.frames.record import WIRE_NAMES, FrameRecord
from voxpool.knowledge import Situation
from voxpool.scrub import scrub

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.layouts import Layout
    from voxgrid.models.board import Frame
    from voxgrid.models.failure_book import FailureBook
    from voxgrid.models.grid import Place
    from voxgrid.notifications import Notification

FramesAround = Callable[[Failure], Sequence[str]]
"""Returns the frames around a failure, a line each, oldest first."""

TITLE: Final = "Trou&ble"
"""The menu of errors and faults."""
_EVERY_S: Final = 0.25
_LISTED: Final = 300


class ErrorWords:
    """How things are said in the lists.

    Args:
        book: Returns the failures of the pool in use.
        now: Returns the moment that is shown, monotonic seconds.
        clock: Monotonic seconds, the pool's clock.
    """

    def __init__(self, book: Callable[[], FailureBook], now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._book = book
        self._now = now
        self._clock = clock

    @property
    def offset_s(self) -> float:
        """Wall clock minus the pool's clock, in seconds."""
        return time.time() - self._clock()

    def group(self, group: Group) -> str:
        """Return a group's title."""
        return group.title

    def group_spoken(self, group: Group) -> str:
        """Return everything about a group."""
        return failure_words.group_sentence(group, self._now())

    def failure(self, failure: Failure) -> str:
        """Return a failure's line."""
        return failure_words.failure_line(failure, self.offset_s)

    def failure_spoken(self, failure: Failure) -> str:
        """Return everything about a failure."""
        return failure_words.failure_sentence(failure, self._book(), self._now())

    def connection(self, life: ConnectionLife) -> str:
        """Return a connection's line."""
        return connection_words.life_line(life, self._now())

    def connection_spoken(self, life: ConnectionLife) -> str:
        """Return everything about a connection."""
        return connection_words.life_sentence(life, self._now())

    def suspect(self, suspect: Suspect) -> str:
        """Return a suspect's line."""
        return suspect.line(self._now())

    def suspect_spoken(self, suspect: Suspect) -> str:
        """Return everything about a suspect."""
        return suspect.sentence(self._now())


class ErrorsFeature(QObject):
    """Wires the errors dock.

    Args:
        desk: What it may use.

    Attributes:
        frames_around: Returns the frames around a failure; by default those that the desk keeps.

    Signals:
        momentChosen(float, int, str): Show this moment elsewhere too: monotonic seconds, connection id (0: none),
            context id ("": none).
        momentWanted(float): Go back to this moment, monotonic seconds.
        faultEntered(object): A ``Failure``: a fault of the window's own stands among the errors.
    """

    momentChosen = Signal(float, int, str)
    momentWanted = Signal(float)
    faultEntered = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.window)
        self._desk = desk
        self.frames_around: FramesAround = self._kept_frames
        self._words = ErrorWords(lambda: self.book, desk.bridge.now, desk.clock)
        self.view = ErrorsView(desk.theme, self._words, desk.window)
        self._dock = desk.window.add_dock("errors", "Errors", self.view, Qt.DockWidgetArea.LeftDockWidgetArea)
        # As high as the window: an error has much to tell, and frames below the grid are wide enough.
        desk.window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._announcer = Announcer(desk.window.cockpit.grid)
        self._count = ServerCount(desk, self._counted)
        self._cell: Place | None = None
        self._group = ""
        self._chosen: Failure | None = None
        self._shown_at = float("-inf")
        self._stale = True
        self._differences: list[Suspect] = []
        self._connect()
        tip = "Show the whole window as it was when the chosen error happened"
        desk.commands.add_menu(
            TITLE,
            [
                Entry("go_errors", "To the &errors", "Ctrl+7", self.go, tip="What failed, why, and what to do"),
                Entry(
                    "go_newest_error", "To the &newest error", "F8", self.show_newest, tip="Explain what failed last"
                ),
                Entry("go_error_moment", "To the &moment of the error", "Alt+F8", self.show_moment, tip=tip),
            ],
        )

    def __repr__(self) -> str:
        return f"<ErrorsFeature {self.book!r}>"

    @property
    def book(self) -> FailureBook:
        """The failures of the pool in use."""
        return self._desk.bridge.models.errors

    @property
    def chosen(self) -> Failure | None:
        """The failure that is explained, as the book on show knows it: another moment has a book of its own."""
        return self.book.same(self._chosen)

    def _connect(self) -> None:
        view, desk = self.view, self._desk
        view.groupChosen.connect(self._group_chosen)
        view.failureChosen.connect(self._failure_chosen)
        view.failureOpened.connect(self._failure_opened)
        view.suspectOpened.connect(self._suspect_opened)
        view.connectionOpened.connect(self._connection_opened)
        view.allRequested.connect(self.show_all)
        view.detail.cellRequested.connect(self._go_to_number)
        view.detail.momentRequested.connect(self._want_moment)
        view.detail.framesRequested.connect(self.show_frames)
        view.detail.copyRequested.connect(self.copy_report)
        view.detail.causeRequested.connect(self.show_failure)
        desk.bridge.framed.connect(self._framed)
        desk.bridge.second.connect(self._second)
        desk.bridge.replaced.connect(self._replaced)
        desk.window.inspector.errorsRequested.connect(self._cell_errors_requested)
        desk.window.layoutShown.connect(self._give_room)
        desk.notifications.faulted.connect(self._enter_fault)
        self._dock.visibilityChanged.connect(self._seen)

    async def close(self) -> None:
        """End the comparing."""
        self._announcer.stop()
        await self._count.close()

    # --- keeping it true ---------------------------------------------------------------------------------

    def _framed(self, frame: Frame) -> None:
        if frame.errors:
            self._stale = True
            fresh, self.book.fresh = self.book.fresh, []
            if not self._desk.bridge.in_past:
                self._announcer.tell(fresh)
        # Time goes backwards too, when a recording is scrubbed.
        if self._stale and abs(frame.now - self._shown_at) >= _EVERY_S:
            self.refresh()

    def _enter_fault(self, fault: Notification) -> None:
        """Enter a fault of the window's own among the errors of the pool that is followed.

        It is shown with the next frame or second and wakes nobody: a fault in showing would cause itself for ever.
        """
        entered = self._desk.bridge.live.errors.add(
            Kind.APP, self._desk.clock(), fault.text, Situation.APP, details=fault.details
        )
        self.faultEntered.emit(entered)

    def _second(self) -> None:
        if not self._desk.bridge.in_past:
            self._count.see_to()
        self.refresh()

    def _replaced(self) -> None:
        self._differences = []
        chosen = self.chosen
        if chosen is None:
            self._cell, self._group = None, ""
            self.view.show_filter("")
        self.refresh()
        if chosen is not None:
            self.view.groups.choose(chosen.fingerprint)

    def _counted(self, differences: list[Suspect]) -> None:
        self._differences = differences
        self._show_suspects()

    def refresh(self) -> None:
        """Show everything as it is now, if anybody can see it."""
        if not self.view.isVisible():
            self._stale = True
            return
        now = self._desk.bridge.now()
        self._stale = False
        self._shown_at = now
        models = self._desk.bridge.models
        self.view.show_groups(self._groups(), self.book.total, now)
        self.view.show_failures(self._failures())
        chosen = self.chosen
        if chosen is None:
            self.view.failures.forget()
        else:
            self.view.failures.choose(chosen.number)
        self._show_detail()
        if models.connections.changed or self.view.currentIndex() == 1:
            models.connections.changed = False
            line = connection_words.closings_line(models.connections.closings)
            self.view.show_connections(models.connections.lives, line)
        self._show_suspects()

    def _seen(self, _visible: bool) -> None:
        self.refresh()

    def _give_room(self, layout: Layout) -> None:
        """Wide enough for its sentences; from then on it is as wide as the person makes it."""
        if "errors" not in layout.docks:
            return
        window = self._desk.window
        width = window.width()
        columns = {self._dock: max(330, width // 4), window.docks["inspector"]: max(256, width // 6)}
        window.resizeDocks(list(columns), list(columns.values()), Qt.Orientation.Horizontal)

    def _groups(self) -> list[Group]:
        groups = self.book.groups
        if self._cell is None:
            return list(groups)
        wanted = {failure.fingerprint for failure in self.book.of_cell(*self._cell)}
        return [group for group in groups if group.fingerprint in wanted]

    def _failures(self) -> list[Failure]:
        if self._cell is not None:
            found = self.book.of_cell(*self._cell)
            return [each for each in found if not self._group or each.fingerprint == self._group]
        return (self.book.of_group(self._group) if self._group else self.book.all())[:_LISTED]

    def _show_suspects(self) -> None:
        found = find(self._desk.bridge.models.grid.cells(), self._desk.bridge.now()) + self._differences
        said = f"{len(found)} suspected." if found else "No slot is suspected."
        self.view.show_suspects(found, f"{said} {self._count.said}")

    def _show_detail(self) -> None:
        failure = self.chosen
        self.view.show_detail(self.detail(failure) if failure is not None else None)

    def detail(self, failure: Failure) -> Detail:
        """Return what is shown of a failure."""
        book, entry = self.book, failure.entry
        ago = age_words(self._desk.bridge.now() - failure.at)
        when = f"{failure_words.clock_time(failure.at, self._words.offset_s)}, {ago} ago"
        answers = {
            "where": failure_words.where_words(failure) + (f"\n“{failure.label}”" if failure.label else ""),
            "when": when,
            "state": failure_words.state_words(failure),
            "why": f"{entry.title}. {entry.cause}  ({entry.where})",
            "whom": failure_words.whom_words(failure, book),
            "then": failure_words.then_words(failure),
            "do": entry.remedy,
        }
        return Detail(
            failure.number,
            failure.title,
            answers,
            tuple(failure_words.hit_words(failure, book)),
            tuple(map(scrub, self.frames_around(failure))),
            failure.details,
            failure.row >= 0 or failure.utterance_id > 0,
            failure.cause,
        )

    def _kept_frames(self, failure: Failure) -> Sequence[str]:
        # Those of somebody's recording are not kept here; this session's are, whichever moment of it is shown.
        if self._desk.bridge.past_frames is not None or not failure.connection_id:
            return ()
        found = self._desk.frames.around(
            failure.at, connection_id=failure.connection_id, context_id=failure.context_id or None
        )
        return [frame_line(frame, failure.at) for frame in found]

    # --- choosing ----------------------------------------------------------------------------------------

    def go(self) -> None:
        """Show the dock and give the list the keyboard."""
        self._desk.window.bring_up("errors")
        self.view.setCurrentIndex(0)
        self.view.groups.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_newest(self) -> None:
        """Explain what failed last."""
        newest = next(iter(self.book.all()), None)
        if newest is None:
            self._desk.notifications.post("Nothing has failed yet.", severity=Severity.INFO, key="errors")
            return
        self.show_failure(newest.number)

    def show_failure(self, number: int) -> None:
        """Bring a failure up, its group chosen."""
        failure = self.book.get(number)
        if failure is None:
            return
        # First: a list that gets the keyboard takes its first line.
        self.go()
        self._cell, self._group, self._chosen = None, failure.fingerprint, failure
        self.view.show_filter("")
        self.refresh()
        self.view.groups.choose(failure.fingerprint)
        self.view.failures.choose(number)

    def show_moment(self) -> None:
        """Go back to the moment of the chosen error, or of the newest."""
        if self.chosen is None:
            self.show_newest()
        if self.chosen is not None:
            self._want_moment(self.chosen.number)

    def show_cell(self, row: int, column: int) -> None:
        """Show the errors of one cell alone."""
        self.go()
        self._cell, self._group = (row, column), ""
        newest = next(iter(self.book.of_cell(row, column)), None)
        self._chosen = newest
        self.view.show_filter(f"Only connection {row + 1}, slot {column + 1}")
        self.refresh()
        if newest is not None:
            self.view.failures.choose(newest.number)

    def show_all(self) -> None:
        """Show the errors of all cells again."""
        self._cell, self._group = None, ""
        self.view.show_filter("")
        self.refresh()

    def show_frames(self, number: int) -> None:
        """Show all frames of a failure's context, the one at its moment chosen."""
        failure = self.book.get(number)
        frames = self._desk.window.findChild(FramesFeature)
        if failure is None or frames is None:
            return
        near = self._desk.frames.around(
            failure.at, 1, 0, connection_id=failure.connection_id, context_id=failure.context_id or None
        )
        frames.show_context(failure.context_id, near[-1].serial if near else 0)

    def copy_report(self, number: int) -> None:
        """Put a failure's report on the clipboard; it is safe to post."""
        failure = self.book.get(number)
        if failure is None:
            return
        text = failure_words.report(failure, self.book, self._words.offset_s, self.frames_around(failure))
        QGuiApplication.clipboard().setText(text)
        self._desk.notifications.post(
            "The report is copied; it holds no keys.", severity=Severity.INFO, key="errors/copied"
        )

    def _group_chosen(self, group: Group) -> None:
        self._group = group.fingerprint
        self._chosen = next(iter(self._failures()), None)
        self.refresh()

    def _failure_chosen(self, failure: Failure) -> None:
        self._chosen = failure
        self._show_detail()

    def _failure_opened(self, failure: Failure) -> None:
        self._failure_chosen(failure)
        self._go_to(failure)

    def _want_moment(self, number: int) -> None:
        failure = self.book.get(number)
        if failure is None:
            return
        self.momentWanted.emit(failure.at)
        then = self.book.same(failure)
        if then is not None and self._desk.bridge.in_past:
            self._choose_cell(then)

    def _go_to_number(self, number: int) -> None:
        failure = self.book.get(number)
        if failure is not None:
            self._go_to(failure)

    def _go_to(self, failure: Failure) -> None:
        """Choose the cell, show the utterance, and tell whoever shows moments."""
        self._choose_cell(failure)
        self.momentChosen.emit(failure.at, failure.connection_id, failure.context_id)

    def _choose_cell(self, failure: Failure) -> None:
        if failure.row >= 0:
            self._desk.window.cockpit.grid.choose(failure.row, max(0, failure.column))
        if failure.utterance_id:
            self._desk.presenter.inspect(failure.utterance_id)

    def _suspect_opened(self, suspect: Suspect) -> None:
        self._desk.window.cockpit.grid.choose(suspect.row, suspect.column)
        if suspect.utterance_id:
            self._desk.presenter.inspect(suspect.utterance_id)

    def _connection_opened(self, life: ConnectionLife) -> None:
        self._desk.window.cockpit.grid.choose(life.row, 0)
        lost = [each for each in self.book.all() if each.connection_id == life.connection_id]
        newest = next((each for each in lost if each.kind is Kind.CONNECTION), None)
        if newest is not None:
            self.show_failure(newest.number)

    def _cell_errors_requested(self) -> None:
        cell = self._desk.presenter.cell
        if cell is not None:
            self.show_cell(*cell)


def frame_line(frame: FrameRecord, at: float) -> str:
    """Return a frame in a line: how long before or after a moment, which way, what."""
    arrow = "←" if frame.inbound else "→"
    name = WIRE_NAMES.get(frame.kind, frame.kind.value)
    code = f" code {frame.code}" if frame.code else ""
    return f"{frame.at - at:+8.3f} s {arrow} {name}{code} {frame.summary}".rstrip()
