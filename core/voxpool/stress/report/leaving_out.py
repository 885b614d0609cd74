"""A result without what people said: reports hold texts only when somebody asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from voxpool.stress.result import RunResult
from voxpool.stress.scrub import scrub_result

LEFT_OUT: Final = "(left out)"
_SAYS_NOTHING: Final = "These words stand for others, which were left out on purpose. "
_NAMES_OF_SOURCES: Final = {"set", "file"}


def presentable(result: RunResult, *, texts: bool) -> RunResult:
    """Return a result without credentials, and without texts and labels unless ``texts``."""
    clean = scrub_result(result)
    if texts:
        return clean
    samples = tuple(replace(sample, text="", label="") for sample in clean.samples)
    return replace(clean, samples=samples, scenario=_scenario(clean.scenario))


def with_stand_ins(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario without its texts that can be run all the same: as long texts stand for them."""
    return _scenario(scenario, stand_in)


def stand_in(text: str) -> str:
    """Return words that say nothing, as many characters as a text has."""
    repeated = _SAYS_NOTHING * (len(text) // len(_SAYS_NOTHING) + 1)
    # A text may not end in the middle of nothing but spaces.
    return repeated[: len(text)].rstrip().ljust(len(text), ".")


def _left_out(text: str) -> str:
    return LEFT_OUT


def _scenario(scenario: Mapping[str, Any], instead: Callable[[str], str] = _left_out) -> dict[str, Any]:
    """Texts stand in ``texts`` and wherever something is called ``text``."""
    return {
        name: _sources(value, instead)
        if name == "texts"
        else instead(value)
        if name == "text" and isinstance(value, str)
        else _deeper(value, instead)
        for name, value in scenario.items()
    }


def _deeper(value: Any, instead: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return _scenario(value, instead)
    return [_deeper(each, instead) for each in value] if isinstance(value, list | tuple) else value


def _sources(value: Any, instead: Callable[[str], str], name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _sources(each, instead, key) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_sources(each, instead, name) for each in value]
    return instead(value) if isinstance(value, str) and name not in _NAMES_OF_SOURCES else value
