"""Recording at work in the window: the session is written as it happens, and the time line goes back in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QDropEvent
from PySide6.QtWidgets import QFileDialog

from voxgrid.notifications import Severity
from voxgrid.recording import choices
from voxgrid.recording.background import Background
from voxgrid.recording.live import LiveRecording, recordings_folder
from voxgrid.recording.past import Past
from voxgrid.recording.replaying import plan_of
from voxgrid.views.menus import Entry, make_action
from voxgrid.views.recording_dialogs import ExportDialog, ReplayDialog
from voxgrid.views.timeline_view import TimelineView
from voxpool.errors import RecordingError
from voxpool.recording.export import FORMATS, Format, export
from voxpool.recording.hiding import Hide
from voxpool.recording.reader import Recording
from voxpool.recording.replay import Load, load_of
from voxpool.recording.writer import SUFFIX, Limits

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.settings import Setting
    from voxgrid.speech.record import UtteranceRecord
    from voxpool.events import Event
    from voxpool.frames.record import FrameRecord
    from voxpool.pool.pool import Pool

_FRAME_MS: Final = 33
_FILES: Final = f"Recordings (*{SUFFIX})"


class RecordingFeature(QObject):
    """The recorder, the time line, and what can be done with recordings.

    Args:
        desk: What a feature may use.

    Attributes:
        view: The dock.
    """

    _problem = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.window)
        self._desk = desk
        self._live: LiveRecording | None = None
        self._own: Past | None = None
        self._opened: Past | None = None
        self._wanted: float | None = None
        self._speed = 1
        self._marks = 0
        self._background = Background(self)
        self._problem.connect(self._complain, Qt.ConnectionType.QueuedConnection)
        self.view = TimelineView(desk.theme)
        self._dock = desk.window.add_dock("timeline", "Time line", self.view, Qt.DockWidgetArea.BottomDockWidgetArea)
        frames = desk.window.docks.get("frames")
        if frames is not None:
            # Under everything: a line is wide and low.
            desk.window.splitDockWidget(frames, self._dock, Qt.Orientation.Vertical)
        self._mover = self._timer(0, self._move, single=True)
        self._player = self._timer(_FRAME_MS, self._play_on)
        self._connect_desk()
        self._connect_view()
        self._add_actions()
        desk.window.setAcceptDrops(True)
        desk.window.installEventFilter(self)
        self._show()

    def __repr__(self) -> str:
        return f"<RecordingFeature {self._live!r} {self._opened or self._own!r}>"

    def _timer(self, interval_ms: int, act: Callable[[], None], *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(interval_ms)
        timer.setSingleShot(single)
        timer.timeout.connect(act)
        return timer

    def _connect_desk(self) -> None:
        desk = self._desk
        desk.controller.poolChanged.connect(self._pool_changed)
        desk.controller.recordAdded.connect(self._record_added)
        desk.controller.recordEnded.connect(self._record_ended)
        desk.bridge.watch(self._take_events)
        desk.bridge.second.connect(self._second)
        self._unsubscribe = desk.frames.subscribe(self._take_frame)

    def _connect_view(self) -> None:
        view = self.view
        view.canvas.momentChosen.connect(self._choose)
        view.playRequested.connect(self.toggle_playing)
        view.speedChosen.connect(self.set_speed)
        view.liveRequested.connect(self.back_to_live)
        view.markRequested.connect(self.set_mark)
        view.troubleRequested.connect(self.to_trouble)

    async def close(self) -> None:
        """Write what is left and end."""
        self.end()

    def end(self) -> None:
        """Write what is left and end; may take as long as the disk needs, up to a second."""
        self._player.stop()
        self._mover.stop()
        self._unsubscribe()
        self._desk.window.removeEventFilter(self)
        self._background.close()
        self._stop_recording()
        for past in (self._own, self._opened):
            if past is not None:
                past.close()
        self._own = self._opened = None

    # --- recording ---------------------------------------------------------------------------------------

    @property
    def recording(self) -> bool:
        """Whether this session is being recorded."""
        return self._live is not None and self._live.recorder.running

    def _pool_changed(self, pool: Pool | None) -> None:
        if pool is None:
            return
        self._begin_recording()
        if self._live is not None:
            self._live.begin_pool(pool.endpoint.url)

    def _begin_recording(self) -> None:
        store, bridge = self._desk.store, self._desk.bridge
        if self._live is not None or not store.get(choices.RECORD):
            return
        self._live = LiveRecording(
            lambda: bridge.live,
            self._known,
            self._problem.emit,
            clock=self._desk.clock,
            limits=Limits(folder_bytes=store.get(choices.FOLDER_MB) * 1_000_000),
            texts=store.get(choices.TEXTS),
            audio=store.get(choices.AUDIO),
        )

    def _stop_recording(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.close()

    def _restart_recording(self) -> None:
        """Go on in another session: its first line says what is recorded."""
        pool = self._desk.controller.pool
        self._stop_recording()
        if self._opened is None:
            self.back_to_live()
        if self._own is not None:
            self._own.close()
            self._own = None
        self._pool_changed(pool)
        self._show()

    def _known(self) -> Iterable[Hide]:
        endpoint = self._desk.controller.endpoint.endpoint
        return () if endpoint is None else (endpoint.scrub,)

    def _take_events(self, events: list[Event]) -> None:
        if self._live is not None:
            self._live.take(events)

    def _take_frame(self, frame: FrameRecord, content: str) -> None:
        if self._live is not None:
            self._live.take_frame(frame, content)

    def _record_added(self, record: UtteranceRecord) -> None:
        if self._live is not None:
            self._live.take_record(record)

    def _record_ended(self, record: UtteranceRecord) -> None:
        if self._live is not None:
            self._live.take_sound(record)

    def _second(self) -> None:
        if self._live is None:
            return
        self._live.take_second()
        files = self._live.recorder.files
        if not files:
            return
        try:
            if self._own is None:
                self._own = Past(Recording(files), own=True)
                self._show_line()
            elif self._own.follow(files) and self.view.isVisible() and self._shown is self._own:
                self.view.canvas.redraw()
        except RecordingError as error:
            # Somebody took the files away; recording goes on into the next one.
            self._complain(f"What was recorded cannot be read back: {error}.")
        self._show_source()

    def _complain(self, sentence: str) -> None:
        hint = "Everything else goes on."
        self._desk.notifications.post(sentence, hint=hint, severity=Severity.WARNING, key="recording")
        self._show_source()

    def mark_fault(self, text: str) -> None:
        """Set a mark where something was broken on purpose."""
        if self._live is not None:
            self._live.mark(text, "fault")

    def set_mark(self) -> None:
        """Set a mark at this moment of the session."""
        if self._live is None or not self.recording:
            self._say("There is no recording to set a mark in.")
            return
        self._marks += 1
        self._live.mark(f"Mark {self._marks}")
        self._say(f"Mark {self._marks} is set; it shows on the time line in a moment.")

    # --- going back --------------------------------------------------------------------------------------

    @property
    def _shown(self) -> Past | None:
        return self._opened or self._own

    def _choose(self, at: float) -> None:
        """Go to a moment as soon as no newer one is asked for: a pointer moves faster than thirty times a second."""
        self._wanted = at
        self._mover.start()

    def _move(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self.go(wanted)

    def go(self, at: float) -> None:
        """Show a moment, in monotonic seconds of the recording that the line is of."""
        past = self._shown
        if past is None or past.empty:
            self._say("Nothing is recorded yet to go back in.")
            return
        bridge, presenter = self._desk.bridge, self._desk.presenter
        chosen = 0 if bridge.in_past or not past.own else presenter.chosen
        past.go(at)
        bridge.show_past(past.models, past.at, None if past.own else past.recording.frames)
        if chosen:
            presenter.inspect(chosen)
        self._show()

    def back_to_live(self) -> None:
        """Show what is now; an opened file is closed."""
        self._player.stop()
        self._wanted = None
        bridge, presenter = self._desk.bridge, self._desk.presenter
        chosen = presenter.chosen if bridge.in_past and self._opened is None else 0
        opened, self._opened = self._opened, None
        bridge.show_live()
        if chosen:
            presenter.inspect(chosen)
        if opened is not None:
            opened.close()
            self._show_line()
        self._show()

    def to_trouble(self, forward: bool) -> None:
        """Go to the next or previous error or mark."""
        past = self._shown
        if past is None or past.empty:
            return
        here = past.at if self._desk.bridge.in_past else past.recording.last
        if not forward:
            # Blocks are told apart, not errors: the one that is shown already must not be found again.
            here = past.recording.heads[max(0, past.recording.number_at(here))].first
        found = past.line.next_trouble(here, forward=forward)
        if found is None:
            self._say(f"There is no error or mark {'after' if forward else 'before'} this.")
            return
        self.go(past.exactly(found))

    def toggle_playing(self) -> None:
        """Play from the moment that is shown, or stop."""
        past = self._shown
        if self._player.isActive():
            self._player.stop()
        elif past is not None and not past.empty:
            if not self._desk.bridge.in_past or past.at >= past.recording.last:
                self.go(past.recording.first)
            self._player.start()
        self._show()

    def set_speed(self, speed: int) -> None:
        """Play so many times as fast as it was."""
        self._speed = speed

    def _play_on(self) -> None:
        past = self._shown
        if past is None or not self._desk.bridge.in_past:
            self._player.stop()
        elif past.at >= past.recording.last:
            self._player.stop()
            if past.own:
                self.back_to_live()
        else:
            self.go(past.at + _FRAME_MS / 1000 * self._speed)
            return
        self._show()

    # --- files -------------------------------------------------------------------------------------------

    def open_file(self, path: Path) -> None:
        """Open somebody's recording and show it."""
        self._background.run(lambda: Recording.open(path), self._opened_file, self._not_opened)

    def _opened_file(self, recording: Recording) -> None:
        recording.check_end()
        past = Past(recording, own=False)
        if past.empty:
            self._say(f"{past.name} is a recording in which nothing happened.", Severity.WARNING)
            past.close()
            return
        before, self._opened = self._opened, past
        self._player.stop()
        self._desk.window.bring_up("timeline")
        self._show_line()
        self.go(past.first_trouble())
        if before is not None:
            before.close()
        for problem in recording.problems[:1]:
            more = f" ({len(recording.problems)} such places)" if len(recording.problems) > 1 else ""
            self._say(problem + more, Severity.WARNING)

    def _not_opened(self, error: Exception) -> None:
        if isinstance(error, RecordingError):
            self._say(f"{error}.", Severity.ERROR)
        else:
            self._desk.notifications.exception(error, "Opening the recording")

    def choose_file(self) -> QFileDialog:
        """Ask for a recording to open."""
        folder = recordings_folder()
        dialog = QFileDialog(self._desk.window, "Open a recording", str(folder if folder.is_dir() else Path.home()))
        dialog.setNameFilters([_FILES, "All files (*)"])
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.open_file(Path(path)))
        dialog.open()
        return dialog

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take recordings that are dropped on the window."""
        if isinstance(event, QDropEvent) and event.type() in (QEvent.Type.DragEnter, QEvent.Type.Drop):
            path = _dropped(event)
            if path is not None:
                event.acceptProposedAction()
                if event.type() == QEvent.Type.Drop:
                    self.open_file(path)
                return True
        return super().eventFilter(watched, event)

    def ask_export(self) -> ExportDialog | None:
        """Ask what to export."""
        past = self._ready()
        if past is None:
            return None
        store, kinds = self._desk.store, list(FORMATS.values())
        texts = store.get(choices.EXPORT_TEXTS) if past.recording.opening.texts else None
        titles = [kind.title for kind in kinds]
        stretch_s = self._stretch_s()
        kind = store.get(choices.EXPORT_KIND)
        dialog = ExportDialog(titles, kind, texts, past.recording.duration_s, stretch_s, self._desk.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._ask_where(past, dialog))
        dialog.open()
        return dialog

    def _ask_where(self, past: Past, asked: ExportDialog) -> None:
        kind, texts = list(FORMATS.values())[asked.kind.currentIndex()], asked.texts.isChecked()
        stretch = self.view.canvas.stretch if asked.of_stretch else None
        self._desk.store.set(choices.EXPORT_KIND, asked.kind.currentIndex())
        if asked.texts.isEnabled():
            self._desk.store.set(choices.EXPORT_TEXTS, texts)
        name = f"voxgrid-{past.clock(past.recording.first)[:8].replace(':', '')}{kind.suffix}"
        dialog = QFileDialog(self._desk.window, "Export as", str(Path.home() / name))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.export(Path(path), kind, stretch=stretch, texts=texts))
        dialog.open()

    def export(
        self, path: Path, kind: Format, *, stretch: tuple[float, float] | None = None, texts: bool = False
    ) -> None:
        """Write a file in the background."""
        past = self._ready()
        if past is None:
            return
        paths = past.recording.paths

        def work() -> None:
            # A reader of its own: the window goes on scrubbing in the other.
            with Recording(paths) as recording:
                export(recording, path, kind, stretch=stretch, texts=texts)

        self._say(f"Exporting to {path.name}…")
        self._background.run(work, lambda _: self._say(f"{path.name} is written."), self._not_exported)

    def _not_exported(self, error: Exception) -> None:
        if isinstance(error, OSError):
            self._say(f"It could not be exported: {error.strerror or error}.", Severity.ERROR)
        else:
            self._desk.notifications.exception(error, "Exporting the recording")

    def ask_replay(self) -> ReplayDialog | None:
        """Ask which load to replay, and how fast."""
        past = self._ready()
        if past is None:
            return None

        def load(of_stretch: bool) -> Load:
            stretch = self.view.canvas.stretch if of_stretch else None
            return load_of(past.recording.items(*(stretch or (float("-inf"), float("inf")))))

        where = self._desk.controller.endpoint.text or self._desk.controller.endpoint.choice.title
        dialog = ReplayDialog(load, past.recording.duration_s, self._stretch_s(), where, self._desk.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.replay(dialog.load))
        dialog.open()
        return dialog

    def replay(self, load: Load) -> None:
        """Ask for a load again, at the endpoint in use; what costs money is asked about first."""
        self.back_to_live()
        self._desk.controller.propose(plan_of(load, self._desk.controller))

    def _ready(self) -> Past | None:
        past = self._shown
        if past is None or past.empty:
            self._say("Nothing is recorded yet.")
            return None
        return past

    def _stretch_s(self) -> float | None:
        stretch = self.view.canvas.stretch
        return None if stretch is None else stretch[1] - stretch[0]

    # --- menu --------------------------------------------------------------------------------------------

    def _add_actions(self) -> None:
        window, commands = self._desk.window, self._desk.commands
        commands.add_file(Entry("open_recording", "&Open recording…", "Ctrl+O", self._choose_file))
        commands.add_file(Entry("export_recording", "E&xport recording…", "Ctrl+Shift+E", self._ask_export))
        self._switches = [
            self._switch(
                "record", "&Record every session", choices.RECORD, "Kept in a bounded folder on this computer"
            ),
            self._switch("record_texts", "With what is &spoken", choices.TEXTS, "Without it only lengths are recorded"),
            self._switch("record_audio", "With its a&udio", choices.AUDIO, "About 6 MB a minute of speech"),
        ]
        commands.add_menu(
            "&Time",
            [
                Entry("past_live", "Back to &live", "Alt+End", self.back_to_live),
                Entry("past_play", "&Play or pause", "Ctrl+Shift+P", self.toggle_playing),
                Entry("past_earlier", "Pre&vious error or mark", "Alt+PgUp", lambda: self.to_trouble(False)),
                Entry("past_later", "&Next error or mark", "Alt+PgDown", lambda: self.to_trouble(True)),
                Entry("past_mark", "Set a &mark", "Ctrl+Shift+M", self.set_mark),
                None,
                Entry("replay_load", "Rep&lay its load…", "Ctrl+Shift+R", self._ask_replay),
                None,
                *self._switches,
                Entry("recordings_folder", "Show the &folder", "", self._show_folder),
            ],
        )
        commands.add_place(Entry("go_timeline", "To the &time line", "Ctrl+9", lambda: window.bring_up("timeline")))

    def _choose_file(self) -> None:
        self.choose_file()

    def _ask_export(self) -> None:
        self.ask_export()

    def _ask_replay(self) -> None:
        self.ask_replay()

    def _switch(self, name: str, text: str, setting: Setting[bool], tip: str) -> QAction:
        store = self._desk.store
        action = make_action(self._desk.window, Entry(name, text, "", lambda: None, "", True, tip))
        action.setChecked(store.get(setting))

        def turn(on: bool) -> None:
            store.set(setting, on)
            self._restart_recording()

        action.toggled.connect(turn)
        return action

    def _show_folder(self) -> None:
        folder = recordings_folder()
        if folder.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        else:
            self._say("There is no recording yet.")

    # --- showing -----------------------------------------------------------------------------------------

    def _show_line(self) -> None:
        past = self._shown
        if past is None:
            self.view.canvas.show_model(None, float)
        else:
            self.view.canvas.show_model(past.line, past.recording.wall)
        self._show_source()

    def _show(self) -> None:
        in_past = self._desk.bridge.in_past
        past = self._shown if in_past else None
        moment = past.clock() if past is not None else ""
        self.view.show_state(moment, playing=self._player.isActive())
        self.view.canvas.show_moment(past.at if past is not None else None)
        self._desk.window.cockpit.legend.show_past(moment)
        title = "Voxgrid" if past is None else f"Voxgrid · the past of {past.name}"
        if title != self._desk.window.windowTitle():
            self._desk.window.setWindowTitle(title)
        self._show_source()

    def _show_source(self) -> None:
        past = self._shown
        if self._opened is None and self._live is None:
            text = (
                "This session is not recorded" if not self._desk.store.get(choices.RECORD) else "Nothing recorded yet"
            )
            self.view.show_source(text, markable=False)
        elif past is None:
            self.view.show_source("Recording begins", markable=False)
        else:
            tip = "\n".join([past.summary(), *past.recording.problems[:5]])
            self.view.show_source(past.summary(), tip, markable=self._opened is None and self.recording)

    def _say(self, text: str, severity: Severity = Severity.INFO) -> None:
        self._desk.notifications.post(text, severity=severity, key="recording")


def _dropped(event: QDropEvent) -> Path | None:
    for url in event.mimeData().urls():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and path.suffix == SUFFIX:
            return path
    return None
