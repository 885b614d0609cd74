"""Cutting the audio out of a frame must mean the same as parsing the frame."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import frames
from support import protocol_strategies as some
from voxpool.errors import ProtocolError
from voxpool.protocol import messages as m
from voxpool.protocol.codec import decode_server
from voxpool.protocol.cut import MARK, cut_audio, read_cut


def _decode(frame: str) -> m.ServerMessage | str:
    try:
        return decode_server(frame)
    except ProtocolError:
        return "malformed"


def _decode_by_cutting(frame: str) -> m.ServerMessage | str | None:
    cut = cut_audio(frame)
    return read_cut(cut) if cut is not None else None


@given(some.server_messages, st.sampled_from([None, (",", ":")]))
def test_frames_of_the_service_mean_the_same(message: m.ServerMessage, separators: tuple[str, str] | None) -> None:
    frame = json.dumps(json.loads(frames.write_server(message)), separators=separators)
    assert _decode_by_cutting(frame) in (None, _decode(frame))


_PIECES = st.sampled_from(
    ['"audioContent":"', '"audioContent": "', '"audioContent"', ":", '"', "\\", '\\"', "AAAA", "AA==", "*", '"*"',
     "{", "}", ",", "[", "]",
     '{"result":{"contextId":"c","audioChunk":{', '{"result":{', '"audioChunk":{', "}}}", '"contextId":"c"', "x", " "]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_frames_made_to_mislead_mean_the_same(frame: str) -> None:
    read = _decode_by_cutting(frame)
    if isinstance(read, m.AudioChunk) and read.defect:
        return  # the session parses those as a whole
    assert read in (None, _decode(frame))


@pytest.mark.parametrize(
    "frame",
    [
        '{"result":{"contextId":"c","other":{"audioContent":"AAAA"},"audioChunk":{"audioContent":"AQID"}}}',
        '{"result":{"contextId":"c","other":{"audioContent":"AAAA"},"audioChunk":{"audioContent":"*"}}}',
        '{"result":{"contextId":"c","audioChunk":{"audioContent":"AAAA","audioContent":"AQID"}}}',
        '{"result":{"contextId":"\\"audioContent\\":\\"AAAA","audioChunk":{}}}',
        '{"result":{"contextId":"c","k\\"audioContent":"AAAA","audioChunk":{"audioContent":"AQID"}}}',
        '{"result":{"contextId":"c","k\\"audioContent":"AAAA","audioChunk":{"audioContent":"*"}}}',
        '{"result":{"contextId":"c","k\\\\"audioContent":"AAAA","audioChunk":{}}}',
        '{"audioContent":"AAAA"}',
        '{"result":[{"audioContent":"AAAA"}]}',
    ],
)
def test_audio_that_is_not_the_chunks_is_not_taken_for_it(frame: str) -> None:
    read = _decode_by_cutting(frame)
    assert read in (None, _decode(frame))


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_what_is_left_is_the_same_for_all_plain_chunks(separators: tuple[str, str]) -> None:
    first, second = (
        cut_audio(json.dumps(json.loads(frames.audio("c", data)), separators=separators)) for data in (b"abc", b"other")
    )
    assert first is not None
    assert second is not None
    assert first.rest == second.rest
    assert (first.content, second.content) == ("YWJj", "b3RoZXI=")
    assert f'"audioContent"{separators[1]}"{MARK}"' in first.rest


@pytest.mark.parametrize(
    "frame", ['x"audioContent":', 'x"audioContent": ', 'x"audioContent":null', 'x"audioContent":"AA']
)
def test_a_frame_that_ends_too_early_is_not_cut(frame: str) -> None:
    assert cut_audio(frame) is None
