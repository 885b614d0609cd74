"""Credentials taken out of a frame's text before anything keeps it (protocol.md sections 2 and 9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

Scrub = Callable[[str], str]
"""Returns a text without anything secret; the endpoint's own is ``Endpoint.scrub``."""

_SCHEMES: Final = re.compile(r"\b(basic|bearer)([ _]|%20)+[\w+/=.~-]{20,}", re.IGNORECASE)
_QUOTED_PREFIX: Final = re.compile(r"[^\s\"'`(\[{<]+\*{3}")
_STARS: Final = "***"
_DEPTH: Final = 200


def keep_everything(text: str) -> str:
    """Return a text as it is: an endpoint without a credential has none to hide."""
    return text


def scrub_text(text: str, scrub: Scrub, *, inbound: bool) -> str:
    """Take out the credential, anything that looks like an authorization, and the key prefix the service quotes.

    Args:
        text: Any text of a frame.
        scrub: Takes out the credential in use.
        inbound: Whether the service wrote it: only its errors quote keys, and a caller may well say "wow***".
    """
    clean = scrub(text)
    clean = _SCHEMES.sub(rf"\1 {_STARS}", clean)
    return _QUOTED_PREFIX.sub(_STARS, clean) if inbound and _STARS in clean else clean


def scrub_json(frame: str, scrub: Scrub, *, inbound: bool) -> str:
    """Return a frame's JSON without secrets, however they were escaped.

    A frame without escapes and without anything to hide comes back as it is, which is the ordinary case and costs
    a microsecond.  Another is taken apart, and every string in it is looked at.  What is no JSON is scrubbed as text.
    """
    if "\\" not in frame and scrub_text(frame, scrub, inbound=inbound) == frame:
        return frame
    try:
        data = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return scrub_text(frame, scrub, inbound=inbound)
    return orjson.dumps(_clean(data, scrub, inbound, _DEPTH)).decode()


def _clean(value: Any, scrub: Scrub, inbound: bool, depth: int) -> Any:
    if isinstance(value, str):
        return scrub_text(value, scrub, inbound=inbound)
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        return "(nested too deeply to be shown)"
    if isinstance(value, list):
        return [_clean(each, scrub, inbound, depth - 1) for each in value]
    return {
        scrub_text(name, scrub, inbound=inbound): _clean(each, scrub, inbound, depth - 1)
        for name, each in value.items()
    }
