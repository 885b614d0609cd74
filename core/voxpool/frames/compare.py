"""The difference between two frames as a tree, whatever the order of their keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

import orjson

_STEP: Final = 2
LINES_MOST: Final = 4000
"""Lines of a difference; what is longer ends with a line that says so."""
_LIST_MOST: Final = 2000
"""Items up to which two lists are aligned; longer ones are compared place by place, which is quick."""


class Side(StrEnum):
    """Where a line is."""

    BOTH = " "
    FIRST = "-"
    SECOND = "+"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference.

    Attributes:
        side: In which of the two it is.
        text: Pretty printed JSON, indented.
    """

    side: Side
    text: str


def pretty(text: str) -> str:
    """Return JSON with a line for every value; what is no JSON comes back as it is."""
    try:
        return json.dumps(orjson.loads(text), indent=_STEP, ensure_ascii=False)
    except orjson.JSONDecodeError:
        return text


def compare(first: str, second: str) -> tuple[Line, ...]:
    """Return the difference of two frames.

    Args:
        first: JSON; what is no JSON is compared as one text.
        second: The same.
    """
    lines: list[Line] = []
    for line in _compare(_value(first), _value(second), 0, ""):
        if len(lines) >= LINES_MOST:
            lines.append(Line(Side.BOTH, f"… the first {LINES_MOST} lines of more"))
            break
        lines.append(line)
    return tuple(lines)


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _compare(first: Any, second: Any, depth: int, name: str) -> Iterator[Line]:
    if isinstance(first, dict) and isinstance(second, dict) and (first or second):
        yield Line(Side.BOTH, f"{_indent(depth)}{name}{{")
        for key in (*first, *(key for key in second if key not in first)):
            yield from _compare_key(first, second, key, depth + 1)
        yield Line(Side.BOTH, f"{_indent(depth)}}}")
    elif isinstance(first, list) and isinstance(second, list) and (first or second):
        yield Line(Side.BOTH, f"{_indent(depth)}{name}[")
        yield from _compare_items(first, second, depth + 1)
        yield Line(Side.BOTH, f"{_indent(depth)}]")
    elif _same(first, second):
        yield from _print(Side.BOTH, first, depth, name)
    else:
        yield from _print(Side.FIRST, first, depth, name)
        yield from _print(Side.SECOND, second, depth, name)


def _compare_key(first: dict[str, Any], second: dict[str, Any], key: str, depth: int) -> Iterator[Line]:
    name = f"{json.dumps(key, ensure_ascii=False)}: "
    if key not in second:
        yield from _print(Side.FIRST, first[key], depth, name)
    elif key not in first:
        yield from _print(Side.SECOND, second[key], depth, name)
    else:
        yield from _compare(first[key], second[key], depth, name)


def _compare_items(first: list[Any], second: list[Any], depth: int) -> Iterator[Line]:
    for kind, low, high, from_, to in _opcodes(first, second):
        if kind == "equal":
            for item in first[low:high]:
                yield from _print(Side.BOTH, item, depth, "")
            continue
        paired = min(high - low, to - from_) if kind == "replace" else 0
        for offset in range(paired):
            yield from _compare(first[low + offset], second[from_ + offset], depth, "")
        for item in first[low + paired : high]:
            yield from _print(Side.FIRST, item, depth, "")
        for item in second[from_ + paired : to]:
            yield from _print(Side.SECOND, item, depth, "")


def _opcodes(first: list[Any], second: list[Any]) -> Sequence[tuple[str, int, int, int, int]]:
    if max(len(first), len(second)) > _LIST_MOST:
        return [("replace", 0, len(first), 0, len(second))]
    keys = [[orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in items] for items in (first, second)]
    return list(SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes())


def _same(first: Any, second: Any) -> bool:
    # 1, 1.0 and True are equal to Python, and not to a reader of JSON.
    return type(first) is type(second) and bool(first == second)


def _print(side: Side, value: Any, depth: int, name: str) -> Iterator[Line]:
    lines = json.dumps(value, indent=_STEP, ensure_ascii=False).split("\n")
    for number, line in enumerate(lines):
        yield Line(side, f"{_indent(depth)}{name if not number else ''}{line}")


def _indent(depth: int) -> str:
    return " " * (_STEP * depth)
