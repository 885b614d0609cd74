"""Status codes and what they mean for a caller: protocol.md section 9."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from voxpool.errors import CredentialRejected, LimitReached, ServiceError
from voxpool.scrub import scrub

if TYPE_CHECKING:
    from voxpool.protocol.messages import Status


class Code(IntEnum):
    """gRPC status codes."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


RETRYABLE: Final = frozenset({Code.DEADLINE_EXCEEDED, Code.RESOURCE_EXHAUSTED, Code.INTERNAL, Code.UNAVAILABLE})
"""Codes after which the same request may succeed (section 16)."""

FATAL: Final = frozenset({Code.PERMISSION_DENIED, Code.UNAUTHENTICATED, Code.ABORTED})
"""Codes of a top-level error that end the connection without waiting for its CLOSE (section 9)."""

NO_RETRY: Final = "NO_RETRY"

_DURATION: Final = re.compile(r"\d+(\.\d+)?s?")


@dataclass(frozen=True, slots=True)
class RetryHints:
    """What the provider says about retrying (section 9).

    Attributes:
        reconnect_type: ``reconnectType``, for example ``"NO_RETRY"``, or None.
        max_retries: ``maxRetries``, or None.
        reconnect_time_s: ``reconnectTime`` where it is a duration, in seconds, or None.
    """

    reconnect_type: str | None = None
    max_retries: int | None = None
    reconnect_time_s: float | None = None

    @property
    def forbids_retry(self) -> bool:
        """Whether the provider asks not to try again."""
        return self.reconnect_type == NO_RETRY


def retry_hints(details: Sequence[Any]) -> RetryHints:
    """Return the hints of the first entry of ``details`` that has any; unknown entries are passed over."""
    for entry in details:
        if not isinstance(entry, Mapping):
            continue
        kind = _pick(entry, "reconnectType", "reconnect_type")
        retries = _pick(entry, "maxRetries", "max_retries")
        when = _pick(entry, "reconnectTime", "reconnect_time")
        if kind is None and retries is None and when is None:
            continue
        return RetryHints(
            kind if isinstance(kind, str) else None,
            retries if isinstance(retries, int) and not isinstance(retries, bool) else None,
            _duration_s(when),
        )
    return RetryHints()


def _pick(entry: Mapping[str, Any], camel: str, snake: str) -> Any:
    value = entry.get(camel)
    return entry.get(snake) if value is None else value


def _duration_s(value: object) -> float | None:
    """Read a number or a protobuf duration such as ``"3.5s"``; a point in time needs a clock and gives None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if value >= 0 else None
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return float(value.removesuffix("s"))
    return None


def is_retryable(code: int) -> bool:
    """Whether the same request may succeed on another connection or a little later (section 16)."""
    return code in RETRYABLE


def to_error(status: Status, context_id: str | None = None, *, confirmed: bool = False) -> ServiceError:
    """Return the exception for a status.

    Args:
        status: What the service said; its code is not 0.
        context_id: The context it belongs to, or None for a connection-level error.
        confirmed: Whether the service had confirmed that context.  A confirmed context that is "not found" was
            lost by the service, as a dead connection loses one, and may be tried again.

    Returns:
        ``CredentialRejected`` for 7 and 16, ``LimitReached`` for 8, else ``ServiceError``.
    """
    kind: type[ServiceError] = ServiceError
    if status.code in (Code.PERMISSION_DENIED, Code.UNAUTHENTICATED):
        kind = CredentialRejected
    elif status.code == Code.RESOURCE_EXHAUSTED:
        kind = LimitReached
    retryable = is_retryable(status.code) or _was_lost(status, context_id, confirmed)
    return kind(
        status.code,
        scrub(status.message),
        context_id=context_id,
        details=status.details,
        retryable=retryable and not status.hints.forbids_retry,
    )


def _was_lost(status: Status, context_id: str | None, confirmed: bool) -> bool:
    """Whether the status tells of a loss, not of a wrong request."""
    if context_id is None:
        return status.code == Code.ABORTED
    # An unknown voice is code 5 too, perhaps only at the first synthesis (section 5.1): that is a wrong request.
    return status.code == Code.NOT_FOUND and confirmed and "voice" not in status.message.lower()
