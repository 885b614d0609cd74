"""What may come next in a filter that is being typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from lark.exceptions import UnexpectedInput

from voxpool.frames.fields import FIELDS
from voxpool.frames.filter import parser
from voxpool.frames.record import KIND_MEANINGS
from voxpool.frames.terms import OPERATORS
from voxpool.protocol.status import Code

MOST: Final = 40
"""Candidates at once."""

Values = Callable[[str], Iterable[tuple[str, str]]]
"""Returns values of a field that make sense now, each with a few words about it."""

_FRAGMENT: Final = re.compile(r'[^\s()"]*$')
_FIELD: Final = re.compile(r"-?([A-Za-z_]+):(.*)", re.DOTALL)
_KEYWORDS: Final = {"not": ("_NOT", "what follows must not fit"), "or": ("_OR", "either this or that")}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on.

    Attributes:
        text: What to put in place of the text from ``Completion.start`` to the cursor.
        meaning: A few words about it.
    """

    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Completion:
    """All ways to go on.

    Attributes:
        start: Where the text begins that a candidate replaces, from 0.
        candidates: Best first; empty where nothing can be said.
    """

    start: int
    candidates: tuple[Candidate, ...] = ()


def no_values(field: str) -> Iterable[tuple[str, str]]:
    """Know no values besides those that the language has."""
    return ()


def complete(text: str, cursor: int, values: Values = no_values) -> Completion:
    """Return what may stand at the cursor.

    Args:
        text: The filter so far.
        cursor: Place in it, from 0.
        values: What is known of contexts, connections and utterances.
    """
    before = text[:cursor]
    accepts = _accepted(before[: _start_of_fragment(before)])
    if accepts is None:
        return Completion(cursor)
    start = _start_of_fragment(before)
    fragment = before[start:]
    found = _FIELD.fullmatch(fragment)
    if found is not None and "FIELD" in accepts:
        return _complete_value(found[1].lower(), found[2], cursor, values)
    minus = "-" if fragment.startswith("-") else ""
    typed = fragment.removeprefix("-").lower()
    offered = [Candidate(f"{minus}{name}:", field.meaning) for name, field in FIELDS.items() if name.startswith(typed)]
    if "FIELD" not in accepts:
        offered = []
    for word, (terminal, meaning) in _KEYWORDS.items():
        if terminal in accepts and not minus and word.startswith(typed) and before[:start].strip() + typed:
            offered.append(Candidate(f"{word} ", meaning))
    return Completion(start, tuple(offered[:MOST]))


def _start_of_fragment(before: str) -> int:
    found = _FRAGMENT.search(before)
    return found.start() if found is not None else len(before)


def _accepted(text: str) -> set[str] | None:
    """Return which terminals may follow a text, or None when it is wrong or in the middle of a quoted one."""
    try:
        reading = parser().parse_interactive(text)
        reading.exhaust_lexer()
    except UnexpectedInput:
        return None
    return set(reading.accepts())  # type: ignore[no-untyped-call]


def _complete_value(field: str, typed: str, cursor: int, values: Values) -> Completion:
    if field not in FIELDS:
        return Completion(cursor)
    sign = next((each for each in OPERATORS if typed.startswith(each)), "")
    *chosen, last = typed[len(sign) :].split("|")
    fitting: dict[str, str] = {}
    for value, meaning in tuple(values(field)) or tuple(_fixed(field)):
        bare = value.lstrip("<>=") if sign else value
        if bare.lower().startswith(last.lower()) and bare not in chosen:
            fitting.setdefault(bare, meaning)
    offered = [Candidate(value, meaning) for value, meaning in fitting.items()]
    return Completion(cursor - len(last), tuple(offered[:MOST]))


def _fixed(field: str) -> Iterable[tuple[str, str]]:
    if field == "dir":
        yield from (("in", "from the service"), ("out", "to the service"))
    elif field == "type":
        yield from ((kind.value, meaning) for kind, meaning in KIND_MEANINGS.items())
    elif field == "code":
        yield (">0", "every error")
        yield from ((str(code.value), code.name.replace("_", " ").lower()) for code in Code if code)
    else:
        yield (FIELDS[field].example, "for example")
