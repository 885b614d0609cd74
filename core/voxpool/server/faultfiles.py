"""Faults as a person writes them: JSON objects, a file of them, a short form for the command line.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import orjson

from voxpool.errors import SettingError
from voxpool.server.faults import EFFECTS, KINDS, Fault
from voxpool.server.requests import camel

_NAMES: Final = {spelling: item.name for item in fields(Fault) for spelling in (item.name, camel(item.name))}
_PARAMETERS: Final = frozenset(name for _, names in EFFECTS.values() for name in names)


def read(value: Mapping[str, Any]) -> Fault:
    """Read a fault from JSON, in either naming style.

    Raises:
        SettingError: For an unknown name, a missing one, or a value that could never happen.
    """
    given: dict[str, Any] = {}
    for name, item in value.items():
        if name not in _NAMES:
            raise SettingError(name, item, "one of " + ", ".join(item.name for item in fields(Fault)))
        if item is not None:
            given[_NAMES[name]] = item
    for name in ("place", "effect"):
        if not isinstance(given.get(name), str):
            raise SettingError(name, given.get(name), "a text")
    fault = Fault(**given)
    allowed = EFFECTS[fault.effect][1]
    for name in given:
        if name in _PARAMETERS and name not in allowed:
            raise SettingError(name, given[name], f"left out: the effect {fault.effect} does not know it")
    return fault


def read_short(line: str) -> Fault:
    """Read a fault from a command line: ``PLACE:EFFECT[,NAME=VALUE]...``.

    Raises:
        SettingError: If it is no fault.
    """
    head, *pairs = line.split(",")
    place, colon, effect = head.partition(":")
    if not colon:
        raise SettingError("fault", line, "PLACE:EFFECT[,NAME=VALUE]..., for example audio:drop,chunk=3")
    given: dict[str, Any] = {"place": place.strip(), "effect": effect.strip()}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise SettingError("fault", pair, "NAME=VALUE")
        given[name.strip()] = _value(_NAMES.get(name.strip(), ""), text)
    return read(given)


def read_file(data: bytes) -> tuple[Fault, ...]:
    """Read faults from a file: a JSON list of objects.

    Raises:
        SettingError: If it is none.
    """
    try:
        items = orjson.loads(data)
    except ValueError as error:
        raise SettingError("faults", data[:40], "a JSON list of faults") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SettingError("faults", data[:40], "a JSON list of faults")
    return tuple(read(item) for item in items)


def _value(name: str, text: str) -> Any:
    kinds = KINDS.get(name, (str,))
    if kinds == (str,):
        return text
    try:
        return int(text) if kinds == (int,) else float(text)
    except ValueError as error:
        raise SettingError(name, text, "a number") from error
