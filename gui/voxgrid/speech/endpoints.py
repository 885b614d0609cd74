"""What is spoken to: the local server, Inworld, or a URL; and where its key comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voxgrid import secrets
from voxgrid.settings import ENDPOINT_KEY_SOURCE, ENDPOINT_KIND, ENDPOINT_REGION, ENDPOINT_URL, Settings
from voxpool.config import INWORLD_URL, Credential, Endpoint
from voxpool.errors import EndpointError

REGIONS: Final = {
    "global": INWORLD_URL,
    "eu": "https://api.eu.inworld.ai",
    "in": "https://api.in.inworld.ai",
}
"""Hosts of protocol.md section 2; the regions are for enterprise accounts."""


class EndpointKind(StrEnum):
    """Kinds of endpoints."""

    LOCAL = "local"
    INWORLD = "inworld"
    CUSTOM = "custom"


class KeySource(StrEnum):
    """Where the key comes from."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class EndpointChoice:
    """What the person chose.

    Attributes:
        kind: Local server, Inworld, or a URL.
        region: One of ``REGIONS``, for Inworld.
        url: For a custom endpoint.
        key_source: Where the key is.
        credential: The key that was typed in; it lives in memory only and never shows itself.
    """

    kind: EndpointKind = EndpointKind.LOCAL
    region: str = "global"
    url: str = ""
    key_source: KeySource = KeySource.ENVIRONMENT
    credential: Credential | None = None

    @property
    def title(self) -> str:
        """Short name for a button."""
        if self.kind is EndpointKind.LOCAL:
            return "Local server"
        if self.kind is EndpointKind.INWORLD:
            return "Inworld" if self.region == "global" else f"Inworld {self.region.upper()}"
        return self.url.split("://", 1)[-1] or "Custom"


@dataclass(frozen=True, slots=True)
class EndpointState:
    """What is spoken to, at a moment.

    Attributes:
        choice: What the person chose.
        endpoint: Where it is, or None while it is not known.
        ready: Whether speaking may work now.
        text: One line for the window's head, "Local server · real speech".
        problem: Why it is not ready, as a sentence, or "".
    """

    choice: EndpointChoice
    endpoint: Endpoint | None = None
    ready: bool = False
    text: str = ""
    problem: str = ""

    @property
    def is_paid(self) -> bool:
        """Whether speaking may cost money: everything that is not on this machine."""
        return self.endpoint is not None and not self.endpoint.is_local


def remembered(store: Settings) -> EndpointChoice:
    """Return the choice of the last session; a key that was typed in then is gone."""
    source = KeySource(store.get(ENDPOINT_KEY_SOURCE))
    return EndpointChoice(
        EndpointKind(store.get(ENDPOINT_KIND)),
        store.get(ENDPOINT_REGION),
        store.get(ENDPOINT_URL),
        KeySource.ENVIRONMENT if source is KeySource.TYPED else source,
    )


def remember(store: Settings, choice: EndpointChoice) -> None:
    """Keep the choice for the next session, without any key."""
    store.set(ENDPOINT_KIND, choice.kind.value)
    store.set(ENDPOINT_REGION, choice.region)
    store.set(ENDPOINT_URL, choice.url)
    store.set(ENDPOINT_KEY_SOURCE, choice.key_source.value)


def resolve(choice: EndpointChoice) -> Endpoint:
    """Return where a choice other than the local server leads.  May block on the keyring: call it in a thread.

    Raises:
        EndpointError: If the URL cannot be used, or there is no key where one is needed.
        KeyringUnavailable: If the key is said to be in a keyring and that cannot be used.
    """
    if choice.kind is EndpointKind.INWORLD:
        credential = _credential(choice)
        if credential is None:
            raise EndpointError(_no_key(choice))
        return Endpoint(REGIONS[choice.region], credential)
    endpoint = Endpoint(choice.url, _credential(choice))
    if endpoint.credential is not None and endpoint.url.startswith("http://") and not endpoint.is_local:
        raise EndpointError(f"A key is not sent to {endpoint.host} without encryption; use https:// in the URL.")
    return endpoint


def _credential(choice: EndpointChoice) -> Credential | None:
    if choice.key_source is KeySource.TYPED:
        return choice.credential
    if choice.kind is EndpointKind.CUSTOM and choice.key_source is KeySource.ENVIRONMENT:
        # A key is for the host it was made for: one from the environment is not sent to just any URL.
        return None
    return secrets.load() if choice.key_source is KeySource.KEYRING else secrets.from_environment()


def _no_key(choice: EndpointChoice) -> str:
    if choice.key_source is KeySource.KEYRING:
        return "There is no Inworld key in the system's keyring; type it in once in the endpoint settings."
    if choice.key_source is KeySource.ENVIRONMENT:
        return f"{secrets.ENVIRONMENT_NAME} is not set; set it before the start, or type the key in."
    return "No key was typed in; open the endpoint settings."


def environment_has_key() -> bool:
    """Whether a key is in the environment."""
    return bool(os.environ.get(secrets.ENVIRONMENT_NAME, "").strip())
