"""Writing a recording: blocks into files, files into a folder that stays within its bounds."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from voxpool import private
from voxpool.errors import RecordingError
from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionState,
    Event,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceQueued,
    UtteranceRetried,
)
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.recording.blocks import BlockHead, Kind, pack
from voxpool.recording.hiding import Hide, hide
from voxpool.recording.items import (
    AppFault,
    Asked,
    Audio,
    Item,
    Mark,
    Opening,
    PoolBegan,
    PoolResized,
    Recorded,
    encode,
)

SUFFIX: Final = ".vxr"
"""What a recording's file is called."""
_sessions = count(1)
_LEFT_OUT: Final = re.compile(r"\((\d{1,9}) characters\)")
_WISHED: Final = frozenset(
    {CloseReason.IDLE, CloseReason.LIFETIME, CloseReason.DRAINED, CloseReason.RESIZED, CloseReason.POOL_CLOSED, None}
)
"""Why connections are closed without anything being wrong."""
_TELLING: Final = frozenset({FrameKind.TEXT, FrameKind.TIMES, FrameKind.AUDIO, FrameKind.OTHER, FrameKind.BROKEN})
_AUDIO: Final = b'{"item":"Audio"'
_BLOCK_BYTES: Final = 512 * 1024
"""Text after which a block ends before its time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, and how finely.

    Attributes:
        block_s: Seconds in a block: what a crash may cost.
        keyframe_s: Seconds from keyframe to keyframe.
        file_bytes: Size after which the next file is begun.
        folder_bytes: Most of all recordings together; the oldest files go first.
        age_s: Oldest file kept, in seconds.
        free_bytes: Room that is left on the disk in any case.
    """

    block_s: float = 1.0
    keyframe_s: float = 5.0
    file_bytes: int = 32 * 1024 * 1024
    folder_bytes: int = 512 * 1024 * 1024
    age_s: float = 7 * 86_400.0
    free_bytes: int = 512 * 1024 * 1024


class State(Protocol):
    """The whole state, kept up to date: what keyframes are taken of."""

    def fold(self, what: Event | Item) -> None:
        """Take in what happened."""

    def snapshot(self) -> bytes:
        """Return the state as JSON."""


@dataclass(slots=True)
class _Block:
    """A block in the making."""

    kind: Kind
    first: float
    last: float
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    items: int = 0
    errors: int = 0
    marks: int = 0

    def add(self, line: bytes, at: float) -> None:
        self.lines.append(line)
        self.size += len(line)
        self.last = max(self.last, at)


class RecordingWriter:
    """Writes what happened into files of a folder, in blocks.

    Args:
        folder: Where; made if it is not there.
        session: Name of the session, without anything that a file's name cannot have.
        state: Folds what is written, for keyframes.
        opening: What the recording is; its part and its moment are set for each file.
        limits: How much is kept.
        known: Take out credentials that are known.
        now: Seconds since 1970.
        clock: Monotonic seconds; the clock that stamps what is recorded.
        breathe: Called again and again during longer work, for a thread that must let others go first.

    Attributes:
        files: Written so far and still there, oldest first.
    """

    def __init__(
        self,
        folder: Path,
        session: str,
        state: State,
        opening: Opening,
        limits: Limits | None = None,
        known: Callable[[], Iterable[Hide]] = tuple,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        breathe: Callable[[], None] | None = None,
    ) -> None:
        self._folder = folder
        self._session = session
        self._state = state
        self._opening = opening
        self._limits = limits or Limits()
        self._known = known
        self._now = now
        self._monotonic = clock
        self._breathe = breathe
        self._file: BinaryIO | None = None
        self._written = 0
        self._part = 0
        self._clock = float("-inf")
        self._keyframe_at = float("-inf")
        self._events: _Block | None = None
        self._frames: _Block | None = None
        self.files: list[Path] = []

    def __repr__(self) -> str:
        return f"<RecordingWriter {self._session} part {self._part}, {self._written} bytes in it>"

    def write(self, what: Recorded) -> None:
        """Take in one item; it is on the disk when its block is over.

        Raises:
            OSError: Nothing can be written.
            RecordingError: The disk is nearly full.
        """
        self._clock = max(self._clock, what.at)
        frames = isinstance(what, FrameRecord | Audio)
        block = self._frames if frames else self._events
        if block is not None and self._is_full(block):
            self._finish()
            block = None
        if block is None:
            block = self._begin(Kind.FRAMES if frames else Kind.EVENTS)
        block.items += 1
        if isinstance(what, FrameRecord):
            what = _shortened_frame(what, texts=self._opening.texts)
        else:
            what = what if self._opening.texts else without_text(what)
            block.errors += is_error(what)
            block.marks += isinstance(what, Mark)
            if isinstance(what, PoolBegan | PoolResized):
                self._follow_pool(what)
            # What is written is what is folded: a keyframe must not tell what the lines keep to themselves.
            self._state.fold(what)
        block.add(encode(what), self._clock)

    def tick(self, at: float) -> None:
        """Let time pass: finish blocks that have lasted long enough.

        Args:
            at: Monotonic seconds of the recording.
        """
        for block in (self._events, self._frames):
            if block is not None and at - block.first >= self._limits.block_s:
                self._finish()
                return

    def flush(self) -> None:
        """Put everything so far on the disk."""
        self._finish()

    def close(self) -> None:
        """Finish the last block and the file."""
        try:
            self._finish()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file without writing anything more."""
        self._events = self._frames = None
        file, self._file = self._file, None
        if file is not None:
            file.close()

    # --- inside ------------------------------------------------------------------------------------------

    def _is_full(self, block: _Block) -> bool:
        return self._clock - block.first >= self._limits.block_s or block.size >= _BLOCK_BYTES

    def _begin(self, kind: Kind) -> _Block:
        if self._file is None or self._written >= self._limits.file_bytes:
            self._next_file()
        block = _Block(kind, self._clock, self._clock)
        if kind is Kind.FRAMES:
            self._frames = block
            return block
        self._events = block
        if self._clock - self._keyframe_at >= self._limits.keyframe_s:
            self._keyframe_at = self._clock
            block.kind |= Kind.STATE
            block.add(b'{"state":%s,"at":%r}\n' % (self._state.snapshot(), self._clock), self._clock)
        return block

    def _finish(self) -> None:
        for block in (self._events, self._frames):
            if block is not None:
                self._put(block)
        self._events = self._frames = None

    def _put(self, block: _Block) -> None:
        # Audio is no text: a look for credentials would only spoil it.
        audio = [line for line in block.lines if line.startswith(_AUDIO)]
        lines = [line for line in block.lines if not line.startswith(_AUDIO)] if audio else block.lines
        text = hide(b"".join(lines).decode(), self._known(), self._breathe).encode() + b"".join(audio)
        wall = self._now() - self._monotonic()
        self._append(pack(text, BlockHead(
            block.first, block.last, wall, block.kind, block.items, block.errors, block.marks
        )))  # fmt: skip

    def _append(self, member: bytes) -> None:
        if self._file is None:
            self._next_file()
        assert self._file is not None  # noqa: S101 - just opened
        self._file.write(member)
        self._file.flush()
        self._written += len(member)

    def _next_file(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
        private.make_folder(self._folder)
        self._make_room()
        self._part += 1
        path = self._folder / f"{self._session}.{self._part:04}{SUFFIX}"
        self._file = private.new_file(path)
        self.files.append(path)
        self._written = 0
        self._keyframe_at = float("-inf")
        at = max(self._clock, -1e9)
        opening = msgspec.structs.replace(self._opening, part=self._part, at=at, wall=self._now() - self._monotonic())
        line = b'{"recording":%s}\n' % msgspec.json.encode(opening)
        line = hide(line.decode(), self._known()).encode()
        self._append(pack(line, BlockHead(at, at, opening.wall, Kind.OPENING)))

    def _make_room(self) -> None:
        limits = self._limits
        kept = _kept(self._folder)
        total, room = sum(size for _, size, _ in kept), limits.folder_bytes - limits.file_bytes
        for changed, size, path in kept:
            if self._now() - changed <= limits.age_s and total <= room:
                break
            try:
                path.unlink(missing_ok=True)
            except PermissionError:  # Windows keeps what somebody looks into; it goes next time
                continue
            total -= size
            if path in self.files:
                self.files.remove(path)
        if shutil.disk_usage(self._folder).free < limits.free_bytes:
            raise RecordingError(
                f"the disk with {self._folder} is nearly full, so this session is not recorded any further"
            )

    def _follow_pool(self, what: PoolBegan | PoolResized) -> None:
        columns = what.columns if isinstance(what, PoolBegan) else self._opening.columns
        self._opening = msgspec.structs.replace(self._opening, rows=what.rows, columns=columns)


def _kept(folder: Path) -> list[tuple[float, int, Path]]:
    """Return when each recording of a folder was last written, its size and its place, oldest first."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            facts = path.stat()
        except FileNotFoundError:  # another window made room meanwhile
            continue
        found.append((facts.st_mtime, facts.st_size, path))
    return sorted(found)


_FAULT_LEFT_OUT: Final = "Something in Voxgrid itself failed unexpectedly (its words were left out)"


def is_error(what: Event | Item) -> bool:
    """Whether an item tells of a failure: of an utterance, a context or a connection."""
    match what:
        case UtteranceRetried():
            return True
        case UtteranceEnded():
            return what.outcome is Outcome.FAILED
        case SlotChanged():
            return what.new in (SlotState.FAILED, SlotState.ZOMBIE)
        case ConnectionChanged():
            return what.new is ConnectionState.CLOSED and what.reason not in _WISHED
        case AppFault():
            return True
        case _:
            return False


def without_text(what: Event | Item) -> Event | Item:
    """Return an item without what was spoken; how long it was stays."""
    if isinstance(what, UtteranceQueued):
        return replace(what, label=left_out(len(what.label)))
    if isinstance(what, Asked):
        return msgspec.structs.replace(what, text="")
    if isinstance(what, AppFault):
        # An exception may quote what it failed on.
        return msgspec.structs.replace(what, text=_FAULT_LEFT_OUT, details="")
    return what


def left_out(characters: int) -> str:
    """Return what stands in a text's place."""
    return f"({characters} characters)"


def left_out_characters(label: str) -> int | None:
    """Return how long the text was that ``left_out`` stands for, or None where it does not."""
    found = _LEFT_OUT.fullmatch(label)
    return int(found[1]) if found else None


def _shortened_frame(frame: FrameRecord, *, texts: bool) -> FrameRecord:
    """Drop the envelope of audio, which says nothing, and texts where they are left out."""
    plain_audio = frame.kind is FrameKind.AUDIO and frame.code is None and "imestamp" not in frame.folded
    if plain_audio:
        return msgspec.structs.replace(frame, folded="")
    return frame if texts else frame_without_text(frame)


def frame_without_text(frame: FrameRecord) -> FrameRecord:
    """Return a frame without what was spoken; what kind it was and how large stays."""
    if frame.kind in _TELLING:
        return msgspec.structs.replace(frame, folded="", summary=frame.kind.value)
    return frame


def session_name(wall: float) -> str:
    """Return a name for a session: when it began, and by which process."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(wall))}-{os.getpid()}-{next(_sessions)}"
