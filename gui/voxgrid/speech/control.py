"""Asks the app's own local server what it holds, and to misbehave."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

_logger = logging.getLogger(__name__)

LEDGER_PATH: Final = "/voxgrid/v1/ledger"
FAULTS_PATH: Final = "/voxgrid/v1/faults"
_TIMEOUT_S: Final = 5.0


class ControlError(Exception):
    """The server did not do it; the message says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Armed:
    """A fault that the server took.

    Attributes:
        number: The server's number of it.
        struck: How much it struck at once, or None for one that waits for its occasion.
    """

    number: int
    struck: int | None


class LocalControl:
    """The control endpoints of one local server.

    Args:
        url: Its base URL.
        token: Its control token; it goes nowhere but into the header of a request.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token

    def __repr__(self) -> str:
        return f"<LocalControl {self.url}>"

    @property
    def token(self) -> str:
        """The control token: for a process of this program's own, and for nobody else's eyes."""
        return self._token

    async def ledger(self) -> dict[str, Any]:
        """Return what the server holds.  Raises ``ControlError``."""
        return await self._ask("GET", LEDGER_PATH)

    async def faults(self) -> list[dict[str, Any]]:
        """Return the faults in force, with their numbers and how often they struck.  Raises ``ControlError``."""
        listed = (await self._ask("GET", FAULTS_PATH)).get("faults")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise ControlError("The local server's list of faults makes no sense.")
        return listed

    async def add(self, fault: Mapping[str, Any]) -> Armed:
        """Put a fault in force.  Raises ``ControlError``."""
        answer = await self._ask("POST", FAULTS_PATH, dict(fault))
        struck = answer.get("struck")
        return Armed(int(answer.get("id", 0)), struck if isinstance(struck, int) else None)

    async def remove(self, number: int) -> None:
        """Take a fault away; one that is gone already is none to complain about.  Raises ``ControlError``."""
        await self._ask("DELETE", f"{FAULTS_PATH}/{number}", gone=True)

    async def clear(self) -> None:
        """Take all faults away.  Raises ``ControlError``."""
        await self._ask("DELETE", FAULTS_PATH)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, gone: bool = False
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if method != "GET" else {}
        # No proxy and no cookies of anybody's: the server is on this machine, and the token is for it alone.
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.request(method, self.url + path, json=body, headers=headers) as response,
            ):
                if gone and response.status == 404:
                    return {}
                answer = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            _logger.debug("asking the local server: %s", type(error).__name__)
            raise ControlError("The local server did not answer.") from error
        if response.status != 200:
            raise ControlError(_refusal(response.status, answer))
        if not isinstance(answer, dict):
            raise ControlError("The local server's answer makes no sense.")
        return answer


def _refusal(status: int, answer: Any) -> str:
    said = answer.get("message") if isinstance(answer, dict) else None
    why = f": {said}" if status == 400 and isinstance(said, str) else ""
    return f"The local server refused that (HTTP {status}){why}."
