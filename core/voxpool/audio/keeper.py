"""Opens a sound device, notices when it goes, and opens it again.

Every call into the sound system is made in the keeper's own thread, because any of them may block: one that hangs
(a sound server that was stopped hangs the call that closes its stream, measured) stops the keeper and nothing else.
The pump looks on from outside and tells it, and everyone, when a device has gone quiet.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from voxpool.audio.mixer import Mixer
from voxpool.audio.outlet import Backend, Outlet, Output
from voxpool.audio.portaudio import LibraryMissing
from voxpool.audio.states import DeviceInfo, DeviceState
from voxpool.errors import DeviceUnavailable

BACKOFF_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 5.0)
"""Pauses between attempts to open a device, the last one for ever after."""

_LOOK_S: Final = 2.0
"""How often a sign of new devices is looked for while one is open."""

_STEADY_CALLBACKS: Final = 100
"""A device that played this many blocks (2 s) was a good one: the next attempt comes without a pause."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Totals:
    """Counters over all openings of devices.

    Attributes:
        openings: Devices opened.
        losses: Devices lost.
        callbacks: Buffers filled.
        underflows: Times a device ran dry.
        busy_s: Seconds spent in callbacks.
        longest_s: The longest callback.
    """

    openings: int = 0
    losses: int = 0
    callbacks: int = 0
    underflows: int = 0
    busy_s: float = 0.0
    longest_s: float = 0.0

    def add(self, outlet: Outlet) -> None:
        """Add the counters of an outlet that is not used any more."""
        self.callbacks += outlet.callbacks
        self.underflows += outlet.underflows
        self.busy_s += outlet.busy_s
        self.longest_s = max(self.longest_s, outlet.longest_s)


class Keeper:
    """Owns the device.  All methods return at once, except ``close``, and may be called from any thread.

    Args:
        backend: The sound system.
        mixer: Who gets the blocks; its owner becomes the outlet that is open.
        silence: Who owns the mixer while there is no device.
        clock: Monotonic time in seconds.
        on_state: Called when the state or the list of devices has changed, from a thread of the player.

    Attributes:
        state: Where sound goes.
        devices: What was there at the last look.
        outlet: The open device, or None.
        busy_since: When the call that the keeper is in was made, or None between calls.
    """

    def __init__(
        self,
        backend: Backend,
        mixer: Mixer,
        silence: object,
        clock: Callable[[], float],
        on_state: Callable[[DeviceState], None],
    ) -> None:
        self.state = DeviceState("none", "", "sound was not started")
        self.devices: tuple[DeviceInfo, ...] = ()
        self.outlet: Outlet | None = None
        self.busy_since: float | None = None
        self._backend = backend
        self._mixer = mixer
        self._silence = silence
        self._clock = clock
        self._on_state = on_state
        self._thread = threading.Thread(target=self._run, name="voxpool-audio-device", daemon=True)
        self._wake = threading.Event()
        self._state_lock = threading.Lock()
        self._output: Output | None = None
        self._wanted: str | None = None
        self._reopen = False
        self._look = False
        self._closing = False
        self._attempts = 0
        self._scanned = False
        self._fingerprint: object = None
        self._past = Totals()

    def __repr__(self) -> str:
        return f"<Keeper {self.state.kind} {self.state.name!r}, {self._past.openings} openings>"

    def start(self) -> None:
        """Begin to open the device."""
        self._set_state(DeviceState("none", "", "the sound device is being opened"))
        self._thread.start()

    def select(self, name: str | None) -> None:
        """Use another device, None for the system's default one."""
        self._wanted = name
        self._reopen = True
        self._wake.set()

    def look(self) -> None:
        """Look for new devices, as soon as nothing sounds: PortAudio can only do so with its streams closed."""
        self._look = True
        self._wake.set()

    def lose(self, outlet: Outlet, why: str) -> None:
        """Take the mixer from a device that is gone or has gone quiet, and have it opened again."""
        if outlet is not self.outlet:
            return
        self._mixer.owner = self._silence
        self._reopen = True
        self._past.losses += 1
        _log.warning("lost the sound device %s: %s", outlet.name, why)
        self._set_state(DeviceState("none", "", f"{outlet.name} {why}"))
        self._wake.set()

    def give_up_waiting(self) -> None:
        """Let time go on without the device: a call into the sound system does not come back."""
        if self._mixer.owner is not self._silence:
            self._mixer.owner = self._silence
            _log.warning("the sound system does not answer")
        self._set_state(DeviceState("none", "", "the sound system does not answer"))

    def close(self, timeout_s: float) -> bool:
        """Close the device; return whether that was done in time.  If not, its thread ends when the call returns."""
        self._closing = True
        self._mixer.owner = None
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def totals(self) -> Totals:
        """Return the counters, those of the open device included."""
        past = self._past
        sums = Totals(past.openings, past.losses, past.callbacks, past.underflows, past.busy_s, past.longest_s)
        if self.outlet is not None:
            sums.add(self.outlet)
        return sums

    # --- the keeper's thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            try:
                pause_s = self._step()
            except Exception as error:  # noqa: BLE001 - a thread has no caller: it logs, and tries again
                pause_s = self._stumble(error)
            self._wake.wait(pause_s)
            self._wake.clear()
        try:
            self._leave()
        except Exception:  # noqa: BLE001 - a thread has no caller
            _log.exception("the sound device could not be closed")

    def _step(self) -> float | None:
        """Do what is to be done now; return how long to wait for more, None for until woken."""
        if self.outlet is not None and not self._reopen:
            if not self._new_devices():
                return _LOOK_S
            self._mixer.owner = None
        self._leave()
        return self._open()

    def _new_devices(self) -> bool:
        """Return whether to look for devices now: there is a sign of new ones, or a request, and nothing sounds."""
        self._look |= self._backend.fingerprint() != self._fingerprint
        return self._look and not self._mixer.playheads

    def _leave(self) -> None:
        outlet, output = self.outlet, self._output
        if outlet is None or output is None:
            return
        if self._mixer.owner is outlet:
            self._mixer.owner = None
        self._attempts = 0 if outlet.callbacks >= _STEADY_CALLBACKS else self._attempts
        try:
            with self._calling():
                output.close()
        finally:
            self.outlet = self._output = None
            self._past.add(outlet)

    def _open(self) -> float | None:
        self._reopen = self._look = False
        self._fingerprint = self._backend.fingerprint()
        outlet = Outlet(self._mixer, self._clock)
        try:
            with self._calling():
                self._scan()
                why = self._start(outlet)
        except LibraryMissing as error:
            self._be_silent(error)
            return None
        except DeviceUnavailable as error:
            self._be_silent(error)
            pause_s = BACKOFF_S[min(self._attempts, len(BACKOFF_S) - 1)]
            self._attempts += 1
            return pause_s
        _log.info("sound goes to %s, latency %.0f ms", outlet.name, outlet.latency_s * 1000)
        self._set_state(DeviceState("device", outlet.name, why), news=True)
        return _LOOK_S

    def _scan(self) -> None:
        if self._scanned:
            self._backend.rescan()
        self.devices = self._backend.devices()
        self._scanned = True

    def _start(self, outlet: Outlet) -> str:
        """Open and start the wanted device, or else the default one; return why it is not the wanted one."""
        wanted, why = self._wanted, ""
        try:
            output = self._backend.open(wanted, outlet)
        except DeviceUnavailable as error:
            if wanted is None:
                raise
            output, why = self._backend.open(None, outlet), str(error)
        self.outlet, self._output = outlet, output
        # Before the start, so that the first buffers are not silence; after it, because the start may have hung.
        self._mixer.owner = outlet
        try:
            output.start()
        except DeviceUnavailable:
            self._leave()
            raise
        self._mixer.owner = outlet
        self._past.openings += 1
        return why

    def _be_silent(self, error: DeviceUnavailable) -> None:
        self._mixer.owner = self._silence
        if error.why != self.state.why:
            _log.info("no sound: %s", error)
        self._set_state(DeviceState("none", "", error.why))

    def _stumble(self, error: Exception) -> float:
        """Take a surprise for the loss of the device; return how long to wait before trying again."""
        _log.error("the sound device could not be managed", exc_info=error)
        self._reopen = True
        self._be_silent(DeviceUnavailable(self._wanted, f"{type(error).__name__}: {error}"))
        return BACKOFF_S[-1]

    @contextlib.contextmanager
    def _calling(self) -> Iterator[None]:
        """Note for the pump that a call into the sound system is under way."""
        before, self.busy_since = self.busy_since, self._clock()
        try:
            yield
        finally:
            self.busy_since = before

    def _set_state(self, state: DeviceState, news: bool = False) -> None:
        with self._state_lock:
            changed = state != self.state
            self.state = state
        if changed or news:
            self._on_state(state)
