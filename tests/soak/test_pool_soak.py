"""A long, restless run: callers come, interrupt, stop reading and go, and the server dies now and then."""

import asyncio
import gc
import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from support.local_server import running_server
from voxpool import Outcome, Pool, PoolConfig
from voxpool.errors import VoxpoolError

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and resource"),
]
DURATION_S = float(os.environ.get("VOXGRID_SOAK_S", "300"))
CALLERS = 130
WORDS = ("weather", "today", "and", "the", "small", "dog", "is", "running", "park", "please", "call", "doctor")
STATM = Path("/proc/self/statm")


def resident_mb():
    # ru_maxrss would only tell the peak.
    return int(STATM.read_text().split()[1]) * resource.getpagesize() / 1e6


async def call(pool, chance, tally):
    """One utterance, treated as callers do."""
    text = " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, 60))) + "."
    utterance = pool.speak(text)
    habit = chance.random()
    try:
        async for _chunk in utterance:
            if habit < 0.15:
                await utterance.cancel()
            elif habit < 0.20:
                break
            elif habit < 0.30:
                await asyncio.sleep(chance.random() * 0.2)
        if utterance.outcome is None:
            await utterance.cancel()
        tally[str(utterance.outcome)] += 1
    except VoxpoolError as error:
        tally[type(error).__name__] += 1


async def caller(pool, chance, tally, until):
    while time.monotonic() < until:
        await call(pool, chance, tally)
        await asyncio.sleep(chance.random() * 0.05)


async def settled(pool):
    """Wait until no slot is held, and fail when one stays."""
    async with asyncio.timeout(60):
        while pool.stats().slots_held or pool.waiters():
            await asyncio.sleep(0.05)


async def restless(pool, server, chance, tally, seconds, *, killed):
    """One round of all callers; the server may be killed under them when half of it is over."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller(pool, chance, tally, until))
        if killed:
            await asyncio.sleep(seconds / 2)
            os.kill(server.process.pid, signal.SIGKILL)
    await settled(pool)


@pytest.mark.skipif(not STATM.exists(), reason="memory is read from /proc")
async def test_nothing_leaks():
    chance = random.Random(7)
    tally = Counter()
    config = PoolConfig(backoff_base_s=0.05, backoff_cap_s=0.5, max_lifetime_s=20, idle_close_s=5)
    memory = []
    with running_server() as first:
        port, endpoint = first.port, first.endpoint
    rounds = max(4, int(DURATION_S // 30))
    async with Pool(endpoint, config) as pool:
        for number in range(rounds):
            with running_server("--timing", "instant", "--port", port) as server:
                await restless(pool, server, chance, tally, DURATION_S / rounds, killed=number % 3 == 1)
            gc.collect()
            memory.append(resident_mb())
            print(f"round {number + 1}/{rounds}: {memory[-1]:.0f} MB, {len(asyncio.all_tasks())} tasks, {dict(tally)}")

    assert tally[str(Outcome.DONE)] > 100
    assert asyncio.all_tasks() == {asyncio.current_task()}
    # The first round fills caches and arenas; from then on it may breathe, not grow.
    assert memory[-1] < memory[0] * 1.3 + 20
