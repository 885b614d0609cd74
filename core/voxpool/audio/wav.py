"""WAV files."""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voxpool.whole import whole


def write_wav(path: str | os.PathLike[str], pcm: npt.NDArray[np.int16], sample_rate_hz: int) -> None:
    """Write a mono WAV file, whole or not at all: a reader never sees half of it, an old file stays until then.

    Args:
        path: The file; its directory must exist.
        pcm: Samples, shape (n,), int16.
        sample_rate_hz: Samples a second.

    Raises:
        OSError: If it cannot be written.
        ValueError: If the samples are not mono int16.
    """
    data = wav_bytes(pcm, sample_rate_hz)
    with whole(Path(path)) as file:
        file.write(data)


def wav_bytes(pcm: npt.NDArray[np.int16], sample_rate_hz: int) -> bytes:
    """Return what stands in a mono WAV file.

    Args:
        pcm: Samples, shape (n,), int16.
        sample_rate_hz: Samples a second.

    Raises:
        ValueError: If the samples are not mono int16.
    """
    if pcm.dtype != np.int16 or pcm.ndim != 1:
        raise ValueError(f"a WAV file takes int16 samples of shape (n,), not {pcm.dtype} of shape {pcm.shape}")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        set_format(out, sample_rate_hz)
        out.writeframes(np.ascontiguousarray(pcm, dtype="<i2").tobytes())
    return file.getvalue()


def set_format(out: wave.Wave_write, sample_rate_hz: int) -> None:
    """Declare a new WAV file as mono int16."""
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(sample_rate_hz)
