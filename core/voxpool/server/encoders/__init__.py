"""Audio as it goes over the wire (section 7)."""

from __future__ import annotations

import importlib.util
from typing import Final, Protocol

from voxpool.protocol.settings import Encoding
from voxpool.server.encoders.plain import Linear16, Pcm, Wav

__all__ = ["SAMPLE_RATES", "Encoder", "available", "make_encoder"]

_PLAIN: Final = frozenset({Encoding.PCM, Encoding.LINEAR16, Encoding.WAV})

SAMPLE_RATES: Final = {
    Encoding.MP3: (16000, 22050, 24000, 32000, 44100, 48000),
    Encoding.OGG_OPUS: (8000, 12000, 16000, 24000, 48000),
}
"""The only sample rates, where an encoding has few (section 4.1: an unsupported one is an error)."""


class Encoder(Protocol):
    """Encodes the audio of one context, synthesis by synthesis."""

    heavy: bool
    """Whether it takes long enough to be kept off the event loop."""

    def begin(self) -> None:
        """Start a synthesis."""
        ...

    def encode(self, pcm: bytes) -> bytes:
        """Return the next chunk's bytes; possibly none, if the encoder needs more to fill a frame."""
        ...

    def finish(self) -> bytes:
        """Return what is still held at the end of a synthesis."""
        ...


def available(encoding: Encoding) -> bool:
    """Return whether an encoding can be made here; the compressed ones need PyAV."""
    return encoding in _PLAIN or importlib.util.find_spec("av") is not None


def make_encoder(
    encoding: Encoding, sample_rate_hz: int, *, bit_rate: int | None = None, wav_size_field: int
) -> Encoder:
    """Return a new encoder.

    Args:
        encoding: What to encode to; must be available.
        sample_rate_hz: Sample rate of the audio that comes in and goes out.
        bit_rate: Bits per second for MP3 and Opus; None for the default of 128000.
        wav_size_field: Size field of a streaming WAV header.
    """
    if encoding is Encoding.PCM:
        return Pcm()
    if encoding is Encoding.LINEAR16:
        return Linear16(sample_rate_hz)
    if encoding is Encoding.WAV:
        return Wav(sample_rate_hz, wav_size_field)
    # Imported late: the server is ready sooner, and runs without PyAV.
    from voxpool.server.encoders.compressed import Contained, RawFrames

    kind = Contained if encoding in (Encoding.OGG_OPUS, Encoding.FLAC) else RawFrames
    return kind(encoding, sample_rate_hz, bit_rate)
