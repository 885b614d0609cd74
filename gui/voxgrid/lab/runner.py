"""Runs a scenario on a pool of its own: in the window's loop, or in another process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from voxpool.config import Endpoint, PoolConfig
from voxpool.events import (
    EventStream,
    FirstAudio,
    SlotChanged,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)
from voxpool.pool.pool import Pool

if TYPE_CHECKING:
    from voxgrid.bridge import PoolLike
    from voxpool.stress.callers import Ear
    from voxpool.stress.control import RunControl
    from voxpool.stress.result import RunListener, RunResult
    from voxpool.stress.scenario import Scenario
    from voxpool.stress.strike import Strike

CLOSE_S: Final = 1.0
"""How long the pool of a run may take to close."""
_HELD: Final = 10_000
_NUMBERED: Final = (
    SlotChanged,
    UtteranceQueued,
    UtteranceGranted,
    FirstAudio,
    UtteranceRetried,
    UtteranceEnded,
)
_NUMBERS: Final = 100_000
"""Utterances of one run are numbered from the next multiple of this on: no other pool's have these numbers."""


@dataclass(kw_only=True)
class Order:
    """A run to be run.

    Attributes:
        scenario: What to do.
        endpoint: Where.
        number: Serial number of the run in this window, from 1.
        paid: Whether characters cost money there.
        own_price: US dollars for a million characters, or 0 for list prices.
        cap: Most characters, or None.
        strike: Sets faults at the local server, or None.
        token: Control token of the local server for a run in another process, or None.
        underflows: Returns the underflows of the sound device so far.
        attached: Told of the pool before anything happens on it.
        listeners: Who follows.
        control: Steers it.
        ear: Hears its utterances, or None.
        clock: Monotonic seconds.
    """

    scenario: Scenario
    endpoint: Endpoint
    number: int
    paid: bool
    own_price: float
    cap: int | None
    strike: Strike | None
    token: str | None
    underflows: Callable[[], int]
    attached: Callable[[PoolLike], None]
    listeners: Sequence[RunListener]
    control: RunControl
    ear: Ear | None
    clock: Callable[[], float] = time.monotonic


class Runner(Protocol):
    """Runs an order to its end."""

    async def __call__(self, order: Order) -> RunResult:
        """Return what was measured.

        Raises:
            VoxpoolError: If it could not run, as a sentence.
        """


async def run_here(order: Order) -> RunResult:
    """Run in this loop."""
    # Not before it is needed: what measures a run takes a while to load.
    from voxpool.stress.engine import Engine, Surroundings
    from voxpool.stress.honesty import BareLoop

    pool = Pool(order.endpoint, pool_config(order.scenario), clock=order.clock, number_from=order.number * _NUMBERS)
    around = Surroundings(
        url=order.endpoint.url,
        paid=order.paid,
        own_price=order.own_price,
        most_characters=order.cap,
        bare=BareLoop(),
        strike=order.strike,
        underflows=order.underflows,
        clock=order.clock,
        environment={"where": "window"},
        ear=order.ear,
    )
    engine = Engine(pool, order.scenario, around, listeners=order.listeners, control=order.control)
    order.attached(pool)
    async with pool:
        return await engine.run()


async def run_apart(order: Order) -> RunResult:
    """Run in a process of its own."""
    from voxpool.stress.process import RunProcess

    process = RunProcess(
        order.scenario,
        order.endpoint,
        listeners=order.listeners,
        control=order.control,
        paid=order.paid,
        own_price=order.own_price,
        most_characters=order.cap,
        control_token=order.token,
    )
    order.attached(Renumbered(process, order.number * _NUMBERS))
    async with process:
        return await process.result()


class Renumbered:
    """Another pool's events with other numbers for its utterances: here they would be those of the pool in use.

    Args:
        pool: The other pool.
        by: What is added to each number.
    """

    def __init__(self, pool: PoolLike, by: int) -> None:
        self.config = pool.config
        self.events = EventStream()
        self._by = by
        self._taken = pool.events.subscribe(_HELD, self._pass_on)

    def _pass_on(self) -> None:
        for event in self._taken.drain():
            if isinstance(event, _NUMBERED):
                event = replace(event, utterance_id=event.utterance_id + self._by)
            self.events.emit(event)


def pool_config(scenario: Scenario) -> PoolConfig:
    """Return how the pool of a run behaves: as the scenario says, and closed in a second."""
    config = scenario.pool_config
    return replace(config, close_timeout_s=CLOSE_S) if "close_timeout_s" not in scenario.pool else config
