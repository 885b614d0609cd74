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
        headers = {"Authorization": f"Bearer {token}"}
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            # No proxy and no cookies of anybody's: the server is on this machine, and the token is for it alone.
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.post(url + _FAULTS_PATH, json=dict(fault), headers=headers) as response,
            ):
                if response.status != 200:
                    raise LocalServerError(f"the local server refused the fault (HTTP {response.status})")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LocalServerError("the local server did not answer") from error

    return strike
