"""Data that ships with the window: icons, the style sheet's template, sample texts.

Everything is read through ``importlib.resources``, so a wheel, an editable install and a zip behave alike.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


def read_text(*path: str) -> str:
    """Return a text asset.

    Args:
        path: Its path below this package, for example ``"texts", "agent.txt"``.

    Raises:
        FileNotFoundError: If there is no such asset.
    """
    return resources.files(__name__).joinpath(*path).read_text(encoding="utf-8")


@cache
def icon_svg(name: str) -> bytes:
    """Return the SVG source of an icon.

    Args:
        name: Its name without the ending, for example ``"voxgrid"``.

    Raises:
        FileNotFoundError: If there is no such icon.
    """
    return read_text("icons", f"{name}.svg").encode()


@cache
def style_template() -> str:
    """Return the Qt style sheet with ``$name`` in place of every colour and font of the theme."""
    return read_text("style.qss")


@cache
def sample_texts() -> dict[str, tuple[str, ...]]:
    """Return the bundled sample texts.

    Returns:
        For every ``texts/NAME.txt`` its name and its utterances: one per line, empty lines and ``#`` comments
        left out.
    """
    folder = resources.files(__name__).joinpath("texts")
    if not folder.is_dir():
        return {}
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".txt"):
            lines = (line.strip() for line in entry.read_text(encoding="utf-8").splitlines())
            found[entry.name.removesuffix(".txt")] = tuple(line for line in lines if line and not line.startswith("#"))
    return found
