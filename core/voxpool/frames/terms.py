"""What a filter says, as values: they match frames, and as text they read like what was typed."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import re2

from voxpool.frames.record import FrameKind, FrameRecord, short_context

Match: TypeAlias = Callable[[FrameRecord], bool]
OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
"""The longer ones first: a text is tried against them in this order."""
PATTERN_BYTES: Final = 1 << 20
"""Memory that one pattern may take."""


class Surroundings(Protocol):
    """What a filter must know besides the frame itself; a ``FrameStore`` does."""

    @property
    def began_at(self) -> float:
        """Monotonic seconds of the first frame, from which ``after:`` and ``before:`` count."""

    def utterance_of(self, context_id: str) -> int:
        """Whose a context is, or 0."""


class Term(Protocol):
    """A part of a filter."""

    def match(self, around: Surroundings) -> Match:
        """Return the function that says whether a frame fits."""


@dataclass(frozen=True, slots=True)
class Everything:
    """An empty filter."""

    def match(self, around: Surroundings) -> Match:
        """Every frame fits."""
        return lambda record: True

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Both:
    """All parts must fit; two or more."""

    parts: tuple[Term, ...]

    def match(self, around: Surroundings) -> Match:
        """Return whether all fit."""
        matches = [part.match(around) for part in self.parts]
        return lambda record: all(match(record) for match in matches)

    def __str__(self) -> str:
        return " ".join(_inner(part, Either, Both) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """One part must fit; two or more."""

    parts: tuple[Term, ...]

    def match(self, around: Surroundings) -> Match:
        """Return whether one fits."""
        matches = [part.match(around) for part in self.parts]
        return lambda record: any(match(record) for match in matches)

    def __str__(self) -> str:
        return " or ".join(_inner(part, Either) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Negation:
    """The part must not fit."""

    part: Term

    def match(self, around: Surroundings) -> Match:
        """Return whether it does not fit."""
        match = self.part.match(around)
        return lambda record: not match(record)

    def __str__(self) -> str:
        return f"not {_inner(self.part, Either, Both)}"


def _inner(part: Term, *looser: type) -> str:
    return f"({part})" if isinstance(part, looser) else str(part)


def quoted(text: str) -> str:
    """Return a text in quotation marks, as a filter reads it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquoted(text: str) -> str:
    """Return what stands between quotation marks."""
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if "\\" not in text else _unescape(text[1:-1])


def _unescape(text: str) -> str:
    out, escaped = [], False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
            continue
        out.append(character)
        escaped = False
    return "".join(out)


@dataclass(frozen=True, slots=True)
class Text:
    """A text somewhere in the frame, small and capital letters being the same."""

    text: str

    def match(self, around: Surroundings) -> Match:
        """Return whether it is in the summary or in the JSON."""
        text = self.text.casefold()
        return lambda record: text in record.summary.casefold() or text in record.folded.casefold()

    def __str__(self) -> str:
        return f"text:{quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression found in the frame's JSON or summary.

    RE2's syntax, which has no look-around and no back references: its time grows with the text and not with the
    ingenuity of the pattern, so that nothing anybody types can stop the window.
    """

    pattern: str
    ignore_case: bool = False

    def match(self, around: Surroundings) -> Match:
        """Return whether it is found.

        Raises:
            re2.error: If it is no pattern.
        """
        search = compiled(self.pattern, ignore_case=self.ignore_case).search
        return lambda record: search(record.folded) is not None or search(record.summary) is not None

    def __str__(self) -> str:
        return f"/{self.pattern}/{'i' if self.ignore_case else ''}"


def compiled(pattern: str, *, ignore_case: bool) -> re2._Regexp:
    """Return a pattern of bounded time and memory.

    Raises:
        re2.error: If it is no pattern, or one that needs too much memory.
    """
    options = re2.Options()
    options.max_mem = PATTERN_BYTES
    options.log_errors = False
    options.case_sensitive = not ignore_case
    return re2.compile(pattern.replace("\\/", "/"), options)


@dataclass(frozen=True, slots=True)
class Names:
    """A field that is one of several names: ``dir``, ``type``, ``ctx``."""

    field: str
    values: tuple[str, ...]

    def match(self, around: Surroundings) -> Match:
        """Return whether the field is one of them."""
        values = frozenset(self.values)
        if self.field == "dir":
            return lambda record: record.direction in values
        if self.field == "type":
            kinds = frozenset(FrameKind(value) for value in values)
            return lambda record: record.kind in kinds
        return lambda record: record.context_id in values or short_context(record.context_id) in values

    def __str__(self) -> str:
        if all(plain(value) for value in self.values):
            return f"{self.field}:{'|'.join(self.values)}"
        # A value that needs quotation marks is always alone: between them a bar is an ordinary character.
        return f"{self.field}:{quoted(self.values[0])}"


def plain(value: str) -> bool:
    """Whether a value needs no quotation marks."""
    return bool(value) and not any(character.isspace() or character in '()"|' for character in value)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A field that is one of several whole numbers: ``conn``, ``utt``, ``code``."""

    field: str
    values: tuple[int, ...]

    def match(self, around: Surroundings) -> Match:
        """Return whether the field is one of them."""
        values, get = frozenset(self.values), getter(self.field, around)
        return lambda record: get(record) in values

    def __str__(self) -> str:
        return f"{self.field}:{'|'.join(map(str, self.values))}"


@dataclass(frozen=True, slots=True)
class Compare:
    """A field compared with a number; a frame that lacks the field does not fit.

    Attributes:
        field: Its name.
        operator: One of ``OPERATORS``.
        value: Milliseconds, bytes or a plain number.
        unit: What ``value`` is written in: ``"ms"``, ``"B"`` or "".
    """

    field: str
    operator: str
    value: float
    unit: str = ""

    def match(self, around: Surroundings) -> Match:
        """Return whether the comparison holds."""
        get, holds, value = getter(self.field, around), OPERATORS[self.operator], self.value

        def match(record: FrameRecord) -> bool:
            has = get(record)
            return has is not None and holds(has, value)

        return match

    def __str__(self) -> str:
        number = int(self.value) if self.value == int(self.value) else self.value
        if self.field in ("after", "before"):
            return f"{self.field}:{number}{self.unit}"
        return f"{self.field}:{self.operator}{number}{self.unit}"


def getter(field: str, around: Surroundings) -> Callable[[FrameRecord], float | None]:
    """Return the function that reads a field: milliseconds, bytes or a plain number, None where there is none."""
    began_at = around.began_at
    readers: dict[str, Callable[[FrameRecord], float | None]] = {
        "conn": lambda record: record.connection_id,
        "utt": lambda record: around.utterance_of(record.context_id) or None,
        "code": lambda record: record.code,
        "gap": lambda record: record.gap_ms,
        "size": lambda record: record.size,
        "audio": lambda record: record.audio_ms or None,
        "after": lambda record: (record.at - began_at) * 1000,
        "before": lambda record: (record.at - began_at) * 1000,
    }
    return readers[field]
