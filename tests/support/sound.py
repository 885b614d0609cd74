"""Audio to play and to compare."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000

Pcm = npt.NDArray[np.int16]


def until(
    true: Callable[[], bool], seconds: float = 15.0, why: Callable[[], str] = lambda: "it did not happen"
) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, why()
        time.sleep(0.005)


def silence(seconds: float, rate_hz: int = RATE_HZ) -> Pcm:
    """Return silence, shape (n,), int16."""
    return np.zeros(round(seconds * rate_hz), np.int16)


def noise(seconds: float, rate_hz: int = RATE_HZ, seed: int = 1) -> Pcm:
    """Return white noise over the whole range of int16, shape (n,): a change of any sample is seen."""
    return np.random.default_rng(seed).integers(-32768, 32768, round(seconds * rate_hz)).astype(np.int16)


def sine(seconds: float, rate_hz: int = RATE_HZ, hertz: float = 440.0, level: float = 0.3) -> Pcm:
    """Return a tone, shape (n,), int16."""
    moments = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.rint(np.sin(2 * np.pi * hertz * moments) * level * 32767).astype(np.int16)


def offset_of(wanted: Pcm, recorded: Pcm) -> int:
    """Return where the wanted samples begin in the recording, by cross-correlation."""
    size = 1 << (len(wanted) + len(recorded)).bit_length()
    spectrum = np.fft.rfft(recorded.astype(float), size) * np.conj(np.fft.rfft(wanted.astype(float), size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[: len(recorded)]))


def differing(wanted: Pcm, recorded: Pcm) -> int:
    """Return how many of the wanted samples are not in the recording, at the place where it fits best."""
    there = recorded[offset_of(wanted, recorded) :][: len(wanted)]
    return int(np.count_nonzero(there != wanted[: len(there)])) + len(wanted) - len(there)
