"""The dock of the stress lab: the scenario on one page, the run on the other, and what starts and stops it below."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from voxgrid.theme import Theme
from voxgrid.views.lab.run_view import RunView
from voxgrid.views.lab.scenario_view import ScenarioView
from voxgrid.views.widgets import say, sentence

SCENARIO, RUN = range(2)


class LabView(QWidget):
    """Both pages.

    Args:
        theme: Colours.

    Signals:
        startRequested(): Begin the run.
        drainRequested(): Begin no more; what is under way is heard to its end.
        stopRequested(): End it at once.
    """

    startRequested = Signal()
    drainRequested = Signal()
    stopRequested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stress")
        self._estimated = ""
        self.scenario = ScenarioView()
        self.run = RunView(theme)
        self.tabs = QTabBar()
        self.tabs.setObjectName("lab_tabs")
        self.tabs.setAccessibleName("Scenario or run")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab("Scenario")
        self.tabs.addTab("Run")
        pages = QStackedWidget()
        pages.addWidget(self.scenario)
        pages.addWidget(self.run)
        self.tabs.currentChanged.connect(pages.setCurrentIndex)
        self.tabs.currentChanged.connect(lambda _: self.say_estimate(self._estimated))
        self.problem = sentence("lab_problem")
        self.estimate = sentence("lab_estimate", "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.tabs)
        column.addWidget(pages, 1)
        below = QVBoxLayout()
        below.setContentsMargins(12, 2, 12, 10)
        below.setSpacing(6)
        below.addWidget(self.problem)
        below.addWidget(self.estimate)
        below.addLayout(self._buttons())
        column.addLayout(below)
        self.setFocusProxy(self.scenario.load)
        self.show_state(running=False, draining=False, ready=False)

    def show_state(self, *, running: bool, draining: bool, ready: bool) -> None:
        """Offer what makes sense now.

        Args:
            running: Whether a run goes on.
            draining: Whether it begins no more.
            ready: Whether one could begin.
        """
        self.start.setVisible(not running)
        self.start.setEnabled(ready)
        self.drain.setVisible(running)
        self.drain.setEnabled(running and not draining)
        self.drain.setText("Draining…" if draining else "Stop softly")
        self.stop.setVisible(running)
        self.scenario.set_editable(not running)

    def show_page(self, page: int) -> None:
        """Show ``SCENARIO`` or ``RUN``."""
        self.tabs.setCurrentIndex(page)

    def say_problem(self, text: str) -> None:
        """Say why no run can begin, or nothing."""
        say(self.problem, text)

    def say_estimate(self, text: str) -> None:
        """Say what a run would be, beside the scenario."""
        self._estimated = text
        say(self.estimate, text if self.tabs.currentIndex() == SCENARIO else "")

    def sizeHint(self) -> QSize:
        """Return the width of the dock."""
        return QSize(290, 560)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.start = self._button("Start  F5", "lab_start", "primary", self.startRequested, "Start the run")
        self.drain = self._button(
            "Stop softly", "lab_drain", "", self.drainRequested, "Begin no more, hear the rest (Shift+F5)"
        )
        self.stop = self._button("Stop now", "lab_stop", "danger", self.stopRequested, "End the run now (Ctrl+F5)")
        for button in (self.start, self.drain, self.stop):
            row.addWidget(button, 1)
        return row

    def _button(self, text: str, name: str, role: str, asked: object, tip: str) -> QPushButton:
        made = QPushButton(text)
        made.setObjectName(name)
        made.setAccessibleName(tip)
        made.setToolTip(tip)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if role:
            made.setProperty("role", role)
        made.clicked.connect(asked)
        return made
