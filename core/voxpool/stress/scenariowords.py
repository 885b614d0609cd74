"""What is wrong with a scenario, in one sentence: the file, the key's path or the line, and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from voxpool.errors import ScenarioError
from voxpool.protocol.settings import ContextSettings

_TYPES: Final = {
    "float": "a number", "int": "a whole number", "str": "a text", "bool": "true or false", "object": "a table",
    "array": "a list", "null": "nothing", "bytes": "a text", "datetime": "a time", "date": "a date", "time": "a time",
}  # fmt: skip
_AT: Final = re.compile(r"(.*?)(?: - at `(key in )?\$(.*)`)?", re.DOTALL)
_LINE: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")
_TAG: Final = re.compile(r"Invalid value (.*)")
_ENUM: Final = re.compile(r"Invalid enum value (.*)")
_STEP: Final = re.compile(r"\.?[^.\[\]]+|\[\d+\]")
_LONG: Final = re.compile(r"\d[\d_]{4000}")
"""More digits than Python reads as one number."""
TOO_DEEP: Final = "its tables are nested too deeply"
FAULT: Final = '{ at_s = 20, fault = { place = "now", effect = "drop", connection = 1 } }'
"""A fault as a scenario writes it."""
_EXPECTED: Final = re.compile(r"Expected `([^`]*)`(?:, got `([^`]*)`| (.*))")


def toml_table(content: bytes, source: str) -> dict[str, Any]:
    """Return the table of a TOML file.

    Raises:
        ScenarioError: If it is none; names the line.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ScenarioError(source, f"line {line}", "expected text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        match = _LINE.fullmatch(str(error))
        what = match[1] if match else str(error)
        end = content.decode("utf-8-sig").count("\n") + 1
        line = int(match[2]) if match and match[2] else end
        raise ScenarioError(source, f"line {line}", f"this is not TOML: {_lowered(what)}") from None
    except ValueError:
        text = content.decode("utf-8-sig")
        found = _LONG.search(text)
        where = f"line {text.count(chr(10), 0, found.start()) + 1}" if found else ""
        raise ScenarioError(source, where, "expected a smaller number, this one has thousands of digits") from None
    except RecursionError:
        raise ScenarioError(source, "", TOO_DEEP) from None


def explain(error: msgspec.ValidationError, data: Any, source: str, above: str = "") -> ScenarioError:
    """Return the sentence for what msgspec found.

    Args:
        error: What it found.
        data: What it looked at.
        source: The file.
        above: The path of ``data`` in the file.
    """
    match = _AT.fullmatch(str(error))
    assert match is not None  # noqa: S101 - everything in it is optional
    what, path = match[1], match[3] or ""
    where = (above + path).lstrip(".")
    if found := _MISSING.fullmatch(what):
        return ScenarioError(
            source, _join(where, found[1]), f"expected {_wanted(where, found[1])}, but it is missing{form_of(where)}"
        )
    if found := _UNKNOWN.fullmatch(what):
        return ScenarioError(source, _join(where, found[1]), f"not known here; {_known(where, data)}{form_of(where)}")
    if found := _TAG.fullmatch(what):
        return ScenarioError(source, where, f"expected one of {', '.join(_tags(where))}, got {found[1]}")
    if found := _ENUM.fullmatch(what):
        return ScenarioError(source, where, f"expected one of {', '.join(_members(where, data))}, got {found[1]}")
    if found := _EXPECTED.fullmatch(what):
        return ScenarioError(
            source, where, _expected(*found.groups()) + _got(path, data, bound=found[3]) + form_of(where)
        )
    return ScenarioError(source, where, what)


def _expected(wanted: str, got: str | None, bound: str | None) -> str:
    names = " or ".join(_TYPES.get(each, each) for each in wanted.split(" | ") if each != "null")
    if got is not None:
        return f"expected {names}, got {_TYPES.get(got, got)}"
    return f"expected {names} {(bound or '').removesuffix('.0')}".rstrip()


def _got(path: str, data: Any, *, bound: str | None) -> str:
    """Return what was given instead, where msgspec tells only the bound that it does not keep."""
    if bound is None:
        return ""
    value = data
    for name in _STEP.findall(path):
        key: Any = int(name[1:-1]) if name.startswith("[") else name.lstrip(".")
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return ""
    return f", got {value!r}"[:60] if isinstance(value, int | float | str) else ""


def form_of(where: str) -> str:
    """Return how a fault is written, where one was written wrongly; nothing else has a form of its own."""
    return f"; a fault is written like {FAULT}" if where.partition("[")[0] == "faults" else ""


def _unions() -> dict[str, Any]:
    from voxpool.stress.behaviours import AnyBehaviour
    from voxpool.stress.shapes import AnyLoad

    return {"load": AnyLoad, "behaviour": AnyBehaviour}


def _tags(where: str) -> list[str]:
    union = _unions().get(where.partition(".")[0])
    if union is None:
        return []
    return [str(kind.__struct_config__.tag) for kind in union.__args__]


def _members(where: str, data: Any) -> list[str]:
    """Return the words that a value may be: one of a load or a behaviour, or a setting of a voice."""
    owner, _, name = where.rpartition(".")
    kind = get_type_hints(_struct_at(owner, data) if owner in _unions() else ContextSettings).get(name)
    if get_origin(kind) is Literal:
        return [str(word) for word in get_args(kind)]
    return [str(member.value) for member in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def _wanted(where: str, name: str) -> str:
    if name in ("profile", "kind") and where in ("load", "behaviour"):
        return f"one of {', '.join(_tags(where))}"
    return {"load": "a table [load]", "check": "a condition", "at_s": "seconds", "fault": "a table"}.get(
        name, "a number"
    )


def _known(where: str, data: Any) -> str:
    kind = _struct_at(where, data)
    if kind is None:
        return "remove it"
    tag = kind.__struct_config__.tag_field
    return "expected one of " + ", ".join((*([tag] if tag else ()), *kind.__struct_fields__))


def _struct_at(where: str, data: Any) -> Any:
    from voxpool.stress.scenario import Scenario, TextSource, TimedFault
    from voxpool.stress.thresholds import ThresholdSpec

    top = where.partition("[")[0]
    plain = {"": Scenario, "texts": TextSource, "faults": TimedFault, "thresholds": ThresholdSpec}
    if top in plain:
        return plain[top]
    table = data.get(top) if isinstance(data, Mapping) else None
    if top not in _unions() or not isinstance(table, Mapping):
        return None
    for kind in _unions()[top].__args__:
        if kind.__struct_config__.tag == table.get(kind.__struct_config__.tag_field):
            return kind
    return None


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
