"""Whether the tool itself was the bottleneck: then a run says little about the service, and says so.

Measured all along: how late the event loop is, how late utterances were asked for, the CPU of this process, events
that were lost, gaps in the sound.  A bare loop in a process of its own runs beside it: when that one is late
as well, the machine was busy, and otherwise the tool, or both, by the proportion of the two.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from voxpool.stress.measure import Histogram

PERIOD_S: Final = 0.01
"""Between two looks of a probe, in seconds; short enough to be precise on every loop."""
LAG_LIMIT_MS: Final = 20.0
"""A loop later than this at p99 makes a run invalid: it is a tenth of what is measured."""
LATE_LIMIT_MS: Final = 20.0
"""So does a tool that is this late at p99 to ask for utterances."""
CPU_LIMIT_PERCENT: Final = 95.0
"""So does a process that keeps its one core this busy."""
_MACHINE_SHARE: Final = 2 / 3
"""From this part of a lateness on that a bare loop had as well, the machine explains it."""
_TOOL_SHARE: Final = 1 / 4
"""Up to this part the machine explains nothing of it."""
FEWEST: Final = 100
"""Values that a 99th percentile needs to be one."""


class LagProbe:
    """Wakes up every ten milliseconds, as long as its block runs, and tells how late it was.

    A loop that hangs for a second hides a hundred looks; they are made up for by whoever records the values, with
    ``PERIOD_S`` as the interval.

    Args:
        clock: Monotonic seconds.
        late: Called with each delay, in milliseconds.
    """

    def __init__(self, clock: Callable[[], float], late: Callable[[float], None]) -> None:
        self._clock = clock
        self._late = late
        self._handle: asyncio.TimerHandle | asyncio.Handle | None = None
        self._due = 0.0

    def __enter__(self) -> Self:
        self._schedule()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self) -> None:
        self._due = self._clock() + PERIOD_S
        self._handle = asyncio.get_running_loop().call_later(PERIOD_S, self._woke)

    def _woke(self) -> None:
        self._late(max(0.0, self._clock() - self._due) * 1000.0)
        self._schedule()


_BARE: Final = f"""
import asyncio, json, sys, time

async def main():
    loop, late = asyncio.get_running_loop(), []
    reader = asyncio.StreamReader()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        ended = asyncio.create_task(reader.read())
    except (OSError, NotImplementedError):
        ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not ended.done():
        due = time.monotonic() + {PERIOD_S}
        await asyncio.sleep({PERIOD_S})
        late.append(round((time.monotonic() - due) * 1000, 3))
        if len(late) >= 50:
            print(json.dumps(late), flush=True)
            late.clear()
    print(json.dumps(late), flush=True)

asyncio.run(main())
"""


class BareLoop:
    """A loop that does nothing but wake up, in a process of its own beside a run.

    Attributes:
        late: How late it was, in milliseconds.
    """

    def __init__(self) -> None:
        self.late = Histogram()
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<BareLoop {self.late!r}>"

    async def start(self) -> None:
        """Start it; a machine that starts no process leaves it without values."""
        # Ctrl+C in a terminal is for the run, which then ends this when it is done with it.
        options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", "-c", _BARE,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options,
            )  # fmt: skip
        except OSError:
            return
        self._reading = asyncio.create_task(self._read(self._process), name="bare loop")

    async def close(self) -> None:
        """End it and take its last values.  Bounded in time."""
        process, reading = self._process, self._reading
        if process is None or reading is None:
            return
        self._process = self._reading = None
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(2.0):
                await reading
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await process.wait()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for a pipe
        while line := await process.stdout.readline():
            for value in json.loads(line):
                self.late.record(value, PERIOD_S * 1000.0)


class CpuMeter:
    """The CPU of this process, in percent of one core."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._last = (clock(), time.process_time())

    def take(self) -> float:
        """Return the CPU since the last call."""
        last, self._last = self._last, (self._clock(), time.process_time())
        return _percent(last, self._last)

    @property
    def whole(self) -> float:
        """The CPU since the beginning."""
        return _percent(self._began, (self._clock(), time.process_time()))


def _percent(before: tuple[float, float], after: tuple[float, float]) -> float:
    seconds = after[0] - before[0]
    return (after[1] - before[1]) / seconds * 100.0 if seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of the tool during a run.

    Attributes:
        lag_p99_ms: How late its event loop was, or None when that was not measured.
        late_p99_ms: How late utterances were asked for, or None when they were fewer than a hundred: the latest of a
            few is no percentile.
        cpu_percent: Of this process, 100 being one core.
        events_lost: Pool events that the measurement lost.
        bare_p99_ms: How late a bare loop beside it was, or None without one.
        bare_count: Values behind that.
        apart: Whether this process does nothing else than the run: then nobody needs to be told to give it one.
    """

    lag_p99_ms: float | None = None
    late_p99_ms: float | None = None
    cpu_percent: float = 0.0
    events_lost: int = 0
    bare_p99_ms: float | None = None
    bare_count: int = 0
    apart: bool = False


def complaints(seen: Observed) -> tuple[str, ...]:
    """Return why a run is invalid, as sentences; none when it is valid."""
    found = []
    if (seen.lag_p99_ms or 0.0) > LAG_LIMIT_MS:
        found.append(
            f"The event loop was {seen.lag_p99_ms:.0f} ms late at p99 (limit {LAG_LIMIT_MS:.0f} ms); "
            f"{_who(seen, seen.lag_p99_ms or 0.0)}."
        )
    if (seen.late_p99_ms or 0.0) > LATE_LIMIT_MS:
        found.append(
            f"Utterances were asked for {seen.late_p99_ms:.0f} ms too late at p99 (limit {LATE_LIMIT_MS:.0f} ms); "
            f"{_who(seen, seen.late_p99_ms or 0.0)}."
        )
    if seen.cpu_percent > CPU_LIMIT_PERCENT:
        found.append(
            f"This process used {seen.cpu_percent:.0f} % of a core (limit {CPU_LIMIT_PERCENT:.0f} %): "
            "one event loop cannot do more; lower the load, or run it in several processes."
        )
    if seen.events_lost:
        found.append(f"The measurement lost {seen.events_lost} events of the pool: when slots came free is not known.")
    return tuple(found)


def _who(seen: Observed, late_ms: float) -> str:
    """Return who made something late, by how late a bare loop was beside it.

    A loop that is nearly as late says that the machine had no time for either; one that is hardly late says that the
    tool did it.  In between, and when the machine alone would have been enough, it was both.
    """
    bare_ms = seen.bare_p99_ms
    if bare_ms is None or seen.bare_count < FEWEST:
        return "nothing was measured beside it that says whether the tool or the machine was busy"
    bare, share = f"a bare loop beside it was {bare_ms:.1f} ms late", bare_ms / late_ms
    lower = "lower the load" if seen.apart else "lower the load or run it in a process of its own"
    if share >= _MACHINE_SHARE:
        return f"{bare}: the machine was busy with something else"
    if share <= _TOOL_SHARE and bare_ms <= LAG_LIMIT_MS:
        return f"{bare}: the tool was busy itself, {lower}"
    return f"{bare}: the machine was busy with something else and the tool was busy itself, make room and {lower}"
