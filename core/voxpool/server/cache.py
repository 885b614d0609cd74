"""A bounded store of finished syntheses.  Pure."""

from __future__ import annotations

from collections import OrderedDict

from voxpool.server.speech import Speech, SpeechRequest

_OVERHEAD = 1024


class SpeechCache:
    """Keeps the most recently used syntheses within a bound of bytes.

    Args:
        limit_bytes: The bound; 0 keeps nothing.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._kept: OrderedDict[SpeechRequest, Speech] = OrderedDict()
        self._bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """Bytes kept, with an allowance for each entry."""
        return self._bytes

    def get(self, request: SpeechRequest) -> Speech | None:
        """Return what was kept for a request and count a hit or a miss."""
        speech = self._kept.get(request)
        if speech is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept.move_to_end(request)
        return speech

    def put(self, request: SpeechRequest, speech: Speech) -> None:
        """Keep a synthesis, letting go of the least recently used ones for it."""
        size = _size(speech)
        if size > self._limit:
            return
        old = self._kept.pop(request, None)
        if old is not None:
            self._bytes -= _size(old)
        self._kept[request] = speech
        self._bytes += size
        while self._bytes > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= _size(dropped)


def _size(speech: Speech) -> int:
    # A word with its phones is a few hundred bytes of Python objects.
    return len(speech.pcm) + _OVERHEAD + 1024 * len(speech.words)
