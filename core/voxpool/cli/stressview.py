"""The live view of a run in a terminal."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from voxpool.cli.stresstext import stalls
from voxpool.stress.report.words import money
from voxpool.stress.result import Mark, MarkKind, Tick
from voxpool.stress.sample import Sample

_BARS: Final = " ▁▂▃▄▅▆▇█"
_HISTORY: Final = 60


class LiveView:
    """Shows the newest tick a few times a second; a thread of its own draws, so a slow terminal holds nothing up.

    Args:
        name: The scenario's name.
        duration_s: Seconds that the load lasts; infinite when nobody knows, as of a search.
        slots: Slots of the pool.
    """

    def __init__(self, name: str, duration_s: float, slots: int) -> None:
        self._name = name
        self._duration_s = duration_s
        self._slots = slots
        self._tick = Tick(at_s=0.0)
        self._marks: deque[Mark] = deque(maxlen=4)
        self._p95: deque[float] = deque(maxlen=_HISTORY)
        self._stopping = False
        self._live = Live(
            get_renderable=self.render, console=Console(stderr=True), refresh_per_second=4, transient=True
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def on_sample(self, sample: Sample) -> None:
        """An utterance is over."""

    def on_tick(self, tick: Tick) -> None:
        """Remember the newest state."""
        self._tick = tick
        self._p95.append(tick.ttfa_p95_ms or 0.0)

    def on_mark(self, mark: Mark) -> None:
        """Remember the newest annotations."""
        self._marks.append(mark)
        self._stopping = self._stopping or mark.kind is MarkKind.STOP

    def render(self) -> RenderableType:
        """Return the picture of now."""
        tick = self._tick
        table = Table.grid(padding=(0, 2))
        for _ in range(6):
            table.add_column()
        table.add_row("in flight", str(tick.in_flight), "slots", f"{tick.slots_held}/{self._slots}", "waiting",
                      f"{tick.waiting} ({tick.oldest_wait_s:.1f} s)")  # fmt: skip
        table.add_row("done", str(tick.done), "failed", _warn(tick.failed), "interrupted", str(tick.interrupted))
        if tick.warm_up:
            table.add_row("warm-up", str(tick.warm_up))
        table.add_row("target", f"{tick.target:g}", "characters", f"{tick.characters:,}", "stalls",
                      Text(stalls(tick), style="bold red" if tick.stalls or tick.starving else ""))  # fmt: skip
        if tick.usd:
            table.add_row("cost", money(tick.usd))
        table.add_row("p50", _ms(tick.ttfa_p50_ms), "p95", _ms(tick.ttfa_p95_ms), "p99", _ms(tick.ttfa_p99_ms))
        table.add_row("loop lag", f"{tick.loop_lag_ms:.1f} ms", "CPU", f"{tick.cpu_percent:.0f} %", "late start",
                      f"{tick.late_start_ms:.1f} ms")  # fmt: skip
        trouble = [Text(f"The service is {tick.trouble}", style="bold red")] if tick.trouble else []
        marks = [Text(f"{mark.at_s:7.1f} s  {mark.kind.value}: {mark.text}", style="dim") for mark in self._marks]
        return Group(self._head(), table, Text(f"p95  {_sparkline(self._p95)}"), *trouble, *marks)

    def _head(self) -> RenderableType:
        at_s = self._tick.at_s
        head = Table.grid(padding=(0, 2))
        over = self._stopping or at_s > self._duration_s
        if over or self._duration_s == float("inf"):
            said = f"{at_s:.0f} s" + (", waiting for the last ones" if over else "")
            head.add_row(Text(self._name, style="bold"), said)
        else:
            left_s = max(0.0, self._duration_s - at_s)
            head.add_row(Text(self._name, style="bold"), ProgressBar(self._duration_s, min(at_s, self._duration_s), 30),
                         f"{left_s:.0f} s left")  # fmt: skip
        return head


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def _warn(count: int) -> Text:
    return Text(str(count), style="bold red" if count else "")


def _sparkline(values: deque[float]) -> str:
    top = max(values, default=0.0) or 1.0
    return "".join(_BARS[min(8, int(value / top * 8))] for value in values)
