"""A local server in a process of its own, for as long as somebody needs it.

The command line, the window and the tests all start ``voxpool serve`` the same way.  The server reads its standard
input and ends when that closes, so it ends with the process that started it however that one dies; nothing here
depends on being able to clean up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from voxpool.config import Credential, Endpoint
from voxpool.errors import LocalServerError

LIKE_THE_SERVICE: Final = ("--timing", "service", "--delivery-rate", "2")
"""Arguments of a server for people and for load: audio comes ahead of the listener, as from the service, at twice its
own speed.  An instant server ends an utterance before the next one begins, so that nothing is ever at once."""

READY: Final = "voxpool server ready at "
"""What the one line that the server prints begins with; its URL follows."""

_logger = logging.getLogger(__name__)
_TAIL_LINES: Final = 40
_LONGEST_LINE: Final = 1 << 20


class LocalServer:
    """One ``voxpool serve`` process, as an async context manager.

    Args:
        *arguments: Further command line arguments of ``voxpool serve``, for example ``"--engine", "espeak"``.
        key: Key that clients must send, or None for a server that takes any and none.  It travels in the
            environment: other users of the machine can read command lines.
        ready_timeout_s: Longest time until the server must have printed its URL, in seconds.
        close_timeout_s: Time in seconds that the server gets to end by itself before it is killed.
        on_line: Called with every line that the server logs, on the event loop.
        environment: Further variables of its environment, for what no command line should show.
    """

    def __init__(
        self,
        *arguments: str,
        key: str | None = None,
        ready_timeout_s: float = 20.0,
        close_timeout_s: float = 2.0,
        on_line: Callable[[str], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._arguments = arguments
        self._key = key
        self._ready_timeout_s = ready_timeout_s
        self._close_timeout_s = close_timeout_s
        self._on_line = on_line
        self._environment = dict(environment or {})
        self._process: Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._url = ""
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def __repr__(self) -> str:
        return f"<LocalServer {self._url or 'not started'} pid={self.pid}>"

    @property
    def url(self) -> str:
        """Base URL of the running server.

        Raises:
            LocalServerError: If it was not started.
        """
        if not self._url:
            raise LocalServerError("the local server was not started")
        return self._url

    @property
    def endpoint(self) -> Endpoint:
        """The running server with the credential it asks for."""
        return Endpoint(self.url, Credential.basic(self._key) if self._key else None)

    @property
    def pid(self) -> int | None:
        """Process id, or None before the start."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """The exit code of a process that ended (negative: the signal that killed it), else None."""
        return self._process.returncode if self._process else None

    @property
    def log_tail(self) -> tuple[str, ...]:
        """The last lines that the server logged, oldest first."""
        return tuple(self._tail)

    async def start(self) -> None:
        """Start the process and wait until it can be reached.

        Raises:
            LocalServerError: If it cannot be started, ends at once, or is not ready in time.
        """
        if self._process is not None:
            raise LocalServerError("the local server was started already; make a new LocalServer")
        try:
            self._process = await self._spawn()
        except OSError as error:
            raise LocalServerError(f"the local server could not be started: {error.strerror or error}") from error
        assert self._process.stderr is not None  # noqa: S101 - asked for a pipe
        self._readers = [asyncio.create_task(self._read_log(self._process.stderr), name="local server log")]
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                self._url = await self._read_url(self._process)
        except TimeoutError:
            await self.close()
            raise LocalServerError(
                f"the local server was not ready within {self._ready_timeout_s:g} s{self._last_words()}"
            ) from None
        except BaseException:
            await self.close()
            raise

    async def wait(self) -> int:
        """Wait until the process has ended and return its exit code.

        Raises:
            LocalServerError: If it was not started.
        """
        if self._process is None:
            raise LocalServerError("the local server was not started")
        return await self._process.wait()

    async def close(self) -> None:
        """End the process, kindly first; does nothing when it has ended already.  Bounded in time."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            if not await self._ended_within(process, self._close_timeout_s):
                _logger.warning("the local server (process %d) did not end by itself and is killed", process.pid)
                _kill_group(process)
                await self._ended_within(process, self._close_timeout_s)
        except asyncio.CancelledError:
            # No time is left for an orderly end.
            if process.returncode is None:
                _kill_group(process)
            raise
        finally:
            readers, self._readers = self._readers, []
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _spawn(self) -> Process:
        environment = {name: value for name, value in os.environ.items() if name != "INWORLD_API_KEY"}
        environment.pop("VOXPOOL_SERVER_KEY", None)
        environment |= self._environment
        if self._key:
            environment["VOXPOOL_SERVER_KEY"] = self._key
        return await asyncio.create_subprocess_exec(
            *command(self._arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            limit=_LONGEST_LINE,
            **_own_group(),
        )

    async def _read_url(self, process: Process) -> str:
        assert process.stdout is not None  # noqa: S101 - asked for a pipe
        while line := await process.stdout.readline():
            text = line.decode(errors="replace").strip()
            if text.startswith(READY):
                self._readers.append(asyncio.create_task(self._read_log(process.stdout), name="local server output"))
                return text.removeprefix(READY).strip()
            self._heard(text)
        # The log is read to its end first: its last line is the reason.
        await asyncio.gather(*self._readers)
        code = await process.wait()
        raise LocalServerError(f"the local server ended before it was ready (exit code {code}){self._last_words()}")

    async def _read_log(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                # asyncio drops a line that is longer than its limit and says so this way.
                line = b"(a line of the server's log was too long)\n"
            if not line:
                return
            self._heard(line.decode(errors="replace").rstrip())

    def _heard(self, line: str) -> None:
        self._tail.append(line)
        _logger.debug("server: %s", line)
        if self._on_line is not None:
            self._on_line(line)

    def _last_words(self) -> str:
        last = next((line for line in reversed(self._tail) if line.strip()), "")
        return f": {last.strip()}" if last else ""

    @staticmethod
    async def _ended_within(process: Process, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await process.wait()
        except TimeoutError:
            return process.returncode is not None
        return True


def command(arguments: Sequence[str] = ()) -> list[str]:
    """Return the command line that starts a local server which ends with its parent.

    Args:
        arguments: Further arguments of ``voxpool serve``.
    """
    return [sys.executable, "-m", "voxpool", "serve", "--stop-with-parent", *arguments]


def _own_group() -> dict[str, Any]:
    # A group of its own: Ctrl+C in a terminal is for the client, which then ends the server when it is done with it.
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _kill_group(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            # Its workers too; it leads a group of its own.
            os.killpg(process.pid, signal.SIGKILL)
