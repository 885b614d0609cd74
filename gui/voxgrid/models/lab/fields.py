"""The fields of a scenario's load and callers, read from the types that check them: names, units, ranges, defaults."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

import msgspec

from voxpool.stress.behaviours import AnyBehaviour
from voxpool.stress.shapes import AnyLoad

LOAD_TITLES: Final[Mapping[str, str]] = {
    "concurrency": "Constant, so many at once",
    "rate": "Arrivals at a constant rate",
    "ramp": "Ramp",
    "steps": "Steps",
    "spike": "Spike",
    "soak": "Soak",
    "burst": "Burst",
    "search": "Search for the breaking point",
}
CALLER_TITLES: Final[Mapping[str, str]] = {
    "one_shot": "Say one text",
    "interrupting": "Are interrupted and start again",
    "feeding": "Speak what a language model writes",
    "conversing": "Hold conversations",
}

_FIRST: Final[Mapping[str, Mapping[str, Any]]] = {
    "concurrency": {"concurrency": 50, "duration_s": 60.0},
    "rate": {"rate": 10.0, "duration_s": 60.0},
    "ramp": {"end": 100.0, "ramp_s": 60.0, "hold_s": 20.0},
    "steps": {"start": 10.0, "step": 10.0, "steps": 6, "hold_s": 15.0},
    "spike": {"model": "closed", "base": 10.0, "peak": 100.0},
    "soak": {"level": 50.0},
    "burst": {"count": 100},
}
"""What a field without a default begins with."""

_WORDS: Final[Mapping[str, str]] = {
    "concurrency": "At once",
    "duration_s": "Duration",
    "utterances": "Utterances",
    "rate": "Rate",
    "arrivals": "Arrivals",
    "model": "Counted as",
    "ramp_s": "Ramp",
    "hold_s": "Hold",
    "before_s": "Before",
    "spike_s": "Spike",
    "after_s": "After",
    "every_s": "Every",
    "settle_s": "Settle",
    "most": "At most",
    "repeats": "Repeats",
    "least_s": "Earliest",
    "most_s": "Latest",
    "since": "Counted from",
    "share": "Interrupted",
    "tokens_per_s": "Tokens",
    "first_token_s": "First token",
    "turns_least": "Turns, least",
    "turns_most": "Turns, most",
    "talk_share": "Talk share",
    "think_s": "Think time",
    "barge_in": "Talked over",
}
_UNITS: Final[Mapping[str, str]] = {"rate": "/s", "tokens_per_s": "/s"}
_SHARES: Final = frozenset({"share", "talk_share", "barge_in", "precision"})
_CHOICES: Final[Mapping[str, str]] = {
    "closed": "utterances at once",
    "open": "arrivals per second",
    "poisson": "at random, as calls",
    "even": "evenly",
    "start": "the request",
    "audio": "the first audio",
    "tokens": "each token",
    "sentences": "each sentence",
    "whole": "all at once",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: Its key in the scenario.
        title: What people call it.
        tip: A sentence about it.
        unit: Of the number shown, or "".
        choices: Values and their words where it is a list to choose from.
        whole: Whether it is a whole number.
        low: Smallest accepted value.
        high: Largest accepted value.
        optional: Whether it may be left out.
        percent: Whether a share from 0 to 1 is shown as percent.
        default: What it begins with; None where it is left out.
    """

    name: str
    title: str
    tip: str = ""
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    low: float = 0.0
    high: float = 1e6
    optional: bool = False
    percent: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A load, or what callers do.

    Attributes:
        tag: Its name in the scenario.
        title: What people call it.
        tip: A sentence about it.
        fields: Its fields.
    """

    tag: str
    title: str
    tip: str
    fields: tuple[Field, ...]

    @property
    def first(self) -> dict[str, Any]:
        """What it begins with, as plain data without its tag."""
        return {field.name: field.default for field in self.fields if field.default is not None}


def _kinds(union: Any, titles: Mapping[str, str]) -> tuple[Kind, ...]:
    made = {str(kind.__struct_config__.tag): _kind(kind, titles) for kind in get_args(union)}
    return tuple(made[tag] for tag in titles if tag in made)


def _kind(kind: Any, titles: Mapping[str, str]) -> Kind:
    tag = str(kind.__struct_config__.tag)
    tips = dict(_tips(kind.__doc__ or ""))
    info = msgspec.inspect.type_info(kind)
    fields = getattr(info, "fields", ())
    summary = (kind.__doc__ or "").strip().partition("\n")[0]
    return Kind(tag, titles.get(tag, tag), summary, tuple(_field(tag, each, tips) for each in fields))


def _field(tag: str, info: msgspec.inspect.Field, tips: Mapping[str, str]) -> Field:
    name = info.name
    kinds = getattr(info.type, "types", (info.type,))
    optional = any(isinstance(each, msgspec.inspect.NoneType) for each in kinds)
    kind = next(each for each in kinds if not isinstance(each, msgspec.inspect.NoneType))
    default = _FIRST.get(tag, {}).get(name, None if info.default is msgspec.NODEFAULT else info.default)
    title, tip = _WORDS.get(name, name.replace("_", " ").capitalize()), tips.get(name, "")
    if isinstance(kind, msgspec.inspect.LiteralType):
        choices = tuple((str(value), _CHOICES.get(str(value), str(value))) for value in kind.values)
        return Field(name, title, tip, choices=choices, default=default)
    whole = isinstance(kind, msgspec.inspect.IntType)
    percent = name in _SHARES
    return Field(
        name,
        title,
        tip,
        unit="%" if percent else _UNITS.get(name, " s" if name.endswith("_s") else ""),
        whole=whole,
        low=_low(kind, whole=whole),
        high=_edge(kind, "le", "lt", 1e6),
        optional=optional,
        percent=percent,
        default=default,
    )


def _low(kind: Any, *, whole: bool) -> float:
    above = getattr(kind, "gt", None)
    if above is None:
        return _edge(kind, "ge", "gt", 0.0)
    return float(above) + (1 if whole else 0.01)


def _edge(kind: Any, first: str, second: str, otherwise: float) -> float:
    found = getattr(kind, first, None)
    found = getattr(kind, second, None) if found is None else found
    return otherwise if found is None or not math.isfinite(found) else float(found)


def _tips(doc: str) -> Iterator[tuple[str, str]]:
    """Yield the names and descriptions under "Attributes:" of a docstring."""
    _, _, attributes = doc.partition("Attributes:")
    for match in re.finditer(r"^\s{8}(\w+): (.*?)(?=^\s{8}\w+: |\Z)", attributes, re.MULTILINE | re.DOTALL):
        yield match[1], " ".join(match[2].split()).replace("``", "")


LOADS: Final = _kinds(AnyLoad, LOAD_TITLES)
CALLERS: Final = _kinds(AnyBehaviour, CALLER_TITLES)


def kind_of(kinds: tuple[Kind, ...], tag: str) -> Kind:
    """Return the kind with a tag, or the first when there is none."""
    return next((kind for kind in kinds if kind.tag == tag), kinds[0])
