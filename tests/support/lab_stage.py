"""The stress lab in the whole window, with a run that a test moves by hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from support.fake_events import FakePool
from support.fake_run import THRESHOLDS, fake_marks, fake_result, fake_ticks
from voxgrid.lab import StressLab, remembered
from voxgrid.lab.runner import Order
from voxpool.config import Endpoint
from voxpool.errors import VoxpoolError
from voxpool.stress.result import RunResult, Verdict


class FakeRunner:
    """Stands where the engine does: attaches a made-up pool, then does what the test says."""

    def __init__(self) -> None:
        self.order: Order | None = None
        self.pool = FakePool(seed=5)
        self.edits: list[float] = []
        self.result = fake_result()
        self._ended = asyncio.Event()
        self._error: VoxpoolError | None = None
        self._ticks = list(fake_ticks(60))
        self._marks = list(fake_marks(60))

    async def __call__(self, order: Order) -> RunResult:
        self.order = order
        self.pool.now = order.clock()
        order.attached(self.pool)
        order.control.listen(self.edits.append, self._stopped)
        await self._ended.wait()
        if self._error is not None:
            raise self._error
        return self.result

    def go(self, ticks: int) -> None:
        """Let the run go on by so many quarter seconds."""
        for tick in self._ticks[:ticks]:
            for listener in self.order.listeners:
                while self._marks and self._marks[0].at_s <= tick.at_s and listener is self.order.listeners[0]:
                    listener.on_mark(self._marks.pop(0))
                listener.on_tick(tick)
        del self._ticks[:ticks]

    def end(self, error: VoxpoolError | None = None) -> None:
        """The run is over."""
        self._error = error
        self._ended.set()

    def _stopped(self) -> None:
        control = self.order.control
        if not control.draining:
            self.result = replace(self.result, verdict=Verdict.ABORTED, reasons=(control.why,))
            self._ended.set()


def lab_of(parts) -> StressLab:
    """Return the lab of a window."""
    return next(feature for feature in parts.features if isinstance(feature, StressLab))


def make_ready(parts, *, url: str = "http://127.0.0.1:9") -> StressLab:
    """Let the window believe that its endpoint is ready, and return its lab, without thresholds of its own."""
    from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, EndpointState

    lab = lab_of(parts)
    choice = EndpointChoice(EndpointKind.CUSTOM, url=url)
    state = EndpointState(choice, Endpoint(url), ready=True, text="Local server")
    parts.controller._link = FakeLink(state)
    parts.controller.store.set(remembered.WHERE, "window")
    lab.show_draft(replace(lab.draft, thresholds="\n".join(THRESHOLDS)))
    lab.form.judge()
    return lab


class FakeLink:
    """What the controller asks for its endpoint, without one."""

    def __init__(self, state) -> None:
        self.state = state
        self.pool = None
        self.server = None
        self.voices = ()
