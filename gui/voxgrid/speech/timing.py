"""When chunks came and when words sound, packed: a window that runs for hours keeps hundreds of thousands of each.

Times are of single precision, which is a tenth of a millisecond after half an hour of one utterance.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar, overload

from voxpool.protocol.timestamps import TimedWord

_Item = TypeVar("_Item")


class Arrival(NamedTuple):
    """When one chunk came, and which stretch of the audio it is.

    Attributes:
        at_s: Seconds after the utterance's first audio.
        start_s: Where the chunk begins in the audio, in seconds.
        duration_s: Its length in seconds.
    """

    at_s: float
    start_s: float
    duration_s: float

    @property
    def late_s(self) -> float:
        """How long a listener who began at the first audio would have waited for it, in seconds; 0 when in time."""
        return max(0.0, self.at_s - self.start_s)


class _Packed(Sequence[_Item]):
    """What only grows, made into objects when it is read."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items = array("f")
        """The numbers of all, one item's after the other's."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self)}>"

    @overload
    def __getitem__(self, index: int) -> _Item: ...

    @overload
    def __getitem__(self, index: slice) -> list[_Item]: ...

    def __getitem__(self, index: int | slice) -> _Item | list[_Item]:
        found = range(len(self))[index]
        return self._make(found) if isinstance(found, int) else [self._make(each) for each in found]

    def __iter__(self) -> Iterator[_Item]:
        return map(self._make, range(len(self)))

    def _make(self, index: int) -> _Item:
        raise NotImplementedError


class Arrivals(_Packed[Arrival]):
    """The arrivals of one utterance's chunks, whose audio has no holes: 8 bytes each where objects took 140."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._items) // 2

    def add(self, at_s: float, end_s: float) -> None:
        """Add the newest.

        Args:
            at_s: Seconds after the first audio.
            end_s: Where the audio ends with it, in seconds.
        """
        self._items.extend((at_s, end_s))

    def _make(self, index: int) -> Arrival:
        at_s, end_s = self._items[2 * index : 2 * index + 2]
        start_s = self._items[2 * index - 1] if index else 0.0
        return Arrival(at_s, start_s, end_s - start_s)


class Words(_Packed[TimedWord]):
    """The timed words of one utterance; those that are spelled alike are kept once."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._texts)

    def extend(self, words: Iterable[TimedWord]) -> None:
        """Add the newest."""
        for word in words:
            self._texts.append(sys.intern(word.text))
            self._items.extend((word.start_s, word.end_s))

    def _make(self, index: int) -> TimedWord:
        return TimedWord(self._texts[index], *self._items[2 * index : 2 * index + 2])
