"""How the audio of one synthesis is cut into chunks: the sizes observed on the wire (section 7).  Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChunkSizes:
    """Sizes in samples.

    Attributes:
        first: Samples in the first chunk.
        following: Samples in each chunk after it.
        last: Samples in the chunk that ends a synthesis; 0 for no such chunk.
    """

    first: int
    following: int
    last: int

    @classmethod
    def of(cls, sample_rate_hz: int, first_s: float, following_s: float, last: int) -> ChunkSizes:
        """Return the sizes for a sample rate, from durations in seconds."""
        return cls(max(1, round(first_s * sample_rate_hz)), max(1, round(following_s * sample_rate_hz)), last)


class Chunker:
    """Cuts a stream of 16 bit samples into chunks; what came in goes out, byte for byte.

    Args:
        sizes: The sizes to cut to.
    """

    def __init__(self, sizes: ChunkSizes) -> None:
        self._sizes = sizes
        self._held: deque[memoryview] = deque()
        self._length = 0
        self._wanted = sizes.first * 2

    @property
    def held_bytes(self) -> int:
        """Bytes that have come in and not gone out."""
        return self._length

    def push(self, pcm: bytes) -> None:
        """Add samples; they are kept as they are until they are cut."""
        if pcm:
            self._held.append(memoryview(pcm))
            self._length += len(pcm)

    def take(self) -> bytes | None:
        """Return the next full chunk, None if there is none.  Enough is held back for the chunk that ends it."""
        if self._length < self._wanted + 2 * self._sizes.last + 2:
            return None
        chunk = self._cut(self._wanted)
        self._wanted = self._sizes.following * 2
        return chunk

    def finish(self) -> list[bytes]:
        """Return the remainder and the last, tiny chunk."""
        reserve = 2 * self._sizes.last
        remainder = self._length - reserve if 0 < reserve < self._length else self._length
        return [chunk for chunk in (self._cut(remainder), self._cut(self._length)) if chunk]

    def _cut(self, length: int) -> bytes:
        cut: list[memoryview] = []
        self._length -= length
        while length:
            piece = self._held.popleft()
            if len(piece) > length:
                self._held.appendleft(piece[length:])
                piece = piece[:length]
            cut.append(piece)
            length -= len(piece)
        return b"".join(cut)
