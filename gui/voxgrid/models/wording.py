"""Numbers and states as words: short ones for a cell, whole ones for a screen reader."""

from __future__ import annotations

import re
from typing import Final

from voxpool.events import CloseReason, ConnectionState, SlotState

STATE_WORDS: Final[dict[SlotState, str]] = {
    SlotState.EMPTY: "empty",
    SlotState.RESERVED: "reserved",
    SlotState.CREATING: "creating",
    SlotState.OPEN: "open, idle",
    SlotState.GENERATING: "generating",
    SlotState.DRAINING: "draining",
    SlotState.CLOSING: "closing",
    SlotState.ZOMBIE: "zombie",
    SlotState.FAILED: "failed",
}
STATE_MEANINGS: Final[dict[SlotState, str]] = {
    SlotState.EMPTY: "no context",
    SlotState.RESERVED: "promised to an utterance; nothing sent yet",
    SlotState.CREATING: "create was sent; the server has not confirmed it",
    SlotState.OPEN: "confirmed, with nothing to say",
    SlotState.GENERATING: "text was sent; audio is coming",
    SlotState.DRAINING: "close was sent; the rest of the audio is coming",
    SlotState.CLOSING: "cancelled or done, but the server still counts it",
    SlotState.ZOMBIE: "closing for too long; the slot is lost until the connection is replaced",
    SlotState.FAILED: "ended by an error; holds no slot",
}
CONNECTION_WORDS: Final[dict[ConnectionState, str]] = {
    ConnectionState.CONNECTING: "connecting",
    ConnectionState.OPEN: "open",
    ConnectionState.RETIRING: "retiring",
    ConnectionState.CLOSED: "closed",
}
CLOSE_WORDS: Final[dict[CloseReason, str]] = {
    CloseReason.IDLE: "idle",
    CloseReason.LIFETIME: "old",
    CloseReason.DRAINED: "drained",
    CloseReason.RESIZED: "resized",
    CloseReason.ZOMBIE: "zombies",
    CloseReason.POOL_CLOSED: "pool closed",
    CloseReason.SERVER_CLOSED: "by server",
    CloseReason.SERVICE_ERROR: "error",
    CloseReason.CREDENTIAL: "bad key",
    CloseReason.NETWORK: "cut",
    CloseReason.UNRESPONSIVE: "silent",
    CloseReason.CONNECT_FAILED: "refused",
}
"""Short enough for a row head."""

_CONNECTION_ID: Final = re.compile(r"\bconnection \d+ was lost\b")
TROUBLE: Final = frozenset(
    {
        CloseReason.ZOMBIE,
        CloseReason.SERVER_CLOSED,
        CloseReason.SERVICE_ERROR,
        CloseReason.CREDENTIAL,
        CloseReason.NETWORK,
        CloseReason.UNRESPONSIVE,
        CloseReason.CONNECT_FAILED,
    }
)
"""Reasons that nobody wished for."""


def millis(value_ms: float | None) -> str:
    """Return a latency in at most six characters: ``"118 ms"``, ``"2.41 s"``, ``"12.4 s"``, ``"–"`` for None."""
    if value_ms is None:
        return "–"
    if value_ms < 999.5:
        return f"{value_ms:.0f} ms"
    seconds = value_ms / 1000
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds:.0f} s"


def age(seconds: float) -> str:
    """Return an age in at most four characters: ``"0 s"``, ``"59 s"``, ``"12 m"``, ``"5 h"``, ``"3 d"``."""
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def age_words(seconds: float) -> str:
    """Return an age for a screen reader: ``"1 second"``, ``"12 minutes"``."""
    amount, unit = age(seconds).split()
    word = {"s": "second", "m": "minute", "h": "hour", "d": "day"}[unit]
    return f"{amount} {word}" if amount == "1" else f"{amount} {word}s"


def count(number: int) -> str:
    """Return a number with thousands set apart: ``"1,204"``."""
    return f"{number:,}"


CODE_WORDS: Final[dict[int, str]] = {
    1: "cancelled",
    3: "invalid",
    4: "deadline",
    5: "not found",
    6: "exists",
    7: "key refused",
    8: "limit",
    9: "not now",
    11: "out of range",
    12: "not offered",
    13: "internal",
    14: "unavailable",
    16: "no key",
}
"""gRPC status codes in a word or two (protocol.md section 9)."""


def failure(code: int | None, detail: str) -> str:
    """Return a failure for a cell: ``"code 8 · limit"``, or the first words of its cause."""
    if code is None:
        # "connection 13 was lost before any audio: cut (1006)": in a small cell the cause counts.
        return detail.partition(": ")[2] or detail or "failed"
    word = CODE_WORDS.get(code)
    return f"code {code} · {word}" if word else f"code {code}"


def without_id(error: str) -> str:
    """Return an error without the serial number of its connection, which reads like the number of a row.

    They are the same until the first connection is replaced.  Where the number matters it is called an id.
    """
    return _CONNECTION_ID.sub("the connection was lost", error)


def sentence_case(text: str) -> str:
    """Return a text with a capital at its beginning, unless its first word has capitals of its own (``eSpeak``)."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
