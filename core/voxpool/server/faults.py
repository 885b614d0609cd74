"""Faults as data: what goes wrong, where, and when (section 13 tells which of them the field has seen).  Pure.

A fault is one flat object.  It says *where* it strikes (``place``), *what* happens (``effect`` with its parameters)
and *when* (the trigger; a fault without one strikes every time)::

    {"place": "audio", "effect": "drop", "chunk": 3, "connection": 2, "times": 1}

On the command line the same is written ``audio:drop,chunk=3,connection=2,times=1``.  Chance is drawn from the seed,
the fault and what it strikes, not from the order of events: the same run has the same faults.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from voxpool.errors import SettingError
from voxpool.server.requests import camel

PLACES: Final = ("upgrade", "open", "create", "text", "audio", "flush", "close", "now")
"""Where a fault may strike: at the upgrade; once connected; at the answer to ``create``; when text comes; before an
audio chunk; before ``flushCompleted``; before ``contextClosed``; or at once, when it is set."""

_ANYWHERE: Final = ("open", "create", "text", "audio", "flush", "close", "now")
_FRAMES: Final = ("create", "audio", "flush", "close")

EFFECTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    # effect: (places, parameters)
    "refuse": (("upgrade",), ("http_status",)),
    "stall": (("upgrade", *_ANYWHERE), ("seconds",)),
    "drop": (_ANYWHERE, ()),
    "disconnect": (_ANYWHERE, ("code", "message")),
    "fatal": (_ANYWHERE, ("code", "message")),
    "inactive": (_ANYWHERE, ()),
    "silent": (_ANYWHERE, ()),
    "half_open": (_ANYWHERE, ()),
    "status": (("create", "text", "audio", "flush", "close", "now"), ("code", "message")),
    "omit": (_FRAMES, ()),
    "malformed": (_FRAMES, ()),
    "wrong_types": (_FRAMES, ()),
    "unknown_id": (_FRAMES, ()),
    "fragments": (_FRAMES, ()),
    "bad_base64": (("audio",), ()),
    "empty_audio": (("audio",), ()),
    "truncated_audio": (("audio",), ()),
    "shuffled_timestamps": (("audio",), ()),
    "rate": (("audio",), ("rate",)),
    "stale": (("close",), ("count",)),
    "limit": (("now",), ("contexts_per_connection", "max_connections", "max_generations")),
}
"""Every effect with the places where it can strike and its parameters.

``refuse`` the upgrade with an HTTP status; ``stall`` for some seconds, or for good (``now``: the whole connection);
``drop`` the connection without a close frame; ``disconnect`` with a close frame; a ``fatal`` top-level error; the
code 10 of an ``inactive`` connection; ``silent``: read on and never say anything again; ``half_open``: neither read
nor write and keep the socket; fail the context with a ``status``; ``omit`` the frame (a context that is never
confirmed, a flush never completed, a context never closed, whose slot stays taken); send something ``malformed``
before the frame; send it with ``wrong_types``; send it for an ``unknown_id``; send it in WebSocket ``fragments``;
audio with ``bad_base64``, ``empty_audio``, ``truncated_audio``, ``shuffled_timestamps``; from here on at another
``rate`` times real time (0: a burst); ``stale`` frames after the context was closed; a ``limit`` that changes.
"""

_DEFAULT_CODES: Final = {"fatal": 14, "status": 13, "disconnect": 1011}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        place: Where it strikes, one of ``PLACES``.
        effect: What happens, one of ``EFFECTS``.
        connection: Strikes only the nth connection of the server, from 1.
        request_id: Strikes only a connection with this ``X-Request-Id``.
        context: Strikes only the nth context of a connection, from 1.
        context_id: Strikes only contexts with this id.
        marker: Strikes only where this is in the text.
        chunk: Strikes only at the nth audio chunk of a context, from 1.
        probability: Chance to strike.
        after_s: Not before this many seconds since it was set.
        until_s: Not after this many seconds since it was set.
        times: At most this often.
        http_status: Status of a refused upgrade.
        seconds: Length of a stall; None is for good.
        code: Status code or close code.
        message: Its text.
        rate: Times real time; 0 is as fast as possible.
        count: How many stale frames.
        contexts_per_connection: New limit.
        max_connections: New limit.
        max_generations: New limit.
    """

    place: str
    effect: str
    connection: int | None = None
    request_id: str | None = None
    context: int | None = None
    context_id: str | None = None
    marker: str | None = None
    chunk: int | None = None
    probability: float = 1.0
    after_s: float = 0.0
    until_s: float | None = None
    times: int | None = None
    http_status: int = 503
    seconds: float | None = None
    code: int | None = None
    message: str = ""
    rate: float = 1.0
    count: int = 3
    contexts_per_connection: int | None = None
    max_connections: int | None = None
    max_generations: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could never happen.

        Raises:
            SettingError: Naming the field.
        """
        if self.place not in PLACES:
            raise SettingError("place", self.place, "one of " + ", ".join(PLACES))
        if self.effect not in EFFECTS:
            raise SettingError("effect", self.effect, "one of " + ", ".join(EFFECTS))
        places = EFFECTS[self.effect][0]
        if self.place not in places:
            raise SettingError("place", self.place, f"one of {', '.join(places)} for the effect {self.effect}")
        for name, kinds in KINDS.items():
            _check(name, getattr(self, name), kinds)
        for name, low, high in _BOUNDS:
            if not low <= getattr(self, name) <= high:
                raise SettingError(name, getattr(self, name), f"between {low} and {high}")
        if self.effect == "disconnect" and not 1000 <= self.status_code <= 4999:
            raise SettingError("code", self.code, "between 1000 and 4999")

    @property
    def status_code(self) -> int:
        """The code in force."""
        return self.code if self.code is not None else _DEFAULT_CODES.get(self.effect, 13)

    def entry(self) -> dict[str, Any]:
        """Return what was set, as JSON."""
        given = asdict(self)
        defaults = {item.name: item.default for item in fields(self)}
        return {camel(name): value for name, value in given.items() if value != defaults[name]}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fault's trigger is held against.

    Attributes:
        connection: Number of the connection.
        request_id: Its ``X-Request-Id``.
        context: Number of the context on its connection, 0 where there is none.
        context_id: Its id.
        chunk: Number of the audio chunk in its context, 0 where there is none.
        text: The text concerned.
        refused: How many upgrades, or contexts of the connection, were refused before: one that is refused gets no
            number, and the next a chance of its own.
    """

    connection: int
    request_id: str = ""
    context: int = 0
    context_id: str = ""
    chunk: int = 0
    text: str = ""
    refused: int = 0


class Faults:
    """The faults in force.

    Args:
        seed: Seed of chance.
        faults: Faults to begin with.
    """

    def __init__(self, seed: int, faults: Iterable[Fault] = ()) -> None:
        self._seed = seed
        self._number = 0
        self._set: dict[int, tuple[Fault, float]] = {}
        self._struck: dict[int, int] = {}
        for fault in faults:
            self.add(fault, None)

    def __bool__(self) -> bool:
        return bool(self._set)

    def add(self, fault: Fault, now: float | None) -> int:
        """Put a fault in force and return its number.

        Args:
            fault: The fault.
            now: The time in seconds; None for one that was there before the server, whose time begins with the first
                question.
        """
        self._number += 1
        self._set[self._number] = (fault, -1.0 if now is None else now)
        self._struck[self._number] = 0
        return self._number

    def remove(self, number: int) -> bool:
        """Take a fault away; return whether it was there."""
        self._struck.pop(number, None)
        return self._set.pop(number, None) is not None

    def count(self, number: int) -> bool:
        """Note that a fault has struck by itself; return whether it was in force."""
        if number in self._set:
            self._struck[number] += 1
        return number in self._set

    def clear(self) -> None:
        """Take all faults away."""
        self._set.clear()
        self._struck.clear()

    def entries(self) -> list[dict[str, Any]]:
        """Return all faults as JSON, with their numbers and how often they struck."""
        return [
            {"id": number, "struck": self._struck[number], **fault.entry()} for number, (fault, _) in self._set.items()
        ]

    def due(self, place: str, facts: Facts, now: float) -> tuple[Fault, ...]:
        """Return the faults that strike here and now, in the order in which they were set."""
        if not self._set:
            return ()
        return tuple(fault for number, (fault, _) in list(self._set.items()) if self.strikes(number, place, facts, now))

    def pending(self) -> list[tuple[int, Fault]]:
        """Return the faults that strike by themselves, with their numbers."""
        return [(number, fault) for number, (fault, _) in self._set.items() if fault.place == "now"]

    def strikes(self, number: int, place: str, facts: Facts, now: float) -> bool:
        """Return whether one fault strikes here and now, and count it if it does."""
        if number not in self._set:
            return False
        fault, since = self._set[number]
        if since < 0:
            self._set[number] = (fault, since := now)
        age_s = now - since
        if (
            fault.place != place
            or not _concerns(fault, facts)
            or age_s < fault.after_s
            or (fault.until_s is not None and age_s > fault.until_s)
            or (fault.times is not None and self._struck[number] >= fault.times)
            or not self._chance(number, fault, facts)
        ):
            return False
        self._struck[number] += 1
        return True

    def _chance(self, number: int, fault: Fault, facts: Facts) -> bool:
        if fault.probability >= 1:
            return True
        what = f"{self._seed}:{number}:{facts.connection}:{facts.context}:{facts.chunk}:{facts.text[:200]}"
        if facts.refused:
            what += f":{facts.refused}"
        return random.Random(what).random() < fault.probability  # noqa: S311 - not for secrets


_NUMBER: Final = (int, float)
KINDS: Final[dict[str, tuple[type, ...]]] = {
    "connection": (int,), "request_id": (str,), "context": (int,), "context_id": (str,), "marker": (str,),
    "chunk": (int,), "probability": _NUMBER, "after_s": _NUMBER, "until_s": _NUMBER, "times": (int,),
    "http_status": (int,), "seconds": _NUMBER, "code": (int,), "message": (str,), "rate": _NUMBER, "count": (int,),
    "contexts_per_connection": (int,), "max_connections": (int,), "max_generations": (int,),
}  # fmt: skip
"""Types of the fields that a person may set."""


_BOUNDS: Final = (("probability", 0, 1), ("http_status", 400, 599), ("count", 0, 1000))


def _check(name: str, value: object, kinds: tuple[type, ...]) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise SettingError(name, value, "a text" if kinds == (str,) else "a number")
    if isinstance(value, int | float) and not 0 <= value < 1e9:
        raise SettingError(name, value, "zero or a positive number")


def _concerns(fault: Fault, facts: Facts) -> bool:
    for name in ("connection", "request_id", "context", "context_id", "chunk"):
        wanted = getattr(fault, name)
        if wanted is not None and wanted != getattr(facts, name):
            return False
    return fault.marker is None or fault.marker in facts.text
