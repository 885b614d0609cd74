"""Sound devices through PortAudio.  The only file that knows sounddevice.

The library is loaded by the first call, in the thread that makes it: loading it connects to the sound server, which
may take its time.  PortAudio's list of devices is made when it is initialised and never changes; looking again means
ending and beginning it, which pulls the floor from under every open stream, so open streams are counted over the
whole process.

What it cannot do: follow the system when another default device is chosen in mid-stream (a sound server like PulseAudio
or PipeWire does that behind PortAudio's back), and keep ALSA and itself from writing to standard error when a stream
underruns or dies.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

from voxpool.audio.feed import DEVICE_RATE_HZ
from voxpool.audio.mixer import BLOCK_FRAMES
from voxpool.audio.outlet import Outlet
from voxpool.audio.states import DeviceInfo
from voxpool.errors import DeviceUnavailable

LATENCY_S: Final = 0.1
"""With blocks of 960 frames the setting without underflows on a busy machine (measured)."""

_CARDS: Final = Path("/proc/asound/cards")


class LibraryMissing(DeviceUnavailable):
    """There is no PortAudio, or no sounddevice; looking again is of no use."""


class _Library:
    """The loaded library, one for the process.  Every call is made under the lock, which a hanging call keeps."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.open_streams = 0
        self._module: ModuleType | None = None

    def load(self) -> Any:
        with self.lock:
            if self._module is None:
                self._module = _import()
                # Its own handler would end PortAudio however it is, and hang with a sound server that hangs.
                atexit.unregister(self._module._exit_handler)  # noqa: SLF001 - there is no public way
                atexit.register(self._exit)
            return self._module

    def restart(self) -> None:
        with self.lock:
            library = self.load()
            if not self.open_streams:
                library._terminate()  # noqa: SLF001 - the documented way to look for new devices
                library._initialize()  # noqa: SLF001

    def _exit(self) -> None:
        """End PortAudio unless a call hangs or a stream was left open: the system takes those back by itself."""
        if self.lock.acquire(blocking=False):
            try:
                if self._module is not None and not self.open_streams:
                    self._module._exit_handler()  # noqa: SLF001
            finally:
                self.lock.release()


def _import() -> ModuleType:
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise LibraryMissing(None, "sounddevice is not installed; pip install 'voxgrid[audio]'") from error
    except OSError as error:
        hint = ", for example with apt-get install libportaudio2 libasound2-plugins" if sys.platform == "linux" else ""
        raise LibraryMissing(None, f"the PortAudio library is missing; install it{hint}") from error


_LIBRARY: Final = _Library()


@contextlib.contextmanager
def _translated(device: str | None) -> Any:
    """Turn the library's errors into ours."""
    try:
        yield
    except DeviceUnavailable:
        raise
    except Exception as error:
        # PortAudioError, and ValueError for a name it does not know; a driver may raise others through cffi.
        words = str(error.args[0]) if error.args else type(error).__name__
        raise DeviceUnavailable(device, words) from error


class PortAudioOutput:
    """An open stream."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name

    def start(self) -> None:
        """Let it ask for blocks."""
        with _LIBRARY.lock, _translated(self._name):
            self._stream.start()

    def close(self) -> None:
        """Stop it at once and let go of it."""
        with _LIBRARY.lock:
            try:
                self._stream.abort(ignore_errors=True)
                self._stream.close(ignore_errors=True)
            finally:
                _LIBRARY.open_streams -= 1


class PortAudio:
    """The devices of PortAudio's default host API, which on Linux is ALSA with its plugins for sound servers."""

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return the output devices that were there at the last scan."""
        with _LIBRARY.lock, _translated(None):
            return tuple(info for info, _index, _channels in _outputs(_LIBRARY.load()))

    def rescan(self) -> None:
        """Look for devices again; does nothing while a stream of this process is open."""
        with _translated(None):
            _LIBRARY.restart()

    def open(self, name: str | None, outlet: Outlet) -> PortAudioOutput:
        """Open an output device at 48 kHz, int16, in stereo if it can."""
        with _LIBRARY.lock, _translated(name):
            library = _LIBRARY.load()
            found, index, channels = _choose(_outputs(library), name)
            stream = library.RawOutputStream(
                samplerate=DEVICE_RATE_HZ,
                blocksize=BLOCK_FRAMES,
                latency=LATENCY_S,
                device=index,
                channels=min(2, channels),
                dtype="int16",
                callback=_callback(outlet, min(2, channels)),
                finished_callback=outlet.finished,
            )
            _LIBRARY.open_streams += 1
            outlet.name = found.name
            outlet.latency_s = float(stream.latency)
            return PortAudioOutput(stream, found.name)

    def fingerprint(self) -> object:
        """Return the list of sound cards on Linux; elsewhere PortAudio offers nothing to see devices come by."""
        try:
            return _CARDS.read_bytes()
        except OSError:
            return None


def _callback(outlet: Outlet, channels: int) -> Any:
    fill = outlet.fill

    def callback(buffer: Any, frames: int, time: Any, status: Any) -> None:
        fill(
            np.frombuffer(buffer, np.int16).reshape(frames, channels),
            time.outputBufferDacTime - time.currentTime,
            bool(status.output_underflow),
        )

    return callback


def _outputs(library: Any) -> list[tuple[DeviceInfo, int, int]]:
    """Return name, index and channels of each output device of the default host API; names made unique."""
    devices = library.query_devices()
    if not len(devices):
        return []
    _input, default = library.default.device
    api = devices[default]["hostapi"] if default >= 0 else library.default.hostapi
    found: list[tuple[DeviceInfo, int, int]] = []
    seen: dict[str, int] = {}
    for index, device in enumerate(devices):
        if device["hostapi"] != api or device["max_output_channels"] < 1:
            continue
        name = device["name"]
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{name} ({seen[name]})"
        found.append((DeviceInfo(unique, index == default), index, device["max_output_channels"]))
    return found


def _choose(outputs: list[tuple[DeviceInfo, int, int]], name: str | None) -> tuple[DeviceInfo, int, int]:
    if not outputs:
        raise DeviceUnavailable(name, "no sound device was found")
    for output in outputs:
        if output[0].name == name or (name is None and output[0].is_default):
            return output
    if name is not None:
        raise DeviceUnavailable(name, "it is not there")
    return outputs[0]
