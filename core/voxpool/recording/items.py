"""What a recording holds besides events and frames, and each of them as a line of JSON.

A line is an object with one of these keys first: ``recording`` (what this is), ``state`` (a keyframe), ``event``
(``voxpool.events``), ``item`` (below), ``frame`` (``voxpool.frames``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any, Final, get_args

import msgspec
import orjson
from msgspec.structs import replace

from voxpool.events import Event, event_from_dict
from voxpool.frames.record import FrameRecord
from voxpool.recording.blocks import MOST_TIME, DamagedBlock

MOST_ROWS: Final = 1000
"""The most connections a pool can have."""
MOST_COLUMNS: Final = 100
_MOST_WHOLE: Final = 2**31 - 1
_MOST_TEXT: Final = 100_000
_MOST_NUMBER: Final = 1e10
_DEEPEST: Final = 12


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a recording: what it is.

    Attributes:
        format: Always ``"voxgrid recording"``.
        version: Of the format.
        app: Name and version of who wrote it.
        session: Which session it belongs to; its files share it.
        part: Which file of the session, from 1.
        rows: Connections of the pool when the file began.
        columns: Contexts on each.
        texts: Whether texts were recorded.
        audio: Whether audio was recorded.
        at: When the file began, monotonic seconds.
        wall: Seconds since 1970 of a moment, minus that moment.
    """

    format: str = "voxgrid recording"
    version: int = 1
    app: str = ""
    session: str = ""
    part: int = 1
    rows: int = 20
    columns: int = 5
    texts: bool = True
    audio: bool = False
    at: float = 0.0
    wall: float = 0.0


class Item(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag=True):
    """Something that happened in the window and is no event of the pool.

    Attributes:
        at: Monotonic seconds.
    """

    at: float


class Coming(StrEnum):
    """How a pool came to be watched."""

    NEW = "new"
    """It takes the place of the one before; ids count from 1 again."""
    VISIT = "visit"
    """It is a guest, such as the pool of a stress run: the one in use waits with all that is known of it."""
    RETURN = "return"
    """It is the one in use again, as it was when the visit began."""


class PoolBegan(Item, frozen=True, kw_only=True):
    """Another pool is watched from now on.

    Recordings of before there were visits have new pools alone.

    Attributes:
        rows: Its connections.
        columns: Contexts on each.
        url: Where it speaks to, without a credential, or "".
        coming: How it came to be watched.
    """

    rows: int
    columns: int
    url: str = ""
    coming: Coming = Coming.NEW


class PoolResized(Item, frozen=True, kw_only=True):
    """The pool may have another number of connections.

    Attributes:
        rows: How many.
    """

    rows: int


class Second(Item, frozen=True, kw_only=True):
    """A second passed: the small charts took a sample."""


class Sounds(Item, frozen=True, kw_only=True):
    """What cells show of their sound, about once a second; those that did not change are left out.

    Attributes:
        cells: Row, column, utterance, seconds received, seconds expected, seconds heard (or None), levels as one
            letter each, a to p.
    """

    cells: list[tuple[int, int, int, float, float, float | None, str]]


class Asked(Item, frozen=True, kw_only=True):
    """The whole text of an utterance, for those that the window asked for.

    Attributes:
        utterance_id: Serial number.
        characters: Length of the text.
        text: The text, or "" where texts are left out.
        voice: Voice name.
        model: Model name.
    """

    utterance_id: int
    characters: int
    text: str = ""
    voice: str = ""
    model: str = ""


class Mark(Item, frozen=True, kw_only=True):
    """A place to come back to: set by a person, or an injected fault.

    Attributes:
        text: In a few words.
        kind: ``"mark"`` or ``"fault"``.
    """

    text: str
    kind: str = "mark"


class AppFault(Item, frozen=True, kw_only=True):
    """Something in the program that recorded failed by itself: nobody caught an exception.

    Attributes:
        text: In a sentence.
        details: The traceback, or "".
    """

    text: str
    details: str = ""


class RunMark(Item, frozen=True, kw_only=True):
    """Something happened in a stress run that belongs on its time line.

    Attributes:
        kind: What it is about: a ``voxpool.stress.result.MarkKind``, or one of a newer version.
        text: In a few words.
    """

    kind: str
    text: str


class RunTick(Item, frozen=True, kw_only=True):
    """A second of a stress run: what its load asked for and what its tool cost.  The events tell the rest.

    Attributes:
        phase: Name of the phase.
        target: Utterances per second, or utterances in flight, that the load asks for.
        stalls: Stalls since the run began.
        loop_lag_ms: Largest lag of the event loop in this second.
        late_start_ms: Largest delay of a start in this second.
        cpu_percent: CPU of the process that runs it, 100 being one core.
    """

    phase: str = ""
    target: float = 0.0
    stalls: int = 0
    loop_lag_ms: float = 0.0
    late_start_ms: float = 0.0
    cpu_percent: float = 0.0


class Audio(Item, frozen=True, kw_only=True):
    """Sound of an utterance, where audio is recorded.

    Attributes:
        utterance_id: Whose.
        sample_rate_hz: Samples per second.
        start_s: Where it begins in the utterance, in seconds.
        pcm: Mono, signed 16 bit, little endian.
    """

    utterance_id: int
    sample_rate_hz: int
    start_s: float
    pcm: bytes


Recorded = Event | Item | FrameRecord
"""All that a line can say, but for the first line and keyframes."""
_ITEMS: Final = PoolBegan | PoolResized | Second | Sounds | Asked | Mark | AppFault | RunMark | RunTick | Audio
_NAMES: Final = frozenset(kind.__name__.encode() for kind in get_args(_ITEMS))
_EVENT: Final = b'{"event":"'
_ITEM: Final = b'{"item":"'
_ALIKE: Final = bytes.maketrans(b"123456789E,[- \t\n\r", b"000000000e:::::::")
"""Makes every digit 0 and all that a number can follow a colon: what is looked for is then found in no time."""
_LARGE: Final = (b":0000000000", b'0000000000"')
"""An integer of ten digits, and a key of as many."""
_EXPONENT: Final = re.compile(rb"[:,\[\s]-?\d+(?:\.\d+)?[eE]\+?\d")
_decode_item = msgspec.json.Decoder(_ITEMS).decode
_FRAME: Final = b'{"frame":'


class _FrameLine(msgspec.Struct):
    """A line with a frame."""

    frame: FrameRecord


_decode_frame = msgspec.json.Decoder(_FrameLine).decode
_encode_item = msgspec.json.Encoder().encode


def encode(what: Recorded) -> bytes:
    """Return a line."""
    if isinstance(what, Event):
        # orjson reads frozen dataclasses and enums by itself, at a tenth of what asdict costs.
        return b'{"event":"%s",%s\n' % (type(what).__name__.encode(), orjson.dumps(what)[1:])
    if isinstance(what, FrameRecord):
        return b'{"frame":%s}\n' % _encode_item(_passing(what))
    return _encode_item(what) + b"\n"


def _passing(frame: FrameRecord) -> FrameRecord:
    """Return a frame whose texts nobody keeps.

    A text beyond ASCII that is encoded holds a copy of itself in UTF-8 from then on, and there are as many as frames
    are kept.
    """
    summary, folded = frame.summary, frame.folded
    if summary.isascii() and folded.isascii():
        return frame
    return replace(frame, summary=summary[:1] + summary[1:], folded=folded[:1] + folded[1:])


def decode(line: bytes, *, plain: bool = False) -> Recorded | None:
    """Return what a line says, or None for one that this version does not know and for keyframes.

    Args:
        line: The line.
        plain: Whether ``looks_plain`` was said of it already.

    Raises:
        DamagedBlock: It is no such line, or says what cannot be.
    """
    try:
        if (not plain and not looks_plain(line)) or len(line) > _MOST_TEXT:
            check_plain({name: value for name, value in _loaded(line).items() if name != "pcm"})
        return _decode(line)
    except DamagedBlock:
        raise
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise DamagedBlock(f"a line cannot be read: {str(error)[:200]}") from error


def _decode(line: bytes) -> Recorded | None:
    # Typed from the first byte on: three times as fast as by way of plain data, and scrubbing decodes thousands.
    if line.startswith(_EVENT):
        kind = _events().get(line[len(_EVENT) : line.find(b'"', len(_EVENT))])
        if kind is not None:
            event: Event = kind.decode(line)
            check_place(getattr(event, "row", 0), getattr(event, "column", 0))
            return event
    if line.startswith(_ITEM):
        name = line[len(_ITEM) : line.find(b'"', len(_ITEM))]
        if name not in _NAMES and name.isalpha():
            # A newer version knows more kinds of items.
            return None
        item: Item = _decode_item(line)
        check_item(item)
        return item
    if line.startswith(_FRAME):
        return _decode_frame(line).frame
    return _decode_slowly(_loaded(line))


def _decode_slowly(data: dict[str, Any]) -> Recorded | None:
    if "event" in data:
        event = event_from_dict(data)
        check_place(getattr(event, "row", 0), getattr(event, "column", 0))
        return event
    if "item" in data:
        item = msgspec.convert(data, _ITEMS)
        check_item(item)
        return item
    if "frame" in data:
        if not isinstance(data["frame"], dict):
            raise DamagedBlock("a frame is not an object")
        return FrameRecord.from_dict(data["frame"])
    return None


def _loaded(line: bytes) -> dict[str, Any]:
    data = orjson.loads(line)
    if not isinstance(data, dict):
        raise DamagedBlock("a line is not an object")
    return data


@cache
def _events() -> dict[bytes, msgspec.json.Decoder[Event]]:
    """Return a decoder for each kind of event, by its name."""
    kinds = [kind for kind in Event.__subclasses__() if kind.__module__ == Event.__module__]
    return {kind.__name__.encode(): msgspec.json.Decoder(kind) for kind in kinds}


def looks_plain(text: bytes) -> bool:
    """Whether a text has no number that could be too large; nearly all have none.

    Where it says no, ``check_plain`` looks closer.
    """
    same = text.translate(_ALIKE)
    if any(large in same for large in _LARGE):
        return False
    # Ids of contexts look like exponents, too.
    return not (b"0e0" in same or b"0e+0" in same) or _EXPONENT.search(text) is None


def check_item(item: Item) -> None:
    """Refuse places that no grid has.

    Raises:
        DamagedBlock: There is one.
    """
    if isinstance(item, PoolBegan | PoolResized):
        check_place(item.rows - 1, getattr(item, "columns", 1) - 1)
    elif isinstance(item, Sounds):
        for row, column, *_ in item.cells:
            check_place(row, column)


def check_place(row: int, column: int) -> None:
    """Refuse a place that no grid has.

    Raises:
        DamagedBlock: It is one.
    """
    if not (0 <= row < MOST_ROWS and 0 <= column < MOST_COLUMNS):
        raise DamagedBlock(f"there is no place {row}, {column}")


def check_plain(value: object, depth: int = 0) -> None:
    """Refuse numbers, texts and nesting that no recording of ours has and that a window could choke on.

    Args:
        value: Plain data as JSON has it.
        depth: How deep it is nested in what is checked.

    Raises:
        DamagedBlock: There is one.
    """
    if isinstance(value, int):
        fits = -_MOST_WHOLE <= value <= _MOST_WHOLE
    elif isinstance(value, float):
        fits = isfinite(value) and abs(value) < _MOST_NUMBER
    elif isinstance(value, str):
        fits = len(value) <= _MOST_TEXT
    else:
        fits = depth < _DEEPEST
        inside: Iterable[object] = ()
        if isinstance(value, dict):
            inside = value.values()
        elif isinstance(value, list):
            inside = value
        for each in inside if fits else ():
            check_plain(each, depth + 1)
    if not fits:
        raise DamagedBlock("a number or a text is too large, or it is nested too deeply")


def check_moment(at: float) -> float:
    """Return a moment that can be one.

    Raises:
        DamagedBlock: It cannot.
    """
    if not (isfinite(at) and abs(at) < MOST_TIME):
        raise DamagedBlock("a moment is out of range")
    return at
