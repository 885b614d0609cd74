"""Frames folded: what they say, how long their audio sounds, and nothing raised whatever comes."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import frames as wire
from voxpool.frames.folding import FOLDED_MOST, AudioFormat, Folder, audio_bytes
from voxpool.frames.record import AUDIO_MARK, FrameKind
from voxpool.protocol import messages as m
from voxpool.protocol.codec import encode
from voxpool.protocol.settings import ContextSettings, Encoding
from voxpool.server.encoders.plain import riff_header

SETTINGS = ContextSettings(voice="Ashley", encoding=Encoding.PCM, sample_rate_hz=24_000)

OUTBOUND = [
    (m.Create("c", SETTINGS), FrameKind.CREATE, "Ashley, inworld-tts-2, PCM 24 kHz"),
    (m.SendText("c", "Hello there."), FrameKind.TEXT, "“Hello there.”"),
    (m.SendText("c", "Hello.", flush=True), FrameKind.TEXT, "“Hello.” + flush"),
    (m.SendText("c", ""), FrameKind.TEXT, "keepalive"),
    (m.FlushContext("c"), FrameKind.FLUSH, "speak what is buffered"),
    (m.CloseContext("c"), FrameKind.CLOSE, "no more text"),
    (m.CancelContext("c"), FrameKind.CANCEL, "drop what is not spoken"),
]


@pytest.mark.parametrize(("message", "kind", "summary"), OUTBOUND)
def test_what_we_send_is_told_in_a_few_words(message: m.ClientMessage, kind: FrameKind, summary: str) -> None:
    folded, content = Folder().fold(encode(message), inbound=False)
    assert (folded.kind, folded.context_id, folded.summary, content) == (kind, "c", summary, "")


INBOUND = [
    (wire.created("c", voiceId="Ashley"), FrameKind.CREATED, None, "Ashley"),
    (wire.flushed("c"), FrameKind.FLUSHED, None, "one synthesis is over"),
    (wire.closed("c"), FrameKind.CLOSED, None, "the context is gone"),
    (wire.audio("c", b"\0" * 480, 12), FrameKind.AUDIO, None, "12 characters billed"),
    (
        wire.result("c", status={"code": 8, "message": "Max contexts limit reached", "details": []}),
        FrameKind.STATUS,
        8,
        "code 8 RESOURCE_EXHAUSTED: Max contexts limit reached",
    ),
    ('{"error":{"code":16,"message":"no"}}', FrameKind.ERROR, 16, "code 16 UNAUTHENTICATED: no"),
    ('{"error":{"code":99}}', FrameKind.ERROR, 99, "code 99 unknown: no message"),
    ('{"done":true}', FrameKind.OTHER, None, "keys: done"),
    ("[1]", FrameKind.BROKEN, None, "a JSON list, not an object"),
]


@pytest.mark.parametrize(("frame", "kind", "code", "summary"), INBOUND)
def test_what_comes_is_told_in_a_few_words(frame: str, kind: FrameKind, code: int | None, summary: str) -> None:
    folded, _ = Folder().fold(frame, inbound=True)
    assert (folded.kind, folded.code, folded.summary) == (kind, code, summary)


def test_times_without_audio_are_no_audio() -> None:
    words = {"wordAlignment": {"words": ["a"], "wordStartTimeSeconds": [0.0], "wordEndTimeSeconds": [0.1]}}
    folded, content = Folder().fold(wire.audio("c", b"", timestamps=words), inbound=True)
    assert (folded.kind, folded.summary, content) == (FrameKind.TIMES, "times of 1 word", "")


@given(st.binary(max_size=300), st.text(max_size=8), st.integers(0, 9))
def test_audio_is_cut_out_and_nothing_else_is(data: bytes, context_id: str, characters: int) -> None:
    frame = wire.audio(context_id, data, characters)
    folded, content = Folder().fold(frame, inbound=True)
    assert base64.b64decode(content) == data
    assert audio_bytes(content) == len(data)
    left = json.loads(folded.text)
    assert left["result"]["audioChunk"].pop("audioContent") == (AUDIO_MARK if data else "")
    expected = json.loads(frame)
    del expected["result"]["audioChunk"]["audioContent"]
    assert left == expected


def test_the_next_plain_chunk_is_known_without_being_read() -> None:
    folder = Folder()
    first, _ = folder.fold(wire.audio("c", b"\1\2"), inbound=True)
    second, content = folder.fold(wire.audio("c", b"\3\4"), inbound=True)
    assert second is first
    assert base64.b64decode(content) == b"\3\4"


@pytest.mark.parametrize(
    ("encoding", "size", "ms"),
    [(Encoding.PCM, 4800, 100.0), (Encoding.MULAW, 2400, 100.0), (Encoding.MP3, 4800, 0.0)],
)
def test_the_length_of_audio_follows_from_its_format(encoding: Encoding, size: int, ms: float) -> None:
    content = base64.b64encode(b"\0" * size).decode()
    assert AudioFormat(encoding, 24_000).duration_ms(size, content) == ms


def test_a_riff_header_is_no_audio_and_its_rate_is_believed() -> None:
    data = riff_header(16_000, 3200) + b"\0" * 3200
    content = base64.b64encode(data).decode()
    assert AudioFormat("LINEAR16", 24_000).duration_ms(len(data), content) == 100.0


HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(
        ['{"audioContent":"', '"audioContent":"x"', '{"result":{"audioChunk":{"audioContent":5}}}', "null"]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["result", "error", "audioChunk", "audioContent", "status", "code", "contextId", "create"]
                ),
                inner,
                max_size=4,
            )
        ),
    ).map(json.dumps),
)


@given(HOSTILE, st.booleans())
def test_nothing_is_raised_whatever_comes(frame: str, inbound: bool) -> None:
    folded, _ = Folder().fold(frame, inbound=inbound)
    assert folded.kind in FrameKind
    assert len(folded.text) <= FOLDED_MOST


def test_deep_and_long_frames_are_bounded() -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    assert Folder().fold(deep.replace("a", "\\u0061"), inbound=True)[0].kind is FrameKind.OTHER
    folded, _ = Folder().fold(json.dumps({"send_text": {"text": "x" * 200_000}, "contextId": "c"}), inbound=False)
    assert (len(folded.text), folded.kind) == (FOLDED_MOST, FrameKind.TEXT)
    assert folded.cut > 100_000
