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
from voxpool.stress.engine import Surroundings, calm_collector, run
from voxpool.stress.honesty import BareLoop
from voxpool.stress.result import Verdict
from voxpool.stress.scenario import scenario_from

pytestmark = pytest.mark.soak
DURATION_S = float(os.environ.get("VOXGRID_SOAK_S", "300"))
STATM = Path("/proc/self/statm")


async def measured(url, scenario, *listeners, bare=None):
    from voxpool.config import Endpoint

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
