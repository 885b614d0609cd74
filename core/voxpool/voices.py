"""The voices that an endpoint offers."""

from __future__ import annotations

from dataclasses import dataclass

from voxpool.config import Endpoint


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of the voice list (protocol.md section 11).

    Attributes:
        id: What goes into ``voiceId``.
        name: Name for people.
        languages: Languages it is meant for, as the endpoint spells them.
        description: A sentence about it, or "".
        tags: Free tags, for example ``"neural"``.
    """

    id: str
    name: str
    languages: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()


async def list_voices(endpoint: Endpoint, *, timeout_s: float = 10.0) -> tuple[Voice, ...]:
    """Ask an endpoint for its voices.

    Args:
        endpoint: Where to ask.
        timeout_s: For the whole request.

    Raises:
        ConnectFailed: The endpoint cannot be reached, or answered with an unexpected status.
        CredentialRejected: It refused the credential.
        ProtocolError: The answer is not a list of voices.
    """
    raise NotImplementedError
