"""Samples out of PCM, LINEAR16 and WAV chunks: protocol.md section 7.

Headers are parsed where they stand, never cut at 44 bytes: LINEAR16 brings one per chunk, WAV one per synthesis
with sizes nobody promises, and PCM none, or one all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxpool.errors import ProtocolError

_SAMPLES: Final = np.dtype("<i2")
"""Made once: naming it in every call, as text or as a keyword, takes longer than the call itself."""
_PCM: Final = 1
_EXTENSIBLE: Final = 0xFFFE
_UNKNOWN_SIZES: Final = (0, 0xFFFFFFFF, 0x7FFFFFFF)
"""What a streaming writer puts where it cannot know the length."""
_PLAIN_HEADER: Final = 44
"""Size of a header with nothing but a format of 16 bytes in front of the audio."""
_MAX_HEADER: Final = 64 * 1024
"""A header that has not reached its data by then is not one."""


@dataclass(frozen=True, slots=True)
class WaveFormat:
    """What a ``fmt`` chunk says.

    Attributes:
        tag: 1 for PCM (the sub-format where the tag is "extensible").
        channels: Channels.
        sample_rate_hz: Samples per second.
        bits: Bits per sample.
    """

    tag: int
    channels: int
    sample_rate_hz: int
    bits: int


@dataclass(frozen=True, slots=True)
class Header:
    """A parsed RIFF header.

    Attributes:
        format: The audio format.
        size: Bytes up to the first byte of audio.
        data_bytes: Declared bytes of audio, or None where the writer could not know.
    """

    format: WaveFormat
    size: int
    data_bytes: int | None


def is_riff(data: bytes) -> bool:
    """Whether data starts with a WAVE header."""
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def may_become_riff(data: bytes) -> bool:
    """Whether fewer than twelve bytes could be the beginning of a WAVE header."""
    return len(data) < 12 and b"RIFF".startswith(data[:4]) and b"WAVE".startswith(data[8:12])


def parse_header(data: bytes) -> Header | None:
    """Parse the header at the start of ``data``.

    Returns:
        The header, or None when more bytes are needed.

    Raises:
        ProtocolError: If it is not a header of audio that can be read.
    """
    at, wave = 12, None
    while len(data) >= at + 8:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if name == b"data":
            if wave is None:
                raise ProtocolError("a WAV header without a format chunk")
            return Header(wave, at, None if size in _UNKNOWN_SIZES else size)
        if at + size > _MAX_HEADER:
            raise ProtocolError("a WAV header without audio")
        if name == b"fmt ":
            if len(data) < at + size:
                return None
            wave = _parse_format(data[at : at + size])
        at += size + size % 2
    return None


def _parse_format(body: bytes) -> WaveFormat:
    if len(body) < 16:
        raise ProtocolError(f"a WAV format chunk of {len(body)} bytes")
    tag, channels, rate, bits = (int.from_bytes(body[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8), (14, 16)))
    if tag == _EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")
    if (tag, channels, bits) != (_PCM, 1, 16) or not rate:
        raise ProtocolError(
            f"WAV audio with format {tag}, {channels} channels, {bits} bits, {rate} Hz; not 16 bit mono PCM"
        )
    return WaveFormat(tag, channels, rate, bits)


class _Place(Enum):
    """Where in a stream of chunks the next byte stands."""

    START = "a header, or raw samples"
    AUDIO = "samples"
    AFTER = "behind the audio that a header promised: metadata, another header, or more samples"


_METADATA: Final = frozenset(
    (
        b"LIST",
        b"fact",
        b"cue ",
        b"smpl",
        b"bext",
        b"JUNK",
        b"PAD ",
        b"PEAK",
        b"id3 ",
        b"ID3 ",
        b"iXML",
        b"_PMX",
        b"inst",
    )
)
"""Chunks that may follow the audio; anything else there is taken as more audio."""


class SampleReader:
    """Turns one context's audio chunks into samples.

    Attributes:
        sample_rate_hz: Rate of what is returned: the requested one, until a header says otherwise.
        dropped_bytes: Bytes that were neither header nor whole samples, such as half a sample at the end.
    """

    __slots__ = ("_carry", "_left", "_place", "_plain", "_raw", "_skip", "dropped_bytes", "sample_rate_hz")

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.dropped_bytes = 0
        self._place = _Place.START
        self._raw = False
        """Nothing but samples is expected until the synthesis ends: the hot path."""
        self._carry = b""
        """Half a sample in AUDIO; elsewhere what may yet turn out to be a header."""
        self._left: int | None = None
        """Bytes of audio that the header still promises, or None where it promised nothing."""
        self._skip = 0
        """Bytes of metadata still to pass over."""
        self._plain = b""
        """The last header without its sizes, if it was a plain one."""

    def decode(self, data: bytes) -> NDArray[np.int16]:
        """Return the samples of one chunk.

        Args:
            data: The bytes of one ``audioContent``.

        Returns:
            Samples, shape (n,), int16, read-only; half a sample at the end waits for the next chunk.

        Raises:
            ProtocolError: If a header describes audio that cannot be read.
        """
        if not self._raw or len(data) % 2 or data[:4] == b"RIFF":
            if self._is_like_the_last(data):
                return np.frombuffer(data, _SAMPLES, -1, _PLAIN_HEADER)
            data = self._unwrap(data)
            self._raw = self._place is _Place.AUDIO and self._left is None and not self._carry
        return np.frombuffer(data, _SAMPLES)

    def _is_like_the_last(self, data: bytes) -> bool:
        """Whether a chunk has the plain header of the one before and keeps its promise exactly, as LINEAR16 does."""
        return (
            self._plain != b""
            and data[8:40] == self._plain
            and data[:4] == b"RIFF"
            and self._place is _Place.AFTER
            and not (self._carry or self._skip)
            and int.from_bytes(data[40:44], "little") == len(data) - _PLAIN_HEADER
            and len(data) % 2 == 0 < len(data) - _PLAIN_HEADER
        )

    def end(self) -> NDArray[np.int16]:
        """Close a synthesis: what follows starts afresh, perhaps with a header (section 5.3).

        Returns:
            Samples that had been held back because they could have been a header; half a sample is dropped.
        """
        held = b"" if is_riff(self._carry) else self._carry
        whole = held[: len(held) & ~1]
        self.dropped_bytes += len(self._carry) - len(whole)
        self._place, self._raw, self._carry, self._left, self._skip = _Place.START, False, b"", None, 0
        return np.frombuffer(whole, _SAMPLES)

    def _unwrap(self, data: bytes) -> bytes:
        """Return the audio bytes of a chunk, an even number of them; keep the rest for the next one."""
        if self._place is _Place.AUDIO and is_riff(data):
            # A header where a chunk begins, whatever was promised before (LINEAR16 has one in each).
            self.dropped_bytes += len(self._carry)
            self._place, self._carry = _Place.START, b""
        data, self._carry = self._carry + data, b""
        pieces = []
        while data and not self._carry:
            if self._place is _Place.AUDIO:
                piece, data = self._take_audio(data)
                pieces.append(piece)
            elif self._place is _Place.START:
                data = self._take_header(data)
            else:
                data = self._take_metadata(data)
        audio = b"".join(pieces)
        if len(audio) % 2:
            # Then all data was audio, and a promise (which is even) is not yet kept.
            audio, self._carry = audio[:-1], audio[-1:]
            if self._left is not None:
                self._left += 1
        return audio

    def _take_audio(self, data: bytes) -> tuple[bytes, bytes]:
        if self._left is None:
            return data, b""
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        if not self._left:
            self._place, self._left = _Place.AFTER, None
        return piece, rest

    def _take_header(self, data: bytes) -> bytes:
        if may_become_riff(data):
            self._carry = data
            return b""
        self._place, self._left = _Place.AUDIO, None
        if not is_riff(data):
            return data
        header = parse_header(data)
        if header is None:
            self._place, self._carry = _Place.START, data
            return b""
        self.sample_rate_hz = header.format.sample_rate_hz
        self._plain = data[8:40] if header.size == _PLAIN_HEADER else b""
        if header.data_bytes is not None:
            odd = header.data_bytes % 2
            self._left = header.data_bytes - odd
            self._skip = 2 * odd  # half a sample and the padding that RIFF puts behind it
        return data[header.size :]

    def _take_metadata(self, data: bytes) -> bytes:
        if self._skip:
            rest = data[self._skip :]
            self._skip -= len(data) - len(rest)
            return rest
        if len(data) < 8:
            self._carry = data
            return b""
        if data[:4] in _METADATA:
            size = int.from_bytes(data[4:8], "little")
            self._skip = size + size % 2
            return data[8:]
        self._place = _Place.START
        return data
