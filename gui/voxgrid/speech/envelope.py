"""The loudness of an utterance over time, compact enough to keep and cheap enough to draw."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

STEP_S: Final = 0.02
"""Seconds of audio behind each level."""

# The square root spreads quiet speech over the byte; a linear scale would leave it a flat line.
_CURVE: Final = np.asarray(np.sqrt(np.arange(257) / 256) * 255, np.uint8)


class Envelope:
    """Peaks of 20 ms each as bytes, grown chunk by chunk: 50 bytes a second.

    Args:
        sample_rate_hz: Rate of the audio that will be added.
    """

    __slots__ = ("_carry", "_count", "_levels", "_step")

    def __init__(self, sample_rate_hz: int) -> None:
        self._step = max(1, round(sample_rate_hz * STEP_S))
        self._levels = np.zeros(256, np.uint8)
        self._count = 0
        self._carry = np.empty(0, np.int16)

    def __repr__(self) -> str:
        return f"<Envelope {self._count * STEP_S:.2f} s>"

    def __len__(self) -> int:
        return self._count

    @property
    def levels(self) -> npt.NDArray[np.uint8]:
        """Peak levels, shape (n,), 0 silent to 255 full scale, one per ``STEP_S`` seconds.  A view; don't keep it."""
        return self._levels[: self._count]

    def add(self, pcm: npt.NDArray[np.int16]) -> None:
        """Take in more audio, shape (n,), int16 mono; less than a step is carried over to the next call."""
        samples = np.concatenate((self._carry, pcm)) if self._carry.size else pcm
        whole = samples.size // self._step
        self._carry = samples[whole * self._step :].copy()
        if whole:
            self._append(_peaks(samples[: whole * self._step].reshape(whole, self._step)))

    def finish(self) -> None:
        """Turn what is carried over into a last level, and let go of the room for more."""
        if self._carry.size:
            self._append(_peaks(self._carry.reshape(1, -1)))
            self._carry = np.empty(0, np.int16)
        self._levels = self._levels[: self._count].copy()

    def _append(self, levels: npt.NDArray[np.uint8]) -> None:
        need = self._count + levels.size
        if need > self._levels.size:
            self._levels = np.concatenate((self._levels[: self._count], np.zeros(need, np.uint8)))
        self._levels[self._count : need] = levels
        self._count = need


def _peaks(blocks: npt.NDArray[np.int16]) -> npt.NDArray[np.uint8]:
    # The absolute value of -32768 does not fit int16, but read as uint16 its bits are 32768.
    peaks = np.abs(blocks).view(np.uint16).max(axis=1)
    return np.asarray(_CURVE[peaks >> 7])
