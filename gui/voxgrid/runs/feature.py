"""The feature: makes the dock "Runs" and its menu, and does what is asked there."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu

from voxgrid.models.runs import Compared, Summary
from voxgrid.notifications import Action, Severity
from voxgrid.outside import open_outside
from voxgrid.runs import files
from voxgrid.runs.keeper import RunsKeeper
from voxgrid.views.menus import Entry, make_action
from voxgrid.views.runs.runs_view import RunsView
from voxpool.stress.store import KeptRun

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.views.main_window import MainWindow

_keepers: weakref.WeakKeyDictionary[MainWindow, RunsKeeper] = weakref.WeakKeyDictionary()
_MOST_COMPARED: Final = 6
_DELETED: Final = "runs/deleted"
_TOO_MANY: Final = "runs/too many"


def keeper_for(desk: Desk) -> RunsKeeper:
    """Return the one keeper of a window; whoever asks first has it made."""
    keeper = _keepers.get(desk.window)
    if keeper is None:
        keeper = _keepers[desk.window] = RunsKeeper(desk.notifications, parent=desk.window)
    return keeper


class RunsFeature:
    """The kept runs at work.

    Args:
        desk: What it may use.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.keeper = keeper_for(desk)
        self.view = RunsView(desk.theme)
        self.with_texts = False
        self._deletions: list[list[str]] = []
        dock = desk.window.add_dock("runs", "Runs", self.view, Qt.DockWidgetArea.RightDockWidgetArea)
        # A list needs height, and nobody reads it and the inspector at once.
        desk.window.tabifyDockWidget(desk.window.docks["inspector"], dock)
        self._actions = {entry.name: make_action(desk.window, entry) for entry in self._entries()}
        self._export = self._export_menu()
        self._place_actions()
        self.view.wanted.connect(self.keeper.refresh)
        self.view.openRequested.connect(self.open)
        self.view.chosenChanged.connect(self._enable)
        self.keeper.changed.connect(lambda: self.view.show_runs(self.keeper.runs))
        self._enable()

    async def close(self) -> None:
        """End the work with the disk."""
        await self.keeper.close()

    # --- intents -----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Show the summaries of the chosen runs."""
        for run in self._some("opened"):
            self.keeper.open(run.run_id, self._show)

    def compare(self) -> None:
        """Compare the chosen runs with the oldest of them."""
        if len(self.view.chosen) >= 2:
            chosen = sorted(self._some("compared"), key=lambda run: run.began_at)
            self.keeper.compare([run.run_id for run in chosen], self._show_compared)

    def report(self) -> None:
        """Open the reports of the chosen runs in the browser."""
        for run in self._some("reported"):
            self._open_page([run.run_id], files.report_page)

    def _some(self, done: str) -> list[KeptRun]:
        """Return the chosen runs, the newest ones where they are more than can be looked at, which is then said."""
        chosen = sorted(self.view.chosen, key=lambda run: run.began_at, reverse=True)
        if len(chosen) > _MOST_COMPARED:
            self._desk.notifications.post(
                f"The newest {_MOST_COMPARED} of the {len(chosen)} chosen runs are {done}: more cannot be told apart.",
                severity=Severity.INFO,
                key=_TOO_MANY,
            )
        return chosen[:_MOST_COMPARED]

    def export(self, kind: files.Kind) -> None:
        """Ask for a file and write the chosen run to it."""
        chosen = self.view.chosen
        if len(chosen) == 1:
            self._export_run(chosen[0].run_id, chosen[0].name, kind)

    def rename(self) -> None:
        """Ask for another name."""
        for run in self.view.chosen[:1]:
            self._ask("Rename the run", "Name", run.name, partial(self.keeper.rename, run.run_id))

    def note(self) -> None:
        """Ask for a note."""
        for run in self.view.chosen[:1]:
            self._ask("Note about the run", "Note", run.note, partial(self.keeper.note, run.run_id))

    def delete(self) -> None:
        """Delete the chosen runs; until the window closes they can be taken back."""
        chosen = self.view.chosen
        if not chosen:
            return
        ids = [run.run_id for run in chosen]
        what = f"“{chosen[0].name}” was" if len(chosen) == 1 else f"{len(chosen)} runs were"
        self.keeper.delete(ids, partial(self._deleted, ids, what))

    def undo_delete(self) -> None:
        """Take back what was deleted last."""
        if self._deletions:
            self.keeper.restore(self._deletions.pop())
            self._desk.notifications.resolve(_DELETED)
            self._enable()

    def _deleted(self, ids: list[str], what: str) -> None:
        self._deletions.append(ids)
        self._enable()
        self._desk.notifications.post(
            f"{what} deleted.",
            hint="Ctrl+Z in the list takes that back until the window closes; then it is for good.",
            severity=Severity.INFO,
            key=_DELETED,
            action=Action("Undo", partial(self._undo, ids)),
        )

    def _undo(self, ids: list[str]) -> None:
        """Take one deletion back, also when there were others since."""
        if ids in self._deletions:
            self._deletions.remove(ids)
            self._deletions.append(ids)
            self.undo_delete()

    # --- showing -----------------------------------------------------------------------------------------

    def _show(self, summary: Summary) -> None:
        # What plots takes a while to load, and a window in which nobody looks at a run does not wait for it.
        from voxgrid.views.runs.dialogs import SummaryDialog

        run_id = summary.run_id
        buttons = (
            ("Open &report", "open_report", lambda: self._open_page([run_id], files.report_page)),
            ("&Export…", "export_run", lambda: self._export_run(run_id, summary.name, files.KINDS[0])),
        )
        SummaryDialog(summary, self._desk.theme, buttons, self._desk.window).show()

    def _show_compared(self, compared: Compared) -> None:
        from voxgrid.views.runs.dialogs import CompareDialog

        ids = list(compared.run_ids)
        open_page = ("Open as a &page", "open_comparison", lambda: self._open_page(ids, files.comparison_page))
        CompareDialog(compared, self._desk.theme, (open_page,), self._desk.window).show()

    def _open_page(self, run_ids: list[str], write: files.Write) -> None:
        self.keeper.write(run_ids, write, lambda file: open_outside(file, self._desk.notifications))

    def _export_run(self, run_id: str, name: str, kind: files.Kind) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        suggested = str(Path(folder or Path.home()) / files.suggested_name(name, kind))
        dialog = QFileDialog(self._desk.window, f"Export as {kind.title}", suggested)
        dialog.setNameFilters([f"{each.title} (*{each.suffix})" for each in files.KINDS])
        dialog.selectNameFilter(f"{kind.title} (*{kind.suffix})")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def selected(path: str) -> None:
            chosen = files.kind_of(Path(path), dialog.selectedNameFilter()) or kind
            write = files.export_to(Path(path), chosen, texts=self.with_texts)
            self.keeper.write([run_id], write, self._exported)

        dialog.fileSelected.connect(selected)
        # open() and not exec(): a nested event loop inside the asyncio loop would stall every connection.
        dialog.open()

    def _exported(self, file: Path) -> None:
        show = Action("Show", lambda: open_outside(file.parent, self._desk.notifications))
        self._desk.notifications.post(
            f"Exported to {file}.", severity=Severity.INFO, key=f"runs/exported/{file}", action=show
        )

    def _ask(self, title: str, field: str, text: str, done: Callable[[str], None]) -> None:
        dialog = QInputDialog(self._desk.window)
        dialog.setObjectName("ask_run")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText(field)
        dialog.setTextValue(text)
        dialog.resize(420, dialog.sizeHint().height())
        dialog.textValueSelected.connect(done)
        dialog.open()

    # --- menus -------------------------------------------------------------------------------------------

    def _entries(self) -> tuple[Entry, ...]:
        return (
            Entry("open_run", "&Open the run", "", self.open, "Enter", tip="Show the summary of the chosen run"),
            Entry("compare_runs", "&Compare", "", self.compare, tip="Choose two or more runs with Ctrl or Shift"),
            Entry("run_report", "Open the &report", "", self.report, tip="In the browser, from one file"),
            Entry("rename_run", "Re&name…", "", self.rename),
            Entry("note_run", "No&te…", "", self.note),
            Entry("delete_run", "&Delete", "", self.delete),
            Entry("undo_delete_run", "&Undo delete", "", self.undo_delete, tip="Until the window closes"),
            *(
                Entry(f"export_{kind.name}", f"Export as {kind.title}…", "", partial(self.export, kind))
                for kind in files.KINDS
            ),
            Entry("export_texts", "E&xport with texts", "", self._toggle_texts, checkable=True),
        )

    def _export_menu(self) -> QMenu:
        menu = QMenu(self.view)
        for name, action in self._actions.items():
            if name == "export_texts":
                menu.addSeparator()
            if name.startswith("export_"):
                menu.addAction(action)
        return menu

    def _place_actions(self) -> None:
        acts, commands = self._actions, self._desk.commands
        first = [acts[name] for name in ("open_run", "compare_runs", "run_report")]
        exports = [action for name, action in acts.items() if name.startswith("export_")]
        last = [acts[name] for name in ("rename_run", "note_run", "delete_run", "undo_delete_run")]
        every: list[QAction | None] = [*first, None, *exports, None, *last]
        commands.add_menu("&Runs", [*every])
        commands.add_place(Entry("go_runs", "To the r&uns", "Ctrl+8", lambda: self._desk.window.bring_up("runs")))
        self.view.offer(every)
        self.view.add_button("Open", acts["open_run"])
        self.view.add_button("Compare", acts["compare_runs"])
        self.view.add_button("Report", acts["run_report"])
        self.view.add_button("Export", acts["export_html"], self._export)
        for name, keys in (("rename_run", "F2"), ("delete_run", "Delete"), ("undo_delete_run", "Ctrl+Z")):
            self._key_of_list(acts[name], keys)

    def _key_of_list(self, action: QAction, keys: str) -> None:
        """Give the list a key: in the grid the same key interrupts."""
        own = QAction(action.text(), self.view.list)
        own.setShortcut(keys)
        own.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        own.triggered.connect(action.trigger)
        self.view.list.addAction(own)
        action.setText(f"{action.text()}\t{keys}")

    def _enable(self) -> None:
        count = len(self.view.chosen)
        for name, action in self._actions.items():
            if name == "export_texts":
                continue
            if name == "undo_delete_run":
                action.setEnabled(bool(self._deletions))
                continue
            several = name in ("open_run", "run_report", "delete_run")
            action.setEnabled(count >= 2 if name == "compare_runs" else count >= 1 if several else count == 1)

    def _toggle_texts(self) -> None:
        self.with_texts = self._actions["export_texts"].isChecked()
