"""Scenarios that ship with Voxgrid: small, readable, and a good place to begin one's own."""

from __future__ import annotations

from functools import cache
from importlib import resources

from voxpool.errors import ScenarioError
from voxpool.stress.scenario import Scenario, parse_scenario


@cache
def names() -> tuple[str, ...]:
    """Return the names of the bundled scenarios, in order."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def toml(name: str) -> str:
    """Return the file of a bundled scenario.

    Raises:
        ScenarioError: If there is none of that name.
    """
    if name not in names():
        raise ScenarioError(
            name, "", f"there is no bundled scenario of that name; expected one of {', '.join(names())}"
        )
    return resources.files(__name__).joinpath(f"{name}.toml").read_text("utf-8")


def bundled(name: str) -> Scenario:
    """Return a bundled scenario.

    Raises:
        ScenarioError: If there is none of that name.
    """
    return parse_scenario(toml(name).encode(), f"{name}.toml")
