"""The player's own thread: resamples ahead of the device, stands in for it, watches it, writes recordings.

It never calls into the sound system, so nothing there can block it; it never runs in the window's thread, so a
window that is stuck starves nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from voxpool.audio.feed import DEVICE_RATE_HZ, Feed
from voxpool.audio.mixer import BLOCK_FRAMES, Mixer
from voxpool.audio.outlet import Outlet

BLOCK_S: Final = BLOCK_FRAMES / DEVICE_RATE_HZ

QUIET_S: Final = 1.0
"""A running device that asks for nothing for this long is lost; on a busy machine up to 0.06 s were measured."""

FIRST_QUIET_S: Final = 3.0
"""The same while it is new: a sink that slept fills its buffer and then needs a second or more to wake up."""

NEW_CALLBACKS: Final = 50
"""A device is new for this many callbacks, one second."""

HANG_S: Final = 2.0
"""A call into the sound system that takes longer is not waited for."""

_ACTIVE_S: Final = 0.02
_IDLE_S: Final = 0.2
_SPACING_S: Final = 0.004
"""Least time between two rounds, so that a flood of small chunks does not become a flood of rounds."""

_AHEAD_S: Final = 2 * BLOCK_S
"""How far the stand-in clock renders ahead, so that positions move evenly between two of its rounds."""

_BEHIND_S: Final = 0.5
"""A stand-in clock that is further behind (the machine slept) lets the time go instead of catching up."""

_log = logging.getLogger(__name__)


class Watched(Protocol):
    """What the pump watches: the keeper of the device."""

    busy_since: float | None

    def lose(self, outlet: Outlet, why: str) -> None:
        """Take the mixer from a device that is gone or has gone quiet."""

    def give_up_waiting(self) -> None:
        """Let time go on without the device."""


class Watchdog:
    """Tells by the number of callbacks whether the device still plays.

    Only time in which the pump itself ran is counted, in small steps: when the whole process was stopped, the device
    is not to blame.
    """

    def __init__(self, mixer: Mixer, watched: Watched) -> None:
        self._mixer = mixer
        self._watched = watched
        self._outlet: Outlet | None = None
        self._callbacks = 0
        self._quiet_s = 0.0

    def look(self, now: float, passed_s: float) -> None:
        """Check the device and the keeper's call."""
        since = self._watched.busy_since
        if since is not None and now - since > HANG_S:
            self._watched.give_up_waiting()
            return
        owner = self._mixer.owner
        if isinstance(owner, Outlet):
            self._look_at(owner, passed_s)

    def _look_at(self, outlet: Outlet, passed_s: float) -> None:
        if outlet is not self._outlet or outlet.callbacks != self._callbacks:
            self._outlet, self._callbacks, self._quiet_s = outlet, outlet.callbacks, 0.0
        else:
            self._quiet_s += min(passed_s, 2 * _IDLE_S)
        if outlet.error is not None:
            _log.error("the audio callback failed", exc_info=outlet.error)
            self._watched.lose(outlet, f"failed: {outlet.error}")
        elif outlet.ended:
            self._watched.lose(outlet, "has gone")
        elif self._quiet_s > (QUIET_S if outlet.callbacks > NEW_CALLBACKS else FIRST_QUIET_S):
            self._watched.lose(outlet, "has stopped asking for sound")


class StandIn:
    """Takes blocks in real time when there is no device, so that tracks go on and words light up.

    It is the mixer's owner for that time.
    """

    def __init__(self, mixer: Mixer) -> None:
        self._mixer = mixer
        self._due: float | None = None

    def __repr__(self) -> str:
        return "<StandIn>"

    def pull(self, now: float) -> None:
        """Render the blocks whose time has come, if it owns the mixer."""
        if self._mixer.owner is not self:
            self._due = None
            return
        if self._due is None or now - self._due > _BEHIND_S:
            self._due = now
        while self._due <= now + _AHEAD_S:
            self._mixer.render(self, self._due)
            self._due += BLOCK_S


class Pump:
    """The thread.

    Args:
        mixer: What it stands in for the device for.
        standin: The owner of the mixer while there is no device.
        feeds: Returns the feeds that are to be filled.
        tidy: Called every round: takes out what is over, writes recordings.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        mixer: Mixer,
        standin: StandIn,
        feeds: Callable[[], list[Feed]],
        tidy: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._mixer = mixer
        self._standin = standin
        self._feeds = feeds
        self._tidy = tidy
        self._clock = clock
        self._watchdog: Watchdog | None = None
        self._last = clock()
        self._closing = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voxpool-audio-pump", daemon=True)

    def start(self, watched: Watched) -> None:
        """Begin, with somebody to watch."""
        self._watchdog = Watchdog(self._mixer, watched)
        self._thread.start()

    def wake(self) -> None:
        """Start a round soon."""
        self._wake.set()

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def round(self) -> None:
        """Do everything once.  Called by the thread; a test without one calls it itself."""
        now = self._clock()
        self.feed()
        self._standin.pull(now)
        if self._watchdog is not None:
            self._watchdog.look(now, now - self._last)
        self._last = now
        self._tidy()

    def feed(self) -> None:
        """Fill the rings, a slice each in turns."""
        hungry = self._feeds()
        while hungry:
            hungry = [feed for feed in hungry if feed.pump()]

    def _run(self) -> None:
        pause = threading.Event()
        while not self._closing:
            try:
                self.round()
            except Exception:  # noqa: BLE001 - a thread has no caller: it logs, and goes on
                _log.exception("the audio pump stumbled")
            busy = self._mixer.playheads or self._mixer.tap is not None
            self._wake.wait(_ACTIVE_S if busy else _IDLE_S)
            self._wake.clear()
            pause.wait(_SPACING_S)
