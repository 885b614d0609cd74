"""Finds the frames of a FLAC stream that comes in pieces (RFC 9639).

FFmpeg's own parser wants to see ten frames before it gives the first one away, which is a second of speech and more;
here a frame is complete when the next one, or the next stream, begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"fLaC"
_STREAMINFO_BYTES: Final = 34
_LONGEST_HEADER: Final = 16
_BLOCK_SIZES: Final = {
    1: 192,
    **{code: 144 << code for code in range(2, 6)},
    **{code: 1 << code for code in range(8, 16)},
}


def _crc8_table() -> bytes:
    """Return the table for the polynomial x^8 + x^2 + x + 1."""
    table = bytearray()
    for byte in range(256):
        for _ in range(8):
            byte = (byte << 1 ^ 7) & 0xFF if byte & 0x80 else byte << 1
        table.append(byte)
    return bytes(table)


_CRC8: Final = _crc8_table()


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a stream.

    Attributes:
        streaminfo: Content of its STREAMINFO block, 34 bytes.
    """

    streaminfo: bytes


class FlacSplitter:
    """Cuts a FLAC stream, or several in a row, into heads and frames."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0

    def split(self, data: bytes) -> list[Head | bytes]:
        """Return the heads and frames that the bytes complete.

        Raises:
            ValueError: If this is no FLAC stream.
        """
        self._held += data
        found: list[Head | bytes] = []
        while (item := self._next()) is not None:
            found.append(item)
        return found

    def end(self) -> list[Head | bytes]:
        """Return what is held as the last frame: nothing follows it."""
        rest, self._searched = bytes(self._held), 0
        self._held.clear()
        return [rest] if rest else []

    def _next(self) -> Head | bytes | None:
        if self._held.startswith(MAGIC):
            return self._take_head()
        if len(self._held) < _LONGEST_HEADER:
            return None
        follows = _numbers(self._held, 0)
        if follows is None:
            raise ValueError("neither a FLAC stream nor a FLAC frame begins here")
        end = self._find_end(follows[1])
        if end is None:
            return None
        frame, self._searched = bytes(self._held[:end]), 0
        del self._held[:end]
        return frame

    def _take_head(self) -> Head | None:
        """Take the magic and all metadata blocks, when they are complete."""
        position, streaminfo = len(MAGIC), b""
        while len(self._held) >= position + 4:
            kind, size = self._held[position], int.from_bytes(self._held[position + 1 : position + 4])
            position += 4 + size
            if len(self._held) < position:
                return None
            if kind & 0x7F == 0:
                streaminfo = bytes(self._held[position - size : position])
            if kind & 0x80:
                if len(streaminfo) != _STREAMINFO_BYTES:
                    raise ValueError("a FLAC stream without STREAMINFO")
                del self._held[:position]
                return Head(streaminfo)
        return None

    def _find_end(self, number_after: int) -> int | None:
        """Return where the next frame, which has a number that follows, or the next stream begins."""
        position = max(self._searched, 4)
        while True:
            sync = self._held.find(b"\xff", position)
            magic = self._held.find(MAGIC, position, sync if sync >= 0 else None)
            if magic >= 0:
                return magic
            if sync < 0 or len(self._held) < sync + _LONGEST_HEADER:
                # Not to be searched again, except where a marker may have been cut.
                self._searched = max(4, sync if sync >= 0 else len(self._held) - len(MAGIC))
                return None
            numbers = _numbers(self._held, sync)
            if numbers is not None and numbers[0] == number_after:
                return sync
            position = sync + 1


def _numbers(data: bytearray, begin: int) -> tuple[int, int] | None:
    """Return the number of the frame whose header begins here and that of the frame after it, or None."""
    if data[begin] != 0xFF or data[begin + 1] & 0xFE != 0xF8 or not _plausible(data[begin + 2], data[begin + 3]):
        return None
    number, position = _coded_number(data, begin + 4)
    block_code, rate_code = data[begin + 2] >> 4, data[begin + 2] & 0x0F
    block_size = _BLOCK_SIZES.get(block_code, 0)
    if not block_size:
        width = block_code - 5
        block_size = int.from_bytes(data[position : position + width]) + 1
        position += width
    position += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if _crc8(data[begin:position]) != data[position]:
        return None
    varying = data[begin + 1] & 1
    return number, number + (block_size if varying else 1)


def _plausible(sizes: int, channels: int) -> bool:
    """Whether two bytes of a header hold no reserved value."""
    return (
        sizes >> 4 != 0
        and sizes & 0x0F != 15
        and channels >> 4 <= 10
        and channels & 0x0F not in (6, 7)
        and not channels & 1
    )


def _coded_number(data: bytearray, position: int) -> tuple[int, int]:
    """Return a number in the longer UTF-8 of FLAC, and where it ends; a wrong one fails the checksum later."""
    first = data[position]
    ones = 8 - (first ^ 0xFF).bit_length()
    if ones == 0:
        return first, position + 1
    number = first & (0x7F >> ones)
    for byte in data[position + 1 : position + ones]:
        number = number << 6 | byte & 0x3F
    return number, position + max(1, ones)


def _crc8(data: bytearray) -> int:
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc
