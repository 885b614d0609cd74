"""The command line of ``voxgrid``, read before Qt is loaded so that ``--version`` answers at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxgrid import __version__
from voxgrid.layouts import FIRST
from voxpool.config import Endpoint
from voxpool.errors import EndpointError

PICTURED: Final = (FIRST.name, "stress", "inspect")
"""Layouts that a picture can be taken of."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for.

    Attributes:
        endpoint: Base URL to speak to in this session, or "" for the last one.
        screenshot: Fire a burst, save a picture of the busy window there, and end; or None.
        layout: Name of the layout that the picture shows.
        demo: Run the scripted demo, leave its picture and recording in this folder, and end; or None.
        verbose: Whether to log more.
        qt: What is left for Qt (``-style``, ``-platform`` and the like).
    """

    endpoint: str = ""
    screenshot: Path | None = None
    layout: str = FIRST.name
    demo: Path | None = None
    verbose: bool = False
    qt: tuple[str, ...] = ()

    @property
    def scripted(self) -> bool:
        """Whether the app drives itself."""
        return self.screenshot is not None or self.demo is not None


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line.

    Raises:
        SystemExit: For ``--help``, ``--version`` and anything that cannot be understood.
    """
    parser = argparse.ArgumentParser(
        prog="voxgrid",
        description="The desktop cockpit for concurrent streaming speech.",
        epilog="Unknown options that Qt knows (-platform offscreen) are given to it.",
    )
    parser.add_argument("--endpoint", metavar="URL", type=_url, help="speak to this service in this session")
    parser.add_argument("--screenshot", metavar="FILE", type=_picture, help="save a picture of the busy window and end")
    parser.add_argument(
        "--layout", choices=PICTURED, default=FIRST.name, help="which layout the picture shows, with something in it"
    )
    parser.add_argument(
        "--demo",
        metavar="DIR",
        type=Path,
        nargs="?",
        const=Path("voxgrid-demo"),
        help="type, speak and fire by itself; leave a picture and a recording in DIR",
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.add_argument("--version", action="version", version=f"voxgrid {__version__}")
    known, rest = parser.parse_known_args(arguments)
    if any(not each.startswith("-") for each in rest[:1]) or any(each.startswith("--") for each in rest):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return Options(known.endpoint or "", known.screenshot, known.layout, known.demo, known.verbose, tuple(rest))


def without_display(options: Options) -> str:
    """Return why no window can be opened here, as a sentence without its end, or "": Qt would abort the process."""
    if sys.platform != "linux" or any(each.lstrip("-").startswith("platform") for each in options.qt):
        return ""
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        return ""
    return (
        "there is no display here; scripts/run shows a demo without one, -platform offscreen opens an invisible window"
    )


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise argparse.ArgumentTypeError(f"{text} is no name of a picture, which ends with .png or .jpg")
    return path


def _url(text: str) -> str:
    try:
        return Endpoint(text).url
    except EndpointError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
