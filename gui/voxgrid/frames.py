"""The frames dock as a feature of the window: what it lists follows what is chosen, what it copies goes anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication

from voxgrid.models import frame_words as words
from voxgrid.models.frame_list import Scope, Target
from voxgrid.models.past_frames import PastWindow
from voxgrid.views.frames_view import FramesView
from voxgrid.views.menus import Entry, make_action
from voxpool.config import Endpoint
from voxpool.frames.export import as_json, as_python, as_raw
from voxpool.frames.record import FrameRecord
from voxpool.frames.store import FrameStore

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.layouts import Layout
    from voxgrid.models.board import Frame
    from voxgrid.models.stages import Life

_VALUES_MOST: Final = 30
_STANDS_MS: Final = 150
"""How long a moment of the past is looked at before its frames are read."""


class FramesFeature(QObject):
    """The dock, its menu, and the wires to the rest of the window.

    Args:
        desk: What a feature may use.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.window)
        self._desk = desk
        self._past = PastWindow()
        self._standing = QTimer(self)
        self._standing.setSingleShot(True)
        self._standing.setInterval(_STANDS_MS)
        self._standing.timeout.connect(self._stands)
        self.view = FramesView(desk.frames, desk.theme)
        self.dock = desk.window.add_dock("frames", "Frames", self.view, Qt.DockWidgetArea.BottomDockWidgetArea)
        # The inspector stays as high as the window: what explains one context is long, a list of frames is wide.
        desk.window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        desk.window.layoutShown.connect(self._give_room)
        self.view.filter.values = self._values
        self.view.scopeWanted.connect(self.show_scope)
        self._add_menu()
        desk.bridge.framed.connect(self._framed)
        desk.bridge.second.connect(self.view.refresh)
        desk.bridge.replaced.connect(self._replaced)
        desk.presenter.chosenChanged.connect(self._aim)
        desk.presenter.framesAsked.connect(lambda: self.bring_up(Scope.CONTEXT))
        desk.window.inspector.framesRequested.connect(self.show_context)
        # A frame that changes nothing else must be seen all the same.
        self._unsubscribe = desk.frames.subscribe(lambda _record, _content: desk.bridge.wake())

    def _framed(self, frame: Frame) -> None:
        bridge = self._desk.bridge
        if bridge.in_past and bridge.past_frames is not None and not self._past.covers(frame.now):
            # The frames of a busy stretch take longer to read than a step of a drag: once the moment stands still.
            self._standing.start()
            return
        self._standing.stop()
        self._show_frames(frame.now)

    def _stands(self) -> None:
        if self._desk.bridge.in_past:
            self._show_frames(self._desk.bridge.now())

    def _show_frames(self, now: float) -> None:
        bridge = self._desk.bridge
        if bridge.in_past and bridge.past_frames is not None:
            store = self._past.at(now, bridge.past_frames, bridge.models.lives)
            self._desk.presenter.frames = store
            self.view.show_store(store)
        self._explain()
        self.view.refresh()
        if bridge.in_past and not self.view.list.searching:
            self.view.go_to(now)

    def _replaced(self) -> None:
        self._past = PastWindow()
        if not self._desk.bridge.in_past or self._desk.bridge.past_frames is None:
            self._desk.presenter.frames = self._desk.frames
            self.view.show_store(self._desk.frames)
        self._explain()
        self.view.restart()

    def _explain(self) -> None:
        bridge = self._desk.bridge
        # Without frames of its own a recording is looked at beside those of this session.
        past = words.PAST if bridge.in_past else ""
        self.view.explain(words.APART if bridge.apart and not bridge.in_past else past)

    @property
    def _store(self) -> FrameStore:
        return self.view.list.store

    async def close(self) -> None:
        """Stop looking."""
        self._standing.stop()
        self._unsubscribe()
        self.view.stop()

    def _give_room(self, layout: Layout) -> None:
        """Take what the grid can spare: it keeps a line for each of its rows, and room for a notification."""
        window = self._desk.window
        if "frames" in layout.docks:
            window.resizeDocks([self.dock], [window.height() * 28 // 100], Qt.Orientation.Vertical)

    # --- menu ----------------------------------------------------------------------------------------------

    def _add_menu(self) -> None:
        window, view = self._desk.window, self.view
        copies = [
            Entry("copy_frames_json", "Copy as &JSON", "", self.copy_json, "", False, "Audio in words"),
            Entry("copy_frames_python", "Copy as &Python", "", self.copy_python, "", False, "A program that says it"),
            Entry("copy_frames_raw", "Copy &raw frames", "", self.copy_raw, "", False, "As they went over the wire"),
        ]
        copy_actions: list[QAction] = [make_action(window, entry) for entry in copies]
        view.set_copy_actions(copy_actions)
        scopes: list[Entry | QAction | None] = [
            Entry("frames_context", "Of this &context", "Ctrl+Shift+F", lambda: self.bring_up(Scope.CONTEXT)),
            Entry("frames_utterance", "Of this &utterance", "", lambda: self.bring_up(Scope.UTTERANCE)),
            Entry("frames_connection", "Of this c&onnection", "", lambda: self.bring_up(Scope.CONNECTION)),
            Entry("frames_everything", "&Everything", "", lambda: self.bring_up(Scope.EVERYTHING)),
            None,
            Entry("frames_filter", "&Filter…", "Ctrl+F", self._to_filter),
            Entry("frames_follow", "Follow the &newest", "", lambda: view.table.follow(True), "End"),
            None,
            *copy_actions,
        ]
        self._desk.commands.add_menu("F&rames", scopes)
        self._desk.commands.add_place(Entry("go_frames", "To the f&rames", "Ctrl+6", self._to_list))

    def _to_list(self) -> None:
        self._desk.window.bring_up("frames")
        self.view.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _to_filter(self) -> None:
        self._desk.window.bring_up("frames")
        self.view.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.view.filter.selectAll()

    # --- whose frames --------------------------------------------------------------------------------------

    def _life(self) -> Life | None:
        return self._desk.bridge.models.lives.get(self._desk.presenter.chosen)

    def target(self) -> Target:
        """Return what is chosen in the window."""
        life = self._life()
        if life is None or not life.attempts:
            return Target()
        last = life.attempts[-1]
        contexts = tuple(attempt.context_id for attempt in life.attempts)
        return Target(last.context_id, last.connection_id, life.utterance_id, contexts)

    def _aim(self) -> None:
        self.view.show_target(self.target())

    def show_scope(self, scope: Scope) -> None:
        """List the frames of what is chosen."""
        target = self.target()
        self.view.show_scope(scope if target.has(scope) else Scope.EVERYTHING, target)

    def bring_up(self, scope: Scope) -> None:
        """Show the dock with these frames."""
        self.show_scope(scope)
        self._to_list()

    def show_context(self, context_id: str, serial: int = 0) -> None:
        """Show the dock with the frames of any context, and one of them if it is named.

        Args:
            context_id: Id on the wire.
            serial: The frame to choose, or 0.
        """
        found = self._store.of_context(context_id)
        record = self._store.get(found[0]) if found else None
        connection_id = record.connection_id if record is not None else 0
        utterance_id = self._store.utterance_of(context_id)
        self.view.filter.clear()
        self.view.show_scope(Scope.CONTEXT, Target(context_id, connection_id, utterance_id, (context_id,)))
        self._to_list()
        if serial:
            self.view.table.choose(serial)

    def _values(self, field: str) -> Iterator[tuple[str, str]]:
        """Yield the contexts, connections or utterances of the newest frames, what is chosen first."""
        lives, target = self._desk.bridge.models.lives, self.target()
        if field == "ctx":
            yield from self._distinct(target.context_id, lambda record: record.context_id, self._about)
        elif field == "conn":
            chosen = str(target.connection_id or "")
            yield from self._distinct(chosen, lambda record: str(record.connection_id), lambda _value: "connection")
        elif field == "utt":
            for utterance_id in dict.fromkeys((target.utterance_id, *self._utterances())):
                life = lives.get(utterance_id)
                if life is not None:
                    yield str(utterance_id), life.label

    def _about(self, context_id: str) -> str:
        life = self._desk.bridge.models.lives.get(self._store.utterance_of(context_id))
        return life.label if life is not None else "context"

    def _utterances(self) -> Iterable[int]:
        return (self._store.utterance_of(record.context_id) for record in _newest(self._store))

    def _distinct(
        self, chosen: str, read: Callable[[FrameRecord], str], about: Callable[[str], str]
    ) -> Iterator[tuple[str, str]]:
        values = dict.fromkeys((chosen, *map(read, _newest(self._store))))
        for value in list(values)[: _VALUES_MOST + 1]:
            if value:
                yield value, about(value)

    # --- copying -------------------------------------------------------------------------------------------

    def copy_json(self) -> None:
        """Copy the selected frames as JSON."""
        self._copy(as_json(self.view.table.records))

    def copy_raw(self) -> None:
        """Copy the selected frames as they went over the wire."""
        self._copy(as_raw(self.view.table.records, self._store.whole))

    def copy_python(self) -> None:
        """Copy a program that sends the selected frames, or what led to them where the service sent them all."""
        endpoint = self._desk.controller.endpoint.endpoint or Endpoint()
        self._copy(as_python(self._sent(), endpoint.ws_url))

    def _sent(self) -> list[FrameRecord]:
        chosen = self.view.table.records
        sent = [record for record in chosen if not record.inbound]
        if sent or not chosen:
            return sent
        last = chosen[-1].serial
        serials = {serial for record in chosen for serial in self._store.of_context(record.context_id)}
        records = (self._store.get(serial) for serial in sorted(serials) if serial <= last)
        return [record for record in records if record is not None and not record.inbound]

    def _copy(self, text: str) -> None:
        if self.view.table.records:
            QGuiApplication.clipboard().setText(text)


def _newest(store: FrameStore) -> Iterator[FrameRecord]:
    """Yield the newest frames, newest first."""
    for serial in range(store.next - 1, max(store.first, store.next - 2000) - 1, -1):
        record = store.get(serial)
        if record is not None:
            yield record
