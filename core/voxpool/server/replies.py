"""Frames from the server (section 5): always camelCase, one payload key, a status beside it.  Pure."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pybase64

from voxpool.server.statuses import MALFORMED, Status

_OK: Final = b'"status":{"code":0,"message":"","details":[]}}}'


def created(context_id: str, config: dict[str, Any]) -> bytes:
    """Return ``contextCreated`` with the echo of what the client set."""
    return _result(context_id, b'"contextCreated":' + orjson.dumps(config))


def updated(context_id: str, config: dict[str, Any]) -> bytes:
    """Return ``contextUpdated`` with the whole configuration (section 5.5)."""
    return _result(context_id, b'"contextUpdated":' + orjson.dumps(config))


def flush_completed(context_id: str) -> bytes:
    """Return ``flushCompleted``."""
    return _result(context_id, b'"flushCompleted":{}')


def closed(context_id: str) -> bytes:
    """Return ``contextClosed``."""
    return _result(context_id, b'"contextClosed":{}')


def audio_chunk(context_id: str, chunk: dict[str, Any]) -> bytes:
    """Return ``audioChunk`` with an object made by ``chunk``."""
    return _result(context_id, b'"audioChunk":' + orjson.dumps(chunk))


def chunk(audio: bytes, characters: int, model: str, timestamps: dict[str, Any] | None) -> dict[str, Any]:
    """Return the object that carries audio, on the socket and over REST.

    Args:
        audio: The encoded audio; may be empty.
        characters: Characters of the synthesis on its first chunk, 0 on the others.
        model: Name of the model.
        timestamps: The alignment, or None: ``null`` on the wire, not absent.
    """
    return {
        "audioContent": pybase64.b64encode_as_string(audio),
        "usage": {"processedCharactersCount": characters, "modelId": model},
        "timestampInfo": timestamps,
    }


def context_status(context_id: str, status: Status) -> bytes:
    """Return an error of one context, which the connection survives (shape A)."""
    return orjson.dumps({"result": {"contextId": context_id, "status": status.body}})


def connection_status(status: Status) -> bytes:
    """Return an error of the whole connection, before it is closed (shape B)."""
    return orjson.dumps({"error": status.body})


def malformed() -> bytes:
    """Return the answer to a frame that is none; the connection survives (shape C)."""
    return orjson.dumps({"error": MALFORMED})


def _result(context_id: str, payload: bytes) -> bytes:
    return b"".join((b'{"result":{"contextId":', orjson.dumps(context_id), b",", payload, b",", _OK))
