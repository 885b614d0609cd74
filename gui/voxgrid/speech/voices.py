"""Which voice speaks while the person has not chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voxpool.voices import Voice

_WELL_KNOWN: Final = "Ashley"
"""A voice that the service has always had (protocol.md section 4.1)."""


def fitting(wanted: str, voices: Sequence[Voice], *, is_local: bool) -> str:
    """Return ``wanted`` where it exists, else the best voice there is.

    Args:
        wanted: A voice that nobody chose on purpose.
        voices: The endpoint's voices; empty while they are not known.
        is_local: Whether it is the local server, whose neural voice the service does not have.
    """
    if not voices:
        return wanted if is_local else _WELL_KNOWN
    known = {voice.id for voice in voices}
    if wanted in known:
        return wanted
    neural = [voice.id for voice in voices if "neural" in voice.tags]
    return next(iter(neural), _WELL_KNOWN if _WELL_KNOWN in known else voices[0].id)
