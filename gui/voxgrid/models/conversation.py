"""What the frames of one context add to what the pool's events say of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.frames.store import FrameStore
from voxpool.protocol import wire

_HUMP: Final = re.compile(r"[_.]+")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Moments and settings of one context, from its frames.  Moments are monotonic seconds, None before they came.

    Attributes:
        frames: Frames that are kept of it.
        first_text_at: When its first text was handed to the socket.
        close_at: When close, or cancel, was.
        closed_at: When the service confirmed that.
        sent: The settings of ``create``, by name; None when that frame is not kept.
        echoed: The settings of ``contextCreated``; None before it came.
        arrivals: When each chunk of audio came, in seconds after the first one, and how long it sounds.
    """

    frames: int = 0
    first_text_at: float | None = None
    close_at: float | None = None
    closed_at: float | None = None
    sent: dict[str, Any] | None = None
    echoed: dict[str, Any] | None = None
    arrivals: tuple[tuple[float, float], ...] = ()


NOTHING: Final = Conversation()


def read_conversation(store: FrameStore, context_id: str, until: float = math.inf) -> Conversation:
    """Return what the kept frames of a context say.

    Args:
        store: Where they are.
        context_id: Id on the wire.
        until: Monotonic seconds; later ones are left out, because a moment of the past may be on show.
    """
    first: dict[FrameKind, FrameRecord] = {}
    arrivals: list[tuple[float, float]] = []
    frames = 0
    for serial in store.of_context(context_id):
        record = store.get(serial)
        if record is None or record.at > until:
            continue
        frames += 1
        first.setdefault(record.kind, record)
        if record.audio_ms:
            began_at = first[FrameKind.AUDIO].at
            arrivals.append((record.at - began_at, record.audio_ms / 1000))
    ended = [first[kind].at for kind in (FrameKind.CLOSE, FrameKind.CANCEL) if kind in first]
    return Conversation(
        frames,
        _at(first.get(FrameKind.TEXT)),
        min(ended, default=None),
        _at(first.get(FrameKind.CLOSED)),
        _settings(first.get(FrameKind.CREATE)),
        _settings(first.get(FrameKind.CREATED)),
        tuple(arrivals),
    )


def _at(record: FrameRecord | None) -> float | None:
    return record.at if record is not None else None


def _settings(record: FrameRecord | None) -> dict[str, Any] | None:
    """Return the settings in a frame by their names in snake case, as both sides may spell them (section 3)."""
    if record is None or record.cut:
        return None
    data = orjson.loads(record.folded)
    payload = data.get("create") if record.kind is FrameKind.CREATE else wire.pick(data["result"], "contextCreated")
    return dict(_leaves(wire.mapping(payload), ""))


def _leaves(data: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        path = f"{prefix}{wire.snake(name)}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}.")
        elif value is not None:
            yield path, value


class Echo(StrEnum):
    """How a setting came back."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"
    ADDED = "added"
    AWAITED = "awaited"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as it was sent and as the service echoed it.

    Attributes:
        name: In words.
        value: What to show.
        echo: How it came back.
    """

    name: str
    value: str
    echo: Echo

    @property
    def sentence(self) -> str:
        """For a screen reader."""
        how = {
            Echo.SAME: "echoed as sent",
            Echo.DIFFERENT: "the service echoed another value",
            Echo.MISSING: "not echoed",
            Echo.ADDED: "from the service alone",
            Echo.AWAITED: "not confirmed yet",
        }
        return f"{self.name}: {self.value}, {how[self.echo]}"


def compare_settings(conversation: Conversation) -> tuple[SettingRow, ...]:
    """Return the settings as sent and as echoed, those that differ first; empty where ``create`` is not kept."""
    sent, echoed = conversation.sent, conversation.echoed
    if sent is None:
        return ()
    if echoed is None:
        return tuple(SettingRow(_words(name), _shown(value), Echo.AWAITED) for name, value in sent.items())
    rows = [_compare(name, sent, echoed) for name in dict.fromkeys((*sent, *echoed))]
    return tuple(sorted(rows, key=lambda row: row.echo is not Echo.DIFFERENT))


def _compare(name: str, sent: dict[str, Any], echoed: dict[str, Any]) -> SettingRow:
    if name not in echoed:
        return SettingRow(_words(name), _shown(sent[name]), Echo.MISSING)
    if name not in sent:
        return SettingRow(_words(name), _shown(echoed[name]), Echo.ADDED)
    # 1 and 1.0 are the same number to protobuf, and True is another thing.
    same = sent[name] == echoed[name] and isinstance(sent[name], bool) is isinstance(echoed[name], bool)
    if same:
        return SettingRow(_words(name), _shown(sent[name]), Echo.SAME)
    return SettingRow(_words(name), f"{_shown(sent[name])} → {_shown(echoed[name])}", Echo.DIFFERENT)


def _words(path: str) -> str:
    return _HUMP.sub(" ", path.rpartition(".")[2]).strip()


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def settings_head(rows: tuple[SettingRow, ...]) -> str:
    """Return what the comparison comes to, in a few words."""
    if not rows:
        return ""
    if rows[0].echo is Echo.AWAITED:
        return "sent; not confirmed yet"
    differ = sum(row.echo is Echo.DIFFERENT for row in rows)
    missing = sum(row.echo is Echo.MISSING for row in rows)
    said = [
        f"{differ} differ{'s' if differ == 1 else ''}" if differ else "",
        f"{missing} not echoed" if missing else "",
    ]
    return ", ".join(part for part in said if part) or "echoed as sent"
