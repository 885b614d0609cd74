"""Faults as a person chooses them: plain names, what they need, whom they strike, what is armed, what has struck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from textwrap import shorten
from typing import Any, Final

from voxpool.errors import SettingError
from voxpool.server.faultfiles import read
from voxpool.server.faults import EFFECTS, PLACES, Fault

Number = int | float | str | None


class Aim(StrEnum):
    """Whom a fault strikes."""

    CELL = "cell"
    ROW = "row"
    ALL = "all"


AIM_WORDS: Final = {Aim.CELL: "the chosen cell", Aim.ROW: "the chosen row", Aim.ALL: "everything"}

PLACE_WORDS: Final[dict[str, str]] = {
    "upgrade": "at the upgrade",
    "open": "once connected",
    "create": "at the answer to create",
    "text": "when text comes",
    "audio": "before an audio chunk",
    "flush": "before flushCompleted",
    "close": "before contextClosed",
    "now": "at once",
}

EFFECT_WORDS: Final[dict[str, tuple[str, str]]] = {
    "refuse": ("Refuse the upgrade", "The handshake is answered with an HTTP status."),
    "stall": ("Stall", "Nothing happens for some seconds, or for good when no time is given."),
    "drop": ("Cut the connection", "The socket ends without a close frame, as when a network drops."),
    "disconnect": ("Close the connection", "The server sends a close frame with a code."),
    "fatal": ("Fatal error", "A top-level error, then a close: every context on the connection dies."),
    "inactive": ("Paused due to inactivity", "Code 10, then the socket ends without a close frame."),
    "silent": ("Go silent", "The server reads on and never says anything again on this connection."),
    "half_open": ("Go half-open", "The server neither reads nor writes any more, and keeps the socket."),
    "status": ("Fail with a status", "The context gets a status; the connection goes on."),
    "omit": ("Leave the frame out", "A context never confirmed, silent, never flushed, or never closed."),
    "malformed": ("Malformed frame", "Something that is no JSON comes before the frame."),
    "wrong_types": ("Wrong types", "The frame comes with values of wrong types."),
    "unknown_id": ("Unknown context", "The frame names a context that nobody has."),
    "fragments": ("In fragments", "The frame comes in many WebSocket fragments: it must do no harm."),
    "bad_base64": ("Bad base64", "The audio in the frame cannot be decoded."),
    "empty_audio": ("Empty audio", "The frame comes with no audio in it."),
    "truncated_audio": ("Truncated audio", "Half of the audio is missing, and the rest ends within a sample."),
    "shuffled_timestamps": ("Shuffled timestamps", "The times of the words run backwards."),
    "rate": ("Another rate", "From here on audio comes at so many times its own speed; 0 is a burst."),
    "stale": ("Stale frames", "Frames of a context come after it was closed."),
    "limit": ("Change a limit", "The server allows more or fewer connections, contexts or generations."),
}

PARAMETER_WORDS: Final[dict[str, tuple[str, str]]] = {
    "http_status": ("HTTP status", "400 to 599"),
    "seconds": ("seconds", "how long; empty: for good"),
    "code": ("code", "status code, or close code"),
    "message": ("text", "what the server says"),
    "rate": ("times real time", "0 is as fast as possible"),
    "count": ("how many", "stale frames"),
    "contexts_per_connection": ("contexts", "on each connection"),
    "max_connections": ("connections", "in all"),
    "max_generations": ("generations", "contexts that produce at once"),
    "times": ("at most", "times; empty: every time"),
    "probability": ("chance", "0 to 1; empty: always"),
    "after_s": ("after s", "seconds from now; empty: at once"),
    "until_s": ("until s", "seconds from now; empty: no end"),
    "chunk": ("chunk", "nth of a context, from 1; empty: any"),
    "context": ("context", "nth of a connection, from 1; empty: any"),
    "marker": ("text holds", "words in the text; empty: any"),
}
TRIGGERS: Final = ("times", "probability", "after_s", "until_s", "chunk", "context", "marker")
_WHOLE: Final = frozenset(
    {"http_status", "code", "count", "contexts_per_connection", "max_connections", "max_generations"}
    | {"times", "chunk", "context"}
)
_TEXTS: Final = frozenset({"message", "marker"})
_QUOTED: Final = 48
"""Characters of a text that a line quotes."""
_ONLY_ALL: Final = frozenset({"refuse", "limit"})


@dataclass(frozen=True, slots=True)
class Plan:
    """A fault as it was chosen, without whom it strikes.

    Attributes:
        place: Where it strikes, one of ``PLACES``.
        effect: What happens, one of ``EFFECTS``.
        aim: Whom it strikes.
        values: Parameters of the effect and triggers, by name; None and "" count as not given.
    """

    place: str
    effect: str
    aim: Aim = Aim.CELL
    values: Mapping[str, Number] = field(default_factory=dict)

    def fault(self, **target: int | str) -> Fault:
        """Return the fault.

        Args:
            **target: ``context_id`` or ``connection``, or neither for everything.

        Raises:
            SettingError: For what could never happen; names the field.
        """
        given = {name: value for name, value in self.values.items() if value not in (None, "")}
        return read({"place": self.place, "effect": self.effect, **given, **target})

    def words(self) -> str:
        """Return it in words: ``"Cut the connection, before an audio chunk, chunk 3"``."""
        return fault_words({"place": self.place, "effect": self.effect, **self.values})


@dataclass(frozen=True, slots=True)
class Preset:
    """A fault with a plain name.

    Attributes:
        name: How code calls it.
        text: What people call it.
        plan: The fault.
    """

    name: str
    text: str
    plan: Plan


def _preset(name: str, text: str, place: str, effect: str, aim: Aim, **values: Number) -> Preset:
    return Preset(name, text, Plan(place, effect, aim, values))


PRESETS: Final[tuple[Preset, ...]] = (
    _preset("cut_mid_audio", "Connection cut in mid-audio", "audio", "drop", Aim.ROW, chunk=3, times=1),
    _preset("cut_now", "Connection cut now", "now", "drop", Aim.ROW),
    _preset("close_1011", "Closed by the server with 1011", "now", "disconnect", Aim.ROW, code=1011),
    _preset("half_open", "Half-open socket", "now", "half_open", Aim.ROW),
    _preset("silent", "Server goes silent", "now", "silent", Aim.ROW),
    _preset("upgrade_429", "429 at the upgrade", "upgrade", "refuse", Aim.ALL, http_status=429, times=3),
    _preset("upgrade_503", "503 at the upgrade", "upgrade", "refuse", Aim.ALL, http_status=503, times=3),
    _preset("slow_handshake", "Handshake takes 3 seconds", "upgrade", "stall", Aim.ALL, seconds=3, times=3),
    _preset("internal", "Context fails with 13 (internal)", "now", "status", Aim.CELL, code=13),
    _preset("unavailable", "Context fails with 14 (unavailable)", "now", "status", Aim.CELL, code=14),
    _preset("next_refused", "Next five creates refused (code 8)", "create", "status", Aim.ALL, code=8, times=5,
            message="You have reached the limit of 5 TTS contexts per connection. "
                    "Please close other contexts on this connection to continue."),
    _preset("never_confirmed", "Create is never confirmed", "create", "omit", Aim.ALL, times=1),
    _preset("no_audio", "Confirmed, then no audio", "audio", "omit", Aim.CELL),
    _preset("stall_mid_audio", "Audio stalls after chunk 2", "audio", "stall", Aim.ALL, chunk=3, times=1),
    _preset("never_closed", "Close is never confirmed (zombie)", "close", "omit", Aim.CELL, times=1),
    _preset("late_frames", "Late frames after the close", "close", "stale", Aim.ALL, times=3, count=3),
    _preset("inactive", "Paused due to inactivity (code 10)", "now", "inactive", Aim.ROW),
    _preset("fatal_14", "Fatal error 14 on the connection", "now", "fatal", Aim.ROW, code=14),
    _preset("bad_base64", "Audio that cannot be decoded", "audio", "bad_base64", Aim.ALL, chunk=2, times=1),
    _preset("malformed", "A frame that is no JSON", "audio", "malformed", Aim.ALL, times=1),
    _preset("one_in_ten", "One audio chunk in ten cuts", "audio", "drop", Aim.ALL, probability=0.1),
    _preset("limit_3", "Three connections at most", "now", "limit", Aim.ALL, max_connections=3),
)  # fmt: skip
"""What one wants most often, in the order of the list."""


def places_of(effect: str) -> tuple[str, ...]:
    """Return where an effect can strike, in the order of a context's life."""
    return tuple(place for place in PLACES if place in EFFECTS[effect][0])


def parameters_of(effect: str) -> tuple[str, ...]:
    """Return the parameters that an effect knows."""
    return EFFECTS[effect][1]


def triggers_of(place: str) -> tuple[str, ...]:
    """Return the triggers that make sense at a place."""
    if place == "now":
        return ("after_s",)
    if place == "upgrade":
        return ("times", "probability", "after_s", "until_s")
    if place == "audio":
        return TRIGGERS
    return tuple(name for name in TRIGGERS if name != "chunk")


def aims_of(place: str, effect: str) -> tuple[Aim, ...]:
    """Return whom a fault can be aimed at: there is no cell yet at an upgrade, and a limit is the server's."""
    if place == "upgrade" or effect in _ONLY_ALL:
        return (Aim.ALL,)
    return (Aim.ROW, Aim.ALL) if place == "open" else (Aim.CELL, Aim.ROW, Aim.ALL)


def parse(name: str, text: str) -> Number:
    """Return what was typed into a field.

    Raises:
        SettingError: If it is not of the field's kind.
    """
    text = text.strip()
    if not text:
        return None
    if name in _TEXTS:
        return text
    try:
        return int(text) if name in _WHOLE else float(text)
    except ValueError:
        raise SettingError(PARAMETER_WORDS[name][0], text, "a whole number" if name in _WHOLE else "a number") from None


def fault_words(fault: Mapping[str, Any]) -> str:
    """Return a fault in words, as it was chosen or as the server lists it.

    Args:
        fault: Flat, in either naming style.
    """
    effect, place = str(fault.get("effect", "")), str(fault.get("place", ""))
    text = EFFECT_WORDS.get(effect, (effect, ""))[0]
    parts = [text, PLACE_WORDS.get(place, place)]
    for name, (word, _) in PARAMETER_WORDS.items():
        value = fault.get(name, fault.get(_camel(name)))
        if value not in (None, ""):
            parts.append(f"{word} {_shown(name, value)}")
    return ", ".join(parts)


def _shown(name: str, value: Any) -> str:
    if name in _TEXTS:
        return f"“{shorten(str(value), _QUOTED, placeholder='…')}”"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


@dataclass(frozen=True, slots=True)
class ArmedFault:
    """A fault that waits for its occasion.

    Attributes:
        number: The server's number of it.
        words: What it does.
        target: Whom it strikes, in words.
        struck: How often it struck.
        times: How often it may, or None for every time.
        lasting: Whether it struck once and stays in force: a changed limit.
    """

    number: int
    words: str
    target: str
    struck: int
    times: int | None
    lasting: bool = False

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.times is not None and self.struck >= self.times

    def line(self) -> str:
        """Return it in a line: how often it struck, whom, what."""
        if self.lasting:
            # A limit is the server's own, and there is no moment to wait for: the numbers are what matters.
            return "in force  " + self.words.replace(", " + PLACE_WORDS["now"], "")
        most = f"/{self.times}" if self.times is not None else ""
        return f"{self.struck}{most} ×  {self.target}: {self.words}"

    def sentence(self) -> str:
        """Return everything about it."""
        if self.lasting:
            return f"Fault {self.number}: {self.words}, on {self.target}; in force. Delete takes it back."
        most = f" of {self.times} times" if self.times is not None else " times"
        return f"Fault {self.number}: {self.words}, on {self.target}; struck {self.struck}{most}. Delete removes it."


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that struck.

    Attributes:
        at: When it was noticed, monotonic seconds: exact for what struck at once, else up to the pause between two
            looks at the server late.
        words: What it does.
        target: Whom it struck, in words.
        count: How often since the last look.
        row: Grid row, or -1 for everything.
        column: Grid column, or -1 for a whole connection.
    """

    at: float
    words: str
    target: str
    count: int = 1
    row: int = -1
    column: int = -1

    def sentence(self) -> str:
        """Return it in words."""
        return f"{self.words}, on {self.target}" + (f", {self.count} times" if self.count > 1 else "") + "."


@dataclass(frozen=True, slots=True)
class _Known:
    target: str
    row: int
    column: int


class FaultBoard:
    """The faults that are armed at the server, and those that have struck.

    Attributes:
        armed: As the server lists them.
        injections: What has struck, the newest last; the last 500.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._struck: dict[int, int] = {}
        self.armed: tuple[ArmedFault, ...] = ()
        self.injections: list[Injection] = []

    def __repr__(self) -> str:
        return f"<FaultBoard {len(self.armed)} armed, {len(self.injections)} injected>"

    def know(self, number: int, target: str, row: int = -1, column: int = -1, struck: int = 0) -> None:
        """Note whom a fault of ours strikes: the server knows ids alone.

        Args:
            number: The server's number of it.
            target: Whom it strikes, in words.
            row: Grid row, or -1.
            column: Grid column, or -1.
            struck: How often it struck already, which is entered by whoever says so.
        """
        self._known[number] = _Known(target, row, column)
        self._struck[number] = struck

    def struck(self, injection: Injection) -> None:
        """Enter what struck."""
        self.injections.append(injection)
        del self.injections[:-500]

    def take(self, listed: Iterable[Mapping[str, Any]], now: float) -> list[Injection]:
        """Take the server's list; return what has struck since the last one.

        Args:
            listed: Faults as the server lists them; what does not fit is passed over.
            now: Monotonic seconds.
        """
        found: list[Injection] = []
        armed: list[ArmedFault] = []
        for entry in listed:
            number, struck = entry.get("id"), entry.get("struck")
            if not isinstance(number, int) or not isinstance(struck, int):
                continue
            known = self._known.get(number, _Known(_target_of(entry), -1, -1))
            times = entry.get("times")
            words = fault_words(entry)
            most, lasting = times if isinstance(times, int) else None, entry.get("effect") == "limit" and struck > 0
            fault = ArmedFault(number, words, known.target, struck, most, lasting)
            # One that has struck as often as it may waits for nothing: it stands among those that have struck.
            if not fault.spent:
                armed.append(fault)
            new = struck - self._struck.get(number, 0)
            self._struck[number] = struck
            if new > 0:
                found.append(Injection(now, words, known.target, new, known.row, known.column))
        self.armed = tuple(armed)
        for injection in found:
            self.struck(injection)
        return found

    def restart(self) -> None:
        """Another server: its faults are counted from 1 again."""
        self._known.clear()
        self._struck.clear()
        self.armed = ()


def _target_of(entry: Mapping[str, Any]) -> str:
    if "contextId" in entry:
        return f"context {entry['contextId']}"
    return f"the server's connection {entry['connection']}" if "connection" in entry else "everything"
