"""Settings of the server as a person writes them: ``NAME=VALUE``.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from voxpool.errors import SettingError
from voxpool.server.config import ServerConfig

_HINTS: Final = get_type_hints(ServerConfig)
_NOT_TEXT: Final = ("timing", "faults", "key", "control_token")
NAMES: Final = tuple(item.name for item in fields(ServerConfig) if item.name not in _NOT_TEXT)
"""Settings that can be written this way; secrets and whole objects cannot."""


def with_settings(config: ServerConfig, pairs: Iterable[str]) -> ServerConfig:
    """Return a configuration with some settings changed.

    Args:
        config: The configuration to change.
        pairs: ``NAME=VALUE``, in order.

    Raises:
        SettingError: For an unknown name or a value that does not fit.
    """
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if name not in NAMES or not equals:
            raise SettingError("setting", pair, "NAME=VALUE with a name out of " + ", ".join(NAMES))
        changes[name] = _read(name, text.strip(), _HINTS[name])
    return replace(config, **changes)


def _read(name: str, text: str, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin is Literal:
        if text not in get_args(hint):
            raise SettingError(name, text, "one of " + ", ".join(get_args(hint)))
        return text
    if origin is tuple:
        return tuple(item.strip() for item in text.split(",") if item.strip())
    if origin in (UnionType, Union):
        return _read(name, text, next(kind for kind in get_args(hint) if kind is not NoneType)) if text else None
    if hint is bool:
        if text.lower() not in _TRUTH:
            raise SettingError(name, text, "true or false")
        return _TRUTH[text.lower()]
    return _number(name, text, hint) if hint in (int, float) else text


_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _number(name: str, text: str, kind: type[int | float]) -> float:
    try:
        return kind(text)
    except ValueError as error:
        raise SettingError(name, text, "a whole number" if kind is int else "a number") from error
