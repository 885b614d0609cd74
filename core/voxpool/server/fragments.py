"""A text message in several WebSocket frames (RFC 6455, section 5.4).  Pure.

Nothing says that the service never sends them; aiohttp's server cannot, so a fault makes them by hand.
"""

from __future__ import annotations

import struct
from typing import Final

_TEXT: Final = 0x1
_CONTINUATION: Final = 0x0
_FINAL: Final = 0x80


def fragments(message: bytes, count: int = 3) -> bytes:
    """Return the bytes of an unmasked text message in ``count`` frames, cut regardless of characters."""
    size = max(1, -(-len(message) // count))
    pieces = [message[at : at + size] for at in range(0, len(message), size)] or [b""]
    last = len(pieces) - 1
    return b"".join(
        _frame((_TEXT if index == 0 else _CONTINUATION) | (_FINAL if index == last else 0), piece)
        for index, piece in enumerate(pieces)
    )


def _frame(first_byte: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", first_byte, length) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", first_byte, 126, length) + payload
    return struct.pack("!BBQ", first_byte, 127, length) + payload
