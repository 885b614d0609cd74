"""Files of recordings: opened, dropped, exported; and their loads asked for again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog

from voxgrid.notifications import Severity
from voxgrid.recording import choices
from voxgrid.recording.background import Background
from voxgrid.recording.live import recordings_folder
from voxgrid.recording.past import Past
from voxgrid.recording.replaying import plan_of
from voxgrid.views.recording_dialogs import ExportDialog, ReplayDialog
from voxpool.errors import RecordingError
from voxpool.recording.export import FORMATS, Format, export
from voxpool.recording.reader import Recording
from voxpool.recording.replay import Load, load_of
from voxpool.recording.writer import SUFFIX

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.recording.travel import TimeTravel
    from voxgrid.views.timeline_canvas import TimelineCanvas

_FILES: Final = f"Recordings (*{SUFFIX})"


class RecordingFiles(QObject):
    """What is done with whole recordings.

    Args:
        desk: What a feature may use.
        travel: What is shown.
        canvas: Where a stretch is chosen.
        parent: Qt parent.
    """

    def __init__(self, desk: Desk, travel: TimeTravel, canvas: TimelineCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._travel = travel
        self._canvas = canvas
        self._background = Background(self)
        desk.window.setAcceptDrops(True)
        desk.window.installEventFilter(self)

    def end(self) -> None:
        """Begin nothing more."""
        self._desk.window.removeEventFilter(self)
        self._background.close()

    # --- opening -----------------------------------------------------------------------------------------

    def open_file(self, path: Path) -> None:
        """Open somebody's recording and show it."""
        self._background.run(lambda: Recording.open(path), self.show_file, self._not_opened)

    def show_file(self, recording: Recording) -> None:
        """Show a recording that was opened."""
        recording.check_end()
        past = Past(recording, own=False)
        if past.empty:
            self._say(f"{past.name} is a recording in which nothing happened.", Severity.WARNING)
            past.close()
            return
        self._desk.window.bring_up("timeline")
        self._travel.show_file(past)
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

    # --- exporting ---------------------------------------------------------------------------------------

    def ask_export(self) -> ExportDialog | None:
        """Ask what to export."""
        past = self._ready()
        if past is None:
            return None
        store = self._desk.store
        texts = store.get(choices.EXPORT_TEXTS) if past.recording.opening.texts else None
        titles = [kind.title for kind in FORMATS.values()]
        kind, whole_s = store.get(choices.EXPORT_KIND), past.recording.duration_s
        dialog = ExportDialog(titles, kind, texts, whole_s, self._stretch_s(), self._desk.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._ask_where(past, dialog))
        dialog.open()
        return dialog

    def _ask_where(self, past: Past, asked: ExportDialog) -> None:
        kind, texts = list(FORMATS.values())[asked.kind.currentIndex()], asked.texts.isChecked()
        stretch = self._canvas.stretch if asked.of_stretch else None
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

    # --- replaying ---------------------------------------------------------------------------------------

    def ask_replay(self) -> ReplayDialog | None:
        """Ask which load to replay, and how fast."""
        past = self._ready()
        if past is None:
            return None

        def load(of_stretch: bool) -> Load:
            stretch = self._canvas.stretch if of_stretch else None
            return load_of(past.recording.items(*(stretch or (float("-inf"), float("inf")))))

        endpoint = self._desk.controller.endpoint
        where = endpoint.text or endpoint.choice.title
        dialog = ReplayDialog(load, past.recording.duration_s, self._stretch_s(), where, self._desk.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.replay(dialog.load))
        dialog.open()
        return dialog

    def replay(self, load: Load) -> None:
        """Ask for a load again, at the endpoint in use; what costs money is asked about first."""
        self._travel.back_to_live()
        self._desk.controller.propose(plan_of(load, self._desk.controller))

    def _ready(self) -> Past | None:
        past = self._travel.shown
        if past is None or past.empty:
            self._say("Nothing is recorded yet.")
            return None
        return past

    def _stretch_s(self) -> float | None:
        stretch = self._canvas.stretch
        return None if stretch is None else stretch[1] - stretch[0]

    def _say(self, text: str, severity: Severity = Severity.INFO) -> None:
        self._desk.notifications.post(text, severity=severity, key="recording")


def _dropped(event: QDropEvent) -> Path | None:
    for url in event.mimeData().urls():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and path.suffix == SUFFIX:
            return path
    return None
