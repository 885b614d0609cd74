"""Keeps a local server running for as long as the window wants one.

``voxpool.local`` knows how to start one process and to end it; here one that dies is replaced, on the same port
when that is free, so that a pool which lost its connections finds the server again where it was.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from voxpool.errors import LocalServerError
from voxpool.local import LocalServer
from voxpool.scrub import remember

_logger = logging.getLogger(__name__)
_BACKOFF_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_STEADY_S: Final = 30.0
"""A server that lived this long is not in a crash loop."""


class ServerPhase(StrEnum):
    """What the local server is doing."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"


@dataclass(frozen=True, slots=True)
class LocalServerState:
    """The local server at a moment.

    Attributes:
        phase: What it is doing.
        url: Its base URL while it is ready, else the last one, or "".
        restarts: How often it was replaced.
        why: Why it is not there, as a sentence, or "".
        detail: The last lines of its log when it died.
    """

    phase: ServerPhase
    url: str = ""
    restarts: int = 0
    why: str = ""
    detail: str = ""


class LocalServerSupervisor:
    """Starts, watches and replaces the local server.

    Args:
        on_change: Called on the event loop with every new state.
        arguments: Arguments of ``voxpool serve`` besides the port.
        backoff_s: Delays before each further attempt in a row; the last one repeats.
    """

    def __init__(
        self,
        on_change: Callable[[LocalServerState], None],
        arguments: tuple[str, ...] = ("--timing", "service"),
        backoff_s: tuple[float, ...] = _BACKOFF_S,
    ) -> None:
        self._on_change = on_change
        self._arguments = arguments
        self._backoff_s = backoff_s
        self._server: LocalServer | None = None
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._attempts = 0
        self._port_failed = False
        self._control_token = secrets.token_urlsafe(24)
        remember([self._control_token])
        self.state = LocalServerState(ServerPhase.STOPPED)

    def __repr__(self) -> str:
        return f"<LocalServerSupervisor {self.state.phase} {self.state.url} restarts={self.state.restarts}>"

    @property
    def pid(self) -> int | None:
        """Process id of the running server, or None."""
        return self._server.pid if self._server is not None and self._server.running else None

    @property
    def control_token(self) -> str:
        """What the server wants from whoever breaks it on purpose; known to this process and the server alone."""
        return self._control_token

    async def start(self) -> LocalServerState:
        """Begin to keep a server running; return after the first attempt, whatever became of it."""
        if self._task is None:
            self._tried.clear()
            self._task = asyncio.create_task(self._supervise(), name="local server supervisor")
        await self._tried.wait()
        return self.state

    async def close(self) -> None:
        """End the server; bounded in time."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._server is not None:
            await self._server.close()
            self._server = None
        self._set(LocalServerState(ServerPhase.STOPPED, restarts=self.state.restarts))

    async def _supervise(self) -> None:
        while True:
            try:
                await self._run_once()
            except LocalServerError as error:
                _logger.warning("%s", error)
                self._port_failed = True
                self._lost(f"The local server could not be started: {error}.")
            self._tried.set()
            await asyncio.sleep(self._delay_s())

    async def _run_once(self) -> None:
        """Start a server and wait for its end."""
        old = self.state
        if old.phase is ServerPhase.STOPPED:
            self._set(LocalServerState(ServerPhase.STARTING))
        self._attempts += 1
        server = self._server = LocalServer(
            *self._arguments, "--port", self._port(), environment={"VOXPOOL_CONTROL_TOKEN": self._control_token}
        )
        await server.start()
        self._port_failed = False
        self._set(LocalServerState(ServerPhase.READY, server.url, old.restarts))
        self._tried.set()
        began = time.monotonic()
        code = await server.wait()
        if time.monotonic() - began >= _STEADY_S:
            self._attempts = 0
        await server.close()
        self._lost(f"The local server ended ({_cause(code)}).", "\n".join(server.log_tail))

    def _lost(self, why: str, detail: str = "") -> None:
        state = self.state
        self._set(LocalServerState(ServerPhase.RESTARTING, state.url, state.restarts + 1, why, detail))

    def _port(self) -> str:
        # The old port again, so that a pool finds the server where it was; unless somebody else has it by now.
        if not self.state.url or self._port_failed:
            return "0"
        return str(urlsplit(self.state.url).port)

    def _delay_s(self) -> float:
        # A server that was steady counts as none: its end is the first of a row.
        return self._backoff_s[min(max(1, self._attempts), len(self._backoff_s)) - 1]

    def _set(self, state: LocalServerState) -> None:
        self.state = state
        self._on_change(state)


def _cause(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
