"""The fields of the filter language: what each means, and how its value is read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voxpool.errors import VoxpoolError
from voxpool.frames.record import WIRE_NAMES, FrameKind
from voxpool.frames.terms import OPERATORS, Compare, Names, Numbers, Term, Text
from voxpool.protocol.status import Code


class BadValue(VoxpoolError, ValueError):
    """A field's value cannot be read; the text says what can."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        meaning: A few words about it.
        example: A value that it takes.
        read: Makes a term of the field's name and its value.
    """

    meaning: str
    example: str
    read: Callable[[str, str], Term]


_NUMBER: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*([a-zA-Zµ]*)")
_SECONDS: Final = {"ms": 1.0, "s": 1000.0, "m": 60_000.0, "min": 60_000.0, "h": 3_600_000.0}
_BYTES: Final = {"b": 1.0, "kb": 1000.0, "mb": 1e6, "kib": 1024.0, "mib": 1024.0 * 1024}


def _split(value: str) -> tuple[str, str]:
    """Return the operator in front of a value ("" without one) and the rest."""
    found = next((each for each in OPERATORS if value.startswith(each)), "")
    return found, value[len(found) :]


def _quantity(text: str, units: dict[str, float], default: str) -> float | None:
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    scale = units.get((found[2] or default).lower())
    # A finer value than these would not survive being written and read again.
    return None if scale is None else round(float(found[1]) * scale, 6)


def _measure(units: dict[str, float], default: str, unit: str, like: str) -> Callable[[str, str], Term]:
    def read(field: str, value: str) -> Term:
        sign, rest = _split(value)
        quantity = _quantity(rest, units, default)
        if quantity is None or not math.isfinite(quantity):
            raise BadValue(f"{field}: takes {like}, not {value[:40]}")
        return Compare(field, sign or ">=", quantity, unit)

    return read


def _moment(sign: str) -> Callable[[str, str], Term]:
    def read(field: str, value: str) -> Term:
        quantity = _quantity(value, _SECONDS, "s")
        if quantity is None:
            raise BadValue(f"{field}: takes a time since the first frame such as 1.5s or 2m, not {value[:40]}")
        return Compare(field, sign, quantity, "ms")

    return read


def _numbers(field: str, value: str) -> Term:
    sign, rest = _split(value)
    parts = [_whole(field, part) for part in rest.split("|")]
    if None in parts or (sign and len(parts) > 1):
        example = FIELDS[field].example
        raise BadValue(f"{field}: takes numbers such as {field}:{example} or {field}:>0, not {value[:40]}")
    numbers = [part for part in parts if part is not None]
    return Compare(field, sign, numbers[0]) if sign else Numbers(field, tuple(dict.fromkeys(numbers)))


def _whole(field: str, text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    if field == "code" and text.upper() in Code.__members__:
        return int(Code[text.upper()])
    return None


def _direction(field: str, value: str) -> Term:
    return _names(field, value, {"in": "in", "out": "out"}, "in or out")


_KINDS: Final = {kind.value: kind.value for kind in FrameKind} | {
    wire.lower(): kind.value for kind, wire in WIRE_NAMES.items() if kind is not FrameKind.TIMES
}


def _kind(field: str, value: str) -> Term:
    return _names(field, value, _KINDS, f"{', '.join(FrameKind)} or a name on the wire")


def _names(field: str, value: str, known: dict[str, str], like: str) -> Term:
    parts = value.lower().split("|")
    unknown = next((part for part in parts if part not in known), None)
    if unknown is not None:
        raise BadValue(f"{field}: takes {like}, not {unknown[:40] or 'nothing'}")
    return Names(field, tuple(dict.fromkeys(known[part] for part in parts)))


def _context(field: str, value: str) -> Term:
    parts = tuple(dict.fromkeys(value.split("|")))
    if "" in parts:
        raise BadValue(f"{field}: takes a context's id, or what stands behind its first dash")
    return Names(field, parts)


def _text(field: str, value: str) -> Term:
    if not value:
        raise BadValue(f"{field}: takes a text")
    return Text(value)


_DURATION: Final = _measure(_SECONDS, "ms", "ms", "a duration such as >200ms or <1.5s")

FIELDS: Final[dict[str, Field]] = {
    "ctx": Field("one context: its id, or what stands behind its first dash", "12-1", _context),
    "conn": Field("one connection", "3", _numbers),
    "utt": Field("one utterance, with all its retries", "12", _numbers),
    "dir": Field("which way", "in", _direction),
    "type": Field("what the frame says", "audio", _kind),
    "code": Field("status code", "8", _numbers),
    "text": Field("somewhere in the frame", '"limit"', _text),
    "gap": Field("time since the frame before of the same context and direction", ">200ms", _DURATION),
    "audio": Field("how long its audio sounds", ">100ms", _DURATION),
    "size": Field("length of the whole frame", ">10kB", _measure(_BYTES, "B", "B", "a size such as >10kB")),
    "after": Field("from this time on, since the first frame", "1.5s", _moment(">=")),
    "before": Field("up to this time, since the first frame", "2m", _moment("<=")),
}


def read_field(field: str, value: str, quoted: bool = False) -> Term:
    """Return what a field with a value means.

    Args:
        field: One of ``FIELDS``.
        value: What stands behind its colon.
        quoted: Whether it stood in quotation marks, which makes it one value whatever it holds.

    Raises:
        BadValue: In half a sentence that says what the field takes.
    """
    if quoted and field == "ctx":
        if not value:
            raise BadValue("ctx: takes a context's id, or what stands behind its first dash")
        return Names(field, (value,))
    return FIELDS[field].read(field, value)
