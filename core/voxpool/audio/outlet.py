"""One opening of a sound device, as the mixer sees it: who asks for blocks, how often, and how it went."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from voxpool.audio.mixer import BLOCK_FRAMES, Mixer
from voxpool.audio.states import DeviceInfo

_LONGEST_DELAY_S: Final = 5.0
"""A delay beyond this, or below zero, is a driver that does not know; then its latency is taken."""

_numbers = itertools.count(1)


class Outlet:
    """Fills the buffers of one opened device.  ``fill`` is the audio callback: it only renders, copies and counts.

    Args:
        mixer: Where blocks come from.
        clock: Monotonic time in seconds.

    Attributes:
        name: Of the device.
        latency_s: From the callback to the ear, as the driver reports it.
        callbacks: Buffers filled.
        underflows: Times the device ran dry before one was filled.
        busy_s: Time spent filling.
        longest_s: The longest time of one.
        ended: Whether the driver has said that it will not ask again.
        error: What went wrong in the callback, or None.
    """

    def __init__(self, mixer: Mixer, clock: Callable[[], float]) -> None:
        self.id = next(_numbers)
        self.name = ""
        self.latency_s = 0.0
        self.callbacks = 0
        self.underflows = 0
        self.busy_s = 0.0
        self.longest_s = 0.0
        self.ended = False
        self.error: Exception | None = None
        self._mixer = mixer
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Outlet {self.id} {self.name!r} {self.callbacks} callbacks, {self.underflows} underflows>"

    def fill(self, buffer: npt.NDArray[np.int16], delay_s: float, underflow: bool) -> None:
        """Fill the device's buffer.

        Args:
            buffer: Shape (frames, channels), written in place; every channel gets the same.
            delay_s: When it will be heard, in seconds from now.
            underflow: Whether the device ran dry before.
        """
        began = time.perf_counter()
        try:
            self._fill(buffer, delay_s)
        except Exception as error:  # noqa: BLE001 - there is no caller: the pump reads it, logs it and reopens
            buffer.fill(0)
            self.error = error
        self.underflows += underflow
        self.callbacks += 1
        spent = time.perf_counter() - began
        self.busy_s += spent
        self.longest_s = max(self.longest_s, spent)

    def _fill(self, buffer: npt.NDArray[np.int16], delay_s: float) -> None:
        if len(buffer) != BLOCK_FRAMES:
            raise ValueError(f"the device asked for {len(buffer)} frames and not for {BLOCK_FRAMES}")
        if not 0 <= delay_s < _LONGEST_DELAY_S:
            delay_s = self.latency_s
        block = self._mixer.render(self, self._clock() + delay_s)
        if block is None:
            buffer.fill(0)
        else:
            np.copyto(buffer, block[:, np.newaxis])

    def finished(self) -> None:
        """Note that the driver will not ask again."""
        self.ended = True


class Output(Protocol):
    """An opened device of a backend.  All calls may block, and may raise ``DeviceUnavailable``."""

    def start(self) -> None:
        """Let it ask for blocks."""

    def close(self) -> None:
        """Stop it at once and let go of it; errors of a device that is gone are none."""


class Backend(Protocol):
    """A sound system.  All calls come from one thread, may block, and may raise ``DeviceUnavailable``."""

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return the devices that were there at the last scan."""

    def rescan(self) -> None:
        """Look for devices again; only while nothing is open."""

    def open(self, name: str | None, outlet: Outlet) -> Output:
        """Open a device, or the default one, and tell the outlet its name and latency; it is not started yet."""

    def fingerprint(self) -> object:
        """Return something cheap that changes when devices come or go, or None if there is no such thing."""
