"""One utterance that is heard."""

from __future__ import annotations

import itertools
import math
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from voxpool.audio.feed import DEVICE_RATE_HZ, Feed
from voxpool.audio.playhead import Playhead
from voxpool.errors import AudioError

LIMIT_S: Final = 1800.0
"""Seconds of audio that may wait in one track; it is kept by reference, so it costs what its owner keeps anyway."""

_RATES_HZ: Final = range(4000, 192_001)
_numbers = itertools.count(1)


def checked_gain(value: float) -> float:
    """Return a gain that can be multiplied with: one NaN would silence everything, in the device's thread.

    Raises:
        ValueError: If it is negative or not finite.
    """
    if not 0 <= value < math.inf:
        raise ValueError(f"a gain is a number from 0 up, not {value!r}")
    return float(value)


class Desk(Protocol):
    """What a track needs of the player."""

    def clock(self) -> float:
        """Return monotonic seconds."""

    def wake(self) -> None:
        """Something was written: resample it soon."""

    def balance(self) -> None:
        """A gain, a mute or a solo has changed."""


class Track:
    """One utterance in the mix.  Made by ``Player.track``; its methods never wait and may be called from any thread.

    Audio may come as fast as it likes, or slower than it sounds: it begins with the first 20 ms, and after a gap it
    resumes when 100 ms are there.  If more than ``LIMIT_S`` seconds wait, further chunks are refused and counted in
    ``refused_s``.

    Attributes:
        id: Serial number.
        sample_rate_hz: Rate of what is written.
    """

    def __init__(self, sample_rate_hz: int, gain: float, desk: Desk) -> None:
        if sample_rate_hz not in _RATES_HZ:
            raise AudioError(f"a track takes {_RATES_HZ[0]} to {_RATES_HZ[-1]} samples a second, not {sample_rate_hz}")
        self.id = next(_numbers)
        self.sample_rate_hz = sample_rate_hz
        self.feed: Final = Feed(sample_rate_hz, LIMIT_S)
        self.playhead: Final = Playhead(self.feed, checked_gain(gain))
        self._gain = checked_gain(gain)
        self._muted = False
        self._solo = False
        self._desk = desk
        self._heard_s = 0.0

    def __repr__(self) -> str:
        state = "done" if self.done else "finishing" if self.feed.finished else "open"
        return f"<Track {self.id} {state} {self.played_s:.2f}/{self.feed.added_s:.2f} s, {self.playhead.gaps} gaps>"

    # --- what sounds ----------------------------------------------------------------------------------------

    def write(self, pcm: npt.NDArray[np.int16]) -> None:
        """Add audio to its end.  After ``stop`` it is ignored: chunks that were under way still come then.

        Args:
            pcm: Samples, shape (n,), int16 mono, kept by reference: do not change them afterwards.

        Raises:
            ValueError: If the samples are not mono int16, or come after ``finish``.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise ValueError(f"a track takes int16 samples of shape (n,), not {pcm.dtype} of shape {pcm.shape}")
        if self.playhead.stopping:
            return
        if self.feed.finished:
            raise ValueError(f"track {self.id} was finished; make a new one")
        self.feed.add(pcm)
        self._desk.wake()

    def finish(self) -> None:
        """Say that nothing more comes; what was written is still played."""
        self.feed.finish()
        self._desk.wake()

    def stop(self) -> None:
        """Silence it at once, with a fade of 5 ms, and drop what was not heard.

        What the device already holds, about 0.1 s, cannot be taken back.
        """
        self.playhead.stopping = True
        self._desk.wake()

    # --- how it sounds --------------------------------------------------------------------------------------

    @property
    def gain(self) -> float:
        """Factor, 1 leaving it as it is; a change takes 20 ms and does not click.  ValueError if it is none."""
        return self._gain

    @gain.setter
    def gain(self, value: float) -> None:
        self._gain = checked_gain(value)
        self._desk.balance()

    @property
    def muted(self) -> bool:
        """Whether it goes on without being heard."""
        return self._muted

    @muted.setter
    def muted(self, on: bool) -> None:
        self._muted = on
        self._desk.balance()

    @property
    def solo(self) -> bool:
        """Whether only this track, and others with solo, are heard."""
        return self._solo

    @solo.setter
    def solo(self, on: bool) -> None:
        self._solo = on
        self._desk.balance()

    # --- where it is ----------------------------------------------------------------------------------------

    @property
    def played_s(self) -> float:
        """Seconds of its audio that have been heard, by frames and not by the clock; never goes back.

        What the device holds but has not yet sounded is not counted.
        """
        heard_s = self.playhead.position(self._desk.clock()) / DEVICE_RATE_HZ
        self._heard_s = max(self._heard_s, min(heard_s, self.feed.added_s))
        return self._heard_s

    @property
    def buffered_s(self) -> float:
        """Seconds of audio that were written and not yet handed to the device."""
        if self.playhead.over:
            return 0.0
        return max(0.0, self.feed.added_s - self.playhead.frames / DEVICE_RATE_HZ)

    @property
    def done(self) -> bool:
        """Whether it was stopped, or was finished and heard to its end."""
        head = self.playhead
        return head.stopping or (head.over and head.position(self._desk.clock()) >= head.frames)

    @property
    def gaps(self) -> int:
        """Times that its source was slower than the sound and was waited for."""
        return self.playhead.gaps

    @property
    def gap_s(self) -> float:
        """Seconds of silence in those gaps."""
        return self.playhead.gap_frames / DEVICE_RATE_HZ

    @property
    def refused_s(self) -> float:
        """Seconds of audio that were refused because too much waited."""
        return self.feed.refused / self.sample_rate_hz


class PastTracks:
    """Sums over tracks that have left the mix.

    Attributes:
        gaps: Times that one waited for its source.
        gap_s: Seconds of silence in those gaps.
        refused_s: Seconds of audio that were refused.
    """

    def __init__(self) -> None:
        self.gaps = 0
        self.gap_s = 0.0
        self.refused_s = 0.0

    def add(self, track: Track) -> None:
        """Add a track that is over."""
        self.gaps += track.gaps
        self.gap_s += track.gap_s
        self.refused_s += track.refused_s
