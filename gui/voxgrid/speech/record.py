"""What is kept of one utterance: its text, its sound, and how it came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voxgrid.speech.envelope import Envelope
from voxgrid.speech.timing import Arrivals, Words

if TYPE_CHECKING:
    from voxpool.audio.player import Track
    from voxpool.chunk import AudioChunk
    from voxpool.events import Outcome
    from voxpool.pool.utterance import Stages, Utterance
    from voxpool.protocol.settings import ContextSettings


RUN: Final = "run"
"""Source of an utterance of the stress lab: it can be heard while its run goes on, and is no history."""


@dataclass(slots=True, eq=False)
class UtteranceRecord:
    """One utterance as the window knows it.  Changed only by the ``SpeechController``; views read it.

    Attributes:
        id: The pool's utterance id while its pool lives; a negative number after the pool was replaced.
        text: What is spoken.
        label: A snippet of it for people.
        settings: What its context was created with.
        source: Who asked: ``"speak"``, ``"fire"`` or ``"run"``.
        began_at: Wall clock time of the request, seconds since the epoch.
        sample_rate_hz: Rate of the audio.
        utterance: The pool's own object while it runs, None afterwards.
        envelope: Levels for drawing.
        arrivals: One entry per chunk.
        words: Timed words so far, in order.
        audio_s: Seconds of audio received.
        ttfa_ms: Time to first audio in milliseconds, from the request, or None before it.
        first_audio_at: Monotonic time of the first audio in seconds, or None.
        ended: Whether nothing more will come.
        outcome: How it ended, or None.
        error: The error as a sentence, or "".
        kept: Whether its audio is in memory, to be replayed or saved.
        track: Its place in the mix while it is heard, or None.
        muted: Whether the listener muted it.
        soloed: Whether only this one (and other soloed ones) is to be heard.
        most_bytes: Memory above which its audio is let go although it still runs: one text may be a whole book.
        heard_from_s: Where in the audio its track began, in seconds.
        started: Whether its turn in the playground's line has come.
        stages: The pool's stages (frozen), once it ended.
    """

    id: int
    text: str
    label: str
    settings: ContextSettings
    source: str
    began_at: float
    sample_rate_hz: int
    utterance: Utterance | None = None
    envelope: Envelope = field(init=False)
    arrivals: Arrivals = field(default_factory=Arrivals)
    words: Words = field(default_factory=Words)
    audio_s: float = 0.0
    ttfa_ms: float | None = None
    first_audio_at: float | None = None
    ended: bool = False
    outcome: Outcome | None = None
    error: str = ""
    kept: bool = True
    track: Track | None = None
    muted: bool = False
    soloed: bool = False
    most_bytes: int = 1 << 40
    heard_from_s: float = 0.0
    started: bool = False
    stages: Stages | None = None
    _pcm: list[npt.NDArray[np.int16]] = field(default_factory=list)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self.envelope = Envelope(self.sample_rate_hz)

    def __repr__(self) -> str:
        state = "ended" if self.ended else "running"
        return f"<UtteranceRecord #{self.id} {state} {self.audio_s:.2f} s {self._bytes} B>"

    @property
    def listening(self) -> bool:
        """Whether it is being heard."""
        return self.track is not None

    @property
    def bytes(self) -> int:
        """Memory its audio takes."""
        return self._bytes

    @property
    def played_s(self) -> float:
        """Position in its audio that is sounding, in seconds; 0 when it is not in the mix."""
        return self.heard_from_s + self.track.played_s if self.track is not None else 0.0

    def add(self, chunk: AudioChunk) -> None:
        """Take in a chunk."""
        self.words.extend(chunk.words)
        if not chunk.pcm.size:
            return
        if self.first_audio_at is None:
            self.first_audio_at = chunk.received_at
            self.ttfa_ms = self._ttfa_ms()
        self.audio_s += chunk.duration_s
        self.arrivals.add(chunk.received_at - self.first_audio_at, self.audio_s)
        self.envelope.add(chunk.pcm)
        if self.kept:
            self._pcm.append(chunk.pcm)
            self._bytes += chunk.pcm.nbytes
            if self._bytes > self.most_bytes:
                self.evict()

    def pcm(self, from_s: float = 0.0) -> npt.NDArray[np.int16]:
        """Return the kept audio from a moment on, shape (n,), int16 mono; empty when it was evicted."""
        if len(self._pcm) > 1:
            self._pcm = [np.concatenate(self._pcm)]
        if not self._pcm:
            return np.empty(0, np.int16)
        return self._pcm[0][round(from_s * self.sample_rate_hz) :]

    def _ttfa_ms(self) -> float | None:
        if self.utterance is None or self.first_audio_at is None:
            return None
        return (self.first_audio_at - self.utterance.stages.requested_s) * 1e3

    def finish(self) -> None:
        """Nothing more will come: take over what the pool's own object knows, and let that go."""
        self.ended = True
        self.envelope.finish()
        utterance, self.utterance = self.utterance, None
        if utterance is not None:
            self.outcome = utterance.outcome
            self.stages = utterance.stages

    def evict(self) -> None:
        """Let the audio go; text, levels and times stay."""
        self._pcm.clear()
        self._bytes = 0
        self.kept = False
