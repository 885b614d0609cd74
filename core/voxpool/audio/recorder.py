"""Writes what is played to a WAV file, while it is played."""

from __future__ import annotations

import contextlib
import os
import threading
import wave
from pathlib import Path
from typing import Final

import numpy as np

from voxpool.audio.feed import DEVICE_RATE_HZ
from voxpool.audio.ring import Ring
from voxpool.audio.wav import set_format
from voxpool.whole import whole

_TAP_S: Final = 10
"""Seconds that the tap holds: how long the writing thread and the disk may be stuck without losing a sample."""
_MOST_FRAMES: Final = (0xFFFFFFFF - 36) // 2
"""The most samples that a header can tell: what stands in one that cannot be corrected at the end."""


class Recorder:
    """A WAV file that grows with the mix, and has its own name only when it is complete.

    A device or a pipe is written into as it is (see :func:`whole`); a pipe with nobody at its other end is waited for.

    Args:
        path: The file; its directory must exist.

    Attributes:
        tap: Ring that the mixer copies its blocks to.
        path: The file.
        frames: Samples written.

    Raises:
        OSError: If the file cannot be made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.tap = Ring(_TAP_S * DEVICE_RATE_HZ, np.int16)
        self.path = Path(path)
        self.frames = 0
        self._lock = threading.Lock()
        self._error: OSError | None = None
        self._whole = whole(self.path)
        self._file = self._whole.__enter__()
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 - open as long as the recording
        set_format(self._wave, DEVICE_RATE_HZ)
        self._corrected = self._file.seekable()
        if not self._corrected:
            self._wave.setnframes(_MOST_FRAMES)
        self._room = np.zeros(DEVICE_RATE_HZ, np.int16)

    def __repr__(self) -> str:
        return f"<Recorder {self.path.name} {self.frames / DEVICE_RATE_HZ:.1f} s>"

    def drain(self) -> None:
        """Write what the tap holds; a failure (a full disk) ends the recording and is raised by ``close``."""
        with self._lock:
            if self._error is not None or self._file.closed:
                return
            try:
                self._write()
            except OSError as error:
                self._discard(error)

    def close(self) -> None:
        """Write the rest and give the file its name.

        Raises:
            OSError: If something could not be written; then no file is left.
        """
        self.drain()
        with self._lock:
            if self._error is None and not self._file.closed:
                self._complete()
            if self._error is not None:
                raise self._error

    def _write(self) -> None:
        while count := self.tap.read_into(self._room):
            self._wave.writeframesraw(self._room[:count].astype("<i2", copy=False).tobytes())
            self.frames += count

    def _complete(self) -> None:
        try:
            self._end_header()
            self._whole.__exit__(None, None, None)
        except OSError as error:
            self._discard(error)

    def _end_header(self) -> None:
        if self._corrected:
            self._wave.close()
        else:
            # It would go back to the header to correct it, which a pipe does not let it.
            with contextlib.suppress(OSError):
                self._wave.close()

    def _discard(self, error: OSError) -> None:
        self._error = error
        # Both write once more, and fail again on a disk that is full; the file goes either way.
        with contextlib.suppress(OSError):
            self._wave.close()
        with contextlib.suppress(OSError):
            self._whole.__exit__(type(error), error, error.__traceback__)
