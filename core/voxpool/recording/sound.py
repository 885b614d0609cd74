"""The sound of one utterance, out of a recording that was made with its audio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voxpool.events import UtteranceEnded
from voxpool.recording.items import Coming, PoolBegan
from voxpool.recording.reader import Recording

_AROUND_S: Final = 5.0
"""How far from the end of an utterance its sound is written: it has to be read to its end first."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What was heard of an utterance.

    Attributes:
        sample_rate_hz: Samples per second.
        pcm: Samples, shape (n,), int16, mono.
    """

    sample_rate_hz: int
    pcm: npt.NDArray[np.int16]


def sound_of(recording: Recording, utterance_id: int, requested_at: float) -> Sound | None:
    """Return the sound of an utterance of the window's own pool.

    It is written at once when the utterance ends, and ids count from 1 again with every new pool.  A guest's sound (a
    stress run's) is never recorded.  Reads what was recorded from the request to the end: off an event loop.

    Args:
        recording: Open; used by no other thread.
        utterance_id: Which one.
        requested_at: When it was asked for, monotonic seconds of the recording.

    Returns:
        Its sound, or None where none was recorded of it.
    """
    ended_at = _end(recording, utterance_id, requested_at)
    if ended_at is None:
        return None
    written = recording.audio(ended_at - _AROUND_S, ended_at + _AROUND_S)
    pieces = [audio for audio in written if audio.utterance_id == utterance_id]
    if not pieces:
        return None
    pcm = np.frombuffer(b"".join(piece.pcm for piece in pieces), np.dtype("<i2"))
    return Sound(pieces[0].sample_rate_hz, pcm.astype(np.int16, copy=False))


def _end(recording: Recording, utterance_id: int, since: float) -> float | None:
    """Return when the utterance ended, or None if that is not in the recording."""
    guest = False
    for item in recording.items(since):
        if isinstance(item, PoolBegan) and item.at > since:
            if item.coming is Coming.NEW:
                return None
            guest = item.coming is Coming.VISIT
        elif isinstance(item, UtteranceEnded) and item.utterance_id == utterance_id and not guest:
            return item.at
    return None
