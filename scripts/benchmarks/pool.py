"""What the pool costs beside a bare loop that receives the same frames: one run, same loop, same pacing, ratios.

``scripts/bench pool`` prints the table; ``--runs N``, ``--seconds S`` of paced audio, ``--loops asyncio,qasync``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import orjson
import pybase64

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.table import Figure, render
from voxpool.config import WS_PATH, Endpoint, PoolConfig
from voxpool.events import SlotState
from voxpool.pool.core import PoolCore
from voxpool.pool.meter import StageMeter
from voxpool.pool.pool import Pool
from voxpool.pool.records import Slot, Ticket

CONNECTIONS, CONTEXTS = 20, 5
AT_ONCE = CONNECTIONS * CONTEXTS
INTERVAL_MS = 128
BURST_CHUNKS = 10
BURST_UTTERANCES = 1000
TEXT = "Thirty characters of text, so."


@dataclass
class Cost:
    """One run.

    Attributes:
        cpu_s: CPU seconds of this process.
        wall_s: Seconds.
        chunks: Audio chunks received.
    """

    cpu_s: float
    wall_s: float
    chunks: int

    @property
    def us_per_chunk(self) -> float:
        return self.cpu_s / self.chunks * 1e6


CANNED = [sys.executable, "-m", "benchmarks.pool_server"]
LOCAL = [sys.executable, "-m", "voxpool", "serve", "--timing", "instant", "--stop-with-parent", "--engine"]


@contextmanager
def service(command: list[str]) -> Iterator[int]:
    """Start a service that says its port at the end of its first line, and yield the port."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parent.parent
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().rsplit(":", 1)[-1])
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


async def measured(work: Callable[[], Awaitable[int]]) -> Cost:
    """Run something that returns how many chunks it got."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    chunks = await work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, chunks)


# -- the bare loop -------------------------------------------------------------------------------------------


class BareConnection:
    """A socket whose frames are parsed and decoded, and nothing else."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, utterances: Iterator[int]) -> None:
        self._ws = ws
        self._utterances = utterances
        self._speaking = 0
        self._audio: dict[str, list[bytes]] = {}
        self.chunks = 0

    async def begin(self) -> bool:
        number = next(self._utterances, None)
        if number is None:
            return False
        context_id = f"c{number}"
        self._audio[context_id] = []
        self._speaking += 1
        create = {"voiceId": "Ashley", "modelId": "inworld-tts-2", "audioConfig": {"audioEncoding": "PCM"}}
        for message in ({"create": create}, {"send_text": {"text": TEXT, "flush_context": {}}}, {"close_context": {}}):
            await self._ws.send_str(orjson.dumps({**message, "contextId": context_id}).decode())
        return True

    async def run(self) -> None:
        for _ in range(CONTEXTS):
            await self.begin()
        while self._speaking:
            message = await self._ws.receive()
            result = orjson.loads(message.data)["result"]
            chunk = result.get("audioChunk")
            if chunk is not None:
                self._audio[result["contextId"]].append(pybase64.b64decode(chunk["audioContent"], validate=True))
                self.chunks += 1
            elif "contextClosed" in result:
                self._speaking -= 1
                del self._audio[result["contextId"]]
                await self.begin()


async def bare(port: int, utterances: int) -> Cost:
    """Receive so many utterances with sockets alone."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        numbers = iter(range(utterances))
        url = f"ws://127.0.0.1:{port}{WS_PATH}"
        sockets = [await session.ws_connect(url, compress=0, max_msg_size=0) for _ in range(CONNECTIONS)]
        connections = [BareConnection(ws, numbers) for ws in sockets]

        async def work() -> int:
            await asyncio.gather(*(connection.run() for connection in connections))
            return sum(connection.chunks for connection in connections)

        cost = await measured(work)
        for ws in sockets:
            await ws.close()
        return cost


# -- the pool ------------------------------------------------------------------------------------------------


async def pooled(port: int, utterances: int) -> Cost:
    """Receive the same with the pool, each utterance read by a task of its own."""
    config = PoolConfig(max_connections=CONNECTIONS, contexts_per_connection=CONTEXTS, first_audio_timeout_s=60.0)
    async with Pool(Endpoint(f"http://127.0.0.1:{port}"), config) as pool:
        await pool.prewarm(CONNECTIONS)
        numbers = iter(range(utterances))

        async def speaker() -> int:
            chunks = 0
            for _ in numbers:
                audio = [chunk.pcm async for chunk in pool.speak(TEXT)]  # kept until its end, as the bare loop does
                chunks += len(audio)
            return chunks

        async def work() -> int:
            return sum(await asyncio.gather(*(speaker() for _ in range(AT_ONCE))))

        return await measured(work)


# -- the books alone -----------------------------------------------------------------------------------------


def open_core(connections: int, waiters: int) -> PoolCore:
    """Return books with open connections, as the pool has them, meter included."""
    config = PoolConfig(max_connections=connections, max_waiters=1_000_000)
    core = PoolCore(config, Random(1), StageMeter().take)
    core.prewarm(connections, 0.0)
    for link in [*core.books.links.values()]:
        core.connected(link, 0.0)
    core.commands.clear()
    for number in range(connections * CONTEXTS + waiters if waiters else 0):
        core.request(Ticket(number, "label", "voice", 0.0, 30.0), 0.0)
        drain(core)
    return core


def drain(core: PoolCore) -> None:
    """Do what little of the commands matters to the books."""
    while core.commands:
        command = core.commands.popleft()
        if type(command).__name__ == "Start":
            core.moved(command.slot, SlotState.CREATING, 0.0)  # type: ignore[union-attr]


def acquire_us(rounds: int = 2000) -> float:
    """Return the median time of a request that finds a free slot, in microseconds."""
    core = open_core(CONNECTIONS, 0)
    times = []
    held: list[Slot] = []
    for number in range(rounds):
        ticket = Ticket(number, "label", "voice", 0.0, 30.0)
        before = time.perf_counter_ns()
        core.request(ticket, 0.0)
        times.append(time.perf_counter_ns() - before)
        assert ticket.slot is not None
        held.append(ticket.slot)
        drain(core)
        if len(held) > AT_ONCE // 2:
            core.ended(held.pop(0), None, 0.0)
            drain(core)
    return sorted(times)[rounds // 2] / 1000.0


def release_us(waiters: int, rounds: int = 500) -> float:
    """Return the median time of a release that hands its slot to the next waiter, in microseconds."""
    core = open_core(CONNECTIONS, waiters + rounds)
    slots = [slot for link in core.books.links.values() for slot in link.slots]
    times = []
    for number in range(rounds):
        before = time.perf_counter_ns()
        core.ended(slots[number % len(slots)], None, 0.0)
        times.append(time.perf_counter_ns() - before)
        drain(core)
    return sorted(times)[rounds // 2] / 1000.0


# -- the table -----------------------------------------------------------------------------------------------


def run_on(loop: str, work: Awaitable[Cost]) -> Cost:
    """Run on a loop by name."""
    if loop == "asyncio":
        return asyncio.run(work)  # type: ignore[arg-type]
    from PySide6.QtWidgets import QApplication

    import qasync  # isort: skip

    app = QApplication.instance() or QApplication(["bench", "-platform", "offscreen"])
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(work)  # type: ignore[arg-type, no-any-return]


def ratios(loop: str, runs: int, command: list[str], utterances: int) -> tuple[list[Cost], list[Cost]]:
    """Measure bare and pooled in turns, so that the machine's moods hit both."""
    bares, pools = [], []
    with service(command) as port:
        run_on(loop, bare(port, AT_ONCE))
        for _ in range(runs):
            bares.append(run_on(loop, bare(port, utterances)))
            pools.append(run_on(loop, pooled(port, utterances)))
            assert bares[-1].chunks == pools[-1].chunks
    return bares, pools


def walls(bares: list[Cost], pools: list[Cost]) -> list[float]:
    """Return the ratio of each pair's wall times."""
    return [pool.wall_s / bare.wall_s for pool, bare in zip(pools, bares, strict=True)]


def figures_on(loop: str, options: argparse.Namespace) -> list[Figure]:
    """Measure what depends on the loop."""
    asyncio_only = loop == "asyncio"
    chunks = str(round(options.seconds * 1000 / INTERVAL_MS))
    bares, pools = ratios(loop, options.runs, [*CANNED, chunks, str(INTERVAL_MS)], AT_ONCE)
    each = [pool.us_per_chunk / bare.us_per_chunk for pool, bare in zip(pools, bares, strict=True)]
    table = [
        Figure(
            f"CPU per chunk, {options.seconds:g} s each, pool / bare, {loop}", 1.3 if asyncio_only else 2.0, "", each
        ),
        Figure(f"  bare loop, {loop}", None, "us", [cost.us_per_chunk for cost in bares]),
        Figure(f"  pool, {loop}", None, "us", [cost.us_per_chunk for cost in pools]),
    ]
    name = f"1,000 utterances, 100 at once, wall, pool / bare, {loop}"
    local = walls(*ratios(loop, options.runs, [*LOCAL, options.engine], BURST_UTTERANCES))
    table.append(Figure(name, 1.3 if asyncio_only else None, "", local, "the local server, instant"))
    canned = walls(*ratios(loop, options.runs, [*CANNED, str(BURST_CHUNKS), "0"], BURST_UTTERANCES))
    table.append(Figure("  the same, frames from memory", None, "", canned, "nothing but our own CPU counts"))
    return table


def figures(options: argparse.Namespace) -> list[Figure]:
    """Measure everything."""
    table = [figure for loop in options.loops for figure in figures_on(loop, options)]
    table.append(Figure("acquire a free slot", 20.0, "us", [acquire_us() for _ in range(options.runs)]))
    empty = [release_us(0) for _ in range(options.runs)]
    full = [release_us(10_000) for _ in range(options.runs)]
    table.append(Figure("release, at most 500 waiting", None, "us", empty))
    table.append(Figure("release, 10,000 waiting", None, "us", full))
    table.append(Figure("  the same, ratio", 1.3, "", [b / a for a, b in zip(empty, full, strict=True)]))
    return table


def main(arguments: list[str] | None = None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0, help="of paced audio in each utterance; each costs too")
    parser.add_argument("--engine", default="espeak", help="of the local server")
    parser.add_argument("--loops", type=lambda text: text.split(","), default=["asyncio", "qasync"])
    print(render(figures(parser.parse_args(arguments))))


if __name__ == "__main__":
    main()
