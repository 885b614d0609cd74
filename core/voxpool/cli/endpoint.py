"""Where a command speaks to: the service, another server, or a local one for as long as the command runs."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from voxpool.config import INWORLD_URL, Credential, Endpoint
from voxpool.errors import EndpointError
from voxpool.local import LocalServer

KEY_VARIABLE: Final = "INWORLD_API_KEY"
"""Environment variable that holds the key of the portal."""


UNASKED: Final = f"{INWORLD_URL} when there is a key, else a local server of its own"
"""Where commands speak to that nobody told."""


def add_endpoint_options(parser: argparse.ArgumentParser, unasked: str = UNASKED) -> None:
    """Add ``--url`` and ``--key``.

    Args:
        parser: Where.
        unasked: Where the command speaks to when nobody says, in words.
    """
    parser.add_argument(
        "--url",
        metavar="URL",
        help=f"server to speak to (default: {unasked})",
    )
    parser.add_argument(
        "--key",
        metavar="KEY",
        help=f"key of the Inworld portal (default: {KEY_VARIABLE}, which other users of the machine cannot read)",
    )


def chosen_endpoint(url: str | None, key: str | None) -> Endpoint | None:
    """Return the endpoint that options and environment ask for, or None for a local server.

    The key in the environment is Inworld's and is given to nobody else.

    Args:
        url: What ``--url`` said.
        key: What ``--key`` said.

    Raises:
        EndpointError: If the URL or the key cannot be used, or the key would travel unencrypted.
    """
    if url is None:
        key = key or os.environ.get(KEY_VARIABLE, "").strip() or None
        return Endpoint(INWORLD_URL, Credential.basic(key)) if key else None
    plain = Endpoint(url)
    if key is None and is_inworld(plain):
        key = os.environ.get(KEY_VARIABLE, "").strip() or None
    if key is None:
        return plain
    if plain.url.startswith("http://") and not plain.is_local:
        raise EndpointError(f"a key is not sent to {plain.host} without encryption; use https:// in --url")
    return Endpoint(url, Credential.basic(key))


def is_inworld(endpoint: Endpoint) -> bool:
    """Whether an endpoint is the service itself, which costs money and gets the key of the environment."""
    parts = urlsplit(endpoint.url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "inworld.ai" or host.endswith(".inworld.ai"))


def may_cost(endpoint: Endpoint | None) -> bool:
    """Whether a load there may cost money: everywhere but on this machine, as a gateway leads to the service too."""
    return endpoint is not None and not endpoint.is_local


def billed(endpoint: Endpoint) -> str:
    """Say that characters may be billed there."""
    return f"{endpoint.host}, which are billed" if is_inworld(endpoint) else f"{endpoint.host}, which may be billed"


@asynccontextmanager
async def reached(endpoint: Endpoint | None, *server_arguments: str) -> AsyncIterator[Endpoint]:
    """Yield ``endpoint``, or that of a local server which runs for the time of the block.

    Args:
        endpoint: The endpoint, or None for a local server.
        *server_arguments: Further arguments of ``voxpool serve``.

    Raises:
        LocalServerError: If the local server cannot be started.
    """
    if endpoint is not None:
        yield endpoint
        return
    async with LocalServer(*server_arguments) as server:
        yield server.endpoint
