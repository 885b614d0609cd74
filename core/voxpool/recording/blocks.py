"""One block of a recording: a gzip member whose head says what is in it.

The head is an extra field of the member (RFC 1952, 2.3.1.1), which every gzip reader skips::

    "VX", length, version, kind, size of the member, size of its text, events, errors, marks,
    first and last moment, wall clock minus monotonic clock, CRC-32 of all of these
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntFlag
from math import isfinite
from typing import Final

MOST_TEXT: Final = 16 * 1024 * 1024
"""Bytes that a block may unfold to: what claims more is refused before it is unfolded."""
MOST_TIME: Final = 1e10
"""Seconds beyond which a moment is not believed."""

_MEMBER: Final = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff"
_VERSION: Final = 1
_FIELDS: Final = struct.Struct("<BBIIIHHddd")
_CRC: Final = struct.Struct("<I")
_EXTRA: Final = _FIELDS.size + _CRC.size
_LENGTHS: Final = struct.Struct("<H2sH")
_TRAILER: Final = struct.Struct("<II")
MAGIC: Final = _MEMBER + _LENGTHS.pack(_EXTRA + 4, b"VX", _EXTRA)
"""How every block begins; looked for to find the next one behind a damaged one."""
HEAD_BYTES: Final = len(MAGIC) + _EXTRA


class DamagedBlock(ValueError):
    """A block cannot be read; the text says why, in a few words."""


class Kind(IntFlag):
    """What is in a block."""

    EVENTS = 0
    STATE = 1
    """Begins with a keyframe."""
    FRAMES = 2
    """Frames alone: scrubbing passes it over."""
    OPENING = 4
    """Begins with the line that says what the recording is."""


@dataclass(frozen=True, slots=True)
class BlockHead:
    """What is known of a block without decompressing it.

    Attributes:
        first: Moment of its first item, monotonic seconds of the recording.
        last: Moment of its last item.
        wall: Seconds since 1970 of a moment, minus that moment.
        kind: What is in it.
        events: Items in it.
        errors: Those that tell of a failure.
        marks: Those that are marks.
        size: Bytes of the whole member.
        text: Bytes it unfolds to.
        offset: Where it begins in its file.
        file: Which of the recording's files it is in, from 0.
    """

    first: float
    last: float
    wall: float
    kind: Kind = Kind.EVENTS
    events: int = 0
    errors: int = 0
    marks: int = 0
    size: int = 0
    text: int = 0
    offset: int = 0
    file: int = 0


def pack(text: bytes, head: BlockHead, level: int = 6) -> bytes:
    """Return a block.

    Args:
        text: JSON lines, at most ``MOST_TEXT`` bytes.
        head: What is in it; its sizes and places are set here.
        level: Of compression, 1 to 9.

    Raises:
        ValueError: If the text is too long.
    """
    if len(text) > MOST_TEXT:
        raise ValueError(f"a block holds {MOST_TEXT} bytes, not {len(text)}")
    squeeze = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = squeeze.compress(text) + squeeze.flush()
    size = HEAD_BYTES + len(body) + _TRAILER.size
    fields = _FIELDS.pack(
        _VERSION,
        head.kind,
        size,
        len(text),
        head.events,
        min(head.errors, 0xFFFF),
        min(head.marks, 0xFFFF),
        head.first,
        head.last,
        head.wall,
    )
    return MAGIC + fields + _CRC.pack(zlib.crc32(fields)) + body + _TRAILER.pack(zlib.crc32(text), len(text))


def read_head(data: bytes, offset: int = 0, file: int = 0) -> BlockHead | None:
    """Return the head that ``data`` begins with, or None when there is none that can be believed.

    Args:
        data: At least ``HEAD_BYTES`` bytes of a file.
        offset: Where they begin in it.
        file: Which file.
    """
    if len(data) < HEAD_BYTES or not data.startswith(MAGIC):
        return None
    fields = data[len(MAGIC) : len(MAGIC) + _FIELDS.size]
    (crc,) = _CRC.unpack_from(data, len(MAGIC) + _FIELDS.size)
    if zlib.crc32(fields) != crc:
        return None
    version, kind, size, text, events, errors, marks, first, last, wall = _FIELDS.unpack(fields)
    believable = all(isfinite(each) and abs(each) < MOST_TIME for each in (first, last, wall)) and first <= last
    if (
        version != _VERSION
        or not believable
        or size < HEAD_BYTES + _TRAILER.size
        or text > MOST_TEXT
        or kind > max_kind()
    ):
        return None
    return BlockHead(first, last, wall, Kind(kind), events, errors, marks, size, text, offset, file)


def max_kind() -> int:
    """Return the highest number that a kind can be."""
    return int(Kind.STATE | Kind.FRAMES | Kind.OPENING)


def unpack(member: bytes, head: BlockHead) -> bytes:
    """Return the text of a block.

    Args:
        member: The whole block.
        head: Its head.

    Raises:
        DamagedBlock: It is torn or damaged.
    """
    if len(member) < head.size:
        raise DamagedBlock("it is torn off")
    unfold = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        text = unfold.decompress(member[HEAD_BYTES : head.size - _TRAILER.size], head.text + 1)
    except zlib.error as error:
        raise DamagedBlock("it cannot be decompressed") from error
    crc, length = _TRAILER.unpack_from(member, head.size - _TRAILER.size)
    if len(text) != head.text or length != head.text or zlib.crc32(text) != crc:
        raise DamagedBlock("its checksum does not fit")
    return text
