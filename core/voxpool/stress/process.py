"""A run in a process of its own: what the window's loop cannot carry, measured by a loop that does nothing else.

To the window it looks like a pool: it has a configuration and a stream of events.  To who starts it it is a run with
listeners and a control, as one in the same process is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, Self

from voxpool.config import Endpoint, PoolConfig
from voxpool.errors import ProtocolError, RunFailed
from voxpool.events import EventStream, event_from_dict
from voxpool.stress.control import RunControl
from voxpool.stress.feed import KEY_VARIABLE, TOKEN_VARIABLE, Lines, packed
from voxpool.stress.ledger import Ledger
from voxpool.stress.result import Mark, MarkKind, RunListener, RunResult, Tick
from voxpool.stress.sample import Sample
from voxpool.stress.scenario import Scenario
from voxpool.stress.words import Mix

START_S: Final = 20.0
"""How long the process may take until its run begins, in seconds."""
_CLOSE_S: Final = 4.0
_CHUNK: Final = 65536
_TAIL_LINES: Final = 20


class RunProcess:
    """One run in a process of its own, as an async context manager.

    Args:
        scenario: What to do.
        endpoint: Where to speak to; its credential travels in the environment of the process.
        listeners: Who follows the run; their methods must return at once and must not raise.
        control: Steers it.
        paid: Whether characters cost money there.
        own_price: US dollars for a million characters, or 0 for list prices.
        most_characters: A further cap on characters, or None.
        control_token: Of the local server, for the faults of the scenario, or None.
        source: What errors of the scenario name: its file.

    Attributes:
        config: How the pool in the process behaves.
        events: What happens in that pool, a moment later.
        control: Steers the run.

    Raises:
        ScenarioError: If the texts of the scenario cannot be used.
    """

    def __init__(
        self,
        scenario: Scenario,
        endpoint: Endpoint,
        *,
        listeners: Iterable[RunListener] = (),
        control: RunControl | None = None,
        paid: bool = False,
        own_price: float = 0.0,
        most_characters: int | None = None,
        control_token: str | None = None,
        source: str = "",
    ) -> None:
        Mix(scenario, source)
        self.config: PoolConfig = scenario.pool_config
        self.events = EventStream()
        self.control = control or RunControl()
        self.control.fixed = scenario.load.fixed
        self._endpoint = endpoint
        self._token = control_token
        self._order = {
            "scenario": scenario.to_dict(),
            "url": endpoint.url,
            "paid": paid,
            "own_price": own_price,
            "most_characters": most_characters,
            "source": source,
        }
        self._ledger = Ledger(scenario.max_samples, listeners)
        self._process: Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._head: asyncio.Future[RunResult] | None = None
        self._result: asyncio.Future[RunResult] | None = None

    def __repr__(self) -> str:
        return f"<RunProcess {self._order['url']} pid={self.pid}>"

    @property
    def pid(self) -> int | None:
        """Process id, or None before the start."""
        return self._process.pid if self._process else None

    def follow(self, listener: RunListener) -> None:
        """Let somebody follow the run who did not from its beginning."""
        self._ledger.follow(listener)

    async def start(self) -> RunResult:
        """Start it, and return what is known of the result when the run begins.

        Raises:
            RunFailed: If it cannot be started, or the run in it cannot begin.
        """
        loop = asyncio.get_running_loop()
        self._head, self._result = loop.create_future(), loop.create_future()
        # Whoever only waits for one of them must not be told off for the other.
        self._head.add_done_callback(_seen)
        self._result.add_done_callback(_seen)
        try:
            self._process = await self._spawn()
        except OSError as error:
            raise RunFailed(f"the run's process could not be started: {error.strerror or error}") from error
        self._tasks = [
            asyncio.create_task(self._read(self._process), name="stress process feed"),
            asyncio.create_task(self._read_log(self._process), name="stress process log"),
        ]
        self._send("start", self._order)
        self.control.listen(lambda target: self._send("edit", {"target": target}), self._stop)
        try:
            async with asyncio.timeout(START_S):
                return await self._head
        except TimeoutError:
            await self.close()
            raise RunFailed(f"the run's process did not begin within {START_S:g} s") from None
        except BaseException:
            await self.close()
            raise

    async def result(self) -> RunResult:
        """Wait for the end of the run and return what was measured.

        Raises:
            RunFailed: If the process died.
        """
        if self._result is None:
            raise RunFailed("the run's process was not started")
        return await asyncio.shield(self._result)

    async def close(self) -> None:
        """End the process, and the run if it goes on.  Bounded in time; may be called again."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._fail(RunFailed("the run was closed before its end"))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- the process -----------------------------------------------------------------------------------------

    async def _spawn(self) -> Process:
        hidden = ("INWORLD_API_KEY", KEY_VARIABLE, TOKEN_VARIABLE)
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        if self._endpoint.credential is not None:
            environment[KEY_VARIABLE] = self._endpoint.credential.header()
        if self._token:
            environment[TOKEN_VARIABLE] = self._token
        # Ctrl+C in a terminal is for the parent, which tells the child what to do.
        options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "voxpool", "stress", "--feed",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options,
        )  # fmt: skip

    def _send(self, what: str, data: dict[str, Any]) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(packed(what, data))

    def _stop(self) -> None:
        self._send("stop", {"drain": self.control.draining, "why": self.control.why})

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for a pipe
        lines = Lines()
        try:
            while data := await process.stdout.read(_CHUNK):
                for what, content in lines.feed(data):
                    self._take(what, content)
                # A chunk holds hundreds of lines: the window gets its turn between two.
                await asyncio.sleep(0)
        except (ProtocolError, ValueError, TypeError, KeyError) as error:
            self._fail(RunFailed(f"the run's process said something that cannot be understood: {error}"))
            return
        code = await process.wait()
        last = next((line for line in reversed(self._tail) if line.strip()), "")
        self._fail(
            RunFailed(f"the run's process ended before its run (exit code {code})" + (f": {last}" if last else ""))
        )

    def _take(self, what: str, data: dict[str, Any]) -> None:
        ledger = self._ledger
        if what == "event":
            self.events.emit(event_from_dict(data))
        elif what == "sample":
            ledger.sample(Sample.from_dict(data))
        elif what == "tick":
            ledger.tick(Tick.from_dict(data))
        elif what == "mark":
            mark = Mark(float(data["at_s"]), MarkKind(data["kind"]), str(data["text"]))
            ledger.mark(mark.at_s, mark.kind, mark.text)
        elif what == "head":
            _settle(self._head, RunResult.from_dict(data))
        elif what == "result":
            whole = replace(RunResult.from_dict(data), samples=ledger.samples, ticks=ledger.ticks, marks=ledger.marks)
            _settle(self._result, whole)
        elif what == "error":
            self._fail(RunFailed(str(data["text"])))

    def _fail(self, error: RunFailed) -> None:
        for future in (self._head, self._result):
            if future is not None and not future.done():
                future.set_exception(error)

    async def _read_log(self, process: Process) -> None:
        assert process.stderr is not None  # noqa: S101 - asked for a pipe
        while data := await process.stderr.read(_CHUNK):
            self._tail.extend(data.decode(errors="replace").splitlines())


def _settle(future: asyncio.Future[RunResult] | None, result: RunResult) -> None:
    if future is not None and not future.done():
        future.set_result(result)


def _seen(future: asyncio.Future[RunResult]) -> None:
    if not future.cancelled():
        future.exception()
