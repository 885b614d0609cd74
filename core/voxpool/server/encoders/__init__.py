"""Audio as it goes over the wire (section 7)."""

from __future__ import annotations

from typing import Protocol

from voxpool.protocol.settings import Encoding
from voxpool.server.encoders.plain import Linear16, Pcm, Wav

__all__ = ["Encoder", "make_encoder"]


class Encoder(Protocol):
    """Encodes the audio of one context, synthesis by synthesis."""

    def begin(self) -> None:
        """Start a synthesis."""
        ...

    def encode(self, pcm: bytes) -> bytes:
        """Return the next chunk's bytes; possibly none, if the encoder needs more to fill a frame."""
        ...

    def finish(self) -> bytes:
        """Return what is still held at the end of a synthesis."""
        ...


def make_encoder(encoding: Encoding, sample_rate_hz: int, *, wav_size_field: int) -> Encoder:
    """Return a new encoder.

    Args:
        encoding: What to encode to.
        sample_rate_hz: Sample rate of the audio that comes in and goes out.
        wav_size_field: Size field of a streaming WAV header.
    """
    if encoding is Encoding.LINEAR16:
        return Linear16(sample_rate_hz)
    if encoding is Encoding.WAV:
        return Wav(sample_rate_hz, wav_size_field)
    return Pcm()
