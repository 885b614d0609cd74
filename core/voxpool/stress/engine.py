"""A fixed number of utterances, a fixed number of them in flight."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voxpool.errors import SettingError, VoxpoolError
from voxpool.protocol.settings import ContextSettings
from voxpool.stress.lag import LagProbe
from voxpool.stress.playback import Playback
from voxpool.stress.summary import Quantiles, Report, error_kind

if TYPE_CHECKING:
    from voxpool import Pool, Utterance

TEXTS: Final = (
    "The weather is nice today, and the small dog is running in the park.",
    "Please call the doctor before three o'clock.",
    "Your table for four is booked on Friday evening at half past seven.",
    "I could not find that order, so let me look it up by your phone number instead.",
)
"""What is said when nothing else was chosen."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to speak.

    Attributes:
        utterances: How many, in all.
        concurrency: How many at once, at most.
        texts: Spoken in turn.
        settings: For all of them.
    """

    utterances: int
    concurrency: int
    texts: tuple[str, ...] = TEXTS
    settings: ContextSettings = field(default_factory=ContextSettings)

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            SettingError: Naming the field, the value and what is accepted.
        """
        for name in ("utterances", "concurrency"):
            if getattr(self, name) < 1:
                raise SettingError(name, getattr(self, name), "at least 1")
        if not self.texts or not all(text.strip() for text in self.texts):
            raise SettingError("texts", self.texts, "one or more texts with words in them")

    def numbered_texts(self) -> Iterator[str]:
        """Yield the text of every utterance."""
        for number in range(self.utterances):
            yield self.texts[number % len(self.texts)]

    @property
    def characters(self) -> int:
        """How many characters all of it has."""
        return sum(map(len, self.numbered_texts()))


@dataclass(slots=True)
class _Tally:
    """What the workers note while they run."""

    started: int = 0
    done: int = 0
    characters: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    peak_connections: int = 0
    ttfa_ms: list[float] = field(default_factory=list)
    since_request_ms: list[float] = field(default_factory=list)
    waited_ms: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    playbacks: list[Playback] = field(default_factory=list)
    audio_s: float = 0.0
    chunks: int = 0


async def run(pool: Pool, plan: Plan, *, url: str = "", progress: Callable[[int, int], None] | None = None) -> Report:
    """Speak everything that the plan says and measure it.

    An utterance that fails is counted and the run goes on.  When the run is cancelled, its utterances are too.

    Args:
        pool: An open pool.
        plan: What to speak.
        url: Noted in the report.
        progress: Called with the number of ended and failed utterances after each one.

    Raises:
        asyncio.CancelledError: When the run is cancelled.
    """
    tally = _Tally()
    texts = plan.numbered_texts()
    began = time.monotonic()
    async with LagProbe() as lag, asyncio.TaskGroup() as group:
        for number in range(min(plan.concurrency, plan.utterances)):
            group.create_task(_work(pool, plan, texts, tally, progress), name=f"stress worker {number}")
    return _report(plan, tally, lag, url, time.monotonic() - began)


async def _work(
    pool: Pool, plan: Plan, texts: Iterator[str], tally: _Tally, progress: Callable[[int, int], None] | None
) -> None:
    for text in texts:
        tally.started += 1
        tally.characters += len(text)
        tally.in_flight += 1
        tally.peak_in_flight = max(tally.peak_in_flight, tally.in_flight)
        try:
            await _speak(pool, text, plan.settings, tally)
        except VoxpoolError as error:
            kind = error_kind(error)
            tally.errors[kind] += 1
            tally.examples.setdefault(kind, str(error))
        else:
            tally.done += 1
        finally:
            tally.in_flight -= 1
        if progress is not None:
            progress(tally.done + tally.errors.total(), tally.errors.total())


async def _speak(pool: Pool, text: str, settings: ContextSettings, tally: _Tally) -> None:
    playback = Playback()
    tally.playbacks.append(playback)
    utterance = pool.speak(text, settings=settings)
    try:
        async for chunk in utterance:
            seconds = chunk.pcm.size / chunk.sample_rate_hz
            playback.arrived(chunk.received_at, seconds)
            tally.chunks += 1
            tally.audio_s += seconds
    except asyncio.CancelledError:
        utterance.cancel_nowait()
        raise
    finally:
        tally.peak_connections = max(tally.peak_connections, len(pool.connections()))
        _note_stages(utterance, tally)


def _note_stages(utterance: Utterance, tally: _Tally) -> None:
    stages = utterance.stages
    for values, start, end in (
        (tally.ttfa_ms, stages.first_text_s, stages.first_audio_s),
        (tally.since_request_ms, stages.requested_s, stages.first_audio_s),
        (tally.waited_ms, stages.requested_s, stages.granted_s),
    ):
        if start is not None and end is not None:
            values.append((end - start) * 1000.0)


def _report(plan: Plan, tally: _Tally, lag: LagProbe, url: str, wall_s: float) -> Report:
    stalled = [playback for playback in tally.playbacks if playback.stalls]
    return Report(
        url=url,
        requested=plan.utterances,
        started=tally.started,
        done=tally.done,
        failed=tally.errors.total(),
        concurrency=tally.peak_in_flight,
        connections=tally.peak_connections,
        ttfa_ms=Quantiles.of(tally.ttfa_ms),
        since_request_ms=Quantiles.of(tally.since_request_ms),
        waited_ms=Quantiles.of(tally.waited_ms),
        errors=dict(tally.errors),
        examples=tally.examples,
        stalls=sum(playback.stalls for playback in stalled),
        stalled_utterances=len(stalled),
        longest_stall_ms=max((playback.longest_s for playback in stalled), default=0.0) * 1000.0,
        wall_s=wall_s,
        audio_s=tally.audio_s,
        chunks=tally.chunks,
        characters=tally.characters,
        loop_lag_ms=Quantiles.of(lag.late_ms),
    )
