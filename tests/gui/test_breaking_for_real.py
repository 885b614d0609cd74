"""The window at a real local server that is told to break things by the grid's own menus."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from support.audio_rig import FakeBackend
from support.ending import end
from voxgrid.app import build, make_application
from voxgrid.options import Options
from voxgrid.settings import Settings
from voxgrid.speech import SpeechController
from voxgrid.speech.link import LinkConfig
from voxpool.audio.player import Player
from voxpool.events import CloseReason, Outcome

SERVICE = ("--engine", "tone", "--timing", "service", "--delivery-rate", "2")
LONG = "This is a long text that goes on for a while, so that there is time to break it in the middle. " * 3


def command_line(pid):
    """Return the arguments of a process; nothing where the system does not show them as a file."""
    shown = Path(f"/proc/{pid}/cmdline")
    return shown.read_bytes() if shown.exists() else b""


class Window:
    def __init__(self, folder):
        self.app = make_application(Options())
        store = Settings(folder / "voxgrid.ini")
        player = Player(backend=FakeBackend())
        self.controller = SpeechController(store, player=player, config=LinkConfig(server=SERVICE))
        self.parts = build(self.app, store, controller=self.controller)
        self.notices = []
        self.controller.notice.connect(self.notices.append)

    @property
    def grid(self):
        return self.parts.bridge.models.grid

    @property
    def said(self):
        return [notice.text for notice in self.notices]

    async def until(self, condition, seconds=15.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.said, self.controller.records)
            await asyncio.sleep(0.01)

    async def sounding(self):
        """Speak, and return the record and its cell once there is audio."""
        record = self.controller.speak(LONG)
        await self.until(lambda: record.audio_s > 0 and self.grid.place_of(record.id) is not None)
        return record, self.grid.cell(*self.grid.place_of(record.id))

    def trigger(self, name, menu_name):
        """Choose an entry of the menu that is open."""
        menu = next(m for m in self.parts.window.findChildren(QMenu) if m.accessibleName() == menu_name)
        action = menu.findChild(QAction, name)
        assert action.isEnabled()
        action.trigger()
        menu.close()

    async def speaks_again(self):
        record = self.controller.speak("Another one.")
        await self.until(lambda: record.ended)
        return record.outcome is Outcome.DONE


@pytest.fixture
def opened(tmp_path):
    """Open a window.

    Not a fixture that yields it: between a test and its teardown Qt's events run without the loop, and a pool that
    lives then would find none.
    """

    @asynccontextmanager
    async def open_window():
        made = Window(tmp_path)
        made.parts.window.show()
        made.parts.bridge.start()
        try:
            await made.controller.start()
            yield made
        finally:
            await end(made.parts)

    return open_window


async def test_a_context_that_is_broken_fails_and_the_next_one_is_spoken(opened):
    async with opened() as window:
        record, cell = await window.sounding()
        window.parts.window.cockpit.grid.menuRequested.emit(cell.row, cell.column, QPoint(5, 5))
        window.trigger("break_internal", f"Connection {cell.row + 1}, slot {cell.column + 1}")
        await window.until(lambda: record.ended)
        assert record.outcome is Outcome.FAILED
        # The slot itself may close for a while yet: the cell says at once what became of its utterance.
        await window.until(lambda: cell.outcome is Outcome.FAILED)
        assert cell.code == 13
        await window.until(lambda: "The server failed the context with status 13 (internal)." in window.said)
        window.parts.presenter.inspect(record.id)
        assert "13" in window.parts.window.inspector.shown.error
        assert window.grid.rows[cell.row].live
        assert await window.speaks_again()


@pytest.mark.parametrize(
    ("effect", "reason", "said"),
    [
        ("cut", CloseReason.NETWORK, "The server cut the connection."),
        ("close_1011", CloseReason.SERVER_CLOSED, "The server closed the connection with code 1011."),
    ],
)
async def test_a_connection_that_is_broken_is_replaced(opened, effect, reason, said):
    async with opened() as window:
        record, cell = await window.sounding()
        row = window.grid.rows[cell.row]
        window.parts.window.cockpit.grid.rowMenuRequested.emit(cell.row, QPoint(5, 5))
        window.trigger(f"break_{effect}", f"Connection {cell.row + 1}")
        await window.until(lambda: record.ended and row.closes == 1)
        assert record.outcome is Outcome.FAILED
        assert row.last_close is reason
        await window.until(lambda: said in window.said)
        assert await window.speaks_again()


async def test_an_idle_connection_is_broken_before_anybody_needs_it(opened):
    async with opened() as window:
        assert await window.speaks_again()
        row = next(each for each in window.grid.rows if each.live)
        await window.until(lambda: not any(cell.state.holds_slot for cell in window.grid.cells()))
        window.parts.window.cockpit.grid.rowMenuRequested.emit(row.row, QPoint(5, 5))
        window.trigger("break_cut", f"Connection {row.row + 1}")
        await window.until(lambda: row.closes == 1)
        assert row.last_close is CloseReason.NETWORK
        assert await window.speaks_again()


async def test_a_context_that_is_muted_sends_no_more_audio(opened):
    async with opened() as window:
        record, cell = await window.sounding()
        window.parts.window.cockpit.grid.menuRequested.emit(cell.row, cell.column, QPoint(5, 5))
        window.trigger("break_mute", f"Connection {cell.row + 1}, slot {cell.column + 1}")
        await window.until(lambda: "The server leaves the rest of the context's audio out." in window.said)
        await asyncio.sleep(0.3)
        before = record.audio_s
        await asyncio.sleep(1.0)
        assert record.audio_s == before
        assert await window.speaks_again()


async def test_the_token_is_in_no_command_line(opened):
    async with opened() as window:
        server = window.controller._link.server
        token = server.control_token
        assert len(token) >= 32
        assert token not in repr(server) + repr(server._server)
        assert token not in "\n".join(server._server.log_tail)
        assert token.encode() not in command_line(server.pid)
