"""Recording at work in the window: the session is written as it happens, and the time line goes back in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction

from voxgrid.lab.lab import StressLab
from voxgrid.notifications import Severity
from voxgrid.outside import open_outside
from voxgrid.recording import choices
from voxgrid.recording.files import RecordingFiles
from voxgrid.recording.lab_past import LabPast
from voxgrid.recording.live import LiveRecording, recordings_folder
from voxgrid.recording.past import Past
from voxgrid.recording.past_sound import PastSound
from voxgrid.recording.run_notes import RunNotes
from voxgrid.recording.travel import TimeTravel
from voxgrid.trouble.errors import ErrorsFeature
from voxgrid.views.menus import Entry, make_action
from voxgrid.views.timeline_view import TimelineView
from voxpool.errors import RecordingError
from voxpool.recording.hiding import Hide
from voxpool.recording.reader import Recording
from voxpool.recording.writer import Limits

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.models.failures import Failure
    from voxgrid.settings import Setting
    from voxgrid.speech.notice import Notice
    from voxgrid.speech.record import UtteranceRecord
    from voxpool.events import Event
    from voxpool.frames.record import FrameRecord
    from voxpool.pool.pool import Pool
    from voxpool.recording.items import Item

_FLUSH_S: Final = 0.3
"""How long a person may wait for the disk."""


class RecordingFeature(QObject):
    """The recorder, the time line, and what can be done with recordings.

    Args:
        desk: What a feature may use.

    Attributes:
        view: The dock.
        travel: What is shown of the past.
        files: What is done with whole recordings.
        past_sound: What is heard of the past.
    """

    _problem = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.window)
        self._desk = desk
        self._live: LiveRecording | None = None
        self._marks = 0
        self._notes = RunNotes(self._take_run, desk.clock)
        self._problem.connect(self._complain, Qt.ConnectionType.QueuedConnection)
        self.view = TimelineView(desk.theme)
        self._add_dock()
        self.travel = TimeTravel(desk, self.view, self)
        self.files = RecordingFiles(desk, self.travel, self.view.canvas, self)
        self.past_sound = PastSound(desk, self.travel, self)
        self._connect()
        self._add_actions()
        self._show()

    def __repr__(self) -> str:
        return f"<RecordingFeature {self._live!r} {self.travel!r}>"

    def _add_dock(self) -> None:
        window = self._desk.window
        window.add_dock("timeline", "Time line", self.view, Qt.DockWidgetArea.TopDockWidgetArea)
        # Over everything that it governs, and as wide as the window: a line is wide and low.
        window.setCorner(Qt.Corner.TopLeftCorner, Qt.DockWidgetArea.TopDockWidgetArea)
        window.setCorner(Qt.Corner.TopRightCorner, Qt.DockWidgetArea.TopDockWidgetArea)

    def _connect(self) -> None:
        desk = self._desk
        desk.controller.poolChanged.connect(self._pool_changed)
        desk.controller.recordAdded.connect(self._record_added)
        desk.controller.recordEnded.connect(self._record_ended)
        desk.controller.notice.connect(self._noticed)
        desk.bridge.watch(self._take_events)
        desk.bridge.second.connect(self._second)
        desk.bridge.visitChanged.connect(self._visit_changed)
        self._unsubscribe = desk.frames.subscribe(self._take_frame)
        self.view.markRequested.connect(self.set_mark)
        self.travel.changed.connect(self._show)
        errors = desk.window.findChild(ErrorsFeature)
        if errors is not None:
            errors.momentChosen.connect(self._error_chosen)
            errors.momentWanted.connect(self.show_error)
            errors.faultEntered.connect(self._fault_entered)
        lab = desk.window.findChild(StressLab)
        self.lab_past = LabPast(desk, self.travel, lab, self) if lab is not None else None
        if lab is not None:
            lab.asked.connect(self._take_record)
            lab.runningChanged.connect(self._run_changed)
            lab.listeners.append(self._notes)

    async def close(self) -> None:
        """Write what is left and end."""
        self.end()

    def end(self) -> None:
        """Write what is left and end; may take as long as the disk needs, up to a second."""
        self._unsubscribe()
        self.files.end()
        self._stop_recording()
        if self.lab_past is not None:
            self.lab_past.end()
        self.past_sound.end()
        self.travel.end()

    # --- recording ---------------------------------------------------------------------------------------

    @property
    def recording(self) -> bool:
        """Whether this session is being recorded."""
        return self._live is not None and self._live.recorder.running

    def flush(self) -> bool:
        """Have everything so far on the disk; whether that was done."""
        return self._live is not None and self._live.flush()

    def _pool_changed(self, pool: Pool | None) -> None:
        if pool is None:
            return
        begun = self._begin_recording()
        if begun and self._desk.bridge.visiting:
            self._visit_changed(True)
        if self._live is not None:
            self._live.begin_pool(pool.endpoint.url)

    def _visit_changed(self, visiting: bool) -> None:
        """Tell the recording whose pool is on show: that of a run, which speaks to where the one in use does."""
        self._notes.begin()
        if self._live is None:
            return
        if visiting:
            endpoint = self._desk.controller.endpoint.endpoint
            self._live.begin_visit("" if endpoint is None else endpoint.url)
        else:
            self._live.end_visit()

    def _take_run(self, item: Item) -> None:
        if self._live is not None:
            self._live.take_run(item)

    def _begin_recording(self) -> bool:
        """Begin, unless it goes on or is not wanted; whether it began."""
        store, bridge = self._desk.store, self._desk.bridge
        if self._live is not None or not store.get(choices.RECORD):
            return False
        self._live = LiveRecording(
            lambda: bridge.live,
            self._known,
            self._problem.emit,
            clock=self._desk.clock,
            limits=Limits(folder_bytes=store.get(choices.FOLDER_MB) * 1_000_000),
            texts=store.get(choices.TEXTS),
            audio=store.get(choices.AUDIO),
        )
        return True

    def _stop_recording(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.close()

    def _restart_recording(self) -> None:
        """Go on in another session: its first line says what is recorded."""
        pool = self._desk.controller.pool
        self._stop_recording()
        if self.travel.opened is None:
            self.travel.back_to_live()
        self.travel.use_own(None)
        self._pool_changed(pool)
        self._show()

    def _known(self) -> Iterable[Hide]:
        endpoint = self._desk.controller.endpoint.endpoint
        return () if endpoint is None else (endpoint.scrub,)

    def _fault_entered(self, fault: Failure) -> None:
        if self._live is not None:
            self._live.take_fault(fault)

    def _take_events(self, events: list[Event]) -> None:
        if self._live is not None:
            self._live.take(events)

    def _take_frame(self, frame: FrameRecord, content: str) -> None:
        if self._live is not None:
            self._live.take_frame(frame, content)

    def _record_added(self, record: UtteranceRecord) -> None:
        self._take_record(record)
        self._come_live()

    def _come_live(self) -> None:
        """Leave the past for what was just begun: whoever begins something looks at what it does."""
        if not self._desk.bridge.in_past:
            return
        closed = " The recording was closed." if self.travel.opened is not None else ""
        self.travel.back_to_live()
        self._say(f"Back to live: something new was begun.{closed}")

    def _run_changed(self, running: bool) -> None:
        if running:
            self._come_live()

    def _take_record(self, record: UtteranceRecord) -> None:
        if self._live is not None:
            self._live.take_record(record)

    def _record_ended(self, record: UtteranceRecord) -> None:
        if self._live is not None:
            self._live.take_sound(record)

    def _noticed(self, notice: Notice) -> None:
        """Mark what was broken on purpose."""
        if notice.kind == "break" and notice.severity is Severity.INFO and notice.text:
            self.mark_fault(notice.text)

    def _second(self) -> None:
        if self._live is None:
            return
        self._live.take_second()
        self._follow()

    def _follow(self) -> None:
        """Have the time line know what is on the disk by now."""
        files, own = self._live.recorder.files if self._live is not None else (), self.travel.own
        if not files:
            return
        try:
            if own is None:
                self.travel.use_own(Past(Recording(files), own=True))
            elif own.follow(files) and self.view.isVisible() and self.travel.shown is own:
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

    def _error_chosen(self, at: float, _connection_id: int, _context_id: str) -> None:
        """Follow the errors dock while the past is shown; what is live is not left behind by a click."""
        if self._desk.bridge.in_past:
            self.travel.go(at)

    def show_error(self, at: float) -> None:
        """Go to the moment of an error, in monotonic seconds of what is shown, when it was recorded."""
        live = self._live
        # What happened just now is on its way to the disk, which the time line follows once a second.
        if not self._desk.bridge.in_past and live is not None and live.flush(_FLUSH_S):
            self._follow()
        if not self.travel.holds(at):
            self._say("That moment is not in the recording.")
            return
        self._desk.window.bring_up("timeline")
        self.travel.go(at)

    # --- menu --------------------------------------------------------------------------------------------

    def _add_actions(self) -> None:
        window, commands, travel, files = self._desk.window, self._desk.commands, self.travel, self.files
        commands.add_file(Entry("open_recording", "&Open recording…", "Ctrl+O", _quiet(files.choose_file)))
        commands.add_file(Entry("export_recording", "E&xport recording…", "Ctrl+Shift+E", _quiet(files.ask_export)))
        self._switches = [
            self._switch(
                "record", "&Record every session", choices.RECORD, "Kept in a bounded folder on this computer"
            ),
            self._switch("record_texts", "With what is &spoken", choices.TEXTS, "Without it only lengths are recorded"),
            self._switch(
                "record_audio", "With its a&udio", choices.AUDIO, "About 3 MB for a minute of speech at 24 kHz"
            ),
        ]
        commands.add_menu(
            "&Time",
            [
                Entry("past_live", "Back to &live", "Alt+End", travel.back_to_live),
                Entry("past_play", "&Play or pause", "Ctrl+Shift+P", travel.toggle_playing),
                Entry("past_earlier", "Pre&vious error or mark", "Alt+PgUp", lambda: travel.to_trouble(False)),
                Entry("past_later", "&Next error or mark", "Alt+PgDown", lambda: travel.to_trouble(True)),
                Entry("past_mark", "Set a &mark", "Ctrl+Shift+M", self.set_mark),
                None,
                Entry("replay_load", "Repla&y its load…", "Ctrl+Shift+R", _quiet(files.ask_replay)),
                None,
                *self._switches,
                Entry("recordings_folder", "Show the &folder", "", self._show_folder),
            ],
        )
        commands.add_place(Entry("go_timeline", "To the &time line", "Ctrl+9", lambda: window.bring_up("timeline")))

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
            open_outside(folder, self._desk.notifications)
        else:
            self._say("There is no recording yet.")

    # --- showing -----------------------------------------------------------------------------------------

    def _show(self) -> None:
        past = self.travel.shown if self._desk.bridge.in_past else None
        moment = past.clock() if past is not None else ""
        self.view.show_state(moment, playing=self.travel.playing)
        self.view.canvas.show_moment(past.at if past is not None else None)
        self._desk.window.cockpit.legend.show_past(moment)
        title = "Voxgrid" if past is None else f"Voxgrid · the past of {past.name}"
        if title != self._desk.window.windowTitle():
            self._desk.window.setWindowTitle(title)
        self._show_source()

    def _show_source(self) -> None:
        past = self.travel.shown
        if self.travel.opened is None and self._live is None:
            on = self._desk.store.get(choices.RECORD)
            self.view.show_source("Nothing recorded yet" if on else "This session is not recorded", markable=False)
        elif past is None:
            # Where nothing can be written the recorder has ended before there was anything.
            self.view.show_source(
                "Recording begins" if self.recording else "This session is not recorded", markable=False
            )
        else:
            tip = "\n".join([past.summary(), *past.recording.problems[:5]])
            self.view.show_source(past.summary(), tip, markable=self.travel.opened is None and self.recording)

    def _say(self, text: str) -> None:
        self._desk.notifications.post(text, severity=Severity.INFO, key="recording")


def _quiet(act: Callable[[], object]) -> Callable[[], None]:
    """Return an action that returns nothing."""

    def do() -> None:
        act()

    return do
