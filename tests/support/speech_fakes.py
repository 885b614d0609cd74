"""A pool, utterances, a player and tracks that do exactly what a test tells them, and nothing by themselves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from voxpool.chunk import AudioChunk
from voxpool.config import Endpoint, PoolConfig
from voxpool.errors import VoxpoolError
from voxpool.events import EventStream, Outcome
from voxpool.pool.utterance import Stages
from voxpool.protocol.settings import ContextSettings
from voxpool.protocol.timestamps import TimedWord

RATE = 24000


def tone(seconds: float, rate: int = RATE, level: float = 0.5) -> npt.NDArray[np.int16]:
    """Return a sine of 440 Hz, shape (n,), int16."""
    moments = np.arange(round(seconds * rate)) / rate
    return np.asarray(np.sin(moments * 2 * np.pi * 440) * level * 32767, dtype=np.int16)


def word(text: str, start_s: float, end_s: float) -> TimedWord:
    """Return a timed word."""
    return TimedWord(text, start_s, end_s)


class FakeUtterance:
    """Yields what ``give`` put in; ends when told."""

    def __init__(self, number: int, text: str, settings: ContextSettings, clock: FakeClock) -> None:
        self.id = number
        self.text = text
        self.label = text[:80]
        self.settings = settings
        self.outcome: Outcome | None = None
        self.error: VoxpoolError | None = None
        self.stages = Stages(requested_s=clock())
        self.cancelled = False
        self._clock = clock
        self._queue: asyncio.Queue[AudioChunk | None] = asyncio.Queue()
        self._start_s = 0.0

    def give(self, seconds: float, words: tuple[Any, ...] = ()) -> None:
        """Deliver audio now."""
        self.stages = replace(self.stages, first_audio_s=self.stages.first_audio_s or self._clock())
        self._queue.put_nowait(AudioChunk(tone(seconds), RATE, self._start_s, words, self._clock()))
        self._start_s += seconds

    def end(self, error: VoxpoolError | None = None) -> None:
        """Nothing more comes."""
        self.error = error
        self.outcome = Outcome.FAILED if error else Outcome.DONE
        self._queue.put_nowait(None)

    def cancel_nowait(self) -> None:
        """End it as cancelled."""
        if self.outcome is None:
            self.cancelled = True
            self.outcome = Outcome.CANCELLED
            self._queue.put_nowait(None)

    def __aiter__(self) -> FakeUtterance:
        return self

    async def __anext__(self) -> AudioChunk:
        chunk = await self._queue.get()
        if chunk is not None and not self.cancelled:
            return chunk
        if self.error is not None:
            raise self.error
        raise StopAsyncIteration


class FakePool:
    """Hands out utterances and remembers them."""

    def __init__(self, endpoint: Endpoint, config: PoolConfig, clock: FakeClock) -> None:
        self.endpoint = endpoint
        self.config = config
        self.events = EventStream()
        self.utterances: list[FakeUtterance] = []
        self.closed = False
        self.refuse: VoxpoolError | None = None
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    def speak(self, text: str, *, settings: ContextSettings) -> FakeUtterance:
        """Queue an utterance."""
        if self.refuse is not None:
            raise self.refuse
        utterance = FakeUtterance(len(self.utterances) + 1, text, settings, self._clock)
        self.utterances.append(utterance)
        return utterance

    async def close(self) -> None:
        """End everything."""
        self.closed = True
        for utterance in self.utterances:
            utterance.cancel_nowait()


class FakeClock:
    """Monotonic time that moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass
class FakeTrack:
    """Remembers what was written; plays when told."""

    sample_rate_hz: int
    muted: bool = False
    gain: float = 1.0
    written: list[npt.NDArray[np.int16]] = field(default_factory=list)
    finished: bool = False
    stopped: bool = False
    played_s: float = 0.0

    @property
    def written_s(self) -> float:
        return sum(pcm.size for pcm in self.written) / self.sample_rate_hz

    @property
    def buffered_s(self) -> float:
        return self.written_s - self.played_s

    @property
    def done(self) -> bool:
        return self.stopped or (self.finished and self.played_s >= self.written_s - 1e-9)

    def write(self, pcm: npt.NDArray[np.int16]) -> None:
        self.written.append(pcm)

    def finish(self) -> None:
        self.finished = True

    def stop(self) -> None:
        self.stopped = True

    def play(self, seconds: float | None = None) -> None:
        """Let it sound for so long, by default to its end."""
        self.played_s = self.written_s if seconds is None else min(self.written_s, self.played_s + seconds)


class FakePlayer:
    """Makes tracks and remembers them."""

    def __init__(self) -> None:
        self.tracks: list[FakeTrack] = []
        self.master_gain = 1.0
        self.muted = False
        self.peak = (0.0, 0.0)
        self.selected: str | None = None
        self.started = False
        self.closed = False
        self.names: tuple[str, ...] = ("Speakers",)
        self.on_state: Any = None
        self.state = SimpleNamespace(kind="device", name="Speakers", why="")

    def track(self, sample_rate_hz: int, gain: float = 1.0) -> FakeTrack:
        track = FakeTrack(sample_rate_hz, gain=gain)
        self.tracks.append(track)
        return track

    def devices(self) -> tuple[Any, ...]:
        return tuple(SimpleNamespace(name=name, is_default=index == 0) for index, name in enumerate(self.names))

    def select(self, name: str | None) -> None:
        self.selected = name

    def start(self) -> None:
        self.started = True

    def close(self) -> None:
        self.closed = True
