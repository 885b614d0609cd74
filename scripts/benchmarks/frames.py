"""What it costs to keep every frame of a hundred contexts that stream, and to list them in the window.

``scripts/bench frames`` prints the table; ``--runs N``, ``--frames N`` of 8.4 kB each.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import tempfile
import time
from pathlib import Path

import orjson

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from benchmarks.table import Figure, render
from voxpool.config import Credential, Endpoint
from voxpool.frames.store import FrameStore

PER_SECOND = 800
"""Frames of a hundred contexts at real time, 128 ms each."""
PER_PICTURE = 27
SCRUB = Endpoint(credential=Credential.basic("bWFkZS11cC1rZXk6Zm9yLXRoZS1iZW5jaG1hcms=")).scrub
CREATE = (
    '{"create":{"voiceId":"Joe","audioConfig":{"audioEncoding":"PCM","sampleRateHertz":24000}},"contextId":"vx0-%d"}'
)


def make_frames(number: int, *, times: bool) -> list[str]:
    """Frames that are all different, as real ones are."""
    audio = base64.b64encode(os.urandom(6144)).decode()
    frames = []
    for place in range(number):
        chunk = {
            "audioContent": f"{audio[:-8]}{place:08d}",
            "usage": {"processedCharactersCount": 0, "modelId": "inworld-tts-2"},
            "timestampInfo": None,
        }
        if times:
            at = place / PER_SECOND
            alignment = {"words": ["a", "word"], "wordStartTimeSeconds": [at, at + 0.1], "wordEndTimeSeconds": [at, at]}
            chunk["timestampInfo"] = {"wordAlignment": alignment}
        status = {"code": 0, "message": "", "details": []}
        result = {"contextId": f"vx0-{place % 100}", "audioChunk": chunk, "status": status}
        frames.append(orjson.dumps({"result": result}).decode())
    return frames


def open_contexts(store: FrameStore) -> None:
    store.begin(SCRUB)
    for context in range(100):
        store.tap(context // 5 + 1, "out", CREATE % context, 0.0)


def measure_tap(frames: list[str]) -> float:
    """Return the share of a core that the tap takes at the full load, in percent."""
    store = FrameStore()
    open_contexts(store)
    began = time.process_time()
    for place, frame in enumerate(frames):
        store.tap(place % 100 // 5 + 1, "in", frame, place / PER_SECOND)
    return (time.process_time() - began) / len(frames) * PER_SECOND * 100


def measure_dock(frames: list[str], figures: dict[str, Figure]) -> None:
    """Let the dock follow the full load, thirty pictures a second."""
    from support.stage import make_stage
    from voxgrid.frames import FramesFeature

    with tempfile.TemporaryDirectory() as folder:
        stage = make_stage(Path(folder))
        feature = next(each for each in stage.parts.features if isinstance(each, FramesFeature))
        feature.dock.show()
        stage.app.processEvents()
        store = stage.parts.feed.store
        open_contexts(store)
        refreshes, paints = [], []
        for first in range(0, len(frames) - PER_PICTURE, PER_PICTURE):
            for place in range(first, first + PER_PICTURE):
                store.tap(place % 100 // 5 + 1, "in", frames[place], place / PER_SECOND)
            began = time.process_time()
            feature.view.refresh()
            refreshed = time.process_time()
            stage.app.processEvents()
            refreshes.append((refreshed - began) * 1000)
            paints.append((time.process_time() - refreshed) * 1000)
        for name, values in (("refresh", refreshes), ("paint", paints)):
            figures[name].results.append(sorted(values)[int(len(values) * 0.95)])
        feature.view.stop()
        stage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--frames", type=int, default=8000)
    options = parser.parse_args()
    figures = {
        "plain": Figure("keep plain audio, 800 frames a second", 5.0, "% of a core"),
        "times": Figure("keep audio with word times", 5.0, "% of a core"),
        "refresh": Figure("list what came, 95th percentile", 5.0, "ms a picture"),
        "paint": Figure("paint the list, 95th percentile", 5.0, "ms a picture"),
    }
    frames = {"plain": make_frames(options.frames, times=False), "times": make_frames(options.frames, times=True)}
    for _ in range(options.runs):
        for name, made in frames.items():
            figures[name].results.append(measure_tap(made))
        measure_dock(frames["plain"], figures)
    print(render(list(figures.values())))


if __name__ == "__main__":
    main()
