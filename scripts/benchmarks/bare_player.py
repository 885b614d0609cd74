"""A player with nothing beside it: the yardstick for underflows that only the machine is to blame for.

Plays until standard input closes, then prints ``{"callbacks": ..., "underflows": ...}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import sounddevice

RATE, BLOCK, LATENCY_S = 48000, 960, 0.1


def main() -> None:
    tone = (np.sin(np.arange(BLOCK) * 2 * np.pi * 50 * 10 / RATE) * 1000).astype(np.int16).tobytes()
    counts = {"callbacks": 0, "underflows": 0}

    def fill(out: Any, _frames: int, _time: Any, flags: sounddevice.CallbackFlags) -> None:
        counts["callbacks"] += 1
        counts["underflows"] += bool(flags.output_underflow)
        out[:] = tone

    with sounddevice.RawOutputStream(
        samplerate=RATE, blocksize=BLOCK, latency=LATENCY_S, channels=1, dtype="int16", callback=fill
    ):
        print("playing", flush=True)
        sys.stdin.read()
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
