"""A stretch of a recording as a recording of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from voxpool.frames.record import FrameRecord
from voxpool.recording.blocks import BlockHead, Kind, pack
from voxpool.recording.export.pieces import Piece
from voxpool.recording.hiding import hide
from voxpool.recording.items import Audio, Recorded, encode
from voxpool.recording.writer import frame_without_text, without_text


def to_recording(piece: Piece) -> Iterator[bytes]:
    """Yield its blocks: whole ones, from the keyframe at or before the stretch.

    Without texts there are no keyframes either, because they hold texts: such a recording is folded from its first
    event, and what was there before it is not shown.
    """
    recording = piece.recording
    texts = piece.texts and recording.opening.texts
    start = _start(piece)
    opening = msgspec.structs.replace(recording.opening, part=1, texts=texts, at=max(start, recording.first))
    text = hide('{"recording":' + msgspec.json.encode(opening).decode() + "}\n").encode()
    yield pack(text, BlockHead(opening.at, opening.at, opening.wall, Kind.OPENING))
    heads = sorted([*recording.heads, *recording.frame_heads], key=lambda head: head.first)
    for head in heads:
        if head.last >= start and head.first <= piece.end:
            yield from _block(piece, head)


def _start(piece: Piece) -> float:
    if piece.texts:
        for number, _ in piece.recording.keyframes_before(piece.begin):
            return piece.recording.heads[number].first
    return piece.begin


def _block(piece: Piece, head: BlockHead) -> Iterator[bytes]:
    recording = piece.recording
    if piece.texts:
        text = recording.text(head)
        kind = head.kind
    else:
        kept = [each for each in recording.lines(head) if not isinstance(each, Audio)]
        text = b"".join(encode(_untold(each)) for each in kept)
        kind = head.kind & ~Kind.STATE
    if text:
        yield pack(_hidden(text), replace(head, kind=kind))


def _untold(each: Recorded) -> Recorded:
    return frame_without_text(each) if isinstance(each, FrameRecord) else without_text(each)


def _hidden(text: bytes) -> bytes:
    # Lines that are not of ours may be in a colleague's file: bytes that are no text are replaced.
    if b'"item":"Audio"' not in text:
        return hide(text.decode(errors="replace")).encode()
    lines = text.splitlines(keepends=True)
    return b"".join(line if b'"item":"Audio"' in line[:20] else _hidden(line) for line in lines)
