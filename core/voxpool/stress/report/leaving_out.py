"""A result without what people said: reports hold texts only when somebody asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from voxpool.stress.result import RunResult
from voxpool.stress.scrub import scrub_result

LEFT_OUT: Final = "(left out)"
_NAMES_OF_SOURCES: Final = {"set", "file"}


def presentable(result: RunResult, *, texts: bool) -> RunResult:
    """Return a result without credentials, and without texts and labels unless ``texts``."""
    clean = scrub_result(result)
    if texts:
        return clean
    samples = tuple(replace(sample, text="", label="") for sample in clean.samples)
    return replace(clean, samples=samples, scenario=_scenario(clean.scenario))


def _scenario(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Texts stand in ``texts`` and wherever something is called ``text``."""
    return {
        name: _sources(value) if name == "texts" else LEFT_OUT if name == "text" else _deeper(value)
        for name, value in scenario.items()
    }


def _deeper(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _scenario(value)
    return [_deeper(each) for each in value] if isinstance(value, list | tuple) else value


def _sources(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _sources(each, key) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_sources(each, name) for each in value]
    return LEFT_OUT if isinstance(value, str) and name not in _NAMES_OF_SOURCES else value
