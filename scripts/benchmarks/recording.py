"""What recording costs, and how a long recording opens and scrubs: a made-up session of a hundred contexts.

scripts/bench recording [--minutes 120] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Figure, render
from support.fake_events import FakePool
from support.stage import make_stage
from voxgrid.recording.feature import RecordingFeature
from voxgrid.recording.past import Past
from voxgrid.recording.replica import Replica, fold_levels
from voxpool.events import SlotState
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.recording.items import Item, Opening, PoolBegan, Recorded, Second, Sounds
from voxpool.recording.reader import Recording
from voxpool.recording.writer import Limits, RecordingWriter

HUGE = Limits(file_bytes=32 * 1024 * 1024, folder_bytes=1 << 40, free_bytes=0)


class Session:
    """A pool that is always full, second by second, as the window would record it."""

    def __init__(self) -> None:
        self.pool = FakePool(troubles=0.004)
        self._subscription = self.pool.events.subscribe(10**7)
        self._serial = 0
        self._rng = random.Random(1)
        self.pool.open(20)

    def second(self) -> Iterator[Recorded]:
        """Let a second pass."""
        pool = self.pool
        missing = 104 - len(pool.running) - len(pool.waiting)
        pool.fire(max(0, missing))
        for _ in range(5):
            pool.advance(0.2, 0.2)
            pool.fire(max(0, min(12, 104 - len(pool.running) - len(pool.waiting))))
            yield from self._subscription.drain()
            yield from self._frames(pool.now)
        if self._rng.random() < 0.01 and pool.open_rows:
            row = self._rng.choice(sorted(pool.open_rows))
            pool.cut(row)
            pool._open(row)  # noqa: SLF001 - a made-up pool has no other way
        yield self._sounds()
        yield Second(at=pool.now)

    def _frames(self, at: float) -> Iterator[FrameRecord]:
        """Yield a frame for every 125 ms of sound at 1.6 times real time, in a fifth of a second."""
        for utterance in self.pool.running:
            if utterance.state in (SlotState.GENERATING, SlotState.DRAINING):
                for _ in range(3 if self._rng.random() < 0.56 else 2):
                    self._serial += 1
                    yield FrameRecord(
                        self._serial,
                        at,
                        utterance.connection_id,
                        "in",
                        FrameKind.AUDIO,
                        utterance.context_id,
                        8104,
                        None,
                        "LINEAR16 125 ms, 6.0 kB",
                        '{"result":{"contextId":"c","audioChunk":{"audioContent":"*"},"status":{"code":0}}}',
                        6000,
                        125.0,
                        round(self._rng.uniform(60, 130), 2),
                    )

    def _sounds(self) -> Item:
        cells = []
        for utterance in self.pool.running:
            record = self.pool.records[utterance.id]
            if record.audio_s:
                bars = bytes(record.levels[:: max(1, len(record.levels) // 64)])[:64]
                place = utterance.row, utterance.column, utterance.id
                cells.append((*place, round(record.audio_s, 3), utterance.duration_s, None, fold_levels(bars)))
        alive = {utterance.id for utterance in (*self.pool.running, *self.pool.waiting)}
        for utterance_id in [each for each in self.pool.records if each not in alive]:
            del self.pool.records[utterance_id]
        return Sounds(at=self.pool.now, cells=cells)


def record(folder: Path, minutes: float) -> dict[str, float]:
    """Record a session; return what it cost."""
    session = Session()
    writer = RecordingWriter(
        folder, "session", Replica(), Opening(app="benchmark", session="session"), HUGE, clock=lambda: session.pool.now
    )
    writer.write(PoolBegan(at=session.pool.now, rows=20, columns=5))
    cost, items, frames = [], 0, 0
    for _ in range(int(minutes * 60)):
        batch = list(session.second())
        began = time.thread_time()
        for item in batch:
            writer.write(item)
        cost.append(time.thread_time() - began)
        frames += sum(isinstance(item, FrameRecord) for item in batch)
        items += len(batch)
    writer.close()
    size = sum(path.stat().st_size for path in writer.files)
    seconds = len(cost)
    return {
        "events a second": (items - frames) / seconds,
        "frames a second": frames / seconds,
        "MB": size / 1e6,
        "CPU % of a core": 100 * sum(cost) / seconds,
        "worst second ms": 1000 * max(cost),
    }


def open_it(paths: list[Path], times: int = 5) -> list[float]:
    """Return how long opening took, in seconds, with the line drawn of it."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        past = Past(Recording(paths), own=False)
        past.line.activity(past.line.first, past.line.last, 1800)
        past.go(past.recording.last)
        took.append(time.perf_counter() - began)
        past.close()
    return took


def scrub(paths: list[Path], moments: int = 300) -> tuple[list[float], list[float]]:
    """Return milliseconds of going to moments anywhere, and of a drag from end to end and back."""
    past = Past(Recording(paths), own=False)
    rng = random.Random(2)
    first, last = past.recording.first, past.recording.last
    anywhere = [_ms(past.go, rng.uniform(first, last)) for _ in range(moments)]
    steps = [first + (last - first) * step / moments for step in range(moments)]
    drag = [_ms(past.go, at) for at in [*steps, *reversed(steps)]]
    past.close()
    return anywhere, drag


def scrub_in_window(paths: list[Path], moments: int = 150) -> list[float]:
    """Return milliseconds of going to moments anywhere with everything painted, at 1280 x 800."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        stage = make_stage(Path(folder))
        stage.parts.window.docks["timeline"].show()
        feature = next(each for each in stage.parts.features if isinstance(each, RecordingFeature))
        feature.files.show_file(Recording(paths))
        stage.app.processEvents()
        rng = random.Random(3)

        def go(at: float) -> None:
            feature.travel.go(at)
            stage.app.processEvents()

        past = feature.travel.shown
        took = [_ms(go, rng.uniform(past.recording.first, past.recording.last)) for _ in range(moments)]
        feature.end()
        stage.close()
    return took


def _ms(act, at: float) -> float:
    began = time.perf_counter()
    act(at)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--folder", type=Path, help="keep the recording there, or use the one that is there")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        paths = sorted(folder.glob("session.*.vxr"))
        if not paths:
            figures += [Figure(name, None, "", [value]) for name, value in record(folder, options.minutes).items()]
            paths = sorted(folder.glob("session.*.vxr"))
        figures.append(Figure("opening", 3.0, "s", open_it(paths)))
        anywhere, drag = scrub(paths)
        note = "each moment once"
        figures.append(Figure("to a moment anywhere", 33.0, "ms", anywhere, note))
        figures.append(Figure("to the next moment of a drag", 33.0, "ms", drag, note))
        figures.append(Figure("to a moment anywhere, painted", 33.0, "ms", scrub_in_window(paths), note))
    print(render(figures))
    for figure in figures:
        if len(figure.results) > 20:
            print(f"{figure.name}: p95 {sorted(figure.results)[int(len(figure.results) * 0.95)]:.1f} ms")


if __name__ == "__main__":
    main()
