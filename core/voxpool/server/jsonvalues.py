"""JSON values as protobuf reads them (section 3).  Pure.

Null counts as unset everywhere; a value of the wrong type raises ``Malformed``, which loses the whole frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from voxpool.server.requests import Malformed

_DEEPEST: Final = 100
"""Levels that protobuf's parsers of JSON follow; what is echoed must also be written again."""


def string(value: Any) -> str | None:
    """Read a string."""
    if value is not None and not isinstance(value, str):
        raise Malformed
    return value


def integer(value: Any) -> int | None:
    """Read an int32 as protobuf's JSON mapping does: a number without a fraction, or a string with one."""
    found = number(value)
    if found is None:
        return None
    if found != int(found) or abs(found) >= 2**31:
        raise Malformed
    return int(found)


def number(value: Any) -> float | None:
    """Read a finite number, or a string that holds one."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Malformed
    try:
        found = float(value)
    except (ValueError, OverflowError) as error:
        raise Malformed from error
    if not math.isfinite(found):
        raise Malformed
    return value if isinstance(value, int | float) else found


def boolean(value: Any) -> bool | None:
    """Read a truth value; numbers and texts are none."""
    if value is not None and not isinstance(value, bool):
        raise Malformed
    return value


def message(value: Any) -> dict[str, Any] | None:
    """Read an object that is not nested too deeply."""
    if value is not None and not isinstance(value, dict):
        raise Malformed
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return value
    raise Malformed


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def enumerated(value: Any, accepted: tuple[str, ...]) -> str | None:
    """Read an enum by name or number; an unknown name counts as unset (section 3)."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return accepted[value] if 0 <= value < len(accepted) else None
    if not isinstance(value, str):
        raise Malformed
    return value if value in accepted else None
