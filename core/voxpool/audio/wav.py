"""WAV files."""

from __future__ import annotations

import os
import secrets
import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt


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
    if pcm.dtype != np.int16 or pcm.ndim != 1:
        raise ValueError(f"a WAV file takes int16 samples of shape (n,), not {pcm.dtype} of shape {pcm.shape}")
    target = Path(path)
    if target.exists() and not target.is_file():
        # A device or a pipe, which a file must not take the place of.
        with target.open("wb") as file:
            _put(file, pcm, sample_rate_hz)
        return
    draft = draft_beside(target)
    try:
        with draft.open("xb") as file:
            _put(file, pcm, sample_rate_hz)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.filename is not None:
            # The person named the target; the draft's name would only puzzle them.
            error.filename, error.filename2 = str(target), None
        raise
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _put(file: BinaryIO, pcm: npt.NDArray[np.int16], sample_rate_hz: int) -> None:
    with wave.open(file, "wb") as out:
        set_format(out, sample_rate_hz)
        out.writeframes(np.ascontiguousarray(pcm, dtype="<i2").tobytes())


def draft_beside(target: Path) -> Path:
    """Return an unused hidden name in the same directory, so that renaming it to ``target`` is one step."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def set_format(out: wave.Wave_write, sample_rate_hz: int) -> None:
    """Declare a new WAV file as mono int16."""
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(sample_rate_hz)
