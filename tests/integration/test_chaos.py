"""Many utterances under random faults, audited against the server's own ledger: nothing leaks, nothing lies."""

import asyncio
import gc
import hashlib
import os
import random
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from support.ledger_watch import LedgerWatch
from support.local_server import running_server
from voxpool import ContextSettings, Outcome, Pool, PoolConfig
from voxpool.errors import VoxpoolError

CALLERS = 120  # a fifth more than there are slots
SETTINGS = ContextSettings(sample_rate_hz=8000)
WORDS = (
    "the",
    "weather",
    "is",
    "nice",
    "today",
    "and",
    "small",
    "dogs",
    "are",
    "running",
    "in",
    "every",
    "old",
    "town",
)
STATM = Path("/proc/self/statm")
CONFIG = PoolConfig(
    acquire_timeout_s=15, connect_timeout_s=2, first_audio_timeout_s=1.0, stall_timeout_s=1.0, zombie_after_s=0.7,
    heartbeat_s=1.0, backoff_base_s=0.02, backoff_cap_s=0.3, max_lifetime_s=8, max_attempts=4,
)  # fmt: skip
FAULTS = (
    "upgrade:refuse,http_status=429,probability=0.1", "upgrade:refuse,http_status=503,probability=0.1",
    "open:drop,probability=0.02", "create:drop,probability=0.002", "audio:drop,probability=0.0005",
    "text:drop,probability=0.001", "close:drop,probability=0.001",
    "audio:disconnect,code=1011,probability=0.0003", "create:disconnect,code=1001,probability=0.001",
    "text:fatal,code=14,probability=0.0005", "create:inactive,probability=0.0005",
    "create:status,code=8,probability=0.02", "text:status,code=13,probability=0.01",
    "text:status,code=4,probability=0.01", "text:status,code=14,probability=0.01",
    "text:status,code=3,probability=0.005", "audio:status,code=13,probability=0.002",
    "close:status,code=13,probability=0.005",
    "create:omit,probability=0.005", "text:silent,probability=0.0003", "text:half_open,probability=0.0003,times=4",
    "close:omit,probability=0.003", "flush:omit,probability=0.003", "audio:omit,probability=0.001",
    "close:stale,probability=0.05", "audio:unknown_id,probability=0.002", "create:unknown_id,probability=0.003",
    "audio:malformed,probability=0.001", "close:malformed,probability=0.002", "audio:wrong_types,probability=0.001",
    "audio:bad_base64,probability=0.002", "audio:empty_audio,probability=0.01", "audio:fragments,probability=0.02",
    "audio:stall,seconds=0.3,probability=0.002", "upgrade:stall,seconds=0.3,probability=0.1",
)  # fmt: skip


def resident_mb():
    if not STATM.exists():
        return 0.0
    # ru_maxrss would only tell the peak.
    return int(STATM.read_text().split()[1]) * resource.getpagesize() / 1e6


@dataclass
class Account:
    """What the callers saw."""

    outcomes: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)
    resident: list = field(default_factory=list)
    silent: int = 0


async def read(utterance, chance):
    """Read an utterance as callers do; return the digest of all that was heard, None for who stopped listening."""
    digest = hashlib.sha256()
    habit = chance.random()
    if habit < 0.03:
        await asyncio.sleep(chance.random() * 0.02)
        await utterance.cancel()
    async for chunk in utterance:
        digest.update(chunk.pcm.tobytes())
        if habit < 0.06:
            utterance.cancel_nowait()
        elif habit < 0.08:
            break
        elif habit < 0.10:
            await asyncio.sleep(chance.random() * 0.05)
    await utterance.cancel()
    # Who stops listening may miss the end of what is complete already.
    return digest.hexdigest() if habit >= 0.08 else None


async def call(pool, number, chance, account, watch):
    """One utterance; its reader's task is sometimes cancelled from outside."""
    text = f"Number {number} " + " ".join(chance.choices(WORDS, k=chance.randint(1, 8))) + "."
    utterance = pool.speak(text, settings=SETTINGS)
    reading = asyncio.ensure_future(read(utterance, chance))
    if chance.random() < 0.03:
        await asyncio.sleep(chance.random() * 0.05)
        reading.cancel()
    (heard,) = await asyncio.gather(reading, return_exceptions=True)
    # Who is cancelled between two chunks leaves it speaking: then its own deadlines end it.
    outcome = await asyncio.wait_for(utterance.wait(), 30)
    account.outcomes[outcome] += 1
    if outcome is Outcome.FAILED:
        # Whoever stopped reading does not hear of it, but it has a reason all the same.
        assert isinstance(utterance.error, VoxpoolError)
        account.errors[f"{type(utterance.error).__name__} {getattr(utterance.error, 'code', '')}".strip()] += 1
        assert heard is utterance.error or isinstance(heard, asyncio.CancelledError | None)
    elif outcome is Outcome.DONE and isinstance(heard, str) and utterance.chunks:
        watch.heard[utterance.context_id] = heard
    elif outcome is Outcome.DONE and not utterance.chunks:
        account.silent += 1


async def callers(pool, count, seed, account, watch):
    numbers = iter(range(count))

    async def caller(which):
        chance = random.Random(f"{seed}:{which}")
        for number in numbers:
            await call(pool, number, chance, account, watch)
            if number % 1000 == 999:
                gc.collect()
                account.resident.append(resident_mb())

    async with asyncio.TaskGroup() as group:
        for which in range(CALLERS):
            group.create_task(caller(which))


async def settled(pool):
    """Wait until no slot is held; the pool's own deadlines must see to that."""
    async with asyncio.timeout(20):
        while pool.stats().slots_held or pool.waiters():
            await asyncio.sleep(0.02)
    return pool.stats()


async def chaos(count, seed, faults=FAULTS):
    """Let ``count`` utterances run through the faults, and check what both sides know of them."""
    gc.collect()
    account, begun = Account(), time.monotonic()
    arguments = [word for fault in faults for word in ("--fault", fault)]
    with running_server("--engine", "tone", "--seed", str(seed), "--inactivity-s", "4", *arguments) as server:
        watch = LedgerWatch(server.url)
        async with watch.following(), Pool(server.endpoint, CONFIG) as pool:
            await callers(pool, count, seed, account, watch)
            stats = await settled(pool)
            took_s = time.monotonic() - begun
        async with aiohttp.ClientSession() as http, http.get(f"{server.url}/voxgrid/v1/faults") as response:
            struck = Counter()
            for each in (await response.json())["faults"]:
                struck[f"{each['place']}:{each['effect']}"] += each["struck"]
    report(account, stats, watch, dict(struck), took_s)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert sum(account.outcomes.values()) == stats.requested == count
    assert account.outcomes == {
        Outcome.DONE: stats.done,
        Outcome.FAILED: stats.failed,
        Outcome.CANCELLED: stats.cancelled,
    }
    assert stats.slots_acquired == stats.slots_released
    assert (stats.waiting, stats.speaking, stats.zombies, stats.buffered_bytes) == (0, 0, 0, 0)
    assert watch.open_contexts == 0
    assert watch.most_connections <= 20
    assert watch.most_contexts <= 5
    # Nothing was refused but what a fault refused; one that struck with another at once did not come to that.
    assert sum(watch.refused_contexts.values()) <= struck["create:status"]
    assert not watch.differing
    assert not watch.heard
    assert watch.same > count / 2
    return account, watch


def report(account, stats, watch, struck, took_s):
    counts = stats.to_dict()
    names = ("retried", "slots_acquired", "slots_released", "slots_held", "connections_opened", "connects_failed")
    print(f"\n{took_s:.1f} s, outcomes { {str(key): n for key, n in account.outcomes.items()} }")
    print(f"errors {dict(account.errors)}, without audio {account.silent}, identical {watch.same}")
    print({name: counts[name] for name in (*names, "closed_by_reason", "frames_ignored")})
    print(f"server: contexts {dict(watch.states)}, upgrades refused {watch.refused_upgrades}")
    print(f"struck {struck}")
    print(f"resident MB after each thousand: {[round(each) for each in account.resident]}")


async def test_every_utterance_is_accounted_for_under_random_faults():
    await chaos(400, seed=int(os.environ.get("VOXGRID_CHAOS_SEED", "1")))


async def test_lost_connections_are_replaced_without_ever_asking_for_one_too_many():
    # A server that does not notice the end of a connection still counts it: only then is a 429 due.
    ghosts = ("refuse", "half_open", "silent")
    faults = [fault for fault in FAULTS if not any(effect in fault for effect in ghosts)]
    _, watch = await chaos(400, seed=5, faults=faults)
    assert watch.refused_upgrades == 0


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(not STATM.exists(), reason="memory is read from /proc")
async def test_ten_thousand_utterances_are_accounted_for_and_memory_is_flat():
    account, _ = await chaos(10_000, seed=2)
    # The first thousands fill caches and arenas; from then on it may breathe, not grow.
    assert account.resident[-1] < account.resident[1] * 1.2 + 15


async def test_a_storm_of_interruptions_never_exceeds_the_limits_as_the_server_counts():
    account = Account()

    async def interrupted(pool, number, chance):
        utterance = pool.speak(f"Number {number} is interrupted.", settings=SETTINGS)
        if chance.random() < 0.5:
            await asyncio.sleep(chance.random() * 0.02)
        else:
            async for _chunk in utterance:
                break
        utterance.cancel_nowait()
        account.outcomes[await utterance.wait()] += 1

    async def caller(pool, which):
        chance = random.Random(which)
        for number in range(8):
            await interrupted(pool, which * 100 + number, chance)

    with running_server("--timing", "service", "--engine", "tone", "--network-ms", "15") as server:
        watch = LedgerWatch(server.url)
        async with watch.following(0.1), Pool(server.endpoint, PoolConfig(max_lifetime_s=1.0)) as pool:
            async with asyncio.TaskGroup() as group:
                for which in range(CALLERS):
                    group.create_task(caller(pool, which))
            stats = await settled(pool)

    assert sum(account.outcomes.values()) == stats.requested == CALLERS * 8
    assert stats.failed == stats.retried == 0
    assert (watch.refused_upgrades, sum(watch.refused_contexts.values())) == (0, 0)
    assert watch.most_connections <= 20
    assert watch.most_contexts <= 5
