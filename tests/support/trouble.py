"""A window at a real local server, whose faults dock is used as a person would."""

from __future__ import annotations

import asyncio
import time

from support.audio_rig import FakeBackend
from support.ending import end
from voxgrid.app import build, make_application
from voxgrid.models.faulting import Aim, Plan
from voxgrid.options import Options
from voxgrid.settings import Settings
from voxgrid.speech import SpeechController
from voxgrid.speech.control import LocalControl
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind
from voxgrid.speech.link import LinkConfig
from voxgrid.trouble.errors import ErrorsFeature
from voxgrid.trouble.faults import FaultsFeature
from voxpool.audio.player import Player
from voxpool.config import PoolConfig
from voxpool.events import Outcome

TOKEN = "made-up-control-token"
SERVER = ("--engine", "tone", "--timing", "instant", "--delivery-rate", "10", "--control-token", TOKEN)
QUICK = PoolConfig(
    max_connections=3,
    acquire_timeout_s=2.0,
    connect_timeout_s=0.5,
    first_audio_timeout_s=1.2,
    stall_timeout_s=0.7,
    zombie_after_s=0.4,
    heartbeat_s=0.3,
    max_attempts=2,
    backoff_base_s=0.02,
    backoff_cap_s=0.05,
    close_timeout_s=0.5,
)
TEXT = "Break this here."
LONG = "This goes on for a while, so that there is time to break it in the middle of what it says. " * 4


class Troubled:
    """A window on a pool with short deadlines.

    Args:
        folder: Where its settings are.
        url: The server's URL.
        pool: How the pool behaves.
    """

    def __init__(self, folder, url, pool=QUICK):
        self.url = url
        self.app = make_application(Options())
        store = Settings(folder / "voxgrid.ini")
        config = LinkConfig(pool=pool)
        self.controller = SpeechController(store, player=Player(backend=FakeBackend()), config=config)
        self.parts = build(self.app, store, controller=self.controller)
        self.errors = self._feature(ErrorsFeature)
        self.faults = self._feature(FaultsFeature)

    def _feature(self, kind):
        return next(each for each in self.parts.features if isinstance(each, kind))

    async def start(self):
        self.parts.window.show()
        self.parts.bridge.start()
        await self.controller.start(EndpointChoice(EndpointKind.CUSTOM, url=self.url))
        await self.until(lambda: self.controller.endpoint.ready and self.controller.voices)

    async def close(self):
        await LocalControl(self.url, TOKEN).clear()
        await end(self.parts)

    @property
    def book(self):
        return self.errors.book

    @property
    def grid(self):
        return self.parts.bridge.models.grid

    async def until(self, condition, seconds=10.0, why=""):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (why, self.told(), self.book.all(), self.controller.records)
            await asyncio.sleep(0.005)

    def told(self):
        return [item.text for item in self.parts.notifications.items]

    def choose(self, cell):
        self.parts.window.cockpit.grid.choose(cell.row, cell.column)

    async def sounding(self):
        """Speak, and return the record and its cell once there is audio."""
        record = self.controller.speak(LONG)
        await self.until(lambda: record.audio_s > 0 and self.grid.place_of(record.id) is not None)
        return record, self.grid.cell(*self.grid.place_of(record.id))

    async def inject(self, plan: Plan):
        """Fill the dock's form, press its button, and wait until the server has it."""
        view = self.faults.view
        view._fill(plan)
        assert view.plan() == Plan(
            plan.place, plan.effect, plan.aim, {name: plan.values.get(name) for name in view.plan().values}
        )
        view.show_chosen("", "")
        before = len(self.faults.injections)
        view.inject.click()
        assert not view.problem.isVisibleTo(view), view.problem.text()
        await self.until(lambda: len(self.faults.injections) > before or self.faults.armed, why=plan.words())

    async def struck(self):
        """Wait until the dock lists that something has struck."""
        deadline = time.monotonic() + 5.0
        while not self.faults.injections:
            assert time.monotonic() < deadline, self.faults.armed
            await self.faults.look()
            await asyncio.sleep(0.01)

    async def disarm(self):
        self.faults.view.clearRequested.emit()
        await self.until(lambda: not self.faults.armed)

    async def ended(self, record):
        await self.until(lambda: record.ended)
        lives = self.parts.bridge.models.lives
        await self.until(lambda: (life := lives.get(record.id)) is not None and life.ended_at is not None)

    async def speaks_again(self, attempts=1):
        """Speak, and return what became of it: a dead connection may take the first one or two with it."""
        record = None
        for number in range(attempts):
            record = self.controller.speak(f"Once {number}.")
            await self.ended(record)
            if record.outcome is Outcome.DONE:
                break
        return record.outcome


def plan(place, effect, aim="all", **values):
    return Plan(place, effect, Aim(aim), values)
