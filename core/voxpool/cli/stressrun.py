"""Runs a scenario from the command line: endpoint, pool, engine, view, and what is written afterwards."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from voxpool import Pool
from voxpool.cli import CHECK_KEY, stresstext
from voxpool.cli.outputs import STDOUT, check_outputs, print_data, written
from voxpool.errors import SettingError, VoxpoolError
from voxpool.local import LIKE_THE_SERVICE, LocalServer
from voxpool.stress.control import RunControl
from voxpool.stress.cost import cap_of
from voxpool.stress.engine import Engine, Surroundings, calm_collector
from voxpool.stress.honesty import BareLoop
from voxpool.stress.report.html import to_html
from voxpool.stress.report.tables import to_csv, to_json
from voxpool.stress.shapes import Search
from voxpool.stress.strike import check_control, striker

if TYPE_CHECKING:
    from voxpool.config import Endpoint
    from voxpool.stress.recording import Recording
    from voxpool.stress.result import RunListener, RunResult
    from voxpool.stress.scenario import Scenario
    from voxpool.stress.store import RunStore
    from voxpool.stress.strike import Strike

T = TypeVar("T")
_KEEP_S: Final = 10.0
_WRITE_S: Final = 60.0
_TOKEN: Final = "VOXPOOL_CONTROL_TOKEN"  # noqa: S105 - the name of a variable
INTERRUPTED: Final = "It was interrupted with Ctrl+C."
TERMINATED: Final = "It was told to end (SIGTERM)."


class StressRun:
    """One run from the command line.

    Args:
        arguments: The options.
        scenario: What to do.
        source: What errors of the scenario name.
        endpoint: Where to speak to, or None for a local server as long as the run lasts.
        paid: Whether characters cost money there.
    """

    def __init__(
        self, arguments: argparse.Namespace, scenario: Scenario, source: str, endpoint: Endpoint | None, *, paid: bool
    ) -> None:
        self._arguments = arguments
        self._scenario = scenario
        self._source = source
        self._endpoint = endpoint
        self._paid = paid
        self._control = RunControl()
        self._over = False
        self._unwritten: list[str] | None = []
        self._store: RunStore | None = None

    async def run(self) -> RunResult:
        """Run it, keep it, write the files that are asked for, and return the result; ``show`` says the rest.

        Whoever presses Ctrl+C again and again loses nothing: what was measured is written all the same.

        Raises:
            WrongUse: If a file cannot be written; then nothing was sent.
            VoxpoolError: If the endpoint or the scenario cannot be used.
        """
        arguments = self._arguments
        sources = () if arguments.scenario is None else (arguments.scenario,)
        check_outputs({"--report": arguments.report, "--json": arguments.json, "--csv": arguments.csv}, *sources)
        with _listening({signal.SIGTERM: self._terminated}), ExitStack() as pressed:
            return await self._run(pressed)

    async def _run(self, pressed: ExitStack) -> RunResult:
        async with AsyncExitStack() as stack:
            around = await self._around(stack)
            config = self._scenario.pool_config
            pool = await stack.enter_async_context(Pool(self._target, config))
            engine = Engine(pool, self._scenario, around, control=self._control)
            recording = await self._followers(engine, stack, config.slots)
            calm_collector()
            # From here on there is something to lose, until the process ends with the right code.
            pressed.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
            pressed.enter_context(_listening({signal.SIGINT: self._interrupted}))
            result = await engine.run()
            self._over = True
            # Before anything is closed, which takes a moment; off the loop, which answers who presses meanwhile.
            self._unwritten = await _aside(lambda: [each for each in self._files(result) if each], _WRITE_S)
        await self._keep(recording, result)
        return result

    def _interrupted(self) -> None:
        """The first Ctrl+C drains the run, the second ends it, and more of them change nothing."""
        if self._over or not (self._control.draining or not self._control.stopping):
            print("\nwriting the report …", file=sys.stderr)
            return
        self._control.stop(drain=not self._control.stopping, why=INTERRUPTED)
        if self._control.draining:
            print("\ndraining: what is under way is heard to its end; Ctrl+C again ends it", file=sys.stderr)

    def _terminated(self) -> None:
        """Who sends this may kill the process a few seconds later: the report must be there by then."""
        self._control.stop(drain=False, why=TERMINATED)

    async def _around(self, stack: AsyncExitStack) -> Surroundings:
        strike = None
        if self._endpoint is None:
            token = secrets.token_hex(16)
            server = LocalServer(*LIKE_THE_SERVICE, environment={_TOKEN: token})
            await stack.enter_async_context(server)
            self._target = server.endpoint
            strike = striker(server.url, token)
        else:
            self._target = self._endpoint
            strike = await _strike_at(self._endpoint) if self._scenario.faults else None
        return Surroundings(
            url=self._target.url,
            paid=self._paid,
            most_characters=cap_of(self._scenario, paid=self._paid),
            bare=BareLoop(),
            strike=strike,
            source=self._source,
            apart=True,
            check_key=CHECK_KEY,
        )

    async def _followers(self, engine: Engine, stack: AsyncExitStack, slots: int) -> Recording | None:
        if self._arguments.metrics is not None:
            from voxpool.stress.prometheus import MetricsEndpoint

            metrics = MetricsEndpoint(self._arguments.metrics)
            await metrics.start()
            stack.push_async_callback(metrics.close)
            engine.follow(metrics)
            print(f"metrics at {metrics.url}", file=sys.stderr)
        recording = None
        if not self._arguments.no_keep:
            from voxpool.stress.store import RunStore, default_path

            self._store = RunStore(default_path(), own=True)
            recording = self._store.begin(engine.head())
            engine.follow(recording)
        engine.follow(self._view(stack, slots))
        return recording

    async def _keep(self, recording: Recording | None, result: RunResult) -> None:
        if recording is None:
            return
        recording.finish(result)
        if not await asyncio.to_thread(recording.close, _KEEP_S):
            print(f"voxpool: {recording.problem or 'the run could not be kept in time'}", file=sys.stderr)
        if self._store is not None and self._store.problem:
            print(f"voxpool: {self._store.problem}", file=sys.stderr)

    def _view(self, stack: AsyncExitStack, slots: int) -> RunListener:
        if self._arguments.plain or not sys.stderr.isatty():
            return stresstext.PlainView()
        from voxpool.cli.stressview import LiveView

        # How many levels a search will try, nobody knows.
        load, plan = self._scenario.load, self._scenario.plan
        lasts_s = math.inf if isinstance(load, Search) else plan.duration_s
        return stack.enter_context(LiveView(self._scenario.name, lasts_s, slots))

    def show(self, result: RunResult) -> None:
        """Print what is asked for.

        Raises:
            VoxpoolError: If a file could not be written.
        """
        arguments, texts = self._arguments, self._arguments.texts
        if arguments.json == STDOUT:
            print_data(to_json(result, texts=texts))
        elif arguments.csv == STDOUT:
            print_data(to_csv(result, texts=texts).replace("\r\n", "\n"))
        else:
            print(stresstext.report(result), flush=True)
        if self._unwritten is None:
            raise VoxpoolError(f"the files could not be written within {_WRITE_S:.0f} s; runs export writes them again")
        if self._unwritten:
            raise VoxpoolError("; ".join(self._unwritten))

    def _files(self, result: RunResult) -> Iterator[str | None]:
        """Write every file that is asked for, whatever becomes of the others, and yield what went wrong."""
        arguments, texts = self._arguments, self._arguments.texts
        if arguments.json not in (None, STDOUT):
            yield written(arguments.json, to_json(result, texts=texts).encode())
        if arguments.csv not in (None, STDOUT):
            yield written(arguments.csv, to_csv(result, texts=texts).encode())
        if arguments.report is not None:
            yield written(arguments.report, to_html(result, texts=texts).encode())


async def _aside(work: Callable[[], T], timeout_s: float) -> T | None:
    """Do something on a thread that does not keep the process alive, and return what it returned.

    Args:
        work: What to do; it does not raise.
        timeout_s: How long to wait, in seconds; then the result is None.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def act() -> None:
        try:
            found = work()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            loop.call_soon_threadsafe(_settle, done.set_exception, done, error)
        else:
            loop.call_soon_threadsafe(_settle, done.set_result, done, found)

    threading.Thread(target=act, name="write the report", daemon=True).start()
    try:
        return await asyncio.wait_for(done, timeout_s)
    except TimeoutError:
        return None


def _settle(how: Callable[[Any], None], done: asyncio.Future[Any], what: object) -> None:
    if not done.done():
        how(what)


async def _strike_at(endpoint: Endpoint) -> Strike:
    """Return what sets the faults of the scenario, once it is known that they can be set.

    Raises:
        SettingError: If they cannot.
        LocalServerError: If the local server would refuse them.
    """
    token = os.environ.get(_TOKEN)
    if not endpoint.is_local or not token:
        raise SettingError(
            "--url",
            endpoint.url,
            f"a local server whose control token is in {_TOKEN}, or left out: the scenario has faults to set",
        )
    await check_control(endpoint.url, token)
    return striker(endpoint.url, token)


@contextmanager
def _listening(signals: Mapping[int, Callable[[], None]]) -> Iterator[None]:
    """Call something on the event loop for each signal, as long as the block lasts.

    Args:
        signals: What to call, by signal.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in signals}
    for number, act in signals.items():
        if sys.platform == "win32":
            signal.signal(number, lambda *_, act=act: loop.call_soon_threadsafe(act))
        else:
            loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        for number, handler in before.items():
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
