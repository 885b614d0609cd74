"""Audio frames without parsing the audio: the hot path of receiving.

Nearly all of a frame is base64 in one string.  Cutting it out before the JSON is parsed makes receiving cheaper
than parsing the whole, and what is left is the same for every plain chunk of a context, so that a session can
recognise the next one without parsing anything.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import orjson

from voxpool.protocol.codec import read_server
from voxpool.protocol.messages import ServerMessage


class AudioCut(NamedTuple):
    """A frame cut into its audio and the rest.

    Attributes:
        content: The base64 text of the audio, not yet checked.
        rest: The frame with ``MARK`` in its place: equal for all plain chunks of a context.
    """

    content: str
    rest: str


MARK: Final = "*"
"""Stands for cut-out audio; not base64, so that no audio is mistaken for it."""

_CONTENT: Final = '"audioContent":"'
_SPACED: Final = '"audioContent": "'
"""Some writers of JSON put a space there, and Go's protobuf one does as it likes."""
_BEGIN: Final = len(_CONTENT)
_MARKED: Final = f'"{MARK}"'


def cut_audio(frame: str) -> AudioCut | None:
    """Cut the audio out of a frame without parsing it, or return None (see ``split_audio``)."""
    parts = split_audio(frame)
    return None if parts is None else AudioCut(*parts)


def split_audio(frame: str) -> tuple[str, str] | None:
    """Cut the audio out of a frame without parsing it, or return None where that is not plainly possible.

    The last quote of the pattern begins a string wherever the frame is JSON: its first one begins the key, or is an
    escaped one inside a key that ends like it.  So the rest is JSON exactly when the frame is, provided that the
    content holds no quote (it ends at the first) and is base64 (the decoder checks).

    Returns:
        The two fields of ``AudioCut``, as a plain tuple because there is one for every chunk.
    """
    start = frame.find(_CONTENT) + _BEGIN
    if start < _BEGIN:
        start = frame.find(_SPACED) + _BEGIN + 1
        if start <= _BEGIN:
            return None
    end = frame.find('"', start)
    if end < 0:
        return None
    return frame[start:end], frame[:start] + MARK + frame[end:]


def read_cut(cut: AudioCut) -> ServerMessage | None:
    """Return the message of a frame that was cut, or None where what was cut out was not its audio."""
    if cut.rest.count(_MARKED) != 1:
        return None
    try:
        data = orjson.loads(cut.rest)
        chunk = data["result"]["audioChunk"]
        if chunk["audioContent"] != MARK:
            return None
        chunk["audioContent"] = cut.content
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return None
    return read_server(data)
