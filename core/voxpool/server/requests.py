"""What a client may send, as values (sections 3 and 4).  Pure.

Both naming styles are accepted for every field, unknown fields are ignored, a message without a known key is no
message, and a value of the wrong JSON type spoils the whole frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson


class Malformed(ValueError):
    """The frame is not JSON, or a field has the wrong type: shape C (section 9)."""


@dataclass(frozen=True, slots=True)
class Create:
    """Open a context.  ``settings`` is the raw object; ``options`` reads it."""

    context_id: str | None
    settings: dict[str, Any]
    payload: str = "CREATE"


@dataclass(frozen=True, slots=True)
class SendText:
    """Append text, and flush if ``flush``."""

    context_id: str | None
    text: str
    flush: bool
    payload: str = "SEND_TEXT"


@dataclass(frozen=True, slots=True)
class FlushContext:
    """Speak what is buffered."""

    context_id: str | None
    payload: str = "FLUSH_CONTEXT"


@dataclass(frozen=True, slots=True)
class CloseContext:
    """Speak what is buffered, then end the context."""

    context_id: str | None
    payload: str = "CLOSE_CONTEXT"


@dataclass(frozen=True, slots=True)
class CancelContext:
    """End the context without speaking what is buffered."""

    context_id: str | None
    payload: str = "CANCEL_CONTEXT"


@dataclass(frozen=True, slots=True)
class UpdateConfig:
    """Change the settings of an open context (section 4.6)."""

    context_id: str | None
    settings: dict[str, Any]
    payload: str = "UPDATE_CONFIG"


Request = Create | SendText | FlushContext | CloseContext | CancelContext | UpdateConfig

_KINDS: Final = ("create", "send_text", "flush_context", "close_context", "cancel_context", "update_config")


def camel(name: str) -> str:
    """Return the lowerCamelCase spelling of a snake_case name."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def field(message: dict[str, Any], name: str) -> Any:
    """Return a field by its snake_case name in either spelling, None if absent or null."""
    value = message.get(camel(name))
    return message.get(name) if value is None else value


def decode(frame: str | bytes) -> Request | None:
    """Read a text frame.

    Returns:
        The request, or None for a JSON object without a known message: the service stays silent then.

    Raises:
        Malformed: If it is not a JSON object, or a field has the wrong type, or it holds two messages.
    """
    try:
        message = orjson.loads(frame)
    except ValueError as error:
        raise Malformed from error
    if not isinstance(message, dict):
        raise Malformed
    known = [(kind, field(message, kind)) for kind in _KINDS]
    present = [(kind, body) for kind, body in known if body is not None]
    if not present:
        return None
    context_id = _text(field(message, "context_id"))
    if len(present) > 1:
        # A protobuf oneof: more than one member is a parse error.
        raise Malformed
    kind, body = present[0]
    if not isinstance(body, dict):
        raise Malformed
    return _build(kind, context_id or None, body)


def _build(kind: str, context_id: str | None, body: dict[str, Any]) -> Request:
    if kind == "create":
        return Create(context_id, body)
    if kind == "update_config":
        return UpdateConfig(context_id, body)
    if kind == "send_text":
        flush = field(body, "flush_context")
        if flush is not None and not isinstance(flush, dict):
            raise Malformed
        return SendText(context_id, _text(field(body, "text")) or "", flush is not None)
    if kind == "flush_context":
        return FlushContext(context_id)
    return CloseContext(context_id) if kind == "close_context" else CancelContext(context_id)


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Malformed
    return value
