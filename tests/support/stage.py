"""The whole window on a made-up pool: for GUI tests, for looking at it, and for measuring paints.

python tests/support/stage.py OUT.png [--size 1280x800] [--scene busy] [--theme dark] [--measure]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6.QtWidgets import QApplication

from support.ending import await_threads, end_features, take_away
from support.fake_events import FakePool
from support.speech_fakes import FakePlayer
from voxgrid.app import Parts, build, make_application
from voxgrid.models.cell import Look
from voxgrid.models.totals import percentile
from voxgrid.notifications import Notifications, Severity
from voxgrid.options import Options
from voxgrid.settings import Settings
from voxgrid.speech import SpeechController
from voxgrid.theme import ThemeMode
from voxpool.events import CloseReason

SCENES = ("idle", "busy", "errors")


class StagePlayer(FakePlayer):
    """A player whose device is never short of audio."""

    underflows = 0


@dataclass
class Stage:
    """A window, and a pool whose time is moved by hand.

    Attributes:
        app: The application.
        parts: The window and what is behind it.
        pool: The made-up pool.
        threads: Those that ran before.
        ended: Whether the features have ended.
    """

    app: QApplication
    parts: Parts
    pool: FakePool
    threads: frozenset[threading.Thread]
    ended: bool = False

    def frame(self, seconds: float = 0.033) -> None:
        """Let the pool go on and the window show one frame."""
        self.pool.advance(seconds)
        self.parts.bridge.tick()
        self.app.processEvents()

    def second(self) -> None:
        """Let a second's tick happen."""
        self.parts.bridge.tick_second()
        self.app.processEvents()

    def end(self) -> None:
        """End what the features do, once; outside of any running loop."""
        if not self.ended:
            self.ended = True
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                runner.run(end_features(self.parts))

    def close(self) -> None:
        """Take the window away with all that it began; outside of any running loop."""
        self.end()
        self.take_away()

    def take_away(self) -> None:
        """Take away a window whose features have ended; nothing of ours may go on."""
        take_away(self.parts)
        await_threads(self.threads)
        self.app.processEvents()


def make_stage(folder: Path, *, troubles: float = 0.0, size: tuple[int, int] = (1280, 800)) -> Stage:
    """Build the window; nothing is open yet."""
    app = make_application(Options())
    threads = frozenset(threading.enumerate())
    pool = FakePool(troubles=troubles)
    store = Settings(folder / "voxgrid.ini")
    controller = SpeechController(store, player=StagePlayer())
    parts = build(
        app,
        store,
        controller=controller,
        notifications=Notifications(),
        clock=lambda: pool.now,
        record_of=pool.records.get,
    )
    parts.window.resize(*size)
    parts.window.show()
    parts.window.top_bar.show_endpoint("Local server · real speech", "", ready=True)
    parts.bridge.attach(pool)
    app.processEvents()
    return Stage(app, parts, pool, threads)


def play(stage: Stage, scene: str) -> None:
    """Bring the window into a scene."""
    if scene == "idle":
        return
    pool = stage.pool
    pool.open(20)
    for step in range(40):
        pool.fire(4)
        stage.frame()
        stage.frame()
        if step % 4 == 0:
            stage.second()
    pool.fire(25)
    for utterance in list(pool.running)[:3]:
        pool.records[utterance.id].listening = True
    for _ in range(15):
        stage.frame()
    if scene == "errors":
        _break_things(stage)
    for _ in range(3):
        stage.frame()
    stage.second()


def _break_things(stage: Stage) -> None:
    stage.pool.cut(12)
    stage.pool.cut(4, CloseReason.UNRESPONSIVE, "no pong for 20 s")
    stage.frame()
    parts = stage.parts
    parts.notifications.post(
        "The local server ended (killed by signal 9).",
        hint="It is being started again; what had not been heard is spoken again.",
        details="Traceback",
        severity=Severity.WARNING,
    )
    failed = next(cell for cell in parts.bridge.models.grid.cells() if cell.look is Look.FAILED)
    parts.presenter.inspect(failed.utterance_id)
    parts.window.cockpit.grid.setFocus()


def measure_paints(stage: Stage, frames: int = 300) -> tuple[list[float], list[float]]:
    """Repaint all hundred cells and all row heads, over and over.

    Returns:
        Milliseconds of the paints, and of the refreshes (waveforms into pixels) before them.
    """
    grid, model = stage.parts.window.cockpit.grid, stage.parts.bridge.models.grid
    everything = {(cell.row, cell.column) for cell in model.cells()}
    rows = set(range(len(model.rows)))
    grid.paint_ms.clear()
    refreshes = []
    for number in range(frames):
        began = time.perf_counter()
        grid.refresh(set(everything), set(rows), stage.pool.now + number * 0.1)
        refreshes.append((time.perf_counter() - began) * 1000)
        stage.app.processEvents()
    return list(grid.paint_ms), refreshes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--scene", choices=SCENES, default="busy")
    parser.add_argument("--theme", choices=[mode.value for mode in ThemeMode], default="dark")
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    wide, high = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        stage = make_stage(Path(folder), troubles=0.06 if options.scene == "errors" else 0.02, size=(wide, high))
        stage.parts.theme.set_mode(ThemeMode(options.theme))
        play(stage, options.scene)
        stage.app.processEvents()
        stage.parts.window.grab().save(str(options.out))
        if options.measure:
            for name, values in zip(("paint", "refresh"), measure_paints(stage), strict=True):
                p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
                print(f"{name} of all cells: p50 {p50:.2f} ms, p95 {p95:.2f} ms, {len(values)} times")
        stage.close()


if __name__ == "__main__":
    main()
