"""The stress lab at work: from the form to a run, from the run to its pictures."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction

from voxgrid.lab import remembered
from voxgrid.lab.docks import LabDocks
from voxgrid.lab.follower import Follower
from voxgrid.lab.hearing import Hearing
from voxgrid.lab.menu import LabMenu
from voxgrid.lab.preparation import Preparation
from voxgrid.lab.runner import Order, Runner, run_apart, run_here
from voxgrid.models.lab.draft import Draft
from voxgrid.models.lab.estimate import WINDOW, Estimate, choose_where, estimate
from voxgrid.models.lab.lanes import Lanes
from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.words import VERDICT_WORDS, headline, search_sentence
from voxgrid.notifications import Severity
from voxgrid.runs import keeper_for
from voxgrid.settings import BURST_CAP, PRICE
from voxgrid.speech import gate
from voxgrid.speech.control import ControlError, LocalControl
from voxgrid.speech.tasks import Tasks
from voxgrid.views.cost_dialog import CostDialog
from voxgrid.views.lab.lab_view import RUN
from voxpool.errors import LocalServerError, VoxpoolError
from voxpool.events import Event
from voxpool.pool.pool import Pool
from voxpool.stress.control import RunControl
from voxpool.stress.result import RunListener, RunResult, Verdict
from voxpool.stress.shapes import UNITS, Search

if TYPE_CHECKING:
    from voxgrid.bridge import PoolLike
    from voxgrid.features import Desk
    from voxpool.stress.recording import Recording
    from voxpool.stress.scenario import Scenario
    from voxpool.stress.strike import Strike

_logger = logging.getLogger(__name__)

_SETTLE_MS: Final = 250
"""After the last change of the form, before it is estimated."""
_PREPARE_MS: Final = 1500
"""After the window was made, before what a run needs is loaded: the window itself comes first."""
_CHARTS_S: Final = 3.0
"""How long a run waits for its charts to be made: they would hold up the loop that it is measured by."""
_DRAIN_S: Final = 3.0
"""How long the pool in use may take to let go of its connections, which count against the run's."""
_CLOSE_S: Final = 0.6
"""How long a run may take to end by itself when the window closes."""


class StressLab(QObject):
    """Owns the docks of the lab and the run that goes on.

    Args:
        desk: The window.
        here: Runs in the window's loop.
        apart: Runs in a process of its own.

    Attributes:
        listeners: Who else follows every run.

    Signals:
        finished(RunResult): A run is over.
        runningChanged(bool): One began, or is over.
        asked(UtteranceRecord): A run in the window asks for an utterance: its whole text is known here alone.
    """

    finished = Signal(object)
    runningChanged = Signal(bool)
    asked = Signal(object)

    def __init__(self, desk: Desk, *, here: Runner = run_here, apart: Runner = run_apart) -> None:
        super().__init__(desk.window)
        self._desk = desk
        self._here, self._apart = here, apart
        self.listeners: list[RunListener] = []
        self._tasks = Tasks(self._failed)
        self._control: RunControl | None = None
        self._running: asyncio.Task[None] | None = None
        self._follower: Follower | None = None
        self._scenario: Scenario | None = None
        self._estimate: Estimate | None = None
        self._runs = 0
        self._problem = ""
        self._recording: Recording | None = None
        self._head = RunResult(run_id="", name="", began_at=0.0, wall_s=0.0)
        self.docks = LabDocks(desk.window, desk.theme)
        self._menu = LabMenu(self, desk)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._judge)
        self._preparation = Preparation()
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(_PREPARE_MS)
        self._idle.timeout.connect(self._preparation.start)
        self._idle.start()
        self._connect()
        form = self.docks.lab.scenario
        form.show_draft(remembered.draft_from_text(desk.store.get(remembered.DRAFT)))
        form.set_where(desk.store.get(remembered.WHERE))
        self._show_state()

    def __repr__(self) -> str:
        return f"<StressLab {'running' if self.running else 'idle'}, {self._runs} runs so far>"

    # --- state -------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a run goes on."""
        return self._control is not None

    @property
    def picture(self) -> Picture:
        """The run that is shown."""
        return self.docks.picture

    @property
    def draft(self) -> Draft:
        """The scenario in the form."""
        return self.docks.lab.scenario.draft

    def show_draft(self, draft: Draft) -> None:
        """Put another scenario into the form."""
        self.docks.lab.scenario.show_draft(draft)
        self._drafted(draft)

    def scenario(self) -> Scenario:
        """Return the scenario in the form, checked.

        Raises:
            ValueError: In one sentence.
        """
        return self.draft.scenario(remembered.extras_of(self._desk.controller))

    # --- intents -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a run of what is in the form; asks first where it costs money."""
        if self.running:
            return
        self._judge()
        scenario, estimated = self._scenario, self._estimate
        endpoint = self._desk.controller.endpoint
        if scenario is None or estimated is None:
            self.docks.show_scenario()
            return
        if not endpoint.ready or endpoint.endpoint is None:
            self.docks.lab.say_problem(gate.not_ready(endpoint).text)
            return
        if estimated.refusal:
            self.docks.lab.say_problem(estimated.refusal)
            return
        if estimated.paid:
            self._ask(scenario, estimated)
        else:
            self.begin(scenario, estimated)

    def begin(self, scenario: Scenario, estimated: Estimate) -> None:
        """Begin a run that was agreed to."""
        endpoint = self._desk.controller.endpoint.endpoint
        if self.running or endpoint is None:
            return
        self._runs += 1
        self._control = control = RunControl()
        where, why = self._choose_where(estimated)
        picture = _picture_of(scenario, estimated)
        self._follower = follower = Follower(picture, self._desk.clock, self)
        follower.ticked.connect(self._ticked)
        self.docks.show_picture(picture, running=True, search=isinstance(scenario.load, Search))
        self._show_docks()
        self.docks.lab.run.show_where(why)
        self.docks.lab.show_page(RUN)
        self._show_state()
        self.runningChanged.emit(True)
        controller = self._desk.controller
        hearing = Hearing(controller.records, controller.listening, self.asked.emit) if where == WINDOW else None
        control_of_server = controller.local_control
        order = Order(
            scenario=scenario,
            endpoint=endpoint,
            number=self._runs,
            paid=estimated.paid,
            own_price=self._desk.store.get(PRICE),
            cap=estimated.cap if estimated.paid else None,
            strike=_striker(control_of_server),
            token=control_of_server.token if control_of_server is not None else None,
            underflows=lambda: controller.player.underflows,
            attached=self._attached,
            listeners=[follower, self._keep(scenario, endpoint.url), *self.listeners],
            control=control,
            ear=hearing,
            clock=self._desk.clock,
        )
        self._tasks.attach(asyncio.get_event_loop())
        runner = self._here if where == WINDOW else self._apart
        self._running = self._tasks.start(self._run(runner, order, hearing), "stress run")

    def drain(self) -> None:
        """Begin no more; what is under way is heard to its end."""
        self._stop(drain=True, why="It was stopped softly by hand.")

    def stop(self) -> None:
        """End the run at once."""
        self._stop(drain=False, why="It was stopped by hand.")

    def edit_target(self, target: float) -> None:
        """Give the run another target."""
        if self._control is not None:
            with contextlib.suppress(VoxpoolError):
                self._control.edit(target)

    def inspect(self, utterance_id: int) -> None:
        """Show an utterance of the run that is shown, also when its pool is gone."""
        if self.running and self._desk.bridge.visiting:
            self._desk.presenter.inspect(utterance_id)
            return
        shown = self.docks.shown
        if shown is not self.picture and self._desk.bridge.models.lives.get(utterance_id) is not None:
            # The past is shown, and it was known at the moment.
            self._desk.presenter.inspect(utterance_id)
            return
        life = shown.lives.get(utterance_id) if shown.lives is not None else None
        if life is not None:
            self._desk.presenter.show_life(life)

    async def close(self) -> None:
        """End the run, if one goes on."""
        self._settle.stop()
        self._idle.stop()
        self._stop(drain=False, why="The window was closed.")
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=_CLOSE_S)
        await self._tasks.cancel()
        await self._preparation.close()
        self.docks.stop()

    # --- the run -----------------------------------------------------------------------------------------

    async def _run(self, runner: Runner, order: Order, hearing: Hearing | None) -> None:
        result: RunResult | None = None
        self._problem = ""
        try:
            await self._prepare()
            await self._make_room()
            result = await runner(order)
        except VoxpoolError as error:
            self._problem = f"The run could not go on: {error}."
        finally:
            if hearing is not None:
                hearing.close()
            self._desk.bridge.tick()
            self._over(result)

    async def _prepare(self) -> None:
        """Have everything loaded and made before the run begins: what takes long now would be the run's own lag."""
        await self._preparation.ready()
        charts = self.docks.charts
        if charts.complete:
            return
        made = asyncio.Event()
        charts.made.connect(made.set)
        try:
            async with asyncio.timeout(_CHARTS_S):
                await made.wait()
        except TimeoutError:
            _logger.info("the charts were not made within %.0f s", _CHARTS_S)
        finally:
            charts.made.disconnect(made.set)

    async def _make_room(self) -> None:
        """Have the pool in use let go of its connections: they count against the same account as the run's."""
        self._desk.controller.stop_all()
        pool = self._desk.controller.pool
        if pool is None:
            return
        try:
            async with asyncio.timeout(_DRAIN_S):
                await pool.drain()
        except TimeoutError:
            _logger.info("the pool in use did not let go of its connections within %.0f s", _DRAIN_S)

    def _attached(self, pool: PoolLike) -> None:
        picture, frames = self.picture, self._desk.frames
        if isinstance(pool, Pool):
            frames.begin(pool.endpoint.scrub)
            pool.frame_tap = frames.tap
        picture.lanes = Lanes(pool.config.max_connections, pool.config.contexts_per_connection)
        picture.lives = self._desk.bridge.visit(pool).lives

    def _over(self, result: RunResult | None) -> None:
        self._control = None
        self._desk.bridge.come_back()
        result = self._kept(result)
        self.picture.end(result)
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.deleteLater()
        self.docks.end()
        self._show_state()
        self.runningChanged.emit(False)
        self._tell(result)
        self.finished.emit(result)

    def _tell(self, result: RunResult) -> None:
        found = f" {search_sentence(result.search)}" if result.search is not None else ""
        text = f"{result.name}: {VERDICT_WORDS[result.verdict]}. {headline(result)}{found}"
        calm = result.verdict in (Verdict.PASSED, Verdict.ABORTED)
        severity = Severity.INFO if calm else Severity.WARNING
        self._desk.notifications.post(text, hint=" ".join(result.reasons), severity=severity, key="stress")

    def _keep(self, scenario: Scenario, url: str) -> RunListener:
        """Have the run kept from its beginning on: a crash costs its last second at most."""
        self._head = RunResult(
            run_id=uuid.uuid4().hex,
            name=scenario.name,
            began_at=time.time(),
            wall_s=0.0,
            url=url,
            seed=scenario.seed,
            scenario=scenario.to_dict(),
        )
        self._recording = keeper_for(self._desk).begin(self._head)
        return self._recording

    def _kept(self, result: RunResult | None) -> RunResult:
        """Return the result as it is kept: under the number that it began with, and aborted when there is none."""
        if result is None:
            result = replace(self._head, verdict=Verdict.ABORTED, reasons=(self._problem or "It was cut short.",))
        result = replace(result, run_id=self._head.run_id)
        recording, self._recording = self._recording, None
        if recording is not None:
            keeper_for(self._desk).finish(recording, result)
        return result

    def _stop(self, *, drain: bool, why: str) -> None:
        if self._control is not None:
            self._control.stop(drain=drain, why=why)
            self._show_state()

    def _failed(self, name: str, error: BaseException) -> None:
        self._desk.notifications.exception(error, f"The lab's {name}")

    # --- showing -----------------------------------------------------------------------------------------

    def _ticked(self) -> None:
        if self._scenario is not None:
            self.docks.tick(self._unit, editable=not isinstance(self._scenario.load, Search), paid=self._price)

    @property
    def _unit(self) -> str:
        return self.picture.unit

    @property
    def _price(self) -> float | None:
        estimated = self._estimate
        return estimated.usd_per_million if estimated is not None and estimated.paid else None

    def _watch(self, events: list[Event]) -> None:
        if self._follower is not None and self._desk.bridge.visiting:
            self._follower.watch(events)

    def _framed(self, _frame: object) -> None:
        if self._follower is not None:
            self.docks.move(self._follower.now_s)

    def _show_docks(self) -> None:
        """Whoever starts a run from another layout wants to see it."""
        action = self._desk.window.findChild(QAction, "layout_stress")
        if not self._desk.window.docks["stress"].isVisible() and action is not None:
            action.trigger()

    def _show_state(self) -> None:
        control = self._control
        draining = control is not None and control.stopping
        ready = self._scenario is not None and self._desk.controller.endpoint.ready
        self.docks.lab.show_state(running=self.running, draining=draining, ready=ready)
        self._menu.show_state(running=self.running, draining=draining, over=self.picture.result is not None)

    # --- the form ----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        desk, lab = self._desk, self.docks.lab
        lab.startRequested.connect(self.start)
        lab.drainRequested.connect(self.drain)
        lab.stopRequested.connect(self.stop)
        lab.run.targetEdited.connect(self.edit_target)
        lab.scenario.draftChanged.connect(self._drafted)
        lab.scenario.whereChanged.connect(self._moved)
        self.docks.lanes.lanes.chosen.connect(self.inspect)
        self.docks.lanes.lanes.opened.connect(self._open)
        desk.bridge.watch(self._watch)
        desk.bridge.framed.connect(self._framed)
        desk.controller.poolChanged.connect(self._pool_changed)
        for signal in (desk.controller.endpointChanged, desk.controller.voicesChanged, desk.controller.settingsChanged):
            signal.connect(self._changed)

    def _drafted(self, draft: Draft) -> None:
        self._desk.store.set(remembered.DRAFT, remembered.draft_as_text(draft))
        self._settle.start()

    def _moved(self, where: str) -> None:
        self._desk.store.set(remembered.WHERE, where)
        self._settle.start()

    def _changed(self, _what: object) -> None:
        if not self.running:
            self._settle.start()

    def _judge(self) -> None:
        """Say what the form would do, or what is wrong with it."""
        if self.running:
            return
        store, endpoint = self._desk.store, self._desk.controller.endpoint
        self._scenario = self._estimate = None
        try:
            scenario = self.scenario()
            estimated = estimate(scenario, own_price=store.get(PRICE), paid=endpoint.is_paid, cap=store.get(BURST_CAP))
        except (ValueError, VoxpoolError) as error:
            self.docks.lab.say_problem(str(error))
            self.docks.lab.say_estimate("")
        else:
            self._scenario, self._estimate = scenario, estimated
            self.docks.lab.say_problem(estimated.refusal)
            said = [estimated.words, self._choose_where(estimated)[1]]
            if scenario.faults and self._desk.controller.local_control is None:
                said.append("Its faults cannot be set at this endpoint, so the result will be INVALID.")
            self.docks.lab.say_estimate(" ".join(said))
        self._show_state()

    def _choose_where(self, estimated: Estimate) -> tuple[str, str]:
        return choose_where(estimated, self._desk.store.get(remembered.WHERE))

    def _ask(self, scenario: Scenario, estimated: Estimate) -> None:
        dialog = CostDialog(estimated, self._desk.controller.endpoint.choice.title, self._desk.window)
        dialog.accepted.connect(lambda: self.begin(scenario, estimated))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _pool_changed(self, pool: object) -> None:
        if pool is None and self.running:
            self._stop(drain=False, why="The endpoint was changed.")

    def _open(self, utterance_id: int) -> None:
        self.inspect(utterance_id)
        self._desk.window.bring_up("inspector")


def _picture_of(scenario: Scenario, estimated: Estimate) -> Picture:
    config = scenario.pool_config
    model = scenario.load.model if isinstance(scenario.load, Search) else scenario.plan.model
    return Picture(
        name=scenario.name,
        unit=UNITS[model],
        slots=config.slots,
        generations=config.max_generations,
        planned_s=estimated.seconds,
        thresholds=tuple(each.text for each in scenario.conditions),
    )


def _striker(control: LocalControl | None) -> Strike | None:
    """Return what sets faults at the app's own local server, or None while that is not the endpoint."""
    if control is None:
        return None

    async def strike(fault: Mapping[str, Any]) -> None:
        try:
            await control.add(fault)
        except ControlError as error:
            raise LocalServerError(str(error).rstrip(".")) from error

    return strike


def make_lab(desk: Desk) -> StressLab:
    """Add the stress lab to the window."""
    return StressLab(desk)
