"""A worker process, seen from the server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from typing import Any, Final

from voxpool.server.engines import framing
from voxpool.server.speech import EngineFailed, Speech, SpeechRequest, WorkerDied

_logger = logging.getLogger(__name__)
_READY_TIMEOUT_S: Final = 60.0
_END_TIMEOUT_S: Final = 0.5
_PRIVATE: Final = {"ORT_DISABLE_TELEMETRY": "1"}
"""For the environment of a worker: since 1.29 ONNX Runtime gives the user's machine an id, and tells its maker which
models are run there and how, unless this is set before it is loaded."""


class Worker:
    """One process that speaks one text at a time.  It is started by its first use, or before, and again if it dies.

    Args:
        engine: Name of its engine.
        niceness: How much it yields to others (POSIX).
    """

    def __init__(self, engine: str, niceness: int = 0) -> None:
        self._engine = engine
        self._niceness = niceness
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._number = 0
        self.restarts = 0

    def __repr__(self) -> str:
        return f"<Worker {self._engine} pid={self.pid} restarts={self.restarts}>"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ready(self) -> None:
        """Start the process if it does not run, and wait until it has loaded its engine.

        Raises:
            EngineFailed: If it cannot be started or loaded.
        """
        if self._starting is None or (self._starting.done() and self.pid is None):
            self._starting = asyncio.create_task(self._start(), name=f"start {self._engine} worker")
        # One start for everyone who waits for it; a caller who gives up does not end it for the others.
        await asyncio.shield(self._starting)

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak a text.  One at a time: the caller sees to that.

        Raises:
            EngineFailed: If the engine could not speak it.
            WorkerDied: If the process ended meanwhile.
        """
        await self.ready()
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        self._number += 1
        try:
            process.stdin.write(framing.pack(framing.request_header(self._number, request)))
            header, pcm = await framing.read_async(process.stdout)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            await self._end(process)
            raise WorkerDied(f"the {self._engine} worker ended while it spoke") from error
        except asyncio.CancelledError:
            # Its answer would be taken for the next one's.
            process.kill()
            raise
        if "error" in header:
            raise EngineFailed(header["error"])
        return framing.speech_of(header, pcm)

    async def close(self) -> None:
        """End the process."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._process is not None:
            await self._end(self._process)

    async def _start(self) -> None:
        if self._process is not None:
            self.restarts += 1
            _logger.warning("the %s worker ended (exit code %s) and is started again", *self._last())
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                f"{__package__}.worker",
                self._engine,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                close_fds=True,
                env={**os.environ, **_PRIVATE},
                **options,
            )
        except OSError as error:
            raise EngineFailed(f"the {self._engine} worker could not be started: {error.strerror}") from error
        self._process = process
        try:
            await self._await_ready(process)
        except BaseException:
            process.kill()
            raise

    async def _await_ready(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for a pipe
        try:
            async with asyncio.timeout(_READY_TIMEOUT_S):
                header, _ = await framing.read_async(process.stdout)
        except (TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            raise EngineFailed(f"the {self._engine} worker did not start") from error
        if not header.get("ready"):
            raise EngineFailed(f"the {self._engine} engine could not be loaded: {header.get('error')}")
        self._be_nice(process.pid)

    def _be_nice(self, pid: int) -> None:
        # Only once it has loaded, so that the first sentence is not late.
        if self._niceness and hasattr(os, "setpriority"):
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, self._niceness)

    def _last(self) -> tuple[str, int | None]:
        return self._engine, self._process.returncode if self._process else None

    @staticmethod
    async def _end(process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
