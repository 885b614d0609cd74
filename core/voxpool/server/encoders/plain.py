"""PCM, LINEAR16 and WAV: samples as they are, with headers in different places (section 7).  Pure."""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEADER_BYTES: Final = _HEADER.size
_LARGEST: Final = 0xFFFFFFFF


def riff_header(sample_rate_hz: int, data_bytes: int) -> bytes:
    """Return a 44 byte header for 16 bit mono.

    Args:
        sample_rate_hz: Samples per second.
        data_bytes: Size of the samples that follow; 0xFFFFFFFF or 0 if that is not known.
    """
    riff = min(data_bytes + HEADER_BYTES - 8, _LARGEST) if data_bytes else 0
    return _HEADER.pack(
        b"RIFF", riff, b"WAVE", b"fmt ", 16, 1, 1, sample_rate_hz, 2 * sample_rate_hz, 2, 16, b"data", data_bytes
    )


class Pcm:
    """No header at all."""

    heavy = False

    def begin(self) -> None:
        """Nothing to prepare."""

    def encode(self, pcm: bytes) -> bytes:
        """Return the samples."""
        return pcm

    def finish(self) -> bytes:
        """Nothing is held."""
        return b""


class Linear16(Pcm):
    """A complete little WAV in every chunk: the header's sizes describe that chunk.

    Args:
        sample_rate_hz: Samples per second.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz

    def encode(self, pcm: bytes) -> bytes:
        """Return the samples behind a header of their own; nothing for nothing."""
        return riff_header(self._rate, len(pcm)) + pcm if pcm else b""


class Wav(Pcm):
    """A header on the first chunk of every synthesis, samples after it.

    Args:
        sample_rate_hz: Samples per second.
        size_field: What the header says of a size that nobody knows yet (section 17, 6: unknown).
    """

    def __init__(self, sample_rate_hz: int, size_field: int) -> None:
        self._rate = sample_rate_hz
        self._size_field = size_field
        self._first = True

    def begin(self) -> None:
        """The next chunk starts with a header."""
        self._first = True

    def encode(self, pcm: bytes) -> bytes:
        """Return the samples, behind a header if they are the first of a synthesis."""
        if not self._first or not pcm:
            return pcm
        self._first = False
        return riff_header(self._rate, self._size_field) + pcm
