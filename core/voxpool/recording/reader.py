"""Opening a recording: heads at once, blocks when they are wanted, and whatever is whole of a damaged file."""

from __future__ import annotations

import bisect
import errno
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec
import orjson

from voxpool.errors import RecordingError
from voxpool.events import Event
from voxpool.frames.record import FrameRecord
from voxpool.recording.blocks import HEAD_BYTES, MAGIC, BlockHead, DamagedBlock, Kind, read_head, unpack
from voxpool.recording.items import Audio, Item, Opening, Recorded, check_moment, check_place, decode, looks_plain

_CHUNK: Final = 1024 * 1024
_LINES_KEPT: Final = 24
"""Decoded blocks that are kept: those around the moment that is looked at."""
_STATE: Final = b'{"state":'
_OPENING: Final = b'{"recording":'
_MOST_BLOCKS: Final = 2_000_000
_MOST_JUMPS: Final = 2000
"""Damaged stretches that are passed over before the rest is given up."""


class Recording:
    """A recording that is open for reading; it may still grow.

    Args:
        paths: Its files, oldest first.

    Raises:
        RecordingError: None of them can be read, or they are no recording.

    Attributes:
        opening: What it is.
        paths: Its files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._files: list[BinaryIO] = []
        self._read_to: list[int] = []
        self._problems: dict[str, None] = {}
        self._tail: tuple[int, int, int] | None = None
        self._jumps = 0
        self._events: list[BlockHead] = []
        self._frames: list[BlockHead] = []
        self._states: list[int] = []
        self._decoded: OrderedDict[tuple[int, int], tuple[list[Recorded], bool]] = OrderedDict()
        self.opening = Opening()
        try:
            for path in self.paths:
                self._add_file(path)
            self._check()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open one file, with the other files of its session if they lie beside it.

        Raises:
            RecordingError: It cannot be read, or is no recording.
        """
        stem, _, part = path.stem.rpartition(".")
        if not (stem and part.isdigit()):
            return cls([path])
        return cls(sorted(path.parent.glob(f"{_escaped(stem)}.[0-9]*{path.suffix}")) or [path])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<Recording {len(self._events)} blocks of events, {len(self._frames)} of frames, {self.duration_s:.1f} s>"
        )

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
        self._files.clear()

    # --- what is known of it -----------------------------------------------------------------------------

    @property
    def heads(self) -> Sequence[BlockHead]:
        """The heads of the blocks of events, oldest first."""
        return self._events

    @property
    def frame_heads(self) -> Sequence[BlockHead]:
        """The heads of the blocks of frames, oldest first."""
        return self._frames

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with it, in sentences; what could be read is shown nevertheless."""
        return tuple(self._problems)

    @property
    def first(self) -> float:
        """Its first moment, monotonic seconds; 0 of an empty one."""
        return self._events[0].first if self._events else self.opening.at

    @property
    def last(self) -> float:
        """Its last moment, monotonic seconds."""
        return self._events[-1].last if self._events else self.opening.at

    @property
    def duration_s(self) -> float:
        """Seconds from its first to its last moment."""
        return self.last - self.first

    def wall(self, at: float) -> float:
        """Return a moment as seconds since 1970."""
        place = max(0, bisect.bisect_right(self._events, at, key=_first) - 1)
        return at + (self._events[place].wall if self._events else self.opening.wall)

    # --- what is in it -----------------------------------------------------------------------------------

    def refresh(self) -> bool:
        """Take in what was written since; whether that was anything."""
        before = len(self._events), len(self._frames)
        for number in range(len(self._files)):
            self._hop(number)
        return before != (len(self._events), len(self._frames))

    def grow(self, paths: Sequence[Path]) -> bool:
        """Take in files that were begun since, and what was written since; whether that was anything."""
        fresh = [path for path in paths if path not in self.paths]
        self.paths += tuple(fresh)
        for path in fresh:
            self._add_file(path)
        return self.refresh() or bool(fresh)

    def keyframes_before(self, at: float) -> Iterator[tuple[int, bytes]]:
        """Yield the keyframes at or before a moment, the last one first.

        Yields:
            The number of its block, and the state as JSON; those that cannot be read are left out.
        """
        place = bisect.bisect_right(self._states, at, key=lambda number: self._events[number].first)
        for number in reversed(self._states[:place]):
            line, _, _ = self.text(self._events[number]).partition(b"\n")
            if line.startswith(_STATE):
                yield number, line[len(_STATE) : line.rfind(b',"at":')]

    def has_keyframe_in(self, number: int, at: float) -> bool:
        """Whether there is a keyframe at or before a moment, in a block of events from ``number`` on."""
        place = bisect.bisect_left(self._states, number)
        return place < len(self._states) and self._events[self._states[place]].first <= at

    def complain_of(self, number: int, why: str) -> None:
        """Note among ``problems`` what is wrong with a block of events."""
        self._complain(self._events[number], why)

    def block(self, number: int) -> tuple[list[Recorded], bool]:
        """Return the items of a block of events, and whether all of it could be read."""
        return self._lines(self._events[number])

    def number_at(self, at: float) -> int:
        """Return the number of the last block of events that begins at or before a moment; -1 for none."""
        return bisect.bisect_right(self._events, at, key=_first) - 1

    def items(self, begin: float = float("-inf"), end: float = float("inf")) -> Iterator[Event | Item]:
        """Yield events and items of a stretch, in their order."""
        for each in self._between(self._events, begin, end):
            if not isinstance(each, FrameRecord | Audio):
                yield each

    def frames(self, begin: float = float("-inf"), end: float = float("inf")) -> Iterator[FrameRecord]:
        """Yield the frames of a stretch, in their order."""
        for each in self._between(self._frames, begin, end):
            if isinstance(each, FrameRecord):
                yield each

    def audio(self, begin: float = float("-inf"), end: float = float("inf")) -> Iterator[Audio]:
        """Yield the audio of a stretch, in its order; there is none unless it was asked for."""
        for each in self._between(self._frames, begin, end):
            if isinstance(each, Audio):
                yield each

    def lines(self, head: BlockHead) -> list[Recorded]:
        """Return everything in a block but its keyframe."""
        return self._lines(head)[0]

    def _between(self, heads: Sequence[BlockHead], begin: float, end: float) -> Iterator[Recorded]:
        for head in heads:
            if head.last < begin or head.first > end:
                continue
            for each in self._lines(head)[0]:
                if begin <= each.at <= end:
                    yield each

    # --- reading -----------------------------------------------------------------------------------------

    def member(self, head: BlockHead) -> bytes:
        """Return a block as it is in the file."""
        file = self._files[head.file]
        file.seek(head.offset)
        return file.read(head.size)

    def text(self, head: BlockHead) -> bytes:
        """Return the text of a block, or nothing when it cannot be read, which ``problems`` then tells."""
        try:
            return unpack(self.member(head), head)
        except (DamagedBlock, OSError) as error:
            self._complain(head, str(error))
            return b""

    def _lines(self, head: BlockHead) -> tuple[list[Recorded], bool]:
        key = head.file, head.offset
        known = self._decoded.get(key)
        if known is not None:
            self._decoded.move_to_end(key)
            return known
        text = self.text(head)
        whole = bool(text)
        if text.startswith((_STATE, _OPENING)):
            text = text.partition(b"\n")[2]
        plain = looks_plain(text)
        items: list[Recorded] = []
        for line in text.splitlines():
            try:
                item = decode(line, plain=plain)
            except DamagedBlock as error:
                self._complain(head, str(error))
                whole = False
                continue
            if item is not None:
                items.append(item)
        self._decoded[key] = items, whole
        if len(self._decoded) > _LINES_KEPT:
            self._decoded.popitem(last=False)
        return self._decoded[key]

    def _complain(self, head: BlockHead, why: str) -> None:
        name = self.paths[head.file].name
        self._problems[f"A stretch of {name} is damaged ({why}); the rest is shown."] = None

    # --- opening -----------------------------------------------------------------------------------------

    def _add_file(self, path: Path) -> None:
        try:
            file = _open(path)
        except OSError as error:
            if len(self.paths) == 1:
                raise RecordingError(f"{path.name} cannot be opened: {error.strerror or error}") from error
            self._problems[f"{path.name} of this session cannot be opened; the rest is shown."] = None
            return
        self._files.append(file)
        self._read_to.append(0)
        number = len(self._files) - 1
        if self._files[:number] == []:
            self._read_opening(file, path)
        self._hop(number)

    def _read_opening(self, file: BinaryIO, path: Path) -> None:
        start = file.read(HEAD_BYTES)
        if not start:
            raise RecordingError(f"{path.name} is empty; nothing was recorded in it")
        head = read_head(start)
        if head is None or not head.kind & Kind.OPENING:
            return
        line = self._opening_line(head)
        if line is None:
            return
        try:
            self.opening = msgspec.convert(line, Opening)
            check_place(self.opening.rows - 1, self.opening.columns - 1)
            check_moment(self.opening.at)
            check_moment(self.opening.wall)
        except ValueError as error:
            self.opening = Opening()
            self._complain(head, f"its first line cannot be read: {str(error)[:100]}")
            return
        if self.opening.version != 1:
            raise RecordingError(
                f"{path.name} was recorded by a newer Voxgrid ({self.opening.app[:40]}); this one cannot read it"
            )

    def _opening_line(self, head: BlockHead) -> object:
        try:
            data = orjson.loads(self.text(head).partition(b"\n")[0] or b"null")
        except orjson.JSONDecodeError:
            self._complain(head, "its first line is not JSON")
            return None
        return data.get("recording") if isinstance(data, dict) else None

    def _hop(self, number: int) -> None:
        """Read the heads from where the last look ended."""
        file, offset = self._files[number], self._read_to[number]
        end = file.seek(0, 2)
        while offset < end and len(self._events) + len(self._frames) < _MOST_BLOCKS:
            file.seek(offset)
            head = read_head(file.read(HEAD_BYTES), offset, number)
            if head is None:
                self._jumps += 1
                behind = self._next_head(file, offset + 1) if self._jumps < _MOST_JUMPS else None
                if behind is None:
                    # What still grows is torn at every look: only ``check_end`` complains.
                    self._tail = number, offset, end
                    return
                name = self.paths[number].name
                self._problems[f"A stretch of {name} is damaged; the rest is shown."] = None
                offset = behind
            elif offset + head.size > end:
                # What still grows is torn at every look: only ``check_end`` complains.
                self._tail = number, offset, end
                return
            else:
                self._take(head)
                offset += head.size
            self._read_to[number] = offset

    def check_end(self) -> None:
        """Say so if the last block is torn; not for a recording that is being written."""
        if self._tail is not None:
            number, offset, end = self._tail
            name = self.paths[number].name
            self._problems[
                f"{name} ends in the middle of a block ({end - offset} bytes are lost, about a second); "
                "everything before it is shown."
            ] = None

    def _take(self, head: BlockHead) -> None:
        if head.kind & Kind.OPENING:
            return
        heads = self._frames if head.kind & Kind.FRAMES else self._events
        if heads and head.first < heads[-1].last:
            self._complain(head, "it is older than what stands before it")
            return
        if head.kind & Kind.STATE:
            self._states.append(len(self._events))
        heads.append(head)

    @staticmethod
    def _next_head(file: BinaryIO, offset: int) -> int | None:
        """Return where the next block begins, or None."""
        while True:
            file.seek(offset)
            chunk = file.read(_CHUNK + len(MAGIC))
            found = chunk.find(MAGIC)
            if found >= 0:
                return offset + found
            if len(chunk) < _CHUNK:
                return None
            offset += _CHUNK

    def _check(self) -> None:
        if not self._files:
            names = ", ".join(path.name for path in self.paths) or "no file"
            raise RecordingError(f"nothing can be read of {names}")
        if not self._events and not self._frames and not self.opening.session:
            raise RecordingError(f"{self.paths[0].name} is no recording of Voxgrid, or nothing of it can be read")


def _first(head: BlockHead) -> float:
    return head.first


def _open(path: Path) -> BinaryIO:
    """Open a file to read; a pipe would have its reader wait for ever, and every file after it."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.ESPIPE, "it is a pipe or a device")
    return path.open("rb")


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
