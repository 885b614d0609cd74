"""Runs a scenario from the command line: endpoint, pool, engine, view, and what is written afterwards."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voxpool import Pool
from voxpool.cli import stresstext
from voxpool.errors import SettingError, VoxpoolError
from voxpool.local import LIKE_THE_SERVICE, LocalServer
from voxpool.stress.control import RunControl
from voxpool.stress.cost import cap_of
from voxpool.stress.engine import Engine, Surroundings, calm_collector
from voxpool.stress.honesty import BareLoop
from voxpool.stress.report.html import write_html
from voxpool.stress.report.tables import to_csv, to_json
from voxpool.stress.strike import check_control, striker

if TYPE_CHECKING:
    from voxpool.config import Endpoint
    from voxpool.stress.recording import Recording
    from voxpool.stress.result import RunListener, RunResult
    from voxpool.stress.scenario import Scenario
    from voxpool.stress.strike import Strike

_KEEP_S: Final = 10.0
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

    async def run(self) -> RunResult:
        """Run it, print and write what is asked for, and return the result.

        Raises:
            VoxpoolError: If the endpoint or the scenario cannot be used, or a file cannot be written.
        """
        for file in (self._arguments.report, self._arguments.json, self._arguments.csv):
            if file is not None and file != Path("-"):
                _writable(file)
        with _listening({signal.SIGTERM: self._terminated}):
            return await self._run()

    async def _run(self) -> RunResult:
        async with AsyncExitStack() as stack:
            around = await self._around(stack)
            config = self._scenario.pool_config
            pool = await stack.enter_async_context(Pool(self._target, config))
            engine = Engine(pool, self._scenario, around, control=self._control)
            recording = await self._followers(engine, stack, config.slots)
            calm_collector()
            with _listening({signal.SIGINT: self._interrupted}):
                result = await engine.run()
        await self._keep(recording, result)
        self._show(result)
        return result

    def _interrupted(self) -> None:
        """The first Ctrl+C drains the run, the second ends it."""
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
        )

    async def _followers(self, engine: Engine, stack: AsyncExitStack, slots: int) -> Recording | None:
        recording = None
        if not self._arguments.no_keep:
            from voxpool.stress.store import RunStore, default_path

            recording = RunStore(default_path(), own=True).begin(engine.head())
            engine.follow(recording)
        if self._arguments.metrics is not None:
            from voxpool.stress.prometheus import MetricsEndpoint

            metrics = MetricsEndpoint(self._arguments.metrics)
            await metrics.start()
            stack.push_async_callback(metrics.close)
            engine.follow(metrics)
            print(f"metrics at {metrics.url}", file=sys.stderr)
        engine.follow(self._view(stack, slots))
        return recording

    async def _keep(self, recording: Recording | None, result: RunResult) -> None:
        if recording is None:
            return
        recording.finish(result)
        if not await asyncio.to_thread(recording.close, _KEEP_S):
            print(f"voxpool: {recording.problem or 'the run could not be kept in time'}", file=sys.stderr)

    def _view(self, stack: AsyncExitStack, slots: int) -> RunListener:
        if self._arguments.plain or not sys.stderr.isatty():
            return stresstext.PlainView()
        from voxpool.cli.stressview import LiveView

        return stack.enter_context(LiveView(self._scenario.name, self._scenario.plan.duration_s, slots))

    def _show(self, result: RunResult) -> None:
        # The files first: a terminal that is gone, or a full disk behind a pipe, must not cost them.
        unwritten = [each for each in self._files(result) if each is not None]
        if self._arguments.json == Path("-"):
            print(to_json(result, texts=self._arguments.texts), end="")
        else:
            print(stresstext.report(result))
        if unwritten:
            raise VoxpoolError("; ".join(unwritten))

    def _files(self, result: RunResult) -> Iterator[str | None]:
        """Write every file that is asked for, whatever becomes of the others, and yield what went wrong."""
        arguments, texts = self._arguments, self._arguments.texts
        if arguments.json is not None and arguments.json != Path("-"):
            yield _written(arguments.json, lambda file: file.write_text(to_json(result, texts=texts), encoding="utf-8"))
        if arguments.csv is not None:
            yield _written(
                arguments.csv, lambda file: file.write_text(to_csv(result, texts=texts), encoding="utf-8", newline="")
            )
        if arguments.report is not None:
            yield _written(arguments.report, lambda file: write_html(result, file, texts=texts))


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


def _written(file: Path, write: Callable[[Path], object]) -> str | None:
    """Write a file, or return what is wrong as a sentence."""
    try:
        write(file)
    except OSError as error:
        return _unwritable(file, error)
    return None


def _unwritable(file: Path, error: OSError) -> str:
    return f"{file} cannot be written ({error.strerror or error}); choose another file"


def _writable(file: Path) -> None:
    """Find out before the run that its report cannot be written, not after it.

    Raises:
        VoxpoolError: If the file cannot be written.
    """
    existed = file.exists()
    try:
        with file.open("a", encoding="utf-8"):
            pass
        if not existed:
            file.unlink()
    except OSError as error:
        raise VoxpoolError(_unwritable(file, error)) from error


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
