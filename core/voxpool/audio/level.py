"""Levels of audio, for waveforms and meters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def envelope(pcm: npt.NDArray[np.int16], bars: int) -> npt.NDArray[np.float32]:
    """Return the peak of each of ``bars`` equal stretches of audio.

    Args:
        pcm: Samples, shape (n,), int16 mono.
        bars: How many stretches, at least 1.

    Returns:
        Peaks from 0 to 1 of full scale, shape (bars,), float32.  No sample is left out; with fewer samples than bars
        a sample is shown by several bars.  All 0 for empty audio.
    """
    if not len(pcm):
        return np.zeros(bars, np.float32)
    edges = np.arange(bars + 1) * len(pcm) // bars
    # reduceat yields the sample itself where a stretch is empty, which is what stretching short audio asks for.
    starts = np.minimum(edges[:-1], len(pcm) - 1)
    high = np.maximum.reduceat(pcm, starts).astype(np.int32)
    low = np.minimum.reduceat(pcm, starts).astype(np.int32)
    return (np.maximum(high, -low) / 32768).astype(np.float32)
