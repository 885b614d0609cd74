"""The child's side of a run in a process of its own: ``voxpool stress --feed``, started by ``RunProcess``."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from voxpool.config import Credential, Endpoint
from voxpool.errors import ProtocolError, VoxpoolError
from voxpool.events import Event
from voxpool.pool.pool import Pool
from voxpool.stress.control import RunControl
from voxpool.stress.engine import Engine, Surroundings, calm_collector
from voxpool.stress.feed import KEY_VARIABLE, TOKEN_VARIABLE, Lines, packed
from voxpool.stress.honesty import BareLoop
from voxpool.stress.result import Mark, Tick
from voxpool.stress.sample import Sample
from voxpool.stress.scenario import scenario_from
from voxpool.stress.strike import striker

_logger = logging.getLogger(__name__)

MOST_WAITING: Final = 100_000
"""Things that wait for a parent that does not read; beyond it events are left out, and counted."""
_GRACE_S: Final = 10.0


class Writer:
    """Writes lines to standard output from a thread of its own, so that a slow reader holds no loop up.

    Attributes:
        lost: Events that were left out because nobody read.
    """

    def __init__(self, descriptor: int) -> None:
        self._queue: queue.SimpleQueue[Callable[[], bytes] | None] = queue.SimpleQueue()
        self._descriptor = descriptor
        self.lost = 0
        self._thread = threading.Thread(target=self._work, name="stress feed", daemon=True)
        self._thread.start()

    def put(self, what: str, make: Callable[[], dict[str, Any]], *, dispensable: bool = False) -> None:
        """Have a line written; the data are made on the thread.

        Args:
            what: What it is.
            make: Returns its data.
            dispensable: Whether it may be left out when too much waits.
        """
        if dispensable and self._queue.qsize() > MOST_WAITING:
            self.lost += 1
            return
        self._queue.put(lambda: packed(what, make()))

    def close(self) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join(_GRACE_S)

    def _work(self) -> None:
        try:
            while (make := self._queue.get()) is not None:
                data = make()
                while data:
                    data = data[os.write(self._descriptor, data) :]
        except OSError:
            # The parent is gone; its end of standard input says so as well, and ends the run.
            return


class _Follower:
    """Hands on what happens to the parent."""

    def __init__(self, writer: Writer, pool: Pool) -> None:
        self._writer = writer
        self._subscription = pool.events.subscribe(MOST_WAITING, self._woken)
        self._asked = False

    def _woken(self) -> None:
        if not self._asked:
            self._asked = True
            asyncio.get_running_loop().call_soon(self.drain)

    def drain(self) -> None:
        """Hand on the events that wait."""
        self._asked = False
        for event in self._subscription.drain():
            self._event(event)

    def _event(self, event: Event) -> None:
        self._writer.put("event", event.to_dict, dispensable=True)

    def on_sample(self, sample: Sample) -> None:
        """Hand on an utterance that is over."""
        self._writer.put("sample", sample.to_dict)

    def on_tick(self, tick: Tick) -> None:
        """Hand on the state of the run; the events that were left out are part of it."""
        lost = tick.events_lost + self._writer.lost + self._subscription.lost
        self._writer.put("tick", lambda: tick.to_dict() | {"events_lost": lost})

    def on_mark(self, mark: Mark) -> None:
        """Hand on an annotation."""
        self._writer.put("mark", lambda: asdict(mark))


def serve_feed() -> int:
    """Run what the parent asks for and return the exit code of the process."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # Whatever prints by mistake must not end up among the lines.
    descriptor = os.dup(1)
    os.dup2(2, 1)
    writer = Writer(descriptor)
    try:
        return asyncio.run(_serve(writer))
    finally:
        writer.close()


async def _serve(writer: Writer) -> int:
    control = RunControl()
    start: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    _listen(control, start)
    if sys.platform != "win32":
        told = "Its process was told to end (SIGTERM)."
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _abandoned, control, start, told)
    try:
        order = await start
        await _run(order, control, writer)
    except (VoxpoolError, OSError) as error:
        text = str(error)
        writer.put("error", lambda: {"text": text})
        return 1
    return 0


def _listen(control: RunControl, start: asyncio.Future[dict[str, Any]]) -> None:
    """Read commands on a thread: a pipe, on every system, whatever the loop is busy with."""
    loop = asyncio.get_running_loop()

    def tell(act: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(act)
        except RuntimeError:
            # The loop is closed: the run is over, and nobody needs the command any more.
            return

    def read() -> None:
        lines = Lines()
        # Not through sys.stdin: a thread that waits in there holds a lock that the interpreter wants at its end.
        while data := os.read(0, 65536):
            for what, order in lines.feed(data):
                tell(lambda what=what, order=order: _obey(control, start, what, order))  # type: ignore[misc]
        # The parent is gone, or done with this.
        tell(lambda: _abandoned(control, start, "The program that started it ended."))
        time.sleep(_GRACE_S)
        os._exit(1)

    threading.Thread(target=read, name="stress orders", daemon=True).start()


def _obey(control: RunControl, start: asyncio.Future[dict[str, Any]], what: str, order: dict[str, Any]) -> None:
    if what == "start" and not start.done():
        start.set_result(order)
    elif what == "edit":
        control.edit(float(order["target"]))
    elif what == "stop":
        control.stop(drain=bool(order["drain"]), why=str(order["why"]))


def _abandoned(control: RunControl, start: asyncio.Future[dict[str, Any]], why: str) -> None:
    if not start.done():
        start.set_exception(ProtocolError("nothing was asked for"))
    control.stop(drain=False, why=why)


async def _run(order: dict[str, Any], control: RunControl, writer: Writer) -> None:
    scenario = scenario_from(order["scenario"], order["source"])
    secret, token = os.environ.pop(KEY_VARIABLE, ""), os.environ.pop(TOKEN_VARIABLE, "")
    endpoint = Endpoint(order["url"], Credential.basic(secret) if secret else None)
    around = Surroundings(
        url=endpoint.url,
        paid=order["paid"],
        own_price=order["own_price"],
        most_characters=order["most_characters"],
        bare=BareLoop(),
        strike=striker(endpoint.url, token) if token else None,
        source=order["source"],
        environment={"process": "its own"},
        apart=True,
    )
    async with Pool(endpoint, scenario.pool_config) as pool:
        follower = _Follower(writer, pool)
        engine = Engine(pool, scenario, around, listeners=(follower,), control=control)
        head = engine.head().to_dict()
        writer.put("head", lambda: head)
        calm_collector()
        result = (await engine.run()).to_dict()
    follower.drain()
    # The parent has these already.
    for name in ("samples", "ticks", "marks"):
        del result[name]
    writer.put("result", lambda: result)
