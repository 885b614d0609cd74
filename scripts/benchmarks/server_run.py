"""What the local server costs: a hundred contexts with different texts, streaming at real time, eSpeak NG voices.

Linux only: CPU time and memory are read from /proc.  ``python scripts/benchmarks/server_run.py [SECONDS]``.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.table import Figure, render
from voxpool.config import WS_PATH
from voxpool.local import LocalServer

CONNECTIONS = 20
CONTEXTS = 5
RATE = 24000
TEXT = (
    "the quick brown fox jumps over a lazy dog while seven small boats sail past green islands "
    "under bright morning light and nobody knows why it rains"
)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Heard:
    """What one run's client got.

    Attributes:
        audio_s: Seconds of audio.
        late_ms: By how much each chunk came after its place in the audio, in milliseconds.
        first_ms: Time from text to first audio of each utterance.
    """

    audio_s: float = 0.0
    late_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def some_text(rng: random.Random) -> str:
    words = TEXT.split()
    return " ".join(" ".join(rng.choices(words, k=12)).capitalize() + "." for _ in range(4))


async def speak(url: str, number: int, until: float, heard: Heard) -> None:
    """Keep five contexts of one connection speaking until the time is up."""
    rng = random.Random(number)
    began: dict[str, float] = {}
    position: dict[str, float] = {}
    count = 0
    async with aiohttp.ClientSession() as http, http.ws_connect(url + WS_PATH, max_msg_size=0) as socket:

        async def start() -> None:
            nonlocal count
            count += 1
            name = f"{number}-{count}"
            audio = {"audioEncoding": "PCM", "sampleRateHertz": RATE}
            settings = {"voiceId": "Ashley", "modelId": "inworld-tts-2", "audioConfig": audio, "timestampType": "WORD"}
            began[name] = time.monotonic()
            for message in (
                {"create": settings},
                {"send_text": {"text": some_text(rng)}},
                {"close_context": {}},
            ):
                await socket.send_str(orjson.dumps(message | {"contextId": name}).decode())

        for _ in range(CONTEXTS):
            await start()
            await asyncio.sleep(rng.random() * 0.2)
        async for message in socket:
            now = time.monotonic()
            result = orjson.loads(message.data)["result"]
            name = result["contextId"]
            if "audioChunk" in result:
                seconds = len(result["audioChunk"]["audioContent"]) * 3 // 4 / (2 * RATE)
                if name not in position:
                    heard.first_ms.append(1000 * (now - began[name]))
                    began[name], position[name] = now, 0.0
                heard.late_ms.append(1000 * (now - began[name] - position[name]))
                position[name] += seconds
                heard.audio_s += seconds
            elif "contextClosed" in result and now < until:
                await start()
            if now >= until:
                return


async def run(seconds: float) -> list[Figure]:
    """Measure once."""
    async with LocalServer("--engine", "espeak", "--delivery-rate", "1") as server:
        assert server.pid is not None
        await asyncio.sleep(1.0)
        everybody = [server.pid, *children(server.pid)]
        heard = Heard()
        until = time.monotonic() + seconds
        before = [cpu_s(pid) for pid in everybody]
        began = time.monotonic()
        await asyncio.gather(*(speak(server.url, number, until, heard) for number in range(CONNECTIONS)))
        spent = time.monotonic() - began
        used = [100 * (cpu_s(pid) - was) / spent for pid, was in zip(everybody, before, strict=True)]
        memory = resident_mb(server.pid)
    late, first = sorted(heard.late_ms), sorted(heard.first_ms)
    return [
        Figure("server and its workers, CPU", 60, "% of a core", [sum(used)]),
        Figure("  of it the server's own process", None, "%", [used[0]]),
        Figure("audio, times real time", None, "x", [heard.audio_s / spent]),
        Figure("chunk after its place in the audio, p99", None, "ms", [late[len(late) * 99 // 100]]),
        Figure("first audio, p95", None, "ms", [first[len(first) * 95 // 100]]),
        Figure("server's memory", None, "MB", [memory]),
    ]


def main(seconds: float) -> None:
    runs = [asyncio.run(run(seconds)) for _ in range(3)]
    for others in runs[1:]:
        for figure, other in zip(runs[0], others, strict=True):
            figure.results += other.results
    print(f"{CONNECTIONS * CONTEXTS} contexts with different texts at real time, eSpeak NG, {seconds:g} s")
    print(render(runs[0]))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15.0)
