"""Data that ships with the window: icons, the style sheet's template, sample texts.

Everything is read through ``importlib.resources``, so a wheel, an editable install and a zip behave alike.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


def read_text(*path: str) -> str:
    """Return a text asset.

    Args:
        path: Its path below this package, for example ``"icons", "voxgrid.svg"``.

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
