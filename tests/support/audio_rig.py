"""A player without threads and without a device: the test moves the time and gets every sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from voxpool.audio.feed import DEVICE_RATE_HZ
from voxpool.audio.mixer import BLOCK_FRAMES
from voxpool.audio.outlet import Outlet
from voxpool.audio.player import Player
from voxpool.audio.ring import Ring
from voxpool.audio.states import DeviceInfo
from voxpool.errors import DeviceUnavailable

BLOCK_S = BLOCK_FRAMES / DEVICE_RATE_HZ


class Rig:
    """Plays the device: asks for blocks one by one, with the pump's round before each.

    Attributes:
        now: The clock.
        delay_s: How much later than now a block is heard.
        player: The player.
    """

    def __init__(self, delay_s: float = 0.0) -> None:
        self.now = 1000.0
        self.delay_s = delay_s
        self.player = Player(backend=FakeBackend(), clock=lambda: self.now)
        self.mixer = self.player._mixer
        self.mixer.owner = self

    def block(self) -> npt.NDArray[np.int16]:
        """Let 20 ms pass and return what was handed to the device."""
        self.player._pump.round()
        block = self.mixer.render(self, self.now + self.delay_s)
        assert block is not None
        self.now += BLOCK_S
        return block.copy()

    def play(self, seconds: float) -> npt.NDArray[np.int16]:
        """Let time pass and return what was handed to the device in it."""
        blocks = [self.block() for _ in range(max(1, round(seconds / BLOCK_S)))]
        return np.concatenate(blocks)

    def play_out(self) -> npt.NDArray[np.int16]:
        """Play until no track is left."""
        blocks = [self.block()]
        while self.player.tracks:
            blocks.append(self.block())
        return np.concatenate(blocks)

    def tap(self, seconds: float) -> Ring:
        """Return a ring that will hold all that is rendered."""
        self.mixer.tap = Ring(round(seconds * DEVICE_RATE_HZ), np.int16)
        return self.mixer.tap


class FakeOutput:
    """A device that asks for blocks when the test says so."""

    def __init__(self, backend: FakeBackend, outlet: Outlet) -> None:
        self.outlet = outlet
        self.started = False
        self.closed = False
        self._backend = backend

    def start(self) -> None:
        self._backend.called("start")
        self.started = True

    def close(self) -> None:
        self._backend.called("close")
        self.closed = True

    def ask(self, channels: int = 2) -> npt.NDArray[np.int16]:
        """Be a driver that wants a buffer filled."""
        buffer = np.full((BLOCK_FRAMES, channels), 77, np.int16)
        self.outlet.fill(buffer, 0.0, underflow=False)
        return buffer


@dataclass
class FakeBackend:
    """A sound system that a test plugs devices into.

    Attributes:
        names: Devices, the first one being the default.
        error: What every call raises, or None.
        block: Called with the name of each call; may wait.
        outputs: Everything that was opened.
        cards: What the fingerprint says.
    """

    names: tuple[str, ...] = ()
    error: Exception | None = None
    block: Callable[[str], None] = lambda name: None
    outputs: list[FakeOutput] = field(default_factory=list)
    cards: object = None
    scans: int = 0

    def called(self, name: str) -> None:
        self.block(name)
        if self.error is not None and name != "close":
            raise self.error

    def devices(self) -> tuple[DeviceInfo, ...]:
        self.called("devices")
        return tuple(DeviceInfo(name, name == self.names[0]) for name in self.names)

    def rescan(self) -> None:
        self.called("rescan")
        self.scans += 1

    def open(self, name: str | None, outlet: Outlet) -> FakeOutput:
        self.called("open")
        if not self.names:
            raise DeviceUnavailable(name, "no sound device was found")
        if name is not None and name not in self.names:
            raise DeviceUnavailable(name, "it is not there")
        outlet.name, outlet.latency_s = name or self.names[0], 0.12
        self.outputs.append(FakeOutput(self, outlet))
        return self.outputs[-1]

    def fingerprint(self) -> object:
        return self.cards
