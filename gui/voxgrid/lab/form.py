"""What stands in the lab's form: remembered, checked a moment after its last change, and estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from voxgrid.lab import remembered
from voxgrid.models.lab.draft import Draft
from voxgrid.models.lab.estimate import Estimate, choose_where, estimate
from voxgrid.settings import BURST_CAP, PRICE
from voxgrid.views.lab.lab_view import LabView
from voxpool.errors import VoxpoolError

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxpool.stress.scenario import Scenario

_SETTLE_MS: Final = 250
"""After the last change of the form, before it is estimated."""


class LabForm(QObject):
    """Follows the form of a lab.

    Args:
        desk: The window.
        view: Holds the form, and says what is wrong with it.

    Attributes:
        scenario: What it was judged to hold, or None while that cannot be run; the run's own while it is held.
        estimate: What that would be, or None.

    Signals:
        judged(): ``scenario`` and ``estimate`` are others.
    """

    judged = Signal()

    def __init__(self, desk: Desk, view: LabView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._view = view
        self._held = False
        self.scenario: Scenario | None = None
        self.estimate: Estimate | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.judge)
        form = view.scenario
        form.draftChanged.connect(self._drafted)
        form.whereChanged.connect(self._moved)
        controller = desk.controller
        for signal in (controller.endpointChanged, controller.voicesChanged, controller.settingsChanged):
            signal.connect(self._changed)
        form.show_draft(remembered.draft_from_text(desk.store.get(remembered.DRAFT)))
        form.set_where(desk.store.get(remembered.WHERE))

    @property
    def draft(self) -> Draft:
        """The scenario in the form."""
        return self._view.scenario.draft

    def show_draft(self, draft: Draft) -> None:
        """Put another scenario into the form."""
        self._view.scenario.show_draft(draft)
        self._drafted(draft)

    def read(self) -> Scenario:
        """Return the scenario in the form, checked.

        Raises:
            ValueError: In one sentence.
        """
        return self.draft.scenario(remembered.extras_of(self._desk.controller))

    def where(self, estimated: Estimate) -> tuple[str, str]:
        """Return where a run goes, and why in a line."""
        return choose_where(estimated, self._desk.store.get(remembered.WHERE))

    def hold(self, on: bool) -> None:
        """Judge nothing while a run goes on: it is about what was in the form when it began."""
        self._held = on

    def stop(self) -> None:
        """Leave no timer."""
        self._settle.stop()

    def judge(self) -> None:
        """Say what the form would do, or what is wrong with it."""
        if self._held:
            return
        store, endpoint = self._desk.store, self._desk.controller.endpoint
        self.scenario = self.estimate = None
        try:
            scenario = self.read()
            estimated = estimate(scenario, own_price=store.get(PRICE), paid=endpoint.is_paid, cap=store.get(BURST_CAP))
        except (ValueError, VoxpoolError) as error:
            self._view.say_problem(str(error))
            self._view.say_estimate("")
        else:
            self.scenario, self.estimate = scenario, estimated
            self._view.say_problem(estimated.refusal)
            self._view.say_estimate(self._said(scenario, estimated))
        self.judged.emit()

    def _said(self, scenario: Scenario, estimated: Estimate) -> str:
        said = f"{estimated.words} {self.where(estimated)[1]}"
        if scenario.faults and self._desk.controller.local_control is None:
            said += " Its faults cannot be set at this endpoint, so the result will be INVALID."
        return said

    def _drafted(self, draft: Draft) -> None:
        self._desk.store.set(remembered.DRAFT, remembered.draft_as_text(draft))
        self._settle.start()

    def _moved(self, where: str) -> None:
        self._desk.store.set(remembered.WHERE, where)
        self._settle.start()

    def _changed(self, _what: object) -> None:
        if not self._held:
            self._settle.start()
