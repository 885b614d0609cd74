"""Takes packets out of an Ogg stream that comes in pieces (RFC 3533), and what Opus adds to them (RFC 7845)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_PAGE: Final = struct.Struct("<4sBBqIIIB")
_BEGINS: Final = 0x02
_ENDS: Final = 0x04


@dataclass(frozen=True, slots=True)
class Page:
    """What one page completes.

    Attributes:
        begins: Whether it is the first of a stream.
        ends: Whether it is the last of its stream.
        granule: The codec's position after its last complete packet; -1 if none ends on it.
        packets: The packets that it completes.
    """

    begins: bool
    ends: bool
    granule: int
    packets: tuple[bytes, ...]


class OggSplitter:
    """Cuts an Ogg stream, or several in a row, into pages of whole packets."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._part = b""

    def split(self, data: bytes) -> list[Page]:
        """Return the pages that the bytes complete.

        Raises:
            ValueError: If this is no Ogg stream.
        """
        self._held += data
        pages = []
        while (page := self._next()) is not None:
            pages.append(page)
        return pages

    def _next(self) -> Page | None:
        if not b"OggS".startswith(self._held[:4]):
            raise ValueError("no Ogg page begins here")
        if len(self._held) < _PAGE.size:
            return None
        _magic, _version, flags, granule, _serial, _number, _checksum, count = _PAGE.unpack_from(self._held)
        lengths = self._held[_PAGE.size : _PAGE.size + count]
        end = _PAGE.size + count + sum(lengths)
        if len(lengths) < count or len(self._held) < end:
            return None
        packets = self._packets(lengths, flags)
        del self._held[:end]
        return Page(bool(flags & _BEGINS), bool(flags & _ENDS), granule, packets)

    def _packets(self, lengths: bytearray, flags: int) -> tuple[bytes, ...]:
        """Join segments to packets; one that goes on over the page's end is kept for the next page."""
        packets, part = [], b"" if flags & _BEGINS else self._part
        position = _PAGE.size + len(lengths)
        for length in lengths:
            part += self._held[position : position + length]
            position += length
            if length < 255:
                packets.append(bytes(part))
                part = b""
        self._part = part
        return tuple(packets)


@dataclass(frozen=True, slots=True)
class OpusHead:
    """The first packet of an Opus stream.

    Attributes:
        data: The packet itself, as decoders want it.
        pre_skip: Samples at 48 kHz to drop from the beginning.
    """

    data: bytes
    pre_skip: int

    @classmethod
    def of(cls, packet: bytes) -> OpusHead:
        """Read it.

        Raises:
            ValueError: If the packet is something else.
        """
        if not packet.startswith(b"OpusHead") or len(packet) < 19:
            raise ValueError("the Ogg stream does not hold Opus")
        return cls(packet, int.from_bytes(packet[10:12], "little"))
