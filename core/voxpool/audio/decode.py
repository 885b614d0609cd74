"""From compressed audio to samples: MP3, Ogg Opus, FLAC, mu-law and A-law, as they stream in (protocol.md section 7).

The decoding is FFmpeg's, through PyAV; here streams are only cut into what a decoder takes.  Whether a service
begins a new stream with every synthesis is not documented, so both ways are understood: a decoder is never reset by
``end``, only by the beginning of another stream.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voxpool.audio.flacframes import FlacSplitter, Head
from voxpool.audio.oggpages import OggSplitter, OpusHead, Page
from voxpool.errors import ProtocolError, SettingError
from voxpool.protocol.decoder import Decoder
from voxpool.protocol.settings import ContextSettings, Encoding

Pcm = npt.NDArray[np.int16]

OPUS_RATE_HZ: Final = 48_000
"""Opus is always decoded at this rate."""

_COMPANDED: Final = {Encoding.MULAW: "pcm_mulaw", Encoding.ALAW: "pcm_alaw"}


def make_decoder(settings: ContextSettings) -> Decoder:
    """Return a new decoder for the audio of one context.

    Raises:
        SettingError: If there is none for its encoding, or PyAV is not installed.
    """
    encoding, rate_hz = settings.encoding, settings.sample_rate_hz
    try:
        import av  # noqa: F401
    except ImportError as error:
        expected = "PCM, LINEAR16 or WAV where PyAV is not installed (pip install 'voxgrid[audio]')"
        raise SettingError("encoding", encoding.value, expected) from error
    if encoding is Encoding.MP3:
        return Mp3Decoder(rate_hz)
    if encoding is Encoding.OGG_OPUS:
        return OpusDecoder(rate_hz)
    if encoding is Encoding.FLAC:
        return FlacDecoder(rate_hz)
    if encoding in _COMPANDED:
        return CompandedDecoder(encoding, rate_hz)
    raise SettingError("encoding", encoding.value, "a compressed encoding, to be decoded")


class _Codec:
    """One of FFmpeg's decoders, from packets to mono int16.

    Args:
        name: FFmpeg's name of it.
        extradata: Its stream's head, if it has one.
        sample_rate_hz: Rate to set where the stream does not say it.
    """

    def __init__(self, name: str, extradata: bytes | None = None, sample_rate_hz: int | None = None) -> None:
        import av

        self._errors = av.error.FFmpegError
        self._packet = av.Packet
        context: Any = av.CodecContext.create(name, "r")
        self._to_mono = av.AudioResampler(format="s16", layout="mono")
        if extradata is not None:
            context.extradata = extradata
        if sample_rate_hz is not None:
            context.sample_rate = sample_rate_hz
            context.layout = "mono"
        self._context = context
        self.sample_rate_hz = sample_rate_hz

    def decode(self, packets: Iterable[bytes]) -> Pcm:
        """Return the samples of whole packets, shape (n,).

        Raises:
            ProtocolError: If they cannot be decoded.
        """
        parts: list[Pcm] = []
        try:
            for packet in packets:
                for frame in self._context.decode(self._packet(packet)):
                    self.sample_rate_hz = frame.sample_rate
                    parts += [mono.to_ndarray()[0] for mono in self._to_mono.resample(frame)]
        except (self._errors, ValueError) as error:
            raise ProtocolError(f"audio that {self._context.name} cannot decode: {error}") from error
        return _joined(parts)


class Mp3Decoder:
    """MP3 frames, one after the other.

    Attributes:
        sample_rate_hz: Rate of what is returned: the requested one until a frame says another.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        import av

        self.sample_rate_hz = sample_rate_hz
        self._parser: Any = av.CodecContext.create("mp3float", "r")
        self._codec = _Codec("mp3float")

    def decode(self, data: bytes, /) -> Pcm:
        """Return the samples of the frames that are complete."""
        return self._decode(self._parser.parse(data) if data else [])

    def end(self) -> Pcm:
        """Return the last frame.  The decoder goes on: frames of one stream need their predecessors."""
        return self._decode(self._parser.parse(None))

    def _decode(self, packets: Iterable[Any]) -> Pcm:
        pcm = self._codec.decode(bytes(packet) for packet in packets)
        self.sample_rate_hz = self._codec.sample_rate_hz or self.sample_rate_hz
        return pcm


class CompandedDecoder:
    """Mu-law or A-law, a byte a sample.

    Attributes:
        sample_rate_hz: Rate of what is returned: the requested one.
    """

    def __init__(self, encoding: Encoding, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._values = _companded_values(_COMPANDED[encoding])

    def decode(self, data: bytes, /) -> Pcm:
        """Return a sample for each byte."""
        return self._values[np.frombuffer(data, np.uint8)]

    def end(self) -> Pcm:
        """Nothing is held back."""
        return _joined([])


class FlacDecoder:
    """FLAC streams, one after the other.

    Attributes:
        sample_rate_hz: Rate of what is returned: the requested one until a stream says another.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._splitter = FlacSplitter()
        self._codec: _Codec | None = None

    def decode(self, data: bytes, /) -> Pcm:
        """Return the samples of the frames that are known to be complete: all but the last one."""
        with _as_protocol_error():
            return _joined([self._take(item) for item in self._splitter.split(data)])

    def end(self) -> Pcm:
        """Return the last frame."""
        return _joined([self._take(item) for item in self._splitter.end()])

    def _take(self, item: Head | bytes) -> Pcm:
        if isinstance(item, Head):
            self._codec = _Codec("flac", item.streaminfo)
            return _joined([])
        if self._codec is None:
            raise ProtocolError("FLAC audio that does not begin with a stream's head")
        pcm = self._codec.decode([item])
        self.sample_rate_hz = self._codec.sample_rate_hz or self.sample_rate_hz
        return pcm


class OpusDecoder:
    """Ogg streams of Opus, one after the other; resampled from 48 kHz to what was requested.

    Attributes:
        sample_rate_hz: Rate of what is returned: the requested one.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._splitter = OggSplitter()
        self._codec: _Codec | None = None
        self._resampler = _Resampler(OPUS_RATE_HZ, sample_rate_hz)
        self._pre_skip = 0
        self._decoded = 0

    def decode(self, data: bytes, /) -> Pcm:
        """Return the samples of the pages that are complete, less what the resampler still needs."""
        with _as_protocol_error():
            pcm = _joined([self._take(page) for page in self._splitter.split(data)])
        return self._resampler.resample(pcm)

    def end(self) -> Pcm:
        """Return what the resampler held back."""
        return self._resampler.end()

    def _take(self, page: Page) -> Pcm:
        packets = page.packets
        if page.begins:
            head = OpusHead.of(packets[0] if packets else b"")
            # The decoder itself drops what is to be skipped at the beginning.
            self._codec, self._pre_skip, self._decoded = _Codec("opus", head.data), head.pre_skip, 0
            packets = packets[1:]
        if self._codec is None:
            raise ProtocolError("Opus audio that does not begin with a stream's head")
        pcm = self._codec.decode(packet for packet in packets if not packet.startswith(b"OpusTags"))
        return self._trimmed(pcm, page)

    def _trimmed(self, pcm: Pcm, page: Page) -> Pcm:
        """Drop what the last page of a stream says is only there to fill its last packet (RFC 7845, section 4.4)."""
        if page.ends and page.granule >= 0:
            pcm = pcm[: max(0, page.granule - self._pre_skip - self._decoded)]
        self._decoded += len(pcm)
        return pcm


class _Resampler:
    """Resamples a stream of int16; does nothing when both rates are the same."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._rates = from_hz, to_hz
        self._stream: Any = None

    def resample(self, pcm: Pcm) -> Pcm:
        """Return what can be computed so far."""
        if self._rates[0] == self._rates[1] or not len(pcm):
            return pcm
        if self._stream is None:
            import soxr

            self._stream = soxr.ResampleStream(*self._rates, 1, dtype="float32")
        return self._rounded(self._stream.resample_chunk(pcm.astype(np.float32)))

    def end(self) -> Pcm:
        """Return the rest, and begin anew."""
        stream, self._stream = self._stream, None
        return (
            _joined([]) if stream is None else self._rounded(stream.resample_chunk(np.zeros(0, np.float32), last=True))
        )

    @staticmethod
    def _rounded(samples: npt.NDArray[np.float32]) -> Pcm:
        return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


@functools.cache
def _companded_values(codec: str) -> Pcm:
    """Return the sample of each byte, shape (256,), as FFmpeg decodes it."""
    values = _Codec(codec, sample_rate_hz=8000).decode([bytes(range(256))])
    values.flags.writeable = False
    return values


@contextlib.contextmanager
def _as_protocol_error() -> Iterator[None]:
    """Turn what a splitter says into our error."""
    try:
        yield
    except ValueError as error:
        raise ProtocolError(str(error)) from error


def _joined(parts: list[Pcm]) -> Pcm:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)
