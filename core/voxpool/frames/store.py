"""The newest frames of one pool, found again by serial number, context, connection and time.  Bounded in memory.

Its ``tap`` is called for every message between two reads of a socket, so it does the least that is needed: audio is
cut out unparsed, plain chunks are known again, and everything else waits until somebody looks.
"""

from __future__ import annotations

import logging
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from voxpool.frames.folding import AudioFormat, Folded, Folder, audio_bytes, describe_audio
from voxpool.frames.record import AUDIO_MARK, FrameKind, FrameRecord
from voxpool.frames.secrets import Scrub
from voxpool.scrub import scrub

_logger = logging.getLogger(__name__)

FRAMES_MOST: Final = 50_000
"""Frames kept: the last minute of a hundred contexts that speak at once, hours of a person who tries something."""
TEXT_MOST: Final = 128 * 1024 * 1024
"""Bytes that frames without their audio may take; the equal texts of a context's plain chunks count once."""
AUDIO_MOST: Final = 48 * 1024 * 1024
"""Characters of base64 kept for the newest frames, so that they can be shown whole."""

_AUDIO_SLOT: Final = f'"{AUDIO_MARK}"'
_NO_FORMAT: Final = AudioFormat()
_CHARGE: Final = 450
"""Bytes that a frame takes besides its text (measured): record, numbers, summary, and its places in the indexes."""

Listener = Callable[[FrameRecord, str], None]
"""Called with each record and its audio as base64 ("" without any); must be quick."""


@dataclass(slots=True)
class _Context:
    """What is remembered of one context while frames of it are kept."""

    format: AudioFormat = _NO_FORMAT
    last_in: float | None = None
    last_out: float | None = None
    serials: deque[int] = field(default_factory=deque)

    def gap_ms(self, at: float, *, inbound: bool) -> float | None:
        """Return the time since the frame before, and remember this one."""
        if inbound:
            before, self.last_in = self.last_in, at
        else:
            before, self.last_out = self.last_out, at
        return None if before is None else (at - before) * 1000


class FrameStore:
    """Keeps frames; the oldest go first.

    Args:
        frames_most: Frames kept.
        text_most: Bytes that folded frames may take.
        audio_most: Characters of base64 kept.

    Attributes:
        seen: Frames that came since it was made, of all pools.
        forgotten: Frames of this pool that were let go.
        began_at: When the first frame of this pool came, monotonic seconds; 0 before it.
    """

    def __init__(
        self, frames_most: int = FRAMES_MOST, text_most: int = TEXT_MOST, audio_most: int = AUDIO_MOST
    ) -> None:
        self._frames_most = frames_most
        self._text_most = text_most
        self._audio_most = audio_most
        self._folder = Folder()
        self._listeners: list[Listener] = []
        self._utterances: dict[str, int] = {}
        self.seen = 0
        self._forget_all()

    def _forget_all(self) -> None:
        self._records: deque[FrameRecord] = deque()
        self._ring: dict[int, FrameRecord] = {}
        self._charges: deque[int] = deque()
        self._text = 0
        self._audio: OrderedDict[int, str] = OrderedDict()
        self._audio_held = 0
        self._contexts: dict[tuple[int, str], _Context] = {}
        self._by_name: dict[str, list[_Context]] = {}
        self._connections: dict[int, deque[int]] = {}
        self._utterances.clear()
        self.forgotten = 0
        self.began_at = 0.0

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[FrameRecord]:
        return iter(self._records)

    def __repr__(self) -> str:
        return (
            f"<FrameStore {len(self)} frames of {self.seen}, {self._text / 1e6:.1f} MB folded, "
            f"{self._audio_held / 1e6:.1f} MB of audio>"
        )

    # -- taking in -------------------------------------------------------------------------------------------

    def begin(self, scrub: Scrub = scrub) -> None:
        """Forget everything: another pool follows, whose connections count from 1 again.  Serials go on.

        Args:
            scrub: Takes out the credential of that pool's endpoint.
        """
        self._folder = Folder(scrub)
        self._forget_all()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hand on every frame from now on.

        Args:
            listener: Called for each; one that raises is logged and not called again.

        Returns:
            Call it to end that.
        """
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def tap(self, connection_id: int, direction: str, frame: str, at: float) -> None:
        """Take in a frame: this is ``Pool.frame_tap``.  Raises nothing."""
        inbound = direction == "in"
        folded, content = self._folder.fold(frame, inbound=inbound)
        self.seen += 1
        context = self._context(connection_id, folded.context_id)
        if folded.format is not None and not inbound:
            context.format = folded.format
        size, audio_ms, summary = 0, 0.0, folded.summary
        if content:
            size = audio_bytes(content)
            audio_ms = context.format.duration_ms(size, content)
            summary = describe_audio(context.format, audio_ms, size, summary)
        record = FrameRecord(
            self.seen,
            at,
            connection_id,
            "in" if inbound else "out",
            folded.kind,
            folded.context_id,
            len(frame),
            folded.code,
            summary,
            folded.text,
            size,
            audio_ms,
            context.gap_ms(at, inbound=inbound),
            folded.cut,
        )
        self._keep(record, context, folded)
        if content:
            self._keep_audio(record.serial, content)
        if self._listeners:
            self._hand_on(record, content)

    def add(self, record: FrameRecord) -> None:
        """Take in a record that was made elsewhere, as a recording's are; it is given a serial of this store."""
        self.seen += 1
        kept = FrameRecord(self.seen, *(getattr(record, name) for name in FrameRecord.__struct_fields__[1:]))
        self._keep(kept, self._context(kept.connection_id, kept.context_id), None)

    def name_context(self, context_id: str, utterance_id: int) -> None:
        """Say whose a context is, so that frames are found by utterance."""
        self._utterances[context_id] = utterance_id
        while len(self._utterances) > self._frames_most:
            del self._utterances[next(iter(self._utterances))]

    def _context(self, connection_id: int, context_id: str) -> _Context:
        key = (connection_id, context_id)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = _Context()
            self._by_name.setdefault(context_id, []).append(context)
        return context

    def _keep(self, record: FrameRecord, context: _Context, folded: Folded | None) -> None:
        serial = record.serial
        if not self._records and not self.forgotten:
            self.began_at = record.at
        # The text of a plain chunk is the very object that the folder keeps: it costs nothing more.
        # Not its length: with one letter beyond Latin in it a text takes two bytes for every character.
        charge = _CHARGE if folded is not None and folded.plain else _CHARGE + sys.getsizeof(record.folded)
        self._records.append(record)
        self._ring[serial] = record
        self._charges.append(charge)
        self._text += charge
        context.serials.append(serial)
        connection = self._connections.get(record.connection_id)
        if connection is None:
            connection = self._connections[record.connection_id] = deque()
        connection.append(serial)
        while len(self._records) > self._frames_most or (self._text > self._text_most and len(self._records) > 1):
            self._drop_oldest()

    def _keep_audio(self, serial: int, content: str) -> None:
        self._audio[serial] = content
        self._audio_held += len(content)
        while self._audio_held > self._audio_most:
            self._audio_held -= len(self._audio.popitem(last=False)[1])

    def _drop_oldest(self) -> None:
        record = self._records.popleft()
        serial, context_id = record.serial, record.context_id
        del self._ring[serial]
        self._text -= self._charges.popleft()
        self._audio_held -= len(self._audio.pop(serial, ""))
        self.forgotten += 1
        connection = self._connections[record.connection_id]
        connection.popleft()
        if not connection:
            del self._connections[record.connection_id]
        context = self._contexts[record.connection_id, context_id]
        context.serials.popleft()
        if not context.serials:
            del self._contexts[record.connection_id, context_id]
            others = self._by_name[context_id]
            others.remove(context)
            if not others:
                del self._by_name[context_id]

    def _hand_on(self, record: FrameRecord, content: str) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(record, content)
            except Exception:
                # Whatever a consumer does wrong, the connection that is being read must not feel it.
                _logger.exception("a consumer of frames failed and gets no more of them")
                self._listeners.remove(listener)

    # -- finding ---------------------------------------------------------------------------------------------

    @property
    def first(self) -> int:
        """Serial of the oldest frame kept; ``next`` when there is none."""
        return self._records[0].serial if self._records else self.next

    @property
    def next(self) -> int:
        """Serial that the next frame will have."""
        return self.seen + 1

    def holds(self, at: float) -> bool:
        """Whether a moment, in monotonic seconds, is one that frames are still kept of."""
        return bool(self._records) and self._records[0].at <= at

    def get(self, serial: int) -> FrameRecord | None:
        """Return a frame, or None when it is not kept (any more)."""
        return self._ring.get(serial)

    def utterance_of(self, context_id: str) -> int:
        """Return whose a context is, or 0 when that was never said."""
        return self._utterances.get(context_id, 0)

    def of_connection(self, connection_id: int) -> Sequence[int]:
        """Return the serials of a connection's frames, oldest first."""
        return tuple(self._connections.get(connection_id, ()))

    def of_context(self, context_id: str) -> Sequence[int]:
        """Return the serials of a context's frames, oldest first."""
        found = self._by_name.get(context_id, ())
        return tuple(sorted(serial for context in found for serial in context.serials))

    def between(self, start: float, end: float) -> tuple[FrameRecord, ...]:
        """Return the frames of a stretch of time, both ends included, oldest first.

        Args:
            start: Monotonic seconds.
            end: Monotonic seconds.
        """
        low = self._serial_at(start)
        found = []
        for serial in range(low, self.next):
            record = self._ring[serial]
            if record.at > end:
                break
            found.append(record)
        return tuple(found)

    def around(
        self,
        at: float,
        before: int = 8,
        after: int = 4,
        *,
        connection_id: int | None = None,
        context_id: str | None = None,
    ) -> tuple[FrameRecord, ...]:
        """Return the last frames up to a moment and the first ones after it: what surrounds an error.

        Args:
            at: Monotonic seconds.
            before: Most frames at or before ``at``.
            after: Most frames behind it.
            connection_id: Only of this connection.
            context_id: Only of this context, and what the service says about its connection as a whole.
        """
        if connection_id is not None:
            serials: Sequence[int] = self.of_connection(connection_id)
        elif context_id is not None:
            serials = self.of_context(context_id)
        else:
            serials = range(self.first, self.next)
        if connection_id is not None and context_id is not None:
            serials = [serial for serial in serials if self._ring[serial].context_id in (context_id, "")]
        low, high = 0, len(serials)
        while low < high:
            middle = (low + high) // 2
            if self._ring[serials[middle]].at <= at:
                low = middle + 1
            else:
                high = middle
        return tuple(self._ring[serial] for serial in serials[max(0, low - before) : low + after])

    def audio(self, serial: int) -> str:
        """Return a frame's audio as base64, or "" when it had none or it is not kept any more."""
        return self._audio.get(serial, "")

    def whole(self, serial: int) -> str | None:
        """Return a frame as it went over the wire, without secrets; None when some of it is not kept any more."""
        record = self.get(serial)
        if record is None or record.cut:
            return None
        if not record.audio_bytes:
            return record.folded
        content = self.audio(serial)
        if not content or record.kind is not FrameKind.AUDIO:
            return None
        return record.folded.replace(_AUDIO_SLOT, f'"{self._folder.scrub(content)}"', 1)

    def _serial_at(self, at: float) -> int:
        """Return the first serial at or after a moment."""
        low, high = self.first, self.next
        while low < high:
            middle = (low + high) // 2
            if self._ring[middle].at < at:
                low = middle + 1
            else:
                high = middle
        return low
