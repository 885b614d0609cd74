"""How the audio of one synthesis is cut into chunks: the sizes observed on the wire (section 7).  Pure."""

from __future__ import annotations

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
        self._held = bytearray()
        self._wanted = sizes.first * 2

    def push(self, pcm: bytes) -> list[bytes]:
        """Add samples and return the chunks that are full.  Enough is held back for the chunk that ends it."""
        self._held += pcm
        full: list[bytes] = []
        position = 0
        reserve = self._sizes.last * 2
        while len(self._held) - position >= self._wanted + reserve + 2:
            full.append(bytes(self._held[position : position + self._wanted]))
            position += self._wanted
            self._wanted = self._sizes.following * 2
        del self._held[:position]
        return full

    def finish(self) -> list[bytes]:
        """Return the remainder and the last, tiny chunk."""
        reserve = self._sizes.last * 2
        cut = len(self._held) - reserve if 0 < reserve < len(self._held) else len(self._held)
        rest = [bytes(self._held[:cut]), bytes(self._held[cut:])]
        self._held.clear()
        return [chunk for chunk in rest if chunk]
