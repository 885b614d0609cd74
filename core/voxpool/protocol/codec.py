"""JSON to messages and back: protocol.md sections 3 to 5 and 9.

A frame that is not a JSON object raises ``ProtocolError``; everything else decodes to something, at worst to
``Unknown``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import orjson
import pybase64

from voxpool.errors import ProtocolError, SettingError
from voxpool.protocol import wire
from voxpool.protocol.messages import (
    AudioChunk,
    CancelContext,
    ClientMessage,
    CloseContext,
    ConnectionStatus,
    ContextClosed,
    ContextCreated,
    ContextStatus,
    ContextUpdated,
    Create,
    FlushCompleted,
    FlushContext,
    SendText,
    ServerMessage,
    Shape,
    Status,
    TimestampKind,
    Timestamps,
    Unknown,
)
from voxpool.protocol.settings import (
    AutoModeStrategy,
    ContextSettings,
    DeliveryMode,
    TextNormalization,
    TimestampTransport,
    TimestampType,
)
from voxpool.protocol.status import Code

_OK: Final = int(Code.OK)

_UNSET: Final = (
    None,
    TimestampType.NONE,
    TimestampTransport.UNSPECIFIED,
    TextNormalization.AUTO,
    DeliveryMode.UNSPECIFIED,
)


def encode(message: ClientMessage) -> str:
    """Return the text frame of a message: exactly one payload key and ``contextId`` beside it.

    Raises:
        SettingError: If a text holds half of a surrogate pair, which no JSON can carry.
    """
    try:
        return orjson.dumps(_plain(message)).decode()
    except orjson.JSONEncodeError:
        if not isinstance(message, SendText):
            raise SettingError("settings", message, "valid Unicode, without half surrogate pairs") from None
    return orjson.dumps(_plain(replace(message, text=_join_surrogates(message.text)))).decode()


def _join_surrogates(text: str) -> str:
    """Join the halves of surrogate pairs: a stream of tokens from a UTF-16 world may have come apart between them."""
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise SettingError("text", text, "valid Unicode, without half surrogate pairs") from None


def _plain(message: ClientMessage) -> dict[str, Any]:
    match message:
        case Create(context_id, settings):
            return {"create": _remembered(settings), "contextId": context_id}
        case SendText(context_id, text, flush):
            payload: dict[str, Any] = {"text": text, "flush_context": {}} if flush else {"text": text}
            return {"send_text": payload, "contextId": context_id}
        case FlushContext(context_id):
            return {"flush_context": {}, "contextId": context_id}
        case CloseContext(context_id):
            return {"close_context": {}, "contextId": context_id}
        case CancelContext(context_id):
            return {"cancel_context": {}, "contextId": context_id}


def settings_to_wire(settings: ContextSettings) -> dict[str, Any]:
    """Return the payload of ``create`` with only the fields that are set (section 4.1).

    Defaults stay out so that a deployment that does not know a newer field never sees it.
    """
    audio = {
        "audioEncoding": settings.encoding,
        "sampleRateHertz": settings.sample_rate_hz,
        "bitRate": settings.bit_rate,
        "speakingRate": settings.speaking_rate,
    }
    fields = {
        "voiceId": settings.voice,
        "modelId": settings.model,
        "audioConfig": _without_unset(audio),
        "temperature": settings.temperature,
        "timestampType": settings.timestamp_type,
        "timestampTransportStrategy": settings.timestamp_transport,
        "maxBufferDelayMs": settings.max_buffer_delay_ms,
        "bufferCharThreshold": settings.buffer_char_threshold,
        "autoMode": True if settings.auto_mode else None,
        "autoModeStrategy": AutoModeStrategy.SENTENCE_BOUNDARY if settings.uses_sentence_boundary else None,
        "applyTextNormalization": settings.text_normalization,
        "language": settings.language,
        "deliveryMode": settings.delivery_mode,
    }
    return _without_unset(fields)


_remembered = lru_cache(maxsize=256)(settings_to_wire)
"""Utterances come by the hundred with the same settings.  What it returns is only read."""


def _without_unset(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not any(value is unset for unset in _UNSET)}


def parse(frame: str | bytes) -> dict[str, Any]:
    """Return a frame as a JSON object.

    Raises:
        ProtocolError: If it is not JSON, or not an object.
    """
    try:
        data = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(f"not JSON ({error.msg} at character {error.pos} of {len(frame)})") from None
    if not isinstance(data, dict):
        raise ProtocolError(f"a JSON object was expected, not {type(data).__name__}")
    return data


def decode_server(frame: str | bytes) -> ServerMessage:
    """Return the message in a frame from the service.

    Raises:
        ProtocolError: If it is not a JSON object.  Nothing else is raised, whatever the frame holds.
    """
    return read_server(parse(frame))


def read_server(data: Mapping[str, Any]) -> ServerMessage:
    """Return the message in a decoded frame."""
    return _read_usual(data) or _read_any(data)


def _read_usual(data: Mapping[str, Any]) -> ServerMessage | None:
    """Read a frame as the service writes it today: one payload and an OK beside the id, all in camelCase."""
    result = data.get("result")
    if type(result) is not dict or len(result) != 3 or data.get("error") is not None:
        return None
    context_id, status = result.get("contextId"), result.get("status")
    if type(context_id) is not str or type(status) is not dict or status.get("code") != _OK:
        return None
    for name, payload in result.items():
        reader = _READERS.get(name)
        if reader is not None and type(payload) is dict:
            return reader(context_id, payload)
    return None


def _read_any(data: Mapping[str, Any]) -> ServerMessage:
    """Read whatever a service may write (section 3)."""
    error = data.get("error")
    if error is not None:
        return _read_error(error)
    result = data.get("result")
    if not isinstance(result, dict):
        return Unknown(tuple(data))
    context_id = wire.text(wire.pick(result, "contextId"))
    name = _payload_name(result)
    payload = wire.mapping(wire.pick(result, name)) if name else {}
    status = wire.pick(result, "status")
    if status is None:
        # The reference's audio example has it one level down (section 5); the wire was never seen to.
        status = payload.get("status")
    if status is not None and not (name and isinstance(status, dict) and status.get("code") == Code.OK):
        read = read_status(status)
        if read.code or name is None:
            return ContextStatus(context_id, read)
    if name is None:
        return Unknown(tuple(result))
    return _READERS[name](context_id, payload)


def _payload_name(result: Mapping[str, Any]) -> str | None:
    """Find the payload by the presence of its key: most payloads are ``{}``, which is falsy (section 3)."""
    nulls = None
    for name in _READERS:
        if wire.has(result, name):
            if wire.pick(result, name) is not None:
                return name
            nulls = nulls or name
    return nulls


def _read_error(error: object) -> ConnectionStatus:
    status = read_status(error)
    named_only = status.status is not None and not status.details
    return ConnectionStatus(status, Shape.C if named_only else Shape.B)


def read_status(data: object) -> Status:
    """Return a status; one that cannot be read is code 2 (unknown), with what was there as its message."""
    if not isinstance(data, dict):
        return Status(Code.UNKNOWN, wire.text(data, "an error without a description"))
    name = wire.pick(data, "status")
    name = name if isinstance(name, str) else None
    return Status(_code(data.get("code"), name), wire.text(data.get("message")), wire.items(data.get("details")), name)


def _code(value: object, name: str | None) -> int:
    """Read a code: a number, or a name, which may stand in ``code`` or in ``status``."""
    if value is None and name is None:
        return Code.OK
    for candidate in (value, name):
        if isinstance(candidate, str) and candidate in Code.__members__:
            return Code[candidate]
        number = wire.integer(candidate, -1)
        if number >= 0:
            return number
    return Code.UNKNOWN


def _read_audio(context_id: str, payload: Mapping[str, Any]) -> AudioChunk:
    usage = wire.mapping(payload.get("usage"))
    model = wire.pick(usage, "modelId")
    audio, defect = decode_audio(wire.pick(payload, "audioContent"))
    return AudioChunk(
        context_id,
        audio,
        max(0, wire.integer(wire.pick(usage, "processedCharactersCount"))),
        model if isinstance(model, str) else None,
        read_timestamps(wire.pick(payload, "timestampInfo")),
        defect,
    )


def decode_audio(content: object) -> tuple[bytes, str]:
    """Return the bytes of ``audioContent``, and why there are none ("" when nothing is wrong)."""
    if content is None:
        return b"", ""
    if not isinstance(content, (str, bytes)):
        return b"", f"audioContent is {type(content).__name__}, not base64 text"
    try:
        return pybase64.b64decode(content, validate=True), ""
    except ValueError:
        return b"", f"audioContent of {len(content)} characters is not valid base64"


_ALIGNMENTS: Final = (
    (TimestampKind.WORD, "wordAlignment", "words", "wordStartTimeSeconds", "wordEndTimeSeconds"),
    (
        TimestampKind.CHARACTER,
        "characterAlignment",
        "characters",
        "characterStartTimeSeconds",
        "characterEndTimeSeconds",
    ),
)


def read_timestamps(info: object) -> Timestamps | None:
    """Return the alignment of ``timestampInfo``, or None; items that are not timed text are left out (section 8)."""
    if not isinstance(info, dict):
        return None
    for kind, name, texts, starts, ends in _ALIGNMENTS:
        alignment = wire.pick(info, name)
        if not isinstance(alignment, dict):
            continue
        columns = [wire.items(wire.pick(alignment, column)) for column in (texts, starts, ends)]
        if not _is_sound(*columns):
            columns = _sound_rows(*columns)
        if columns[0]:
            return Timestamps(kind, *columns)
    return None


def _is_sound(texts: tuple[Any, ...], starts: tuple[Any, ...], ends: tuple[Any, ...]) -> bool:
    """Whether three columns are parallel and of the right types, as they nearly always are."""
    return (
        len(texts) == len(starts) == len(ends)
        and _TEXT.issuperset(map(type, texts))
        and _NUMBERS.issuperset(map(type, starts))
        and _NUMBERS.issuperset(map(type, ends))
    )


def _sound_rows(*columns: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return the columns of only those rows that are timed text."""
    rows = [row for row in zip(*columns, strict=False) if _is_sound(*((value,) for value in row))]
    return [tuple(column) for column in zip(*rows, strict=True)] or [(), (), ()]


_TEXT: Final = frozenset({str})
_NUMBERS: Final = frozenset({int, float})

_READERS: Final[dict[str, Callable[[str, Mapping[str, Any]], ServerMessage]]] = {
    "audioChunk": _read_audio,
    "contextCreated": ContextCreated,
    "flushCompleted": lambda context_id, _: FlushCompleted(context_id),
    "contextClosed": lambda context_id, _: ContextClosed(context_id),
    "contextUpdated": ContextUpdated,
}
