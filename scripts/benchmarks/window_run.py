"""One run of the real app, watched from inside: started by ``benchmarks.window``, prints one line of JSON.

The app is built and run by its own ``main``; only its ``build`` is wrapped, to get hold of the parts and to put a
script beside them that presses the keys.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest

from voxgrid import app
from voxgrid.app import Parts
from voxgrid.speech.burst import TYPED
from voxgrid.speech.record import UtteranceRecord
from voxgrid.views.fire_panel import FirePanel
from voxgrid.views.voice_chooser import VoiceChooser
from voxpool.audio.mixer import Mixer

SPAWNED = float(os.environ.get("VOXGRID_BENCH_SPAWNED", "nan"))
LONG_TEXT = (
    "The weather is nice today, and the small dog is running in the park. "
    "Please call the doctor before three o'clock, and bring the letters that came on Friday. "
)
AUDIBLE = 0.002
AT_ONCE = 100
SETTLED_S = 60.0
"""After which the app's memory may grow no more."""


class FirstPaint(QObject):
    """Notes when the window was painted for the first time: one turn of the loop after its first paint event."""

    def __init__(self, window: QObject) -> None:
        super().__init__(window)
        self.at: float | None = None
        self._seen = False
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint and not self._seen:
            self._seen = True
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        self.at = time.monotonic()


class FirstSample:
    """Notes when the mixer first hands a block with sound in it to the device."""

    def __init__(self) -> None:
        self.at: float | None = None
        original = Mixer.render

        def render(mixer: Mixer, owner: object, heard_at: float) -> Any:
            block = original(mixer, owner, heard_at)
            if self.at is None and block is not None and mixer.level[0] > AUDIBLE:
                self.at = time.monotonic()
            return block

        Mixer.render = render  # type: ignore[method-assign]


class Press:
    """The window's own keyboard."""

    def __init__(self, parts: Parts) -> None:
        self._editor = parts.views.playground.editor
        self._window = parts.window

    def text(self, text: str) -> None:
        self._editor.setPlainText(text)

    def ctrl_enter(self) -> float:
        at = time.monotonic()
        QTest.keyClick(self._editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        return at

    def voice(self, voice: str) -> None:
        chooser = self._window.findChild(VoiceChooser)
        assert chooser is not None
        line = chooser.lineEdit()
        assert line is not None
        line.selectAll()
        QTest.keyClicks(line, chooser.itemText(chooser.findData(voice)))
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert chooser.voice == voice

    def fire(self, count: int) -> None:
        panel = self._window.findChild(FirePanel)
        assert panel is not None
        panel.source.setCurrentIndex(panel.source.findData(TYPED))
        panel.count.setValue(count)
        panel.button.click()


async def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} not within {seconds:g} s")
        await asyncio.sleep(0.005)


def ready(parts: Parts) -> bool:
    return parts.controller.pool is not None and parts.controller.endpoint.ready and bool(parts.controller.voices)


async def launch(parts: Parts, _seconds: float) -> dict[str, Any]:
    paint = FirstPaint(parts.window)
    await until(lambda: ready(parts), 30, "ready")
    at = time.monotonic()
    await until(lambda: paint.at is not None, 10, "painted")
    assert paint.at is not None
    return {"painted_ms": (paint.at - SPAWNED) * 1000, "ready_ms": (at - SPAWNED) * 1000}


async def speak(parts: Parts, _seconds: float) -> dict[str, Any]:
    """Speak a new sentence six times with either engine; the first of each only warms it up."""
    await until(lambda: ready(parts), 30, "ready")
    await until(lambda: parts.controller.player.state.kind == "device", 10, "sound device")
    first, press = FirstSample(), Press(parts)
    results: dict[str, Any] = {}
    for name, voice in (("espeak", "Ashley"), ("neural", "Joe")):
        press.voice(voice)
        taken = []
        for number in range(6):
            press.text(f"Number {number} of six: the small dog is running in the park.")
            first.at = None
            pressed = press.ctrl_enter()
            await until(lambda: first.at is not None, 20, f"sound of {voice}")
            assert first.at is not None
            taken.append((first.at - pressed) * 1000)
            await asyncio.sleep(0.2)
            parts.controller.stop()
            await asyncio.sleep(0.8)
        results[f"{name}_ms"] = taken[1:]
    return results


def listen(parts: Parts) -> UtteranceRecord:
    """Hear one of those that run."""
    heard = parts.controller.records.running()[50]
    parts.controller.listen(heard.id)
    return heard


class Memory:
    """What the app holds, every five seconds."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._seen: list[tuple[float, float]] = []

    def look(self, at_s: float) -> None:
        if len(self._seen) <= at_s / 5:
            self._seen.append((at_s, self._process.memory_info().rss / 1e6))

    def figures(self) -> dict[str, float]:
        """Resident memory in MB once it has settled, and the most after that beside it."""
        settled = [mb for at_s, mb in self._seen if at_s >= SETTLED_S]
        figures = {"memory_mb": self._seen[-1][1]}
        if len(settled) > 1:
            print("memory in MB:", *(round(mb) for _, mb in self._seen), file=sys.stderr)
            figures["memory_growth"] = max(settled) / settled[0]
        return figures


async def load(parts: Parts, seconds: float) -> dict[str, Any]:
    """Keep a hundred contexts streaming at real time and listen to one of them."""
    await until(lambda: ready(parts), 30, "ready")
    await until(lambda: parts.controller.player.state.kind == "device", 10, "sound device")
    # Real time for longer than the measurement lasts, or as long as one text can be; then they are fired anew.
    press = Press(parts)
    press.voice("Ashley")
    press.text((LONG_TEXT * 15)[: min(1990, int((seconds + 25) * 16))])
    press.fire(AT_ONCE)
    grid = parts.bridge.models.grid
    await until(lambda: sum(bool(cell.bars) for cell in grid.cells()) >= 100, 60, "a hundred with sound")
    listen(parts)
    await asyncio.sleep(2.0)

    frames: list[float] = []
    # Every turn of the frame timer: whether anything changed in it or not, this is when it could have been shown.
    parts.bridge._frames.timeout.connect(lambda: frames.append(time.monotonic()))  # noqa: SLF001
    changed: list[int] = []
    parts.bridge.framed.connect(lambda frame: changed.append(len(frame.cells)))
    # Both keep only the newest; here all of them count.
    paints = parts.window.cockpit.grid.paint_ms = deque()
    lags = parts.lag
    lags.clear()
    lags._lags_ms = deque()  # noqa: SLF001
    stats, cpu, began = parts.controller.player.stats(), time.process_time(), time.monotonic()
    memory = Memory()
    least, fired_at, heard = AT_ONCE, began, parts.controller.records.running()[50]
    while (now := time.monotonic()) - began < seconds:
        await asyncio.sleep(0.25)
        memory.look(now - began)
        running = len(parts.controller.records.running())
        if running < AT_ONCE and now - fired_at > 1.0:
            fired_at = now
            press.fire(AT_ONCE - running)
        elif now - fired_at > 3.0:
            # Not while those that have ended are being replaced.
            least = min(least, grid.in_use)
        if heard.ended and running == AT_ONCE:
            heard = listen(parts)
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    after = parts.controller.player.stats()
    return {
        "least_in_use": least,
        "underflows": after.underflows - stats.underflows,
        "callbacks": after.callbacks - stats.callbacks,
        "gaps": after.gaps - stats.gaps,
        "frames": len(frames),
        "cells_changed": sum(changed),
        "frame_gap_p99_ms": float(np.percentile(np.diff(frames), 99) * 1000),
        "frame_gap_max_ms": float(np.max(np.diff(frames)) * 1000),
        "paint_p95_ms": float(np.percentile(list(paints), 95)),
        "lag_p99_ms": lags.p99_ms(),
        "lag_max_ms": lags.worst_ms,
        "cpu_percent": cpu / took * 100,
        **memory.figures(),
    }


SCRIPTS = {"launch": launch, "speak": speak, "load": load}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("script", choices=SCRIPTS)
    parser.add_argument("--endpoint", default="")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    original = app.build
    result: dict[str, Any] = {}

    async def run(parts: Parts) -> None:
        try:
            result.update(await SCRIPTS[options.script](parts, options.seconds))
        except Exception as error:  # noqa: BLE001 - it is the result
            result["error"] = f"{type(error).__name__}: {error}"
        finally:
            parts.window.close()

    def build(*arguments: Any, **named: Any) -> Parts:
        parts = original(*arguments, **named)
        # Kept by the window: a task nobody refers to may be collected.
        parts.window.bench = asyncio.get_running_loop().create_task(run(parts))  # type: ignore[attr-defined]
        return parts

    app.build = build
    code = app.main(["--endpoint", options.endpoint] if options.endpoint else [])
    print(json.dumps(result), flush=True)
    return code or int("error" in result)


if __name__ == "__main__":
    sys.exit(main())
