"""Credentials taken out of a frame before anything keeps it, however they were escaped (protocol.md sections 2 and 9).

What a credential is, ``voxpool.scrub`` knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

Scrub = Callable[[str], str]
"""Returns a text without anything secret: ``voxpool.scrub.scrub``, or ``Endpoint.scrub`` that knows more."""

_DEPTH: Final = 200


def scrub_json(frame: str, scrub: Scrub) -> str:
    """Return a frame's JSON without secrets, however they were escaped.

    A frame without escapes and without anything to hide comes back as it is, which is the ordinary case and costs
    a microsecond.  Another is taken apart, and every string in it is looked at.  What is no JSON is scrubbed as text.
    """
    if "\\" not in frame and scrub(frame) == frame:
        return frame
    try:
        data = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return scrub(frame)
    return orjson.dumps(_clean(data, scrub, _DEPTH)).decode()


def _clean(value: Any, scrub: Scrub, depth: int) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        return "(nested too deeply to be shown)"
    if isinstance(value, list):
        return [_clean(each, scrub, depth - 1) for each in value]
    return {scrub(name): _clean(each, scrub, depth - 1) for name, each in value.items()}
