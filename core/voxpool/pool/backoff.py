"""How long to wait before trying again."""

from __future__ import annotations

from random import Random


def delay_s(failures: int, base_s: float, cap_s: float, random: Random) -> float:
    """Return a jittered, exponentially growing delay in seconds.

    Half of it is fixed and half is chance ("equal jitter"): never zero, so a refused service is not hammered, and
    spread, so a hundred clients do not come back together.

    Args:
        failures: Failures in a row, at least 1.
        base_s: Ceiling of the first delay.
        cap_s: Ceiling of every delay.
        random: Source of chance.
    """
    ceiling = min(cap_s, base_s * 2.0 ** min(failures - 1, 60))
    return ceiling / 2 + random.random() * ceiling / 2
