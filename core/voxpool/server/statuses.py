"""The statuses that the server sends, with the exact texts (section 9).  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from voxpool.server.config import Wording

INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
NOT_FOUND: Final = 5
ALREADY_EXISTS: Final = 6
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
ABORTED: Final = 10
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
UNAUTHENTICATED: Final = 16

HTTP_STATUS: Final = {
    INVALID_ARGUMENT: 400,
    UNAUTHENTICATED: 401,
    PERMISSION_DENIED: 403,
    NOT_FOUND: 404,
    ALREADY_EXISTS: 409,
    RESOURCE_EXHAUSTED: 429,
    INTERNAL: 500,
    UNAVAILABLE: 503,
    DEADLINE_EXCEEDED: 504,
}
"""HTTP status by code (section 9; those not listed there as gRPC gateways map them)."""

_STATUS_TYPE: Final = "type.googleapis.com/ai.inworld.common.InworldStatus"


@dataclass(frozen=True, slots=True)
class Status:
    """A gRPC status.

    Attributes:
        code: The number.
        message: The text.
        details: Provider's hints.
    """

    code: int
    message: str
    details: tuple[dict[str, Any], ...] = ()

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object."""
        return {"code": self.code, "message": self.message, "details": list(self.details)}


class Refused(Exception):
    """A request is answered with a status.

    Attributes:
        status: The answer.
    """

    def __init__(self, status: Status) -> None:
        self.status = status
        super().__init__(status.message)


MALFORMED: Final[dict[str, Any]] = {
    "code": INVALID_ARGUMENT,
    "message": "invalid WebSocket request for the selected response protocol",
    "status": "INVALID_ARGUMENT",
}
"""The error object of shape C."""

NO_CREDENTIAL: Final = Status(
    UNAUTHENTICATED,
    "authentication is required",
    (
        {
            "@type": _STATUS_TYPE,
            "errorType": "SESSION_TOKEN_INVALID",
            "reconnectType": "NO_RETRY",
            "reconnectTime": None,
            "maxRetries": 0,
        },
    ),
)

INACTIVE: Final = Status(ABORTED, "Paused due to inactivity", ({"@type": _STATUS_TYPE, "errorType": "SESSION_PAUSED"},))


def bad_credential(key: str) -> Status:
    """Return the answer to a wrong key; like the service's it tells the key's first four characters."""
    return Status(PERMISSION_DENIED, f'Invalid credentials provided for API key "{key[:4]}***"')


def unknown_context(context_id: str, payload: str, wording: Wording) -> Status:
    """Return the answer to a message for a context that is not there.

    Args:
        context_id: The id that was sent.
        payload: ``SEND_TEXT`` and so on; a close has no suffix in the current wording, a flush is unknown there
            (section 15, 3) and gets one.
        wording: Generation of texts.
    """
    if wording == "2026-03":
        camel = "".join(part.title() for part in payload.split("_"))
        return Status(NOT_FOUND, f"Context {context_id} not found during {camel[:1].lower()}{camel[1:]}")
    suffix = "" if payload == "CLOSE_CONTEXT" else f" (payload={payload})"
    return Status(NOT_FOUND, f"context {context_id} not found{suffix}")


def missing_context_id(code: int, open_contexts: int, payload: str) -> Status:
    """Return the answer to a message without an id that could mean none or several contexts."""
    return Status(code, f"context_id is required when {open_contexts} contexts are open (payload={payload})")


def too_many_contexts(limit: int, wording: Wording) -> Status:
    """Return the answer to a context above the limit of a connection."""
    if wording == "2026-03":
        return Status(RESOURCE_EXHAUSTED, "Max contexts limit reached")
    return Status(
        RESOURCE_EXHAUSTED,
        f"You have reached the limit of {limit} TTS contexts per connection. "
        "Please close other contexts on this connection to continue.",
    )


def text_too_long(limit: int) -> Status:
    """Return the answer to a text above the limit."""
    return Status(INVALID_ARGUMENT, f"text length should not exceed {limit} characters.")


def unknown_voice(voice: str) -> Status:
    """Return the answer to a voice that is not there."""
    return Status(NOT_FOUND, f"Unknown voice: {voice} not found!")


def unsupported_model(model: str) -> Status:
    """Return the answer to a model that is not there."""
    return Status(INVALID_ARGUMENT, f"model_id: {model} is not supported.")


def invalid(message: str) -> Status:
    """Return a refusal whose text the sources do not know."""
    return Status(INVALID_ARGUMENT, message)


def already_open(context_id: str) -> Status:
    """Return the answer to a second ``create`` with an open id (section 17, 2: unknown)."""
    return Status(ALREADY_EXISTS, f"context {context_id} already exists")


def too_many_generations(limit: int) -> Status:
    """Return the answer above the concurrent-generation limit (section 17, 4: its text is unknown)."""
    return Status(RESOURCE_EXHAUSTED, f"You have reached the limit of {limit} concurrent generations.")


def too_much_text(limit: int) -> Status:
    """Return the answer to more text than one context may hold unspoken (our own bound)."""
    return Status(INVALID_ARGUMENT, f"more than {limit} characters wait to be spoken on this context.")


def unfinished_markup() -> Status:
    """Return the answer to a close in the middle of a tag (section 4.4; its text is unknown)."""
    return Status(INVALID_ARGUMENT, "text ends with an unfinished markup tag.")


def engine_failed(message: str) -> Status:
    """Return what a context fails with when its text could not be spoken."""
    return Status(INTERNAL, message)
