"""Where a key may live: in the environment, in the system's keyring, or in memory; never in a file.

The functions here may block (a keyring may ask the person to unlock it): call them in a thread.
"""

from __future__ import annotations

import os
from typing import Final

import keyring
import keyring.backend
import keyring.errors

from voxpool.config import Credential
from voxpool.errors import VoxpoolError

ENVIRONMENT_NAME: Final = "INWORLD_API_KEY"
_SERVICE: Final = "voxgrid"
_ACCOUNT: Final = "inworld"
_PLAIN_FILES: Final = ("keyrings.alt", "keyring.backends.null")


class KeyringUnavailable(VoxpoolError):
    """The system's keyring cannot be used.

    Attributes:
        why: The cause in words.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)

    def __str__(self) -> str:
        return f"No system keyring: {self.why}. Set {ENVIRONMENT_NAME}, or type the key in for this session."


def from_environment() -> Credential | None:
    """Return the key in the environment, or None.

    Raises:
        EndpointError: If what is there cannot be a key.
    """
    key = os.environ.get(ENVIRONMENT_NAME, "").strip()
    return Credential.basic(key) if key else None


def load() -> Credential | None:
    """Return the key in the system's keyring, or None when it holds none.

    Raises:
        KeyringUnavailable: If there is no keyring, or it does not open.
        EndpointError: If what it holds cannot be a key.
    """
    backend = _backend()
    try:
        key = backend.get_password(_SERVICE, _ACCOUNT)
    except Exception as error:
        raise KeyringUnavailable(_why(error)) from error
    # The scheme is stored too: Credential reads "Basic ..." and "Bearer ...".
    return Credential.basic(key) if key else None


def save(credential: Credential) -> None:
    """Put a key into the system's keyring.

    It comes as a ``Credential`` because that never shows itself: qasync logs the arguments of what runs in a thread.

    Raises:
        KeyringUnavailable: If there is no keyring, or it does not open, or it would keep the key in a plain file.
    """
    backend = _backend()
    try:
        backend.set_password(_SERVICE, _ACCOUNT, credential.header())
    except Exception as error:
        raise KeyringUnavailable(_why(error)) from error


def forget() -> None:
    """Take the key out of the system's keyring; nothing happens when it holds none.

    Raises:
        KeyringUnavailable: If there is no keyring, or it does not open.
    """
    backend = _backend()
    try:
        if backend.get_password(_SERVICE, _ACCOUNT) is not None:
            backend.delete_password(_SERVICE, _ACCOUNT)
    except Exception as error:
        raise KeyringUnavailable(_why(error)) from error


def _backend() -> keyring.backend.KeyringBackend:
    # Backends fail with whatever their platform's library raises, D-Bus errors among them.
    try:
        backend = keyring.get_keyring()
        usable = backend.priority >= 1
    except Exception as error:
        raise KeyringUnavailable(_why(error)) from error
    if not usable or type(backend).__module__.startswith(_PLAIN_FILES):
        raise KeyringUnavailable("this system offers no service that keeps secrets")
    return backend


def _why(error: Exception) -> str:
    if isinstance(error, keyring.errors.KeyringLocked):
        return "it is locked, and was not unlocked"
    if isinstance(error, keyring.errors.NoKeyringError):
        return "this system offers no service that keeps secrets"
    # The name alone: a backend's message may quote what it was given.
    return f"it failed ({type(error).__name__})"
