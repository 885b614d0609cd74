"""The filling side of a track: PCM at the source's rate goes in, samples at the device's rate come out into a ring.

Memory is bounded twice.  The ring holds little more than a second, enough to survive every stall of the threads that
fill it.  What does not fit yet waits as the caller's own arrays, which are kept by reference and not copied; when more
than ``limit_s`` waits, further audio is refused whole, and counted.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from voxpool.audio.ring import Ring

DEVICE_RATE_HZ: Final = 48_000
"""The one rate of the mix and of the device."""

RING_FRAMES: Final = 1 << 16
"""Samples in a track's ring: 1.4 s."""

_SLICE_S: Final = 0.1
"""Audio that is resampled in one go, so that many tracks are fed in turns."""

Floats = npt.NDArray[np.float32]
Pcm = npt.NDArray[np.int16]


class Feed:
    """Turns a track's PCM into samples in its ring.

    ``add`` and ``finish`` belong to the producer's thread, ``pump`` to one other thread, the ring's reading side to
    the device's.  Values keep the scale of int16, so that audio at the device's rate passes bit for bit.

    Args:
        sample_rate_hz: Rate of the PCM.
        limit_s: Seconds of audio that may wait.

    Attributes:
        ring: Samples that are ready, float32 at ``DEVICE_RATE_HZ``.
        ended: Whether all there will ever be is in the ring; set after the last sample was written.
        refused: Source samples that were refused because too much waited.
    """

    def __init__(self, sample_rate_hz: int, limit_s: float) -> None:
        self.ring = Ring(RING_FRAMES)
        self.ended = False
        self.refused = 0
        self._rate = sample_rate_hz
        self._limit = round(limit_s * sample_rate_hz)
        self._waiting: deque[Pcm] = deque()
        self._added = 0
        self._taken = 0
        self._finished = False
        self._flushed = False
        self._slice = max(1, round(_SLICE_S * sample_rate_hz))
        self._chunk: Pcm | None = None
        self._offset = 0
        self._carry: Floats | None = None
        self._resampler = (
            None if sample_rate_hz == DEVICE_RATE_HZ else soxr.ResampleStream(sample_rate_hz, DEVICE_RATE_HZ, 1)
        )

    def __repr__(self) -> str:
        return f"<Feed {self._rate} Hz, {self.waiting_s:.2f} s waiting, {self.ring!r}>"

    @property
    def added_s(self) -> float:
        """Seconds of audio taken in so far."""
        return self._added / self._rate

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that are neither in the ring nor played."""
        return (self._added - self._taken) / self._rate

    @property
    def finished(self) -> bool:
        """Whether the producer has said that nothing more comes."""
        return self._finished

    def add(self, pcm: Pcm) -> None:
        """Take in audio, shape (n,), int16 mono, kept by reference: it must not be changed afterwards."""
        if self._added - self._taken + len(pcm) > self._limit:
            self.refused += len(pcm)
        elif len(pcm):
            self._added += len(pcm)
            self._waiting.append(pcm)

    def finish(self) -> None:
        """Say that nothing more comes."""
        self._finished = True

    def discard(self) -> None:
        """Let go of all that waits, and end.  Belongs to the thread that pumps."""
        self._finished = self._flushed = self.ended = True
        self._waiting.clear()
        self._chunk = self._carry = None
        self._taken = self._added

    def pump(self) -> bool:
        """Move one slice towards the ring; return whether another call may move more."""
        # Read before the queue: what was added before finish() is then certainly seen.
        finished = self._finished
        if self._carry is None:
            self._carry = self._next(finished)
        if self._carry is None:
            self.ended = finished and self._flushed
            return False
        rest = self._carry[self.ring.write(self._carry) :]
        self._carry = rest if len(rest) else None
        return self._carry is None

    def _next(self, finished: bool) -> Floats | None:
        """Return the next samples for the ring, or None when there are none yet or none any more."""
        piece = self._next_piece()
        if piece is not None:
            return self._convert(piece)
        if finished and not self._flushed:
            self._flushed = True
            return self._resample(np.zeros(0, np.float32), last=True)
        return None

    def _next_piece(self) -> Pcm | None:
        if self._chunk is None:
            if not self._waiting:
                return None
            self._chunk, self._offset = self._waiting.popleft(), 0
        piece = self._chunk[self._offset : self._offset + self._slice]
        self._offset += len(piece)
        self._taken += len(piece)
        if self._offset >= len(self._chunk):
            self._chunk = None
        return piece

    def _convert(self, piece: Pcm) -> Floats:
        return self._resample(piece.astype(np.float32), last=False)

    def _resample(self, samples: Floats, last: bool) -> Floats:
        if self._resampler is None:
            return samples
        out: Floats = self._resampler.resample_chunk(samples, last=last)
        return out
