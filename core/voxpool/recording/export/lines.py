"""A recording as JSON lines: the first says what it is, each other one is an event, an item or a frame."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from voxpool.recording.export.pieces import Piece
from voxpool.recording.hiding import hide
from voxpool.recording.items import Audio, encode


def to_lines(piece: Piece) -> Iterator[bytes]:
    """Yield the lines."""
    opening = msgspec.structs.replace(piece.recording.opening, texts=piece.texts and piece.recording.opening.texts)
    yield hide('{"recording":' + msgspec.json.encode(opening).decode() + "}\n").encode()
    for each in piece.everything():
        line = encode(each)
        yield line if isinstance(each, Audio) else hide(line.decode()).encode()
