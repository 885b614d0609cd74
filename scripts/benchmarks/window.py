"""The figures that the window is held to, measured from outside with everything real: server, pool, sound device.

Started by ``scripts/bench window``, under an invisible display; plays into a null sink of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.table import Figure, render
from support.local_server import running_server
from support.pulse import NullSink

REAL_TIME = ("--timing", "instant", "--delivery-rate", "1", "--chunk-ms", "128")
"""A hundred contexts are then 800 messages a second; longer chunks would let the window rest in between."""


class Bench:
    """Runs the app again and again and gathers what it measured.

    Args:
        environment: Variables of every run.
        runs: How often.
        seconds: How long a hundred contexts stream.
    """

    def __init__(self, environment: dict[str, str], runs: int, seconds: float) -> None:
        self._environment = environment
        self._runs = runs
        self._seconds = seconds

    def launch(self) -> list[Figure]:
        painted = Figure("launch to painted window (warm)", 1500, "ms")
        ready = Figure("launch to ready to speak (warm)", 4000, "ms")
        self._run("launch")
        for _ in range(self._runs):
            result = self._run("launch")
            painted.results.append(result["painted_ms"])
            ready.results.append(result["ready_ms"])
        return [painted, ready]

    def speak(self) -> list[Figure]:
        espeak = Figure("Ctrl+Enter to first sample, eSpeak", 250, "ms")
        neural = Figure("Ctrl+Enter to first sample, neural", 700, "ms")
        with running_server("--timing", "instant") as server:
            while len(espeak.results) < self._runs:
                result = self._run("speak", "--endpoint", server.url)
                espeak.results += result["espeak_ms"]
                neural.results += result["neural_ms"]
        return [espeak, neural]

    def load(self) -> list[Figure]:
        more = Figure("underflows more than a bare player beside it", 0, "", note="one of 100 is heard")
        beside = Figure("  those of the bare player", None, "")
        figures = {
            "frame_gap_p99_ms": Figure("gap between frames, p99", 50, "ms"),
            "paint_p95_ms": Figure("painting the grid, p95", 8, "ms"),
            "lag_p99_ms": Figure("event loop lag, p99", 20, "ms"),
            "least_in_use": Figure("contexts in use, at least", None, ""),
            "cpu_percent": Figure("processor time of the app", None, "%"),
            "memory_mb": Figure("memory of the app at the end", None, "MB"),
            "memory_growth": Figure("  the most after a minute, beside it then", 1.05, ""),
        }
        for _ in range(self._runs):
            # Each run has a server of its own: what another run had spoken would come from its cache.
            with running_server(*REAL_TIME) as server, self._bare_player() as bare:
                result = self._run("load", "--endpoint", server.url, "--seconds", str(self._seconds))
            more.results.append(max(0, result["underflows"] - bare["underflows"]))
            beside.results.append(bare["underflows"])
            for name, figure in figures.items():
                if name in result:
                    figure.results.append(result[name])
        return [more, beside, *(figure for figure in figures.values() if figure.results)]

    def _run(self, script: str, *arguments: str) -> dict[str, Any]:
        environment = {**self._environment, "VOXGRID_BENCH_SPAWNED": repr(time.monotonic())}
        with tempfile.TemporaryDirectory(prefix="voxgrid-bench-") as home:
            places = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
            environment.update(dict.fromkeys(places, home))
            ended = subprocess.run(
                [sys.executable, "-m", "benchmarks.window_run", script, *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                check=False,
                timeout=self._seconds + 180,
            )
        lines = ended.stdout.strip().splitlines()
        result: dict[str, Any] = json.loads(lines[-1]) if lines else {"error": f"it ended with {ended.returncode}"}
        if "error" in result:
            raise SystemExit(f"the run {script!r} failed: {result['error']}")
        print(f"  {script}: {_short(result)}", file=sys.stderr)
        return result

    @contextmanager
    def _bare_player(self) -> Iterator[dict[str, int]]:
        counts: dict[str, int] = {}
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bare_player"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            yield counts
            output, _ = process.communicate()
            counts.update(json.loads(output))


def _short(result: dict[str, Any]) -> str:
    def shown(value: Any) -> str:
        if isinstance(value, list):
            return "/".join(shown(each) for each in value)
        return f"{value:.1f}" if isinstance(value, float) else str(value)

    return ", ".join(f"{name} {shown(value)}" for name, value in result.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench window", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=("launch", "speak", "load", []), help="default: all of them")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long a hundred contexts stream in each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vox-", ignore_cleanup_errors=True) as directory:
        sink = NullSink(Path(directory))
        sink.start()
        try:
            bench = Bench({**os.environ, **sink.environment}, options.runs, options.seconds)
            figures: list[Figure] = []
            for part in options.parts or ("launch", "speak", "load"):
                figures += getattr(bench, part)()
        finally:
            sink.stop()
    print(render(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
