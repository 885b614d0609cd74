"""The result of a run: plain numbers, and how they read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from voxpool.errors import ServiceError

TOOL_LIMIT_MS: Final = 20.0
"""A loop lag p99 above this marks a run: the numbers then say more about this process than about the service."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Exact quantiles of a set of measurements, by the nearest-rank rule.

    Attributes:
        count: How many there were.  With 0 the others are None.
        p50: Median.
        p95: 95th percentile.
        p99: 99th percentile.
        max: Largest.
    """

    count: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Measure ``values``."""
        ranked = sorted(values)
        if not ranked:
            return cls()
        p50, p95, p99 = (ranked[max(0, math.ceil(share * len(ranked)) - 1)] for share in (0.5, 0.95, 0.99))
        return cls(len(ranked), p50, p95, p99, ranked[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run measured.  Times are in milliseconds where the name says so, else in seconds.

    Attributes:
        url: The endpoint.
        requested: Utterances asked for.
        started: Utterances begun; fewer than ``requested`` when the run was interrupted.
        done: Utterances that were heard to their end.
        failed: Utterances that ended with an error.
        concurrency: Utterances that were in flight at once, at most.
        connections: Connections that were open at once, at most.
        ttfa_ms: From the first text on the wire to the first audio.
        since_request_ms: From the request to the first audio: queueing and connecting included.
        waited_ms: From the request to the slot.
        errors: Count of failed utterances by kind of error.
        examples: One error text for each kind.
        stalls: Times that a listener would have heard silence in mid-utterance.
        stalled_utterances: Utterances in which that happened.
        longest_stall_ms: The longest such silence.
        wall_s: Duration of the run.
        audio_s: Audio received.
        chunks: Audio chunks received.
        characters: Characters sent.
        loop_lag_ms: How late this process's event loop was.
    """

    url: str
    requested: int
    started: int
    done: int
    failed: int
    concurrency: int
    connections: int
    ttfa_ms: Quantiles
    since_request_ms: Quantiles
    waited_ms: Quantiles
    errors: dict[str, int]
    examples: dict[str, str]
    stalls: int
    stalled_utterances: int
    longest_stall_ms: float
    wall_s: float
    audio_s: float
    chunks: int
    characters: int
    loop_lag_ms: Quantiles

    @property
    def tool_was_slow(self) -> bool:
        """Whether this process, and not the service, may have set the pace."""
        return (self.loop_lag_ms.p99 or 0.0) > TOOL_LIMIT_MS

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {**asdict(self), "tool_was_slow": self.tool_was_slow}

    def text(self) -> str:
        """Return the report for a terminal, without a final line break."""
        lines = [
            f"{self.done} done, {self.failed} failed of {self.requested} utterances",
            f"{self.concurrency} at once on {self.connections} connections, {self.wall_s:.1f} s in all",
            f"{self.audio_s:.1f} s of audio in {self.chunks} chunks for {self.characters} characters",
            "",
            f"{'':28}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}  count",
            _row("time to first audio", self.ttfa_ms),
            _row("from request to first audio", self.since_request_ms),
            _row("waiting for a slot", self.waited_ms),
            _row("loop lag of this process", self.loop_lag_ms),
            "",
            f"stalls: {self.stalls} in {self.stalled_utterances} utterances, longest {self.longest_stall_ms:.0f} ms",
            "errors: " + ("none" if not self.errors else ""),
            *(f"  {count} x {kind}: {self.examples[kind]}" for kind, count in sorted(self.errors.items())),
        ]
        if self.tool_was_slow:
            lines.append("This process was busy itself: read the times as an upper bound, not as the service's.")
        return "\n".join(lines)


def error_kind(error: Exception) -> str:
    """Return a stable short name for an error, with the service's code where there is one."""
    name = type(error).__name__
    return f"{name} {error.code}" if isinstance(error, ServiceError) else name


def _row(name: str, values: Quantiles) -> str:
    cells = (values.p50, values.p95, values.p99, values.max)
    shown = "".join("-".rjust(9) if cell is None else f"{cell:.0f} ms".rjust(9) for cell in cells)
    return f"{name:28}{shown}  {values.count}"
