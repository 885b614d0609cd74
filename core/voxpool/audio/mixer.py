"""The sum of all tracks, rendered block by block in the device's own thread.

Rendering allocates no array, logs nothing, signals nobody and waits for no lock.  Whoever has taken the mixer over
(``owner``) is the only one who moves the tracks on, so that a device which was given up and comes back to life, or
the clock that stood in for it, cannot play them twice.
"""

from __future__ import annotations

import math
import threading
from typing import Final

import numpy as np
import numpy.typing as npt

from voxpool.audio.playhead import Playhead, Workspace
from voxpool.audio.ring import Ring

BLOCK_FRAMES: Final = 960
"""Samples in a block: 20 ms, free of underflows on a busy machine where smaller ones were not (measured)."""

FULL_SCALE: Final = 32768.0

_ATTACK_FRAMES: Final = 48
_RECOVERY: Final = 1.06
"""The limiter gives back half of what it took in about 0.25 s: 1.06 ** 12 blocks."""


class Limiter:
    """Keeps the sum of many voices below full scale by turning it down, instead of clipping every peak.

    It falls within a millisecond, rises slowly, and leaves audio that fits untouched to the bit.  What is above
    full scale in that first millisecond is cut off by the mixer.
    """

    def __init__(self) -> None:
        self._gain = 1.0
        self._attack = Workspace(_ATTACK_FRAMES)

    def apply(self, work: Workspace, peak: float) -> None:
        """Turn the block down in place, given its peak."""
        allowed = FULL_SCALE / peak if peak > FULL_SCALE else 1.0
        old = self._gain
        self._gain = new = min(allowed, old * _RECOVERY)
        if new < old:
            self._attack.scale(work.mix[:_ATTACK_FRAMES], old, new)
            rest = work.mix[_ATTACK_FRAMES:]
            np.multiply(rest, new, out=rest)
        elif old != 1.0:
            work.scale(work.mix, old, new)


class Mixer:
    """Sums playheads, always ``BLOCK_FRAMES`` at a time.

    Attributes:
        playheads: What is in the mix; replaced as a whole, never changed in place.
        gain: Master factor, reached within a block.
        owner: Who may render.
        tap: A ring that gets a copy of everything that is rendered, or None.
        level: Peak and root mean square of the last block, each 0 to 1 of full scale.
        blocks: Blocks rendered.
        collisions: Blocks that were refused because another one was being rendered.
        tap_lost: Samples that did not fit into the tap.
    """

    def __init__(self) -> None:
        self.playheads: tuple[Playhead, ...] = ()
        self.gain = 1.0
        self.owner: object = None
        self.tap: Ring | None = None
        self.level = (0.0, 0.0)
        self.blocks = 0
        self.collisions = 0
        self.tap_lost = 0
        self._sounding = 1.0
        self._limiter = Limiter()
        self._rendering = threading.Lock()
        self._work = Workspace(BLOCK_FRAMES)
        self._block: npt.NDArray[np.int16] = np.zeros(BLOCK_FRAMES, np.int16)

    def __repr__(self) -> str:
        return f"<Mixer {len(self.playheads)} playheads, {self.blocks} blocks, owner {self.owner!r}>"

    def render(self, owner: object, heard_at: float) -> npt.NDArray[np.int16] | None:
        """Move all playheads on by a block and return their sum.

        Args:
            owner: Who asks.
            heard_at: When the block will be heard, in seconds of the player's clock.

        Returns:
            Samples, shape (BLOCK_FRAMES,), valid until the next call; None for one who does not own the mixer, who
            then plays silence.
        """
        if owner is not self.owner:
            return None
        if not self._rendering.acquire(blocking=False):
            self.collisions += 1
            return None
        try:
            return self._render(heard_at)
        finally:
            self._rendering.release()

    def _render(self, heard_at: float) -> npt.NDArray[np.int16]:
        work = self._work
        work.mix.fill(0)
        for playhead in self.playheads:
            playhead.mix(work, heard_at)
        self._apply_master_gain(work)
        peak = max(float(work.mix.max()), -float(work.mix.min()))
        self._limiter.apply(work, peak)
        np.rint(work.mix, out=work.mix)
        np.maximum(work.mix, -FULL_SCALE, out=work.mix)
        np.minimum(work.mix, FULL_SCALE - 1, out=work.mix)
        np.copyto(self._block, work.mix, casting="unsafe")
        rms = math.sqrt(float(np.dot(work.mix, work.mix)) / work.frames)
        self.level = (min(1.0, peak / FULL_SCALE), rms / FULL_SCALE)
        self.blocks += 1
        self._copy_to_tap()
        return self._block

    def _apply_master_gain(self, work: Workspace) -> None:
        old, new = self._sounding, self.gain
        self._sounding = new
        if old != new:
            work.scale(work.mix, old, new)
        elif new != 1:
            np.multiply(work.mix, new, out=work.mix)

    def _copy_to_tap(self) -> None:
        tap = self.tap
        if tap is not None:
            self.tap_lost += BLOCK_FRAMES - tap.write(self._block)
