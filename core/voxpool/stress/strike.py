"""Sets faults at a local server while a run goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp

from voxpool.errors import LocalServerError

Strike = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Sets a fault; raises LocalServerError, as a sentence, when that fails."""

_FAULTS_PATH: Final = "/voxgrid/v1/faults"
_TIMEOUT_S: Final = 5.0


def striker(url: str, token: str) -> Strike:
    """Return what sets faults at one local server.

    Args:
        url: Its base URL.
        token: Its control token; it goes nowhere but into the header of a request.
    """

    async def strike(fault: Mapping[str, Any]) -> None:
        status = await _ask("POST", url, "", token, dict(fault))
        if status != 200:
            raise LocalServerError(f"the local server refused the fault (HTTP {status})")

    return strike


async def check_control(url: str, token: str) -> None:
    """Find out whether a local server would take faults, without setting one.

    Args:
        url: Its base URL.
        token: Its control token.

    Raises:
        LocalServerError: If it would not, as a sentence.
    """
    # There never is a fault 0: who may take it away is told that, and nobody else is.
    if await _ask("DELETE", url, "/0", token) != 404:
        raise LocalServerError("the local server does not take faults with this control token")


async def _ask(method: str, url: str, path: str, token: str, body: dict[str, Any] | None = None) -> int:
    """Return the HTTP status of the answer."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        # No proxy and no cookies of anybody's: the server is on this machine, and the token is for it alone.
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.request(method, url + _FAULTS_PATH + path, json=body, headers=headers) as response,
        ):
            return response.status
    except (aiohttp.ClientError, TimeoutError) as error:
        raise LocalServerError("the local server did not answer") from error
