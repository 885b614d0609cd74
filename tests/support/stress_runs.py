"""Runs of the stress lab in virtual time, on the fake service."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from support.fake_transport import FakeContext, FakeService
from support.pools import open_pool
from voxpool.stress.control import RunControl
from voxpool.stress.engine import Engine, Surroundings
from voxpool.stress.result import RunResult
from voxpool.stress.scenario import scenario_from


async def measured(
    load: dict[str, Any],
    service: FakeService | None = None,
    *,
    control: RunControl | None = None,
    listeners: tuple[Any, ...] = (),
    around: dict[str, Any] | None = None,
    **more: Any,
) -> RunResult:
    """Run a scenario on a fake service, to its end, and check that nothing is left behind."""
    loop = asyncio.get_running_loop()
    scenario = scenario_from({"load": load, **more})
    config = {"close_timeout_s": 1.0} | dict(scenario.pool)
    async with open_pool(service or FakeService(), **config) as (pool, _):
        surroundings = Surroundings(clock=loop.time, **(around or {}))
        return await Engine(pool, scenario, surroundings, listeners=listeners, control=control).run()


def generating_at_most(limit: int, **options: Any) -> FakeService:
    """Return a service that speaks for so many contexts at once; the others wait their turn."""
    service = FakeService(**options)
    lasts_s = service.first_audio_s + service.chunk_s * (service.chunks + 1)
    waiting: deque[tuple[FakeContext, str]] = deque()
    busy = 0

    def speak(context: FakeContext, text: str) -> None:
        nonlocal busy
        context.busy = True
        if busy >= limit:
            waiting.append((context, text))
            return
        busy += 1
        service.speak(context, text)
        asyncio.get_running_loop().call_later(lasts_s, done)

    def done() -> None:
        nonlocal busy
        busy -= 1
        if waiting:
            speak(*waiting.popleft())

    service.on_speak = speak
    return service
