"""When each chunk of a context may leave.  Pure; time and randomness are arguments."""

from __future__ import annotations

import random
from dataclasses import replace

from voxpool.server.config import TimingProfile


class Pacer:
    """The delivery schedule of one context.

    Syntheses that follow each other without a gap are one stream: only the first of them waits for first audio, so
    a delivery rate of 1.0 is steady real time across them.  The schedule is absolute: a late chunk does not make
    the ones behind it late.

    Args:
        profile: When audio leaves the server.
        rng: Source of the context's own randomness.
    """

    def __init__(self, profile: TimingProfile, rng: random.Random) -> None:
        self._profile = profile
        self._rng = rng
        self._origin: float | None = None
        self._sent_s = 0.0

    def begin(self, now: float, *, continues: bool) -> None:
        """Note that a synthesis begins.

        Args:
            now: The time in seconds.
            continues: Whether its text was waiting already when the previous synthesis ended.
        """
        if continues and self._origin is not None:
            return
        self._origin = now + self._first_audio_s()
        self._sent_s = 0.0

    def due(self, duration_s: float) -> float | None:
        """Return when the next chunk, of this duration, may leave; None for at once."""
        if self._origin is None or self._profile == _AT_ONCE:
            return None
        due = self._origin
        if self._profile.delivery_rate:
            due += self._sent_s / self._profile.delivery_rate
        self._sent_s += duration_s
        return due + (self._rng.uniform(0, self._profile.jitter_s) if self._profile.jitter_s else 0.0)

    def change_rate(self, rate: float, now: float) -> None:
        """Go on at another rate from here; 0 is as fast as possible."""
        self._profile = replace(self._profile, delivery_rate=rate)
        self._origin = now
        self._sent_s = 0.0

    def _first_audio_s(self) -> float:
        median, spread = self._profile.first_audio_s, self._profile.first_audio_spread
        return median * self._rng.lognormvariate(0.0, spread) if spread else median


_AT_ONCE = TimingProfile()
