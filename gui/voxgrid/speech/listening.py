"""What is heard: which utterances are in the mix, who is muted, and what the playground says next."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from voxgrid.speech.record import UtteranceRecord

if TYPE_CHECKING:
    from voxpool.audio.player import Player
    from voxpool.chunk import AudioChunk


class Listening:
    """The mix.  Tracks are made and ended here and nowhere else.

    Args:
        player: Where tracks come from.
        clock: Monotonic time in seconds.
    """

    def __init__(self, player: Player, clock: Callable[[], float] = time.monotonic) -> None:
        self._player = player
        self._clock = clock
        self._heard: dict[int, UtteranceRecord] = {}
        self._line: deque[UtteranceRecord] = deque()

    def __repr__(self) -> str:
        return f"<Listening {len(self._heard)} heard, {len(self._line)} in line>"

    def __iter__(self) -> Iterator[UtteranceRecord]:
        return iter(list(self._heard.values()))

    def __len__(self) -> int:
        return len(self._heard)

    @property
    def line(self) -> tuple[UtteranceRecord, ...]:
        """What the playground says now (first) and next."""
        return tuple(self._line)

    def enqueue(self, record: UtteranceRecord, from_s: float = 0.0) -> None:
        """Hear it, from a moment of its audio on, when everything in line before it was heard."""
        record.started = False
        record.heard_from_s = from_s
        self._line.append(record)
        self._advance()

    def hear(self, record: UtteranceRecord, from_s: float = 0.0) -> None:
        """Add it to the mix, with what it has from a moment on; a track it already has ends."""
        self.drop(record)
        track = self._player.track(record.sample_rate_hz)
        record.track = track
        record.heard_from_s = from_s
        self._heard[id(record)] = record
        track.write(record.pcm(from_s))
        if record.ended:
            track.finish()
        self._balance()

    def live_position_s(self, record: UtteranceRecord) -> float:
        """Where a listener who began at the first audio would be now, in seconds into the audio."""
        if record.first_audio_at is None:
            return 0.0
        return min(record.audio_s, max(0.0, self._clock() - record.first_audio_at))

    def feed(self, record: UtteranceRecord, chunk: AudioChunk) -> None:
        """Hand a new chunk to the track, if it has one."""
        if record.track is not None:
            record.track.write(chunk.pcm)

    def ended(self, record: UtteranceRecord) -> None:
        """Nothing more will come for it: its track plays out."""
        if record.track is not None:
            record.track.finish()
        self._advance()

    def drop(self, record: UtteranceRecord) -> None:
        """Silence it at once."""
        if record.track is not None:
            record.track.stop()
        self._forget(record)

    def drop_all(self) -> list[UtteranceRecord]:
        """Silence everything at once; return what was in the playground's line."""
        in_line = list(self._line)
        self._line.clear()
        for record in self:
            self.drop(record)
        return in_line

    def drop_line(self) -> list[UtteranceRecord]:
        """Silence what the playground says, now and next, and nothing else; return it."""
        in_line = list(self._line)
        self._line.clear()
        for record in in_line:
            self.drop(record)
        return in_line

    def solo(self, record: UtteranceRecord, on: bool) -> None:
        """Hear it (and other soloed ones) alone, or no longer."""
        record.soloed = on
        self._balance()

    def mute(self, record: UtteranceRecord, on: bool) -> None:
        """Mute one utterance."""
        record.muted = on
        self._balance()

    def sweep(self) -> list[UtteranceRecord]:
        """Take out what was played to its end and let the line go on; return what was taken out."""
        done = [record for record in self if record.track is not None and record.track.done]
        for record in done:
            self._forget(record)
        self._advance()
        return done

    def _forget(self, record: UtteranceRecord) -> None:
        record.track = None
        record.soloed = False
        self._heard.pop(id(record), None)
        self._balance()

    def _advance(self) -> None:
        """Let the first in line sound; one that has nothing to say, or was heard, leaves the line."""
        while self._line:
            record = self._line[0]
            if (record.started and record.track is None) or (record.ended and not record.bytes):
                self._line.popleft()
            else:
                if record.track is None:
                    record.started = True
                    self.hear(record, record.heard_from_s)
                return

    def _balance(self) -> None:
        alone = any(record.soloed for record in self._heard.values())
        for record in self._heard.values():
            if record.track is not None:
                record.track.muted = record.muted or (alone and not record.soloed)
