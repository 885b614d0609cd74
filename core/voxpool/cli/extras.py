"""What a command needs beyond the bare install."""

from __future__ import annotations

from importlib.util import find_spec

from voxpool.errors import VoxpoolError


def need(extra: str, *modules: str) -> None:
    """Find out that modules of an extra are there.

    Raises:
        VoxpoolError: If one is not; it says how to install it.
    """
    missing = next((name for name in modules if find_spec(name) is None), None)
    if missing is not None:
        raise VoxpoolError(f"this needs the extra '{extra}' ({missing} is missing): pip install 'voxgrid[{extra}]'")
