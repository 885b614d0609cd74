from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import frames
from support import protocol_strategies as some
from voxpool.errors import ProtocolError, SettingError
from voxpool.protocol import messages as m
from voxpool.protocol.codec import _read_any, _read_usual, decode_server, encode, settings_to_wire
from voxpool.protocol.settings import ContextSettings, Encoding


@given(some.client_messages)
def test_what_is_encoded_is_read_back_by_a_strict_reader(message: m.ClientMessage) -> None:
    assert frames.read_client(encode(message)) == message


@given(some.server_messages)
def test_what_the_service_writes_is_decoded_to_the_same_message(message: m.ServerMessage) -> None:
    assert decode_server(frames.write_server(message)) == message


@given(some.server_messages)
def test_snake_case_is_read_as_well(message: m.ServerMessage) -> None:
    if isinstance(message, m.ContextCreated | m.ContextUpdated):
        message = type(message)(message.context_id, {})
    if isinstance(message, m.ContextStatus | m.ConnectionStatus):
        bare = m.Status(message.status.code, message.status.message, (), message.status.status)
        message = m.ContextStatus(message.context_id, bare) if isinstance(message, m.ContextStatus) else (
            m.ConnectionStatus(bare, message.shape)
        )  # fmt: skip
    frame = json.dumps(frames.snake_cased(json.loads(frames.write_server(message))))
    assert decode_server(frame) == message


@given(some.client_messages)
def test_a_frame_has_one_payload_and_the_context_beside_it(message: m.ClientMessage) -> None:
    data = json.loads(encode(message))
    assert data.pop("contextId") == message.context_id
    assert len(data) == 1


def test_only_fields_that_are_set_are_sent() -> None:
    assert settings_to_wire(ContextSettings()) == {
        "voiceId": "Ashley",
        "modelId": "inworld-tts-2",
        "audioConfig": {"audioEncoding": "PCM", "sampleRateHertz": 24000},
    }


def test_a_zero_that_is_set_is_sent() -> None:
    wire = settings_to_wire(ContextSettings(temperature=0.0, max_buffer_delay_ms=0, buffer_char_threshold=0))
    assert (wire["temperature"], wire["maxBufferDelayMs"], wire["bufferCharThreshold"]) == (0.0, 0, 0)


def test_everything_that_can_be_set_is_sent_under_its_documented_name() -> None:
    settings = ContextSettings(
        voice="Dennis",
        model="inworld-tts-2",
        encoding=Encoding.MP3,
        sample_rate_hz=44100,
        bit_rate=64000,
        speaking_rate=1.1,
        temperature=0.7,
        delivery_mode="CREATIVE",  # type: ignore[arg-type]
        timestamp_type="WORD",  # type: ignore[arg-type]
        timestamp_transport="ASYNC",  # type: ignore[arg-type]
        max_buffer_delay_ms=3000,
        buffer_char_threshold=250,
        auto_mode=True,
        auto_mode_strategy="SENTENCE_BOUNDARY",  # type: ignore[arg-type]
        text_normalization="OFF",  # type: ignore[arg-type]
        language="es-MX",
    )
    assert json.loads(encode(m.Create("c", settings)))["create"] == {
        "voiceId": "Dennis",
        "modelId": "inworld-tts-2",
        "audioConfig": {"audioEncoding": "MP3", "sampleRateHertz": 44100, "bitRate": 64000, "speakingRate": 1.1},
        "temperature": 0.7,
        "deliveryMode": "CREATIVE",
        "timestampType": "WORD",
        "timestampTransportStrategy": "ASYNC",
        "maxBufferDelayMs": 3000,
        "bufferCharThreshold": 250,
        "autoMode": True,
        "autoModeStrategy": "SENTENCE_BOUNDARY",
        "applyTextNormalization": "OFF",
        "language": "es-MX",
    }


def test_halves_of_a_surrogate_pair_are_joined() -> None:
    assert json.loads(encode(m.SendText("c", "\ud83d\ude00")))["send_text"]["text"] == "\U0001f600"


def test_half_a_surrogate_pair_is_refused_before_it_is_sent() -> None:
    with pytest.raises(SettingError, match="surrogate"):
        encode(m.SendText("c", "a\ud83d"))


def test_a_voice_that_is_not_unicode_is_refused_before_it_is_sent() -> None:
    with pytest.raises(SettingError, match="surrogate"):
        encode(m.Create("c", ContextSettings(voice="\ud83d")))


@given(some.json_objects)
def test_any_object_decodes_to_something(data: dict[str, object]) -> None:
    decode_server(json.dumps(data))


@given(some.json_values)
def test_any_json_raises_nothing_but_a_protocol_error(value: object) -> None:
    frame = json.dumps(value)
    if isinstance(value, dict):
        decode_server(frame)
    else:
        with pytest.raises(ProtocolError, match="JSON object"):
            decode_server(frame)


@given(st.text() | st.binary())
def test_any_frame_raises_nothing_but_a_protocol_error(frame: str | bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode_server(frame)


@pytest.mark.parametrize("frame", ["", "{", "nonsense", '{"result":' * 2000, b"\xff\xfe", '{"a":NaN}', '{"a":1e999}'])
def test_what_is_not_json_is_said_in_words(frame: str | bytes) -> None:
    with pytest.raises(ProtocolError, match="cannot be understood: not JSON"):
        decode_server(frame)


def _audio(**payload: object) -> m.ServerMessage:
    return decode_server(json.dumps({"result": {"contextId": "c", "audioChunk": payload}}))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('{"done":true}', m.Unknown(("done",))),
        ("{}", m.Unknown()),
        ('{"result":null}', m.Unknown(("result",))),
        ('{"result":{}}', m.Unknown()),
        ('{"error":null,"result":{"contextId":"c","contextClosed":{}}}', m.ContextClosed("c")),
        ('{"result":{"contextId":"c","contextClosed":{}}}', m.ContextClosed("c")),
        ('{"result":{"contextId":"c","flushCompleted":{},"status":null}}', m.FlushCompleted("c")),
        # A null is a missing field, unless nothing else is there.
        ('{"result":{"contextId":"c","audioChunk":null,"flushCompleted":{}}}', m.FlushCompleted("c")),
        ('{"result":{"contextId":"c","contextClosed":null}}', m.ContextClosed("c")),
        ('{"result":{"contextClosed":{}}}', m.ContextClosed("")),
        ('{"result":{"contextId":7,"contextClosed":{}}}', m.ContextClosed("")),
        ('{"result":{"contextId":"c","contextCreated":null}}', m.ContextCreated("c", {})),
        ('{"result":{"contextId":"c","status":{"code":0}}}', m.ContextStatus("c", m.Status(0))),
        ('{"result":{"contextId":"c","status":{}}}', m.ContextStatus("c", m.Status(0))),
        ('{"result":{"contextId":"c","surprise":{}}}', m.Unknown(("contextId", "surprise"))),
        # An error beside a payload is an error.
        (
            '{"result":{"contextId":"c","audioChunk":{},"status":{"code":13,"message":"oops"}}}',
            m.ContextStatus("c", m.Status(13, "oops")),
        ),
        # The reference's example has the status inside the payload (section 5).
        (
            '{"result":{"contextId":"c","audioChunk":{"status":{"code":13}}}}',
            m.ContextStatus("c", m.Status(13)),
        ),
        ('{"result":{"contextId":"c","status":{"code":"NOT_FOUND"}}}', m.ContextStatus("c", m.Status(5))),
        ('{"result":{"contextId":"c","status":{"code":"5"}}}', m.ContextStatus("c", m.Status(5))),
        ('{"result":{"contextId":"c","status":{"code":true}}}', m.ContextStatus("c", m.Status(2))),
        ('{"result":{"contextId":"c","status":"bad"}}', m.ContextStatus("c", m.Status(2, "bad"))),
        ('{"error":"bad"}', m.ConnectionStatus(m.Status(2, "bad"), m.Shape.B)),
        ('{"error":[]}', m.ConnectionStatus(m.Status(2, "an error without a description"), m.Shape.B)),
        (
            '{"error":{"message":"x","status":"INVALID_ARGUMENT"}}',
            m.ConnectionStatus(m.Status(3, "x", (), "INVALID_ARGUMENT"), m.Shape.C),
        ),
    ],
)
def test_frames_as_they_come(frame: str, message: m.ServerMessage) -> None:
    assert decode_server(frame) == message


@pytest.mark.parametrize("content", [None, ""])
def test_a_message_without_audio_has_none(content: str | None) -> None:
    assert _audio(audioContent=content, usage=None, timestampInfo=None) == m.AudioChunk("c")


@pytest.mark.parametrize("content", ["AAA", "AAAA\n", "A AA", "AAA*", "äAAA", "====", "AAAA=", 7, [], {}, True])
def test_audio_that_is_not_base64_is_a_defect_of_its_context(content: object) -> None:
    message = _audio(audioContent=content)
    assert isinstance(message, m.AudioChunk)
    assert message.audio == b""
    assert "base64" in message.defect


@pytest.mark.parametrize(
    ("usage", "expected"),
    [(None, 0), ({}, 0), ([], 0), ({"processedCharactersCount": "29"}, 29), ({"processedCharactersCount": 29.0}, 29),
     ({"processedCharactersCount": -1}, 0), ({"processedCharactersCount": True}, 0),
     ({"processedCharactersCount": None}, 0), ({"processedCharactersCount": 10**12}, 0)],
)  # fmt: skip
def test_characters_are_read_whatever_their_form(usage: object, expected: int) -> None:
    message = _audio(usage=usage)
    assert isinstance(message, m.AudioChunk)
    assert message.characters == expected


@pytest.mark.parametrize(
    "info",
    [
        None,
        False,
        [],
        {},
        {"wordAlignment": None},
        {"wordAlignment": {}},
        {"wordAlignment": {"words": None, "wordStartTimeSeconds": [1], "wordEndTimeSeconds": [1]}},
        {"wordAlignment": {"words": ["a"], "wordStartTimeSeconds": [], "wordEndTimeSeconds": [1]}},
        {"wordAlignment": {"words": ["a"], "wordStartTimeSeconds": ["x"], "wordEndTimeSeconds": [None]}},
        {"lipsyncAlignment": {"visemes": []}},
    ],
)
def test_missing_times_are_none(info: object) -> None:
    message = _audio(timestampInfo=info)
    assert isinstance(message, m.AudioChunk)
    assert message.timestamps is None


def test_items_that_are_not_timed_text_are_left_out() -> None:
    message = _audio(
        timestampInfo={
            "wordAlignment": {
                "words": ["a", None, "c", "d", "e"],
                "wordStartTimeSeconds": [0, 1, True, 3],
                "wordEndTimeSeconds": [1, 2, 3, 4, 5],
            }
        }
    )
    assert isinstance(message, m.AudioChunk)
    assert message.timestamps == m.Timestamps(m.TimestampKind.WORD, ("a", "d"), (0.0, 3.0), (1.0, 4.0))


def test_the_error_does_not_quote_the_frame() -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_server('{"error":{"message":"secret-key-1234"' + "x" * 10_000)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 200


_RESULTS = st.fixed_dictionaries(
    {},
    optional={
        "contextId": st.sampled_from(["c", 5, None]),
        "context_id": st.just("d"),
        "status": st.sampled_from([{"code": 0}, {"code": "OK"}, {"code": 5, "message": "gone"}, {}, None, 0]),
        **{
            name: st.sampled_from([{}, None, {"audioContent": "AAAA"}, {"status": {"code": 3}}, []])
            for name in ("audioChunk", "audio_chunk", "contextCreated", "flushCompleted", "contextClosed", "other")
        },
    },
)


@given(_RESULTS, st.sampled_from([{}, {"error": None}, {"error": {"code": 3}}]))
def test_the_short_way_reads_nothing_differently(result: dict[str, object], more: dict[str, object]) -> None:
    data = {"result": result, **more}
    assert _read_usual(data) in (None, _read_any(data))


@given(some.server_messages)
def test_what_the_service_writes_takes_the_short_way(message: m.ServerMessage) -> None:
    usual = (m.AudioChunk, m.ContextCreated, m.FlushCompleted, m.ContextClosed)
    if isinstance(message, usual):
        assert _read_usual(json.loads(frames.write_server(message))) == decode_server(frames.write_server(message))
