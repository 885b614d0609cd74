"""The stress lab at work: from the form to a run, from the run to its pictures."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction

from voxgrid.lab.docks import LabDocks
from voxgrid.lab.follower import Follower
from voxgrid.lab.form import LabForm
from voxgrid.lab.hearing import Hearing
from voxgrid.lab.keeping import Keeping
from voxgrid.lab.menu import LabMenu
from voxgrid.lab.preparation import Preparation
from voxgrid.lab.runner import Order, Runner, run_apart, run_here
from voxgrid.lab.strike import striker
from voxgrid.models.lab.draft import Draft
from voxgrid.models.lab.estimate import WINDOW, Estimate
from voxgrid.models.lab.lanes import Lanes
from voxgrid.models.lab.picture import Picture
from voxgrid.models.lab.words import VERDICT_WORDS, headline, search_sentence
from voxgrid.notifications import Severity
from voxgrid.settings import PRICE
from voxgrid.speech import gate
from voxgrid.speech.tasks import Tasks
from voxgrid.views.cost_dialog import CostDialog
from voxgrid.views.lab.lab_view import RUN
from voxpool.errors import VoxpoolError
from voxpool.events import Event
from voxpool.pool.pool import Pool
from voxpool.stress.control import RunControl
from voxpool.stress.result import RunListener, RunResult, Verdict
from voxpool.stress.shapes import UNITS, Burst, Search

if TYPE_CHECKING:
    from voxgrid.bridge import PoolLike
    from voxgrid.features import Desk
    from voxpool.stress.scenario import Scenario

_logger = logging.getLogger(__name__)

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
        self._runs = 0
        self._problem = ""
        self._keeping = Keeping(desk)
        self.docks = LabDocks(desk.window, desk.theme)
        self._menu = LabMenu(self, desk)
        self.form = LabForm(desk, self.docks.lab, self)
        self._preparation = Preparation()
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(_PREPARE_MS)
        self._idle.timeout.connect(self._preparation.start)
        self._idle.start()
        self._connect()
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
        return self.form.draft

    def show_draft(self, draft: Draft) -> None:
        """Put another scenario into the form."""
        self.form.show_draft(draft)

    def scenario(self) -> Scenario:
        """Return the scenario in the form, checked.

        Raises:
            ValueError: In one sentence.
        """
        return self.form.read()

    # --- intents -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a run of what is in the form; asks first where it costs money."""
        if self.running:
            return
        self.form.judge()
        scenario, estimated = self.form.scenario, self.form.estimate
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
        self.form.hold(True)
        where, why = self.form.where(estimated)
        picture = _picture_of(scenario, estimated)
        self._follower = follower = Follower(picture, self._desk.clock, self)
        follower.ticked.connect(self._ticked)
        self.docks.show_picture(picture, running=True)
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
            strike=striker(control_of_server),
            token=control_of_server.token if control_of_server is not None else None,
            underflows=lambda: controller.player.underflows,
            attached=partial(self._attached, apart=where != WINDOW),
            listeners=[follower, self._keeping.begin(scenario, endpoint.url), *self.listeners],
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
        self.form.stop()
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

    def _attached(self, pool: PoolLike, *, apart: bool) -> None:
        picture, frames = self.picture, self._desk.frames
        if isinstance(pool, Pool):
            frames.begin(pool.endpoint.scrub)
            pool.frame_tap = frames.tap
        picture.lanes = Lanes(pool.config.max_connections, pool.config.contexts_per_connection)
        picture.lives = self._desk.bridge.visit(pool, apart=apart).lives

    def _over(self, result: RunResult | None) -> None:
        self._control = None
        self.form.hold(False)
        self._desk.bridge.come_back()
        result = self._keeping.finish(result, self._problem)
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

    def _stop(self, *, drain: bool, why: str) -> None:
        if self._control is not None:
            self._control.stop(drain=drain, why=why)
            self._show_state()

    def _failed(self, name: str, error: BaseException) -> None:
        self._desk.notifications.exception(error, f"The lab's {name}")

    # --- showing -----------------------------------------------------------------------------------------

    def _ticked(self) -> None:
        scenario = self.form.scenario
        if scenario is not None:
            self.docks.tick(self._unit, editable=not scenario.load.fixed and self._in_time)

    @property
    def _unit(self) -> str:
        return self.picture.unit

    @property
    def _in_time(self) -> bool:
        """Whether somebody may still begin: neither is the run stopping nor its load over."""
        control, picture = self._control, self.picture
        over = picture.planned_s is not None and picture.line.ends_s >= picture.planned_s
        return control is not None and not control.stopping and not over

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
        ready = self.form.scenario is not None and self._desk.controller.endpoint.ready
        self.docks.lab.show_state(running=self.running, draining=draining, ready=ready)
        self._menu.show_state(running=self.running, draining=draining, over=self.picture.result is not None)

    # --- wiring ------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        desk, lab = self._desk, self.docks.lab
        lab.startRequested.connect(self.start)
        lab.drainRequested.connect(self.drain)
        lab.stopRequested.connect(self.stop)
        lab.run.targetEdited.connect(self.edit_target)
        self.form.judged.connect(self._show_state)
        self.docks.lanes.lanes.chosen.connect(self.inspect)
        self.docks.lanes.lanes.opened.connect(self._open)
        desk.bridge.watch(self._watch)
        desk.bridge.framed.connect(self._framed)
        desk.controller.poolChanged.connect(self._pool_changed)

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
        targeted=not isinstance(scenario.load, Burst),
        paid=estimated.paid,
        search=isinstance(scenario.load, Search),
    )


def make_lab(desk: Desk) -> StressLab:
    """Add the stress lab to the window."""
    return StressLab(desk)
