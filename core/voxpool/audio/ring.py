"""A ring of samples between one writing and one reading thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class Ring:
    """A ring of samples, one producer and one consumer, without a lock.

    Each side moves a counter of its own, which the other only reads; a counter is moved after the samples were
    copied, so what lies between the counters is always whole.  Reading copies into the caller's buffer: nothing is
    allocated but views.

    Args:
        capacity: Samples it holds, above 0.
        dtype: Of the samples.
    """

    def __init__(self, capacity: int, dtype: npt.DTypeLike = np.float32) -> None:
        self._samples: npt.NDArray[Any] = np.zeros(capacity, dtype)
        self._capacity = capacity
        self._written = 0
        self._read = 0

    def __repr__(self) -> str:
        return f"<Ring {self.filled}/{self._capacity}>"

    @property
    def filled(self) -> int:
        """Samples that wait to be read."""
        return self._written - self._read

    @property
    def free(self) -> int:
        """Samples that can be written."""
        return self._capacity - self.filled

    def write(self, samples: npt.NDArray[Any]) -> int:
        """Take in samples, shape (n,), as many as fit; return how many."""
        count = min(len(samples), self.free)
        start = self._written % self._capacity
        first = min(count, self._capacity - start)
        self._samples[start : start + first] = samples[:first]
        self._samples[: count - first] = samples[first:count]
        self._written += count
        return count

    def read_into(self, out: npt.NDArray[Any]) -> int:
        """Move samples into ``out``, shape (n,), as many as there are; return how many.  The rest of it stays."""
        count = min(len(out), self.filled)
        start = self._read % self._capacity
        first = min(count, self._capacity - start)
        out[:first] = self._samples[start : start + first]
        out[first:count] = self._samples[: count - first]
        self._read += count
        return count
