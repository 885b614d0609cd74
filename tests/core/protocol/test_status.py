from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import protocol_strategies as some
from voxpool.errors import CredentialRejected, LimitReached, ServiceError
from voxpool.protocol.messages import Status
from voxpool.protocol.status import Code, RetryHints, is_retryable, retry_hints, to_error
from voxpool.scrub import scrub

NO_RETRY = {
    "@type": "type.googleapis.com/ai.inworld.common.InworldStatus",
    "errorType": "SESSION_TOKEN_INVALID",
    "reconnectType": "NO_RETRY",
    "reconnectTime": None,
    "maxRetries": 0,
}
"""As captured with code 16 (section 9)."""


@pytest.mark.parametrize(("code", "retryable"), [(code, code in (4, 8, 13, 14)) for code in range(17)])
def test_which_codes_are_retryable(code: int, retryable: bool) -> None:
    assert is_retryable(code) is retryable
    assert to_error(Status(code), "c").retryable is retryable


@pytest.mark.parametrize(
    ("code", "kind"), [(7, CredentialRejected), (16, CredentialRejected), (8, LimitReached), (5, ServiceError)]
)
def test_which_error_a_code_becomes(code: int, kind: type[ServiceError]) -> None:
    error = to_error(Status(code, "why", (1,)), "c")
    assert type(error) is kind
    assert (error.code, error.message, error.context_id, error.details) == (code, "why", "c", (1,))


@pytest.mark.parametrize(
    ("message", "confirmed", "retryable"),
    [
        ("context c not found (payload=SEND_TEXT)", True, True),
        ("Context c not found during sendText", True, True),
        ("context c not found (payload=SEND_TEXT)", False, False),
        ("Unknown voice: X not found!", True, False),
        ("Voice not found.", True, False),
    ],
)
def test_a_context_that_the_service_lost_may_be_tried_again(message: str, confirmed: bool, retryable: bool) -> None:
    assert to_error(Status(Code.NOT_FOUND, message), "c", confirmed=confirmed).retryable is retryable


def test_inactivity_of_the_connection_may_be_tried_again() -> None:
    assert to_error(Status(Code.ABORTED, "Paused due to inactivity")).retryable
    assert not to_error(Status(Code.ABORTED, "Paused due to inactivity"), "c").retryable


@pytest.mark.parametrize("code", [8, 13, 14])
def test_the_provider_can_forbid_to_retry(code: int) -> None:
    assert not to_error(Status(code, "", (NO_RETRY,)), "c").retryable


@pytest.mark.parametrize(
    ("details", "hints"),
    [
        ((), RetryHints()),
        ((NO_RETRY,), RetryHints("NO_RETRY", 0, None)),
        (("text", None, {"other": 1}, NO_RETRY), RetryHints("NO_RETRY", 0, None)),
        (({"reconnect_type": "IMMEDIATE", "max_retries": 3},), RetryHints("IMMEDIATE", 3, None)),
        (({"reconnectTime": "3.5s"},), RetryHints(None, None, 3.5)),
        (({"reconnectTime": 2},), RetryHints(None, None, 2.0)),
        (({"reconnectTime": -2},), RetryHints()),
        (({"reconnectTime": "2026-11-24T00:00:00Z"},), RetryHints()),
        (({"reconnectTime": True, "maxRetries": True, "reconnectType": 1},), RetryHints()),
    ],
)
def test_retry_hints(details: tuple[Any, ...], hints: RetryHints) -> None:
    assert retry_hints(details) == hints
    status = Status(13, "", details)
    assert (status.reconnect_type, status.max_retries, status.reconnect_time_s) == (
        hints.reconnect_type,
        hints.max_retries,
        hints.reconnect_time_s,
    )


@given(some.details)
def test_any_details_are_survived(details: tuple[Any, ...]) -> None:
    retry_hints(details)


@pytest.mark.parametrize(
    ("message", "clean"),
    [
        ('Invalid credentials provided for API key "Zm9v***"', 'Invalid credentials provided for API key "***"'),
        ('API key does not exist or was deleted: "Zm9v***"', 'API key does not exist or was deleted: "***"'),
        ("key Zm9v***, try another", "key ***, try another"),
        ("key=Zm9v***", "***"),
        ("nothing secret", "nothing secret"),
    ],
)
def test_the_key_prefix_is_taken_out(message: str, clean: str) -> None:
    assert scrub(message) == clean
    assert to_error(Status(7, message)).message == clean


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=4, max_size=4))
def test_no_prefix_gets_through(prefix: str) -> None:
    assert prefix not in scrub(f'for API key "{prefix}***"').replace("API", "").replace("key", "").replace("for", "")
