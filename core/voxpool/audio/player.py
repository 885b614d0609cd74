"""What the rest of the program hears through.

::

    player = Player()
    player.start()
    track = player.track(24_000)
    track.write(pcm)            # as often as audio comes, as fast as it comes
    track.finish()
    ...
    player.close()

Nothing here waits for the sound system, whatever that does: with no device, no sound library, or a sound server that
hangs, tracks go on in real time without being heard, ``state`` says why, and sound comes back with its cause.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from voxpool.audio.feed import DEVICE_RATE_HZ, Feed
from voxpool.audio.keeper import Keeper
from voxpool.audio.mixer import Mixer
from voxpool.audio.outlet import Backend
from voxpool.audio.portaudio import PortAudio
from voxpool.audio.pump import Pump, StandIn
from voxpool.audio.recorder import Recorder
from voxpool.audio.states import DeviceInfo, DeviceState, PlayerStats
from voxpool.audio.track import PastTracks, Track, checked_gain
from voxpool.errors import AudioError

__all__ = ["DeviceInfo", "DeviceState", "Player", "PlayerStats", "Track"]

_CLOSE_S: Final = 0.7
"""How long closing waits for the sound system."""

_log = logging.getLogger(__name__)


class Player:
    """Mixes tracks and plays them through one output stream at 48 kHz.

    Making one does no I/O.  ``start`` returns at once; the device is opened by a thread of the player.  Methods and
    properties may be used from any thread and do not wait, except ``close`` (under a second) and ``stop_recording``.

    Args:
        backend: The sound system; by default PortAudio.
        clock: Monotonic time in seconds.

    Attributes:
        on_state: Called with the new ``DeviceState`` when the state or the list of devices has changed, from a thread
            of the player, or None.
    """

    def __init__(self, *, backend: Backend | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_state: Callable[[DeviceState], None] | None = None
        self.clock = clock
        self._mixer = Mixer()
        self._standin = StandIn(self._mixer)
        self._pump = Pump(self._mixer, self._standin, self._feeds, self._tidy, clock)
        self._keeper = Keeper(
            backend if backend is not None else PortAudio(), self._mixer, self._standin, clock, self._tell
        )
        self._lock = threading.Lock()
        self._tracks: tuple[Track, ...] = ()
        self._past = PastTracks()
        self._master_gain = 1.0
        self._muted = False
        self._started = False
        self._recorder: Recorder | None = None
        self._recorded_s = 0.0

    def __repr__(self) -> str:
        return f"<Player {self.state.name or self.state.why!r}, {len(self._tracks)} tracks>"

    # --- life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to play.  A player is started once."""
        self._started = True
        atexit.register(self.close)
        self._keeper.start()
        self._pump.start(self._keeper)

    def close(self) -> None:
        """Silence everything, complete a recording, let go of the device; returns within a second.  May be repeated."""
        atexit.unregister(self.close)
        if not self._started:
            return
        self._started = False
        if not self._keeper.close(_CLOSE_S):
            _log.warning("the sound system does not answer; its device is left to the operating system")
        self._pump.close()
        try:
            self.stop_recording()
        except OSError:
            _log.exception("the recording could not be written")

    # --- tracks ---------------------------------------------------------------------------------------------

    def track(self, sample_rate_hz: int, gain: float = 1.0) -> Track:
        """Return a new track in the mix.

        Args:
            sample_rate_hz: Rate of what will be written, 4000 to 192000.
            gain: Factor, 1 leaving it as it is.

        Raises:
            AudioError: If the rate is none.
        """
        track = Track(sample_rate_hz, gain, self)
        with self._lock:
            self._tracks = (*self._tracks, track)
            self._publish()
        return track

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks in the mix, oldest first; one leaves it when it is over."""
        return self._tracks

    def stop_all(self) -> None:
        """Silence every track at once."""
        for track in self._tracks:
            track.stop()

    # --- how it sounds --------------------------------------------------------------------------------------

    @property
    def master_gain(self) -> float:
        """Factor for everything, 1 leaving it as it is; a change takes 20 ms and does not click.

        Setting it raises ValueError if it is negative or not finite.
        """
        return self._master_gain

    @master_gain.setter
    def master_gain(self, value: float) -> None:
        self._master_gain = checked_gain(value)
        self._mixer.gain = 0.0 if self._muted else value

    @property
    def muted(self) -> bool:
        """Whether everything goes on without being heard."""
        return self._muted

    @muted.setter
    def muted(self, on: bool) -> None:
        self._muted = on
        self._mixer.gain = 0.0 if on else self._master_gain

    @property
    def peak(self) -> tuple[float, float]:
        """Peak and root mean square of the last 20 ms, each 0 to 1 of full scale."""
        return self._mixer.level

    # --- devices --------------------------------------------------------------------------------------------

    @property
    def state(self) -> DeviceState:
        """Where sound goes, or why it goes nowhere."""
        return self._keeper.state

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return the output devices that were there at the last look."""
        return self._keeper.devices

    def select(self, name: str | None) -> None:
        """Send sound to a device, None for the system's default.  One that is absent is replaced by the default."""
        self._keeper.select(name)

    def refresh_devices(self) -> None:
        """Look for devices again, as soon as nothing sounds; ``on_state`` tells when it was done."""
        self._keeper.look()

    # --- recording ------------------------------------------------------------------------------------------

    def record_to(self, path: str | os.PathLike[str]) -> None:
        """Write everything that is played from now on to a WAV file, 48 kHz mono, after gains and mutes.

        Args:
            path: The file; it appears when the recording is stopped or the player closed.  A device or a pipe gets the
                sound as it is played; with a pipe this waits for somebody to read it.

        Raises:
            AudioError: If a recording is running.
            OSError: If the file cannot be made.
        """
        if self._recorder is not None:
            raise AudioError("a recording is running; stop it first")
        self._recorder = recorder = Recorder(path)
        self._mixer.tap = recorder.tap
        self.wake()

    def stop_recording(self) -> None:
        """Complete the file; does nothing when none is written.

        Raises:
            OSError: If it could not be written; then there is no file.
        """
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            self._mixer.tap = None
            recorder.close()
            self._recorded_s = recorder.frames / DEVICE_RATE_HZ

    # --- numbers --------------------------------------------------------------------------------------------

    @property
    def underflows(self) -> int:
        """Times the device ran out of audio."""
        return self._keeper.totals().underflows

    @property
    def callbacks(self) -> int:
        """Blocks the device has asked for."""
        return self._keeper.totals().callbacks

    def stats(self) -> PlayerStats:
        """Return a snapshot of all counters."""
        outlet, totals, tracks = self._keeper.outlet, self._keeper.totals(), self._tracks
        return PlayerStats(
            device=self.state.name,
            latency_ms=outlet.latency_s * 1000 if outlet is not None else 0.0,
            callbacks=totals.callbacks,
            underflows=totals.underflows,
            blocks=self._mixer.blocks,
            callback_us_mean=totals.busy_s / max(1, totals.callbacks) * 1e6,
            callback_us_max=totals.longest_s * 1e6,
            collisions=self._mixer.collisions,
            openings=totals.openings,
            losses=totals.losses,
            tracks=len(tracks),
            gaps=self._past.gaps + sum(track.gaps for track in tracks),
            gap_s=self._past.gap_s + sum(track.gap_s for track in tracks),
            refused_s=self._past.refused_s + sum(track.refused_s for track in tracks),
            buffered_s=sum(track.buffered_s for track in tracks),
            recorded_s=self._recorded_s,
            record_lost_s=self._mixer.tap_lost / DEVICE_RATE_HZ,
        )

    # --- for tracks (track.Desk) and threads ----------------------------------------------------------------

    def wake(self) -> None:
        """Something was written to a track: have it resampled soon."""
        self._pump.wake()

    def balance(self) -> None:
        """A gain, a mute or a solo of a track has changed."""
        with self._lock:
            self._publish()

    def _publish(self) -> None:
        """Show the mixer the tracks and their gains.  Called under the lock."""
        alone = any(track.solo and not track.done for track in self._tracks)
        for track in self._tracks:
            silent = track.muted or (alone and not track.solo)
            track.playhead.gain = 0.0 if silent else track.gain
        self._mixer.playheads = tuple(track.playhead for track in self._tracks)

    def _feeds(self) -> list[Feed]:
        return [track.feed for track in self._tracks if not track.playhead.over]

    def _tidy(self) -> None:
        self._remove_ended()
        recorder = self._recorder
        if recorder is not None:
            recorder.drain()
            self._recorded_s = recorder.frames / DEVICE_RATE_HZ

    def _remove_ended(self) -> None:
        if not any(track.playhead.over for track in self._tracks):
            return
        with self._lock:
            over = [track for track in self._tracks if track.playhead.over]
            self._tracks = tuple(track for track in self._tracks if not track.playhead.over)
            self._publish()
        for track in over:
            track.feed.discard()
            self._past.add(track)

    def _tell(self, state: DeviceState) -> None:
        if self.on_state is None:
            return
        try:
            self.on_state(state)
        except Exception:  # noqa: BLE001 - the listener's mistake must not end the thread that keeps the device
            _log.exception("a listener to the device's state failed")
