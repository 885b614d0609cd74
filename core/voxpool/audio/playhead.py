"""The sounding side of a track: takes samples from its ring and adds them to the mix, in the device's thread.

Nothing here allocates an array, logs, signals or waits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voxpool.audio.feed import DEVICE_RATE_HZ, Feed

FADE_FRAMES: Final = 240
"""Length of a fade at a flush or a gap: 5 ms, too short to be heard as one, long enough not to click."""

START_FRAMES: Final = 960
"""A track begins to sound when it has one block, or all it will ever have."""

RESUME_FRAMES: Final = 4800
"""After a gap a track resumes with 100 ms in hand, so that a slow network makes few gaps and not many."""

_RISE: Final = np.linspace(0, 1, FADE_FRAMES, endpoint=False, dtype=np.float32)
_FALL: Final = _RISE[::-1].copy()

Floats = npt.NDArray[np.float32]


class Workspace:
    """Room for one block, made once.

    Args:
        frames: Samples in the block.

    Attributes:
        mix: The sum so far, shape (frames,), in the scale of int16.
        scratch: One track's samples, shape (frames,); whoever needs it overwrites it.
    """

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.mix: Floats = np.zeros(frames, np.float32)
        self.scratch: Floats = np.zeros(frames, np.float32)
        self._ramp: Floats = np.arange(1, frames + 1, dtype=np.float32) / np.float32(frames)
        self._curve: Floats = np.zeros(frames, np.float32)

    def scale(self, samples: Floats, old: float, new: float) -> None:
        """Multiply the block's first samples, in place, by a factor that moves evenly from old to new."""
        curve = self._curve[: len(samples)]
        np.multiply(self._ramp[: len(samples)], new - old, out=curve)
        np.add(curve, old, out=curve)
        np.multiply(samples, curve, out=samples)


class Playhead:
    """Where a track is, and what it adds to the mix.

    ``mix`` belongs to whichever thread renders; the rest is written by one thread and may be read by any.

    Args:
        feed: What fills the ring.
        gain: Factor at the beginning.

    Attributes:
        gain: Factor wanted, already 0 when the track is not to be heard; reached within a block, without a click.
        stopping: Set by the owner to flush: a short fade, then over.
        over: Whether it will never sound again.
        frames: Samples handed to the device so far, at ``DEVICE_RATE_HZ``.
        gaps: Times that the source was slower than the sound and was waited for.
        gap_frames: Samples of silence in those gaps.
    """

    def __init__(self, feed: Feed, gain: float) -> None:
        self.gain = gain
        self.stopping = False
        self.over = False
        self.frames = 0
        self.gaps = 0
        self.gap_frames = 0
        self._feed = feed
        self._ring = feed.ring
        self._sounding = gain
        self._waiting = True
        self._silence = 0
        self._mark = (0.0, 0, 0)

    def position(self, now: float) -> float:
        """Return how many samples have been heard at a moment, counting what is under way to the ear.

        The block that was handed over last says when it will be heard; from there the position moves with the
        clock, but never past what the device was given.
        """
        heard_at, start, end = self._mark
        return min(float(end), max(0.0, start + (now - heard_at) * DEVICE_RATE_HZ))

    def mix(self, work: Workspace, heard_at: float) -> None:
        """Add the next samples to a block.

        Args:
            work: The block and room to compute in.
            heard_at: When the block will be heard, in seconds of the player's clock.
        """
        if self.over:
            return
        if self.stopping:
            self._flush(work, heard_at)
            return
        # Read before the ring: then an empty ring is really the end.
        ended = self._feed.ended
        rises = False
        if self._waiting:
            if self._must_wait(ended):
                self._silence += work.frames if self.frames else 0
                return
            rises = self._begin()
        count = self._take(work.scratch, heard_at)
        if rises and count >= FADE_FRAMES:
            _scale(work.scratch[:FADE_FRAMES], _RISE)
        if count < work.frames:
            self._run_dry(work, count, ended)
        self._add(work, count)

    def _must_wait(self, ended: bool) -> bool:
        return not ended and self._ring.filled < (RESUME_FRAMES if self.frames else START_FRAMES)

    def _begin(self) -> bool:
        """Leave the waiting state; return whether sound goes on after a gap."""
        self._waiting = False
        self._sounding = self.gain  # out of silence no ramp is needed
        gap, self._silence = self._silence, 0
        if not self._ring.filled or not self.frames:
            return False
        self.gaps += 1
        self.gap_frames += gap
        return True

    def _take(self, into: Floats, heard_at: float) -> int:
        count = self._ring.read_into(into)
        if count:
            self._mark = (heard_at, self.frames, self.frames + count)
            self.frames += count
        return count

    def _run_dry(self, work: Workspace, count: int, ended: bool) -> None:
        if ended:
            self.over = True
            return
        self._waiting = True
        self._silence = work.frames - count
        if count >= FADE_FRAMES:
            _scale(work.scratch[count - FADE_FRAMES : count], _FALL)

    def _flush(self, work: Workspace, heard_at: float) -> None:
        self.over = True
        if self._waiting:
            return
        self.gain = self._sounding
        count = self._take(work.scratch[:FADE_FRAMES], heard_at)
        _scale(work.scratch[:count], _FALL[:count])
        self._add(work, count)

    def _add(self, work: Workspace, count: int) -> None:
        """Add samples at the gain, which moves evenly over the block from what it was to what is wanted."""
        old, new = self._sounding, self.gain
        self._sounding = new
        if old == new == 0:
            return
        samples = work.scratch[:count]
        if old != new:
            work.scale(samples, old, new)
        elif new != 1:
            np.multiply(samples, new, out=samples)
        mix = work.mix[:count]
        np.add(mix, samples, out=mix)


def _scale(samples: Floats, curve: Floats) -> None:
    np.multiply(samples, curve, out=samples)
