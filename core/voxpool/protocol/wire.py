"""Tolerant readers of decoded JSON: protocol.md section 3.

The service writes camelCase and older deployments snake_case; a null is a missing field, and a field of the
wrong type is taken as missing, because no reply is worth losing a connection for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

_HUMP: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")
_MISSING: Final[Mapping[str, Any]] = {}
_INT32: Final = 2**31


@cache
def snake(name: str) -> str:
    """Return a camelCase name as snake_case."""
    return _HUMP.sub(lambda match: "_" + match[1].lower(), name)


def pick(data: Mapping[str, Any], name: str) -> Any:
    """Return a field under either spelling, or None."""
    value = data.get(name)
    return data.get(snake(name)) if value is None else value


def has(data: Mapping[str, Any], name: str) -> bool:
    """Whether a field is there under either spelling, null or not."""
    return name in data or snake(name) in data


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, dict) else _MISSING


def text(value: object, default: str = "") -> str:
    """Return a string, or the default."""
    return value if isinstance(value, str) else default


def items(value: object) -> tuple[Any, ...]:
    """Return an array as a tuple, or an empty one."""
    return tuple(value) if isinstance(value, list) else ()


def integer(value: object, default: int = 0) -> int:
    """Return a 32 bit whole number (protobuf JSON may write it as a float or in quotes), or the default."""
    if isinstance(value, bool):
        return default
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 11:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and -_INT32 <= value < _INT32 else default
