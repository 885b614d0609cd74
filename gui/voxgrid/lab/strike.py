"""Sets the faults of a scenario at the app's own local server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voxgrid.speech.control import ControlError, LocalControl
from voxpool.errors import LocalServerError

if TYPE_CHECKING:
    from voxpool.stress.strike import Strike


def striker(control: LocalControl | None) -> Strike | None:
    """Return what sets faults through a control, or None without one: the endpoint is another then."""
    if control is None:
        return None

    async def strike(fault: Mapping[str, Any]) -> None:
        try:
            await control.add(fault)
        except ControlError as error:
            raise LocalServerError(str(error).rstrip(".")) from error

    return strike
