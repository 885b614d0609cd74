"""The app driving itself: for machines without a display, and for the picture in the README."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QAction

from voxgrid.bridge import Bridge
from voxgrid.views.main_window import MainWindow

if TYPE_CHECKING:
    from voxgrid.speech import SpeechController, UtteranceRecord
    from voxgrid.views.playground import PlaygroundView

_logger = logging.getLogger(__name__)

SENTENCE: Final = "Hello! A hundred voices can speak at once, and every one of them has a place on this grid."
BURST: Final = 130
SCENARIO: Final = "burst"
"""What the picture of the stress lab is of."""
BROKEN_ROW: Final = 4
"""The connection that is cut for the picture of the inspector, from 0."""
_RUN_S: Final = 27.0
"""Two of its volleys are over by then, and the third is to come."""
_READY_S: Final = 60.0
_SPOKEN_S: Final = 60.0
_BURST_S: Final = 120.0
_FIRST_BURST_S: Final = 10.0
_LOOK_S: Final = 2.0
_MOMENT_S: Final = 0.4
_TURN_S: Final = 0.02


class Demo:
    """Types, speaks, fires, and leaves a picture and a recording.

    Args:
        window: Whose picture is taken.
        playground: Where it types.
        controller: What it waits for.
        bridge: Tells how full the grid is.
    """

    def __init__(
        self, window: MainWindow, playground: PlaygroundView, controller: SpeechController, bridge: Bridge
    ) -> None:
        self._window = window
        self._playground = playground
        self._controller = controller
        self._bridge = bridge

    async def run(self, folder: Path) -> int:
        """Do all of it.

        Args:
            folder: Where the picture and the recording go.

        Returns:
            0, or 1 when something did not work; it was said on stderr.
        """
        try:
            _make(folder)
            await self._ready()
            record = await self._speak()
            wav = folder / "voxgrid-demo.wav"
            self._controller.save(record.id, wav)
            await self._until(wav.exists, 10, "the recording was not written")
            await self._fire()
            self._grab(folder / "voxgrid-demo.png")
            await self._until(lambda: not self._controller.records.running(), _BURST_S, "the burst did not end")
        except (DemoFailed, OSError) as error:
            return _failed(error)
        totals = self._bridge.models.totals
        _say(f"{totals.done} utterances spoken, {totals.failed} failed.")
        _say(f"Picture:   {(folder / 'voxgrid-demo.png').resolve()}")
        _say(f"Recording: {wav.resolve()} ({record.audio_s:.1f} s of speech)")
        return 0 if not totals.failed else 1

    async def take_picture(self, file: Path, layout: str) -> int:
        """Show something in a layout and save a picture of the window; 0, or 1 when it did not work."""
        scenes = {"play": self._play, "stress": self._stress, "inspect": self._inspect}
        try:
            _make(file.parent)
            await self._ready()
            self._do(f"layout_{layout}")
            await scenes[layout]()
            self._grab(file)
        except (DemoFailed, OSError) as error:
            return _failed(error)
        return 0

    async def _play(self) -> None:
        """A full grid, and a sentence that is heard."""
        # A first burst gives the charts and the history something to show.
        await self._fire()
        await self._wait(lambda: self._bridge.models.totals.done >= BURST, _FIRST_BURST_S)
        self._playground.editor.setPlainText(SENTENCE)
        self._playground.speak_action.trigger()
        await self._wait(lambda: self._heard_s() > 0, _LOOK_S)
        await self._fire()
        await self._wait(lambda: self._heard_s() > 1, _LOOK_S)

    async def _stress(self) -> None:
        """A run that has gone on for a while, in its last volley."""
        self._do(f"scenario_{SCENARIO}")
        self._do("stress_start")
        await self._until(lambda: self._bridge.visiting, _READY_S, "the run did not begin")
        await asyncio.sleep(_RUN_S)
        await self._until(lambda: self._bridge.models.grid.in_use >= 90, _READY_S, "the grid did not fill")
        await asyncio.sleep(_MOMENT_S)

    async def _inspect(self) -> None:
        """A connection that was cut under its contexts, and what the window says of it."""
        await self._fire()
        grid = self._bridge.models.grid
        held = [cell.context_id for cell in grid.cells() if cell.row == BROKEN_ROW and cell.state.holds_slot]
        self._controller.break_connection(held, "cut")
        errors = self._bridge.models.errors
        await self._until(lambda: errors.total > 1, 10, "nothing broke")
        hit = next((each for each in errors.all() if each.column >= 0), None)
        self._do("go_newest_error")
        if hit is not None:
            self._window.cockpit.grid.choose(hit.row, hit.column)
        await asyncio.sleep(_MOMENT_S)

    def _do(self, name: str) -> None:
        """Do what an action of the menus does."""
        action = self._window.findChild(QAction, name)
        if action is None:
            raise DemoFailed(f"there is no action {name}")
        action.trigger()

    async def _ready(self) -> None:
        await self._until(
            lambda: (
                self._controller.pool is not None and self._controller.endpoint.ready and bool(self._controller.voices)
            ),
            _READY_S,
            "the endpoint did not become ready",
        )

    async def _speak(self) -> UtteranceRecord:
        self._playground.editor.clear()
        for letter in SENTENCE:
            self._playground.editor.insertPlainText(letter)
            await asyncio.sleep(0)
        self._playground.speak_action.trigger()
        await self._until(lambda: self._controller.current is not None, 10, "nothing was spoken")
        record = self._controller.current
        if record is None:
            raise DemoFailed("nothing was spoken")
        await self._until(lambda: record.ended, _SPOKEN_S, "the sentence was not spoken to its end")
        if not record.audio_s:
            raise DemoFailed(record.error or "there was no sound")
        return record

    def _heard_s(self) -> float:
        current = self._controller.current
        return current.audio_s if current is not None else 0.0

    async def _fire(self) -> None:
        """Fire a burst, and return when the grid is as full as it gets and most cells have sound."""
        self._controller.fire(BURST, "short-replies")
        grid = self._bridge.models.grid
        full = min(BURST, grid.slots) * 0.9
        await self._until(lambda: grid.in_use >= full, 20, "the grid did not fill")
        await self._wait(lambda: sum(bool(cell.bars) for cell in grid.cells()) >= full * 0.6, _LOOK_S)

    async def _until(self, done: Callable[[], bool], seconds: float, otherwise: str) -> None:
        if not await self._wait(done, seconds):
            problem = self._controller.endpoint.problem
            raise DemoFailed(f"{otherwise} within {seconds:.0f} s" + (f": {problem}" if problem else ""))

    async def _wait(self, done: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_TURN_S)
        return True

    def _grab(self, file: Path) -> None:
        if not self._window.grab().save(str(file)):
            raise OSError(f"{file} could not be written")


class DemoFailed(Exception):
    """The demo could not go on; the text says why."""


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _failed(error: Exception) -> int:
    _logger.error("demo: %s", error)
    sys.stderr.write(f"voxgrid: {error}\n")
    return 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
