"""The service's side of the wire, written a second time with nothing but the standard library.

An encoder and a decoder that share code agree with each other also where both are wrong.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from typing import Any

from voxpool.protocol import messages as m
from voxpool.protocol.settings import ContextSettings

OK = {"code": 0, "message": "", "details": []}


def result(context_id: str, *, status: dict[str, Any] | None = None, **payload: Any) -> str:
    """A frame in an envelope, as captured: payload, contextId, status."""
    return json.dumps({"result": {"contextId": context_id, **payload, "status": status or OK}})


def created(context_id: str, **config: Any) -> str:
    return result(context_id, contextCreated=config)


def audio(context_id: str, data: bytes = b"", characters: int = 0, timestamps: Any = None) -> str:
    usage = {"processedCharactersCount": characters, "modelId": "inworld-tts-2"}
    content = base64.b64encode(data).decode()
    return result(context_id, audioChunk={"audioContent": content, "usage": usage, "timestampInfo": timestamps})


def flushed(context_id: str) -> str:
    return result(context_id, flushCompleted={})


def closed(context_id: str) -> str:
    return result(context_id, contextClosed={})


def status(context_id: str, code: int, message: str = "", details: Any = ()) -> str:
    """Error shape A."""
    return json.dumps(
        {"result": {"contextId": context_id, "status": {"code": code, "message": message, "details": list(details)}}}
    )


def error_b(code: int, message: str = "", details: Any = ()) -> str:
    return json.dumps({"error": {"code": code, "message": message, "details": list(details)}})


SHAPE_C = json.dumps(
    {
        "error": {
            "code": 3,
            "message": "invalid WebSocket request for the selected response protocol",
            "status": "INVALID_ARGUMENT",
        }
    }
)


def words(*rows: tuple[str, float, float]) -> dict[str, Any]:
    """A ``timestampInfo`` of words."""
    texts, starts, ends = ([row[i] for row in rows] for i in range(3))
    return {
        "wordAlignment": {
            "words": texts,
            "wordStartTimeSeconds": starts,
            "wordEndTimeSeconds": ends,
            "phoneticDetails": [],
        }
    }


def characters(*rows: tuple[str, float, float]) -> dict[str, Any]:
    texts, starts, ends = ([row[i] for row in rows] for i in range(3))
    return {
        "characterAlignment": {
            "characters": texts,
            "characterStartTimeSeconds": starts,
            "characterEndTimeSeconds": ends,
        }
    }


def wav(pcm: bytes, rate: int = 24000, *, size: int | None = None, extra: bytes = b"", channels: int = 1) -> bytes:
    """A WAV header and its samples.

    Args:
        pcm: The samples.
        rate: Samples per second.
        size: What both size fields claim, or None for the truth.
        extra: Chunks between ``fmt`` and ``data``.
        channels: Channels.
    """
    riff_size = 36 + len(extra) + len(pcm) if size is None else size
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 * channels, 2 * channels, 16)
    head = b"RIFF" + struct.pack("<I", riff_size) + b"WAVE" + b"fmt " + struct.pack("<I", 16) + form + extra
    return head + b"data" + struct.pack("<I", len(pcm) if size is None else size) + pcm


def chunk(name: bytes, body: bytes) -> bytes:
    """A RIFF chunk with its padding."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def write_server(message: m.ServerMessage) -> str:
    """The frame of a message of the service, as the service writes it."""
    match message:
        case m.ContextCreated(context_id, config):
            return created(context_id, **config)
        case m.ContextUpdated(context_id, config):
            return result(context_id, contextUpdated=config)
        case m.FlushCompleted(context_id):
            return flushed(context_id)
        case m.ContextClosed(context_id):
            return closed(context_id)
        case m.ContextStatus(context_id, read):
            return status(context_id, read.code, read.message, read.details)
        case m.ConnectionStatus(read, m.Shape.B):
            return error_b(read.code, read.message, read.details)
        case m.ConnectionStatus(read, m.Shape.C):
            return json.dumps({"error": {"code": read.code, "message": read.message, "status": read.status}})
        case m.AudioChunk():
            return _write_audio(message)
        case m.Unknown(keys):
            return json.dumps(dict.fromkeys(keys, True))


def _write_audio(message: m.AudioChunk) -> str:
    info = None
    if message.timestamps is not None:
        rows = zip(message.timestamps.texts, message.timestamps.starts_s, message.timestamps.ends_s, strict=True)
        info = words(*rows) if message.timestamps.kind is m.TimestampKind.WORD else characters(*rows)
    usage = {"processedCharactersCount": message.characters, "modelId": message.model}
    content = base64.b64encode(message.audio).decode()
    return result(message.context_id, audioChunk={"audioContent": content, "usage": usage, "timestampInfo": info})


def snake_cased(value: Any) -> Any:
    """The same JSON value with every key in snake_case."""
    if isinstance(value, dict):
        return {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): snake_cased(item) for key, item in value.items()}
    if isinstance(value, list):
        return [snake_cased(item) for item in value]
    return value


_AUDIO_FIELDS = {
    "audioEncoding": "encoding",
    "sampleRateHertz": "sample_rate_hz",
    "bitRate": "bit_rate",
    "speakingRate": "speaking_rate",
}
_FIELDS = {
    "voiceId": "voice",
    "modelId": "model",
    "temperature": "temperature",
    "timestampType": "timestamp_type",
    "timestampTransportStrategy": "timestamp_transport",
    "maxBufferDelayMs": "max_buffer_delay_ms",
    "bufferCharThreshold": "buffer_char_threshold",
    "autoMode": "auto_mode",
    "autoModeStrategy": "auto_mode_strategy",
    "applyTextNormalization": "text_normalization",
    "language": "language",
    "deliveryMode": "delivery_mode",
}


def read_client(frame: str) -> m.ClientMessage:
    """The message in a client's frame, read strictly: an unknown field fails."""
    data = json.loads(frame)
    context_id = data.pop("contextId")
    ((name, payload),) = data.items()
    match name:
        case "create":
            return m.Create(context_id, read_settings(payload))
        case "send_text":
            assert payload.keys() <= {"text", "flush_context"}
            return m.SendText(context_id, payload["text"], payload.get("flush_context") == {})
        case "flush_context" | "close_context" | "cancel_context":
            assert payload == {}
            kinds = {"flush": m.FlushContext, "close": m.CloseContext, "cancel": m.CancelContext}
            return kinds[name.removesuffix("_context")](context_id)
        case _:
            raise AssertionError(name)


def read_settings(payload: dict[str, Any]) -> ContextSettings:
    payload = dict(payload)
    given = {_AUDIO_FIELDS[name]: value for name, value in payload.pop("audioConfig").items()}
    return ContextSettings(**given, **{_FIELDS[name]: value for name, value in payload.items()})
