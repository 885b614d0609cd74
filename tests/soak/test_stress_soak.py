"""What the stress lab promises on real sockets: its schedule, the limits that it finds, its memory."""

import asyncio
import gc
import os
import resource
import statistics
from pathlib import Path

import pytest

from support.local_server import running_server
from voxpool import Pool
from voxpool.config import Endpoint
from voxpool.stress.engine import Surroundings, calm_collector, run
from voxpool.stress.honesty import BareLoop
from voxpool.stress.result import Verdict
from voxpool.stress.scenario import scenario_from

pytestmark = pytest.mark.soak
DURATION_S = float(os.environ.get("VOXGRID_SOAK_S", "300"))
STATM = Path("/proc/self/statm")


async def measured(url, scenario, *listeners, bare=None):
    async with Pool(Endpoint(url), scenario.pool_config) as pool:
        return await run(pool, scenario, Surroundings(url=url, bare=bare), listeners=listeners)


def shown(result):
    print(f"\n{result.name}: {result.verdict.value} {result.reasons}")
    for name in ("late_start", "loop_lag", "corrected"):
        each = result.distributions[name]
        print(f"  {name}: p50 {each.p50:.2f}  p99 {each.p99:.2f}  max {each.max:.2f} ms of {each.count}")
    return result


async def test_an_open_load_keeps_its_schedule_as_well_as_a_bare_timer():
    """Two hundred arrivals a second: within twice the error of a bare timer on the same loop, at p99."""
    scenario = scenario_from(
        {
            "name": "200 arrivals per second",
            "load": {"profile": "rate", "rate": 200, "duration_s": min(DURATION_S, 20), "arrivals": "even"},
            "texts": [{"text": "Yes."}],
        }
    )
    calm_collector()
    with running_server("--engine", "tone", "--timing", "instant") as server:
        bare = BareLoop()
        result = shown(await measured(server.url, scenario, bare=bare))

    print(f"  a loop that does nothing else: p99 {bare.late.statistic('p99'):.2f} ms of {bare.late.count}")
    assert result.failed == 0
    assert result.distributions["late_start"].p99 <= 2 * max(result.distributions["loop_lag"].p99, 1.0)


@pytest.mark.parametrize("limit", [4, 12])
async def test_it_finds_the_number_of_generations_that_a_server_was_given(limit):
    """Median of five seeds, within one step or a tenth, whichever is larger."""
    found = []
    for seed in range(5):
        scenario = scenario_from(
            {
                "name": f"generations {limit}, seed {seed}",
                "seed": seed,
                "load": {"profile": "search", "start": 2, "most": 40, "hold_s": 3, "settle_s": 1},
                "thresholds": ["errors.rate < 0.02"],
                "texts": [{"text": "The river is cold in winter."}],
                "pool": {"max_attempts": 1},
            }
        )
        with running_server(
            "--engine", "tone", "--timing", "instant", "--first-audio-ms", "50", "--delivery-rate", "4",
            "--max-generations", str(limit),
        ) as server:  # fmt: skip
            result = await measured(server.url, scenario)
        print(f"\nlimit {limit}, seed {seed}: safe {result.search.safe}, {len(result.search.steps)} levels, "
              f"{result.wall_s:.0f} s, {result.verdict.value}")  # fmt: skip
        found.append(result.search.safe or 0)

    assert abs(statistics.median(found) - limit) <= max(1, limit / 10)


SENTENCE = "The river is cold in winter."
SERVER = ("--engine", "tone", "--timing", "instant", "--first-audio-ms", "50", "--delivery-rate", "4")


async def found_in_five(name, load, threshold, *limits):
    """Search with five seeds; return the median of the answers and what one utterance takes alone, in seconds."""
    found, alone = [], []
    for seed in range(5):
        scenario = scenario_from(
            {"name": name, "seed": seed, "load": load, "thresholds": [threshold], "texts": [{"text": SENTENCE}]}
        )
        with running_server(*SERVER, *limits) as server:
            async with Pool(Endpoint(server.url), scenario.pool_config) as pool:
                for _ in range(3):
                    utterance = pool.speak(SENTENCE)
                    await utterance.wait()
                    alone.append(utterance.stages.closed_s - utterance.stages.first_text_s)
                result = await run(pool, scenario, Surroundings(url=server.url))
        print(f"\n{name}, seed {seed}: safe {result.search.safe}, {len(result.search.steps)} levels, "
              f"{result.wall_s:.0f} s, {result.verdict.value}")  # fmt: skip
        found.append(result.search.safe or 0)
    return statistics.median(found), statistics.median(alone)


async def test_it_finds_the_number_of_slots_that_a_server_was_given():
    """Three connections of four contexts, which the pool is not told of: the thirteenth utterance waits."""
    load = {"profile": "search", "start": 2, "most": 40, "hold_s": 3, "settle_s": 1}
    slots = ("--max-connections", "3", "--set", "contexts_per_connection=4")
    found, _ = await found_in_five("slots", load, "queue_ms.p95 < 20", *slots)
    assert abs(found - 12) <= 1.2


async def test_it_finds_the_rate_at_which_a_server_can_speak():
    """Three at a time, the others wait: three in the time that one takes, and no more."""
    load = {"profile": "search", "model": "open", "start": 1, "most": 40, "step": 0.5, "hold_s": 5, "settle_s": 1,
            "arrivals": "even"}  # fmt: skip
    speed = ("--max-generations", "3", "--set", "generation_overflow=wait")
    found, alone_s = await found_in_five("speed", load, "corrected_ms.p95 < 400", *speed)
    print(f"  one takes {alone_s * 1000:.0f} ms alone: {3 / alone_s:.2f} a second")
    assert abs(found - 3 / alone_s) <= max(0.5, 0.1 * 3 / alone_s)


class Memory:
    """Notes how much memory the process has while a run goes on."""

    def __init__(self):
        self.seen = []

    def on_sample(self, sample):
        pass

    def on_mark(self, mark):
        pass

    def on_tick(self, tick):
        if len(self.seen) < int(tick.at_s / 5):
            gc.collect()
            self.seen.append((tick.at_s, int(STATM.read_text().split()[1]) * resource.getpagesize() / 1e6))


@pytest.mark.skipif(not STATM.exists(), reason="memory is read from /proc")
async def test_a_hundred_at_once_for_long_need_no_more_memory_than_after_a_minute():
    memory = Memory()
    scenario = scenario_from(
        {
            "name": "a hundred at once",
            "load": {"profile": "soak", "level": 100, "ramp_s": 10, "duration_s": DURATION_S},
            "texts": [{"set": "short-replies"}],
            "max_samples": 5000,
        }
    )
    with running_server("--engine", "espeak", "--timing", "instant", "--delivery-rate", "1.5") as server:
        result = shown(await measured(server.url, scenario, memory))

    after = [mb for at_s, mb in memory.seen if at_s >= 60]
    print(f"  memory in MB: {[round(mb) for _, mb in memory.seen]}")
    assert result.failed == 0
    assert result.verdict in (Verdict.PASSED, Verdict.INVALID)
    if len(after) > 1:
        assert max(after) <= after[0] * 1.05
    await asyncio.sleep(0)
