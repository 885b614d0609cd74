"""The menu Stress: every action of the lab with its key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu

from voxgrid.models.lab.draft import FILE, draft_of
from voxgrid.notifications import Severity
from voxgrid.views.menus import Entry, make_action
from voxgrid.views.save_dialog import suggested_name
from voxpool.errors import VoxpoolError
from voxpool.stress.export.trace import write_trace
from voxpool.stress.scenario import Scenario, read_scenario
from voxpool.stress.scenarios import bundled, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from voxgrid.features import Desk
    from voxgrid.lab.lab import StressLab

TITLE = "&Stress"


class LabMenu:
    """Adds the menu and does what needs a file.

    Args:
        lab: The lab.
        desk: The window.
    """

    def __init__(self, lab: StressLab, desk: Desk) -> None:
        self._lab = lab
        self._desk = desk
        docks, window = lab.docks, desk.window
        lanes = docks.lanes.lanes
        self.menu = desk.commands.add_menu(
            TITLE,
            [
                Entry("stress_start", "&Start the run", "F5", lab.start),
                Entry("stress_drain", "Stop s&oftly", "Shift+F5", lab.drain, tip="Begin no more, hear the rest"),
                Entry("stress_stop", "Stop &now", "Ctrl+F5", lab.stop),
                None,
                Entry("stress_pause", "&Pause the view", "Alt+Shift+P", docks.charts.pause.toggle),
                Entry("stress_reset_zoom", "&Reset the zoom of the charts", "Alt+Shift+0", docks.charts.reset_zoom),
                Entry("stress_follow", "&Follow the lanes live", "", lambda: lanes.set_follow(True), "End"),
                Entry("stress_all_rows", "Show &all lanes", "", lambda: lanes.show_row(None)),
                None,
                Entry("stress_open", "&Open a scenario…", "Alt+Shift+O", self.open),
                Entry("stress_save", "Sa&ve the scenario…", "Alt+Shift+S", self.save),
                None,
                Entry("stress_save_charts", "Save the &charts…", "", self.save_charts),
                Entry("stress_save_trace", "Save as Chrome &trace…", "", self.save_trace),
            ],
        )
        self._actions = {action.objectName(): action for action in self.menu.actions()}
        self._add_bundled()
        desk.commands.add_place(Entry("go_stress", "To the stress &lab", "", lambda: window.bring_up("stress")))
        form = docks.lab.scenario
        form.openRequested.connect(self.open)
        form.saveRequested.connect(self.save)
        form.fileRequested.connect(self.choose_texts)
        docks.charts.saveRequested.connect(self.save_charts)
        docks.lanes.traceRequested.connect(self.save_trace)

    def show_state(self, *, running: bool, draining: bool, over: bool) -> None:
        """Offer what makes sense now."""
        self._actions["stress_start"].setEnabled(not running)
        self._actions["stress_drain"].setEnabled(running and not draining)
        self._actions["stress_stop"].setEnabled(running)
        self._actions["stress_open"].setEnabled(not running)
        self._actions["stress_save_trace"].setEnabled(over)
        for action in self._bundled:
            action.setEnabled(not running)

    # --- files -------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Ask for a scenario's file and show it in the form."""
        self._ask_file("Open a scenario", "Scenarios (*.toml);;All files (*)", self.load)

    def load(self, path: Path) -> None:
        """Show a scenario's file in the form; one that cannot be used changes nothing and is explained."""
        try:
            scenario = read_scenario(path)
        except VoxpoolError as error:
            self._say(f"{error}.")
        else:
            self._show(scenario, path)

    def save(self) -> None:
        """Ask for a file and write the scenario into it."""
        try:
            scenario = self._lab.scenario()
        except (ValueError, VoxpoolError) as error:
            self._lab.docks.lab.say_problem(str(error))
            return
        self._ask_where("Save the scenario", scenario.name, "toml", "Scenarios (*.toml)",
                        lambda path: self._write(path, lambda: _write_text(path, scenario.to_toml())))  # fmt: skip

    def choose_texts(self) -> None:
        """Ask for the file of texts."""

        def take(path: Path) -> None:
            from dataclasses import replace

            self._lab.show_draft(replace(self._lab.draft, texts=FILE, file=str(path)))

        self._ask_file("Texts, one on each line", "Texts (*.txt);;All files (*)", take)

    def save_charts(self) -> None:
        """Ask for a file and write the charts into it."""

        def write(path: Path) -> None:
            problem = self._lab.docks.charts.save_picture(path)
            self._say(problem or f"Saved {path.name}.", Severity.ERROR if problem else Severity.INFO)

        name = self._lab.picture.name or "charts"
        self._ask_where("Save the charts", name, "png", "PNG (*.png);;SVG (*.svg)", write)

    def save_trace(self) -> None:
        """Ask for a file and write the run that is shown into it as a Chrome trace."""
        result = self._lab.picture.result
        if result is None:
            self._say("There is no finished run to save yet: start one, and save it when it is over.")
            return
        self._ask_where("Save as Chrome trace", result.name, "json", "Chrome trace (*.json)",
                        lambda path: self._write(path, lambda: write_trace(result, path)))  # fmt: skip

    # --- inside ------------------------------------------------------------------------------------------

    def _add_bundled(self) -> None:
        more = QMenu("&Bundled scenarios", self.menu)
        self._bundled: list[QAction] = []
        for name in names():
            scenario = bundled(name)
            entry = Entry(f"scenario_{name}", scenario.name, "", self._shower(scenario), tip=scenario.description)
            action = make_action(self._desk.window, entry)
            action.setProperty("menu", "Stress")
            more.addAction(action)
            self._bundled.append(action)
        self.menu.insertMenu(self._actions["stress_open"], more)

    def _shower(self, scenario: Scenario) -> Callable[[], None]:
        return lambda: self._show(scenario, None)

    def _show(self, scenario: Scenario, path: Path | None) -> None:
        self._lab.show_draft(draft_of(scenario, path))
        self._lab.docks.show_scenario()

    def _ask_file(self, title: str, kinds: str, take: Callable[[Path], Any]) -> None:
        dialog = QFileDialog(self._desk.window, title, "", kinds)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: take(Path(path)))
        dialog.open()

    def _ask_where(self, title: str, name: str, suffix: str, kinds: str, write: Callable[[Path], Any]) -> None:
        dialog = QFileDialog(self._desk.window, title, f"{suggested_name(name)}.{suffix}", kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kind.rpartition(".")[2].rstrip(")")))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: write(Path(path)))
        dialog.open()

    def _write(self, path: Path, write: Callable[[], Any]) -> None:
        try:
            write()
        except OSError as error:
            self._say(f"{path.name} could not be written: {error.strerror or error}.")
        else:
            self._say(f"Saved {path.name}.", Severity.INFO)

    def _say(self, text: str, severity: Severity = Severity.ERROR) -> None:
        self._desk.notifications.post(text, severity=severity, key="stress/file")


def _write_text(path: Path, content: str) -> None:
    path.write_text(content, "utf-8")
