"""Whether this machine's own speech, and not the pool, is what utterances wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from voxgrid.speech.tasks import Tasks

HEALTH_PATH: Final = "/voxgrid/v1/health"
_EVERY_S: Final = 1.0
_SLOW_MS: Final = 400.0
"""A synthesis that waits longer than this for a free worker is felt in the time to first audio."""


@dataclass(frozen=True, slots=True)
class LocalLoad:
    """The local server's speech engine that is worst off.

    Attributes:
        engine: Its name, or "".
        queued: Syntheses that wait for a worker.
        oldest_ms: How long the oldest of them has waited, in milliseconds.
        busy: Workers that speak.
        workers: Workers there are.
    """

    engine: str = ""
    queued: int = 0
    oldest_ms: float = 0.0
    busy: int = 0
    workers: int = 0

    @property
    def is_bottleneck(self) -> bool:
        """Whether utterances are late because of this machine."""
        return self.oldest_ms >= _SLOW_MS

    @property
    def hint(self) -> str:
        """What to think of it, and to try."""
        lighter = "" if self.engine == "eSpeak" else "; eSpeak voices are lighter"
        return f"Latencies now say more about this machine than about the pool{lighter}."

    def __str__(self) -> str:
        return (
            f"Local speech is the bottleneck: {self.queued} texts wait for {self.workers} {self.engine} "
            f"worker{'s' if self.workers != 1 else ''}, the oldest for {self.oldest_ms / 1e3:.1f} s."
        )


class LoadProbe:
    """Asks a local server how it is, over one kept connection.

    Args:
        url: Base URL of the server.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2.0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def read(self) -> LocalLoad:
        """Return the load; an idle one when the server does not answer or says something else."""
        assert self._session is not None  # noqa: S101 - inside the block
        try:
            async with self._session.get(self._url + HEALTH_PATH) as answer:
                return parse(await answer.json())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return LocalLoad()


class LoadWatch:
    """Asks about once a second while something runs, and not at all otherwise.

    Args:
        tasks: Where it runs.
        busy: Whether something runs.
        on_load: Told of every reading.
    """

    def __init__(self, tasks: Tasks, busy: Callable[[], bool], on_load: Callable[[LocalLoad], None]) -> None:
        self._tasks = tasks
        self._busy = busy
        self._on_load = on_load
        self._task: asyncio.Task[None] | None = None

    def see_to(self, url: str) -> None:
        """Watch the server at a base URL, if that is not done already."""
        if self._task is None or self._task.done():
            self._task = self._tasks.start(self._watch(url), "watch local speech")

    async def _watch(self, url: str) -> None:
        async with LoadProbe(url) as probe:
            while self._busy():
                await asyncio.sleep(_EVERY_S)
                self._on_load(await probe.read())
        self._on_load(LocalLoad())


def parse(health: Any) -> LocalLoad:
    """Return the engine whose oldest text waits longest, from the server's answer; anything missing counts as 0."""
    synthesis = health.get("synthesis") if isinstance(health, dict) else None
    engines = synthesis.get("engines") if isinstance(synthesis, dict) else None
    if not isinstance(engines, dict):
        return LocalLoad()
    loads = [_engine(name, each) for name, each in engines.items() if isinstance(each, dict)]
    return max(loads, key=lambda load: (load.oldest_ms, load.queued, load.busy), default=LocalLoad())


def _engine(name: str, health: dict[str, Any]) -> LocalLoad:
    def figure(key: str) -> float:
        value = health.get(key)
        return float(value) if isinstance(value, int | float) else 0.0

    return LocalLoad(
        {"espeak": "eSpeak"}.get(name, name),
        int(figure("queueDepth")),
        figure("oldestQueuedMs"),
        int(figure("busyWorkers")),
        int(figure("workers")),
    )
