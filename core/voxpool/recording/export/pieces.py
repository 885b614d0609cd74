"""The stretch of a recording that is exported, without what is not to be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from voxpool.events import Event
from voxpool.frames.record import FrameRecord
from voxpool.recording.items import Audio, Item, Recorded
from voxpool.recording.reader import Recording
from voxpool.recording.writer import frame_without_text, without_text


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a recording.

    Attributes:
        recording: Of which.
        begin: Monotonic seconds of the recording.
        end: Monotonic seconds of the recording.
        texts: Whether what was spoken is told.
    """

    recording: Recording
    begin: float = float("-inf")
    end: float = float("inf")
    texts: bool = True

    @property
    def first(self) -> float:
        """The first moment of it that there is."""
        return max(self.begin, self.recording.first)

    def items(self) -> Iterator[Event | Item]:
        """Yield events and items in their order."""
        for item in self.recording.items(self.begin, self.end):
            yield item if self.texts else without_text(item)

    def frames(self) -> Iterator[FrameRecord]:
        """Yield frames in their order."""
        for frame in self.recording.frames(self.begin, self.end):
            yield frame if self.texts else frame_without_text(frame)

    def audio(self) -> Iterator[Audio]:
        """Yield audio in its order; none where nothing of what was spoken is told."""
        if self.texts:
            yield from self.recording.audio(self.begin, self.end)

    def everything(self) -> Iterator[Recorded]:
        """Yield all of it, in the order of time."""
        streams: list[Iterator[Recorded]] = [self.items(), self.frames(), self.audio()]
        return merge(*streams, key=lambda each: each.at)
