"""The audio that an utterance delivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from voxpool.protocol.timestamps import TimedWord


@dataclass(slots=True)
class AudioChunk:
    """A piece of audio as it arrived, with the words whose times arrived with it.

    It is not frozen because a frozen dataclass costs three times as much to make, and there is one per message;
    treat it as read-only (``pcm`` is a read-only view of the decoded message).

    Attributes:
        pcm: Samples, ``int16``, shape ``(n,)``, mono.  ``n`` may be 0 when only timestamps arrived.
        sample_rate_hz: Samples per second.
        start_s: Position of the first sample in the utterance, in seconds of audio.
        words: Words (or characters, as the settings ask) with times in seconds of the utterance; with the
            ``ASYNC`` transport they may describe audio of earlier chunks (protocol.md section 8).
        received_at: When the message arrived, monotonic seconds of the pool's clock.
    """

    pcm: npt.NDArray[np.int16]
    sample_rate_hz: int
    start_s: float
    words: tuple[TimedWord, ...]
    received_at: float

    @property
    def duration_s(self) -> float:
        """Length in seconds of audio."""
        return len(self.pcm) / self.sample_rate_hz

    @property
    def nbytes(self) -> int:
        """Size of the samples in bytes."""
        return int(self.pcm.nbytes)
