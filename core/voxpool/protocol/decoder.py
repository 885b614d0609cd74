"""From the bytes of a chunk to samples: the seam to decoders of compressed audio (protocol.md section 7)."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from voxpool.errors import SettingError
from voxpool.protocol.riff import SampleReader
from voxpool.protocol.settings import ContextSettings, Encoding

NATIVE: Final = frozenset({Encoding.PCM, Encoding.LINEAR16, Encoding.WAV})
"""Encodings that need no decoder: plain samples, perhaps behind headers."""


class Decoder(Protocol):
    """Makes samples of one context's compressed audio (section 7).

    It raises ``ProtocolError`` for audio that cannot be decoded.
    """

    sample_rate_hz: int
    """Rate of what it returns, in samples per second."""

    def decode(self, data: bytes, /) -> NDArray[np.int16]:
        """Return the samples that the bytes of one chunk complete, shape (n,), mono."""
        ...

    def end(self) -> NDArray[np.int16]:
        """Return what was held back, at the end of a synthesis; the next bytes begin a new stream."""
        ...


def reader_for(settings: ContextSettings, decoder: Decoder | None) -> Decoder:
    """Return what reads the audio of a context.

    Args:
        settings: The context's settings.
        decoder: What its owner brought along, or None.

    Raises:
        SettingError: If the encoding needs a decoder and there is none.
    """
    if decoder is not None:
        return decoder
    if settings.encoding not in NATIVE:
        raise SettingError("encoding", settings.encoding.value, "PCM, LINEAR16 or WAV where there is no decoder")
    return SampleReader(settings.sample_rate_hz)
