"""Foreign exceptions become words that a person can use."""

from __future__ import annotations

import aiohttp
import pytest

from voxpool.transport import describe


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aiohttp.ClientConnectionResetError("Cannot write to closing transport"), "the other end cut it off"),
        (ConnectionResetError(104, "Connection reset by peer"), "the other end cut it off"),
        (aiohttp.ClientOSError(110, "Connection timed out"), "Connection timed out"),
        (
            aiohttp.ClientConnectorError(None, ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)")),  # type: ignore[arg-type]
            "nothing listens there; is the server running?",
        ),
        (RuntimeError("odd"), "odd"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_foreign_exception_becomes_words(error: BaseException, words: str) -> None:
    assert describe(error) == words
