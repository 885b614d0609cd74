"""The seam to PortAudio, with a library made up for the test: what it lists, what it raises, when it is restarted."""

import atexit
import sys
import threading
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from voxpool.audio import portaudio
from voxpool.audio.mixer import BLOCK_FRAMES, Mixer
from voxpool.audio.outlet import Outlet
from voxpool.audio.portaudio import LibraryMissing, PortAudio
from voxpool.errors import DeviceUnavailable


class Stream:
    def __init__(self, **arguments):
        self.arguments = arguments
        self.latency = 0.12
        self.calls = []

    def start(self):
        self.calls.append("start")

    def abort(self, ignore_errors):
        assert ignore_errors
        self.calls.append("abort")

    def close(self, ignore_errors):
        assert ignore_errors
        self.calls.append("close")


class Library(ModuleType):
    """As much of sounddevice as is used."""

    def __init__(self):
        super().__init__("sounddevice")
        self.found = []
        self.default = SimpleNamespace(device=(-1, -1), hostapi=0)
        self.restarts = 0
        self.ended = 0
        self.error = None
        self.streams = []

    def query_devices(self):
        return self.found

    def RawOutputStream(self, **arguments):
        if self.error is not None:
            raise self.error
        self.streams.append(Stream(**arguments))
        return self.streams[-1]

    def _terminate(self):
        self.restarts += 1

    def _initialize(self):
        assert self.restarts

    def _exit_handler(self):
        self.ended += 1


def device(name, outputs=2, hostapi=0):
    return {"name": name, "max_output_channels": outputs, "hostapi": hostapi}


@pytest.fixture
def library(monkeypatch):
    library = Library()
    library.found = [
        device("Microphone", 0),
        device("Speakers"),
        device("Mono", 1),
        device("Speakers"),
        device("ASIO", 2, 1),
    ]
    library.default.device = (0, 1)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    monkeypatch.setattr(portaudio, "_LIBRARY", portaudio._Library())
    yield library
    atexit.unregister(portaudio._LIBRARY._exit)


@pytest.fixture
def outlet():
    return Outlet(Mixer(), lambda: 0.0)


def test_outputs_of_the_default_system_are_listed_with_names_of_their_own(library):
    listed = [(each.name, each.is_default) for each in PortAudio().devices()]
    assert listed == [("Speakers", True), ("Mono", False), ("Speakers (2)", False)]


@pytest.mark.parametrize(
    ("name", "index", "channels"), [(None, 1, 2), ("Speakers", 1, 2), ("Speakers (2)", 3, 2), ("Mono", 2, 1)]
)
def test_a_device_is_opened_as_measured(library, outlet, name, index, channels):
    output = PortAudio().open(name, outlet)
    output.start()
    wanted = {"samplerate": 48_000, "blocksize": 960, "latency": 0.1, "dtype": "int16", "device": index}
    assert wanted.items() <= library.streams[0].arguments.items()
    assert library.streams[0].arguments["channels"] == channels
    assert (outlet.name, outlet.latency_s) == (name or "Speakers", 0.12)
    output.close()
    assert library.streams[0].calls == ["start", "abort", "close"]


def test_the_callback_hands_over_buffer_delay_and_flags(library, outlet):
    PortAudio().open("Mono", outlet)
    buffer = bytearray(b"\x01" * BLOCK_FRAMES * 2)
    moment = SimpleNamespace(outputBufferDacTime=5.1, currentTime=5.0)
    library.streams[0].arguments["callback"](buffer, BLOCK_FRAMES, moment, SimpleNamespace(output_underflow=True))
    assert (outlet.callbacks, outlet.underflows, outlet.error) == (1, 1, None)
    assert not np.frombuffer(buffer, np.int16).any()
    library.streams[0].arguments["finished_callback"]()
    assert outlet.ended


def test_without_a_default_the_first_device_is_taken(library, outlet):
    library.default.device = (-1, -1)
    PortAudio().open(None, outlet)
    assert library.streams[0].arguments["device"] == 1


@pytest.mark.parametrize(
    ("found", "name", "why"), [([], None, "no sound device was found"), (None, "nope", "it is not there")]
)
def test_what_is_not_there(library, outlet, found, name, why):
    library.found = library.found if found is None else found
    with pytest.raises(DeviceUnavailable, match=why):
        PortAudio().open(name, outlet)


def test_the_librarys_errors_become_ours(library, outlet):
    class PortAudioError(Exception):
        pass

    library.error = PortAudioError("Error querying device -1", -9996)
    with pytest.raises(DeviceUnavailable) as caught:
        PortAudio().open("Mono", outlet)
    assert (caught.value.device, caught.value.why) == ("Mono", "Error querying device -1")
    assert isinstance(caught.value.__cause__, PortAudioError)


def test_looking_again_spares_open_streams(library, outlet):
    sound = PortAudio()
    sound.rescan()
    assert library.restarts == 1
    output = sound.open(None, outlet)
    PortAudio().rescan()
    assert library.restarts == 1
    output.close()
    sound.rescan()
    assert library.restarts == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("PortAudio library not found"), "install"),
        (ImportError("No module named 'sounddevice'"), "pip install"),
    ],
)
def test_a_missing_library_says_what_to_do_and_is_looked_for_again_when_asked(library, monkeypatch, error, words):
    def fail(name):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(portaudio.importlib, "import_module", fail)
        with pytest.raises(LibraryMissing, match=words):
            PortAudio().devices()
    assert PortAudio().devices()


def test_the_end_of_the_process_ends_portaudio(library):
    PortAudio().devices()
    portaudio._LIBRARY._exit()
    assert library.ended == 1


def test_the_end_of_the_process_waits_for_no_stream_and_no_hanging_call(library, outlet):
    output = PortAudio().open(None, outlet)
    portaudio._LIBRARY._exit()
    assert library.ended == 0
    output.close()

    hangs, go_on = threading.Event(), threading.Event()

    def hang():
        with portaudio._LIBRARY.lock:
            hangs.set()
            go_on.wait(10)

    thread = threading.Thread(target=hang)
    thread.start()
    assert hangs.wait(5)
    portaudio._LIBRARY._exit()
    assert library.ended == 0
    go_on.set()
    thread.join()
