"""Who may speak: credentials as they come with the upgrade, judged on the first frame (section 2).  Pure."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from voxpool.server import statuses
from voxpool.server.statuses import Status

_SUBPROTOCOL: Final = "bearer_"
_SCHEMES: Final = ("basic", "bearer")


@dataclass(frozen=True, slots=True)
class Presented:
    """What a client presented.

    Attributes:
        secret: Key or token without its scheme; empty if there was none.
        subprotocol: The subprotocol that carried it, to be echoed (section 2), or None.
    """

    secret: str = ""
    subprotocol: str | None = None

    def __repr__(self) -> str:
        return f"<Presented {'a secret' if self.secret else 'nothing'}>"


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header as text that JSON can carry: aiohttp keeps bytes that are not UTF-8 as half surrogate pairs."""
    return headers.get(name, "").encode(errors="surrogateescape").decode(errors="replace")


def presented(headers: Mapping[str, str], query: Mapping[str, str]) -> Presented:
    """Return the credential of a request: header, ``authorization`` query parameter, or ``bearer_`` subprotocol."""
    given = header(headers, "Authorization") or query.get("authorization") or ""
    offered = [item.strip() for item in header(headers, "Sec-WebSocket-Protocol").split(",")]
    subprotocol = next((item for item in offered if item.startswith(_SUBPROTOCOL)), None)
    secret = _without_scheme(given)
    if not secret and subprotocol:
        secret = subprotocol.removeprefix(_SUBPROTOCOL)
    return Presented(secret, subprotocol)


def judge(given: Presented, key: str | None) -> Status | None:
    """Return what is wrong with a credential, or None.

    Args:
        given: What was presented.
        key: The key that is accepted; None accepts everything, nothing included.
    """
    if key is None:
        return None
    if not given.secret:
        return statuses.NO_CREDENTIAL
    if not secrets.compare_digest(given.secret.encode(), key.encode()):
        return statuses.bad_credential(given.secret)
    return None


def _without_scheme(value: str) -> str:
    scheme, _, secret = value.strip().partition(" ")
    return secret.strip() if scheme.lower() in _SCHEMES else value.strip()
