"""A speech controller on fakes: a stage on which a test is the pool, the device and the clock."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from support.speech_fakes import FakeClock, FakePlayer, FakePool, FakeTrack, FakeUtterance
from voxgrid import settings as remembered
from voxgrid.settings import Settings
from voxgrid.speech.controller import SpeechController
from voxgrid.speech.link import LinkConfig
from voxgrid.speech.notice import Notice
from voxpool.config import Endpoint, PoolConfig
from voxpool.errors import VoxpoolError
from voxpool.voices import Voice

VOICES = (
    Voice("Joe", "Joe (neural, en-US, male)", ("en",), "Neural voice.", ("neural", "male", "en-US")),
    Voice("Ashley", "Ashley (eSpeak NG, en-US, female)", ("en",), "", ("espeak", "female", "en-US")),
    Voice("Clive", "Clive (eSpeak NG, en-GB, male)", ("en",), "", ("espeak", "male", "en-GB")),
)


class Stage:
    """Owns the controller and everything that it believes to be real.

    Args:
        folder: Where settings are kept.
        url: What is spoken to; "" means the person's choice in the settings.
    """

    def __init__(self, folder: Path, url: str = "http://127.0.0.1:1") -> None:
        self.clock = FakeClock()
        self.player = FakePlayer()
        self.pools: list[FakePool] = []
        self.notices: list[Notice] = []
        self.voices: tuple[Voice, ...] | VoxpoolError = VOICES
        self.store = Settings(folder / "voxgrid.ini")
        if url:
            self.store.set(remembered.ENDPOINT_KIND, "custom")
            self.store.set(remembered.ENDPOINT_URL, url)
        config = LinkConfig(make_pool=self._make_pool, read_voices=self._read_voices, reach_pause_s=0.0)
        self.controller = SpeechController(self.store, player=self.player, config=config, clock=self.clock)  # type: ignore[arg-type]
        self.controller.notice.connect(self._noticed)

    @property
    def pool(self) -> FakePool:
        """The newest pool."""
        return self.pools[-1]

    @property
    def utterances(self) -> list[FakeUtterance]:
        """What the newest pool was asked for."""
        return self.pool.utterances

    @property
    def tracks(self) -> list[FakeTrack]:
        """What the player was asked for."""
        return self.player.tracks

    @property
    def said(self) -> list[str]:
        """The notices' sentences."""
        return [notice.text for notice in self.notices if notice.text]

    async def start(self) -> None:
        """Start the controller and let it settle."""
        await self.controller.start()
        await settle()

    async def spoken(self, text: str = "Hello there.", seconds: float = 1.0) -> Any:
        """Speak a text to its end and return its record."""
        record = self.controller.speak(text)
        self.utterances[-1].give(seconds)
        self.utterances[-1].end()
        await settle()
        return record

    def _make_pool(self, endpoint: Endpoint, config: PoolConfig) -> FakePool:
        self.pools.append(FakePool(endpoint, config, self.clock))
        return self.pools[-1]

    async def _read_voices(self, endpoint: Endpoint) -> tuple[Voice, ...]:
        if isinstance(self.voices, VoxpoolError):
            raise self.voices
        return self.voices

    def _noticed(self, notice: Notice) -> None:
        self.notices.append(notice)


async def settle() -> None:
    """Let everything that is ready to run have run."""
    for _ in range(20):
        await asyncio.sleep(0)
