"""The engine against a pool that is only pretended: what is counted, how many run at once, what a failure does."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from voxpool.errors import LimitReached, SettingError
from voxpool.protocol.settings import ContextSettings
from voxpool.stress.engine import TEXTS, Plan, run


class FakeUtterance:
    """Yields two chunks of 0.1 s, or fails."""

    def __init__(self, pool, text):
        self.pool = pool
        self.text = text
        self.cancelled = False
        base = 10.0
        self.stages = SimpleNamespace(
            requested_s=base, granted_s=base + 0.001, first_text_s=base + 0.002, first_audio_s=base + 0.052
        )

    def cancel_nowait(self):
        self.cancelled = True

    async def __aiter__(self):
        self.pool.running += 1
        self.pool.peak = max(self.pool.peak, self.pool.running)
        try:
            await self.pool.gate.wait()
            await asyncio.sleep(0)
            if len(self.pool.spoken) % self.pool.fail_every == 0:
                self.stages.first_audio_s = None
                raise LimitReached(8, "too many")
            for number in range(2):
                pcm = np.zeros(2400, dtype=np.int16)
                yield SimpleNamespace(pcm=pcm, sample_rate_hz=24000, received_at=20.0 + number)
        finally:
            self.pool.running -= 1


class FakePool:
    def __init__(self, fail_every=10**9):
        self.fail_every = fail_every
        self.spoken = []
        self.running = self.peak = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def speak(self, text, *, settings):
        assert settings == ContextSettings()
        self.spoken.append(FakeUtterance(self, text))
        return self.spoken[-1]

    def connections(self):
        return ("one", "two")


async def test_it_speaks_everything_and_never_more_at_once_than_asked():
    pool = FakePool()
    report = await run(pool, Plan(25, 4), url="http://127.0.0.1:1")

    assert [utterance.text for utterance in pool.spoken] == [TEXTS[number % len(TEXTS)] for number in range(25)]
    assert (report.requested, report.started, report.done, report.failed) == (25, 25, 25, 0)
    assert pool.peak == report.concurrency == 4
    assert report.connections == 2
    assert report.chunks == 50
    assert report.audio_s == pytest.approx(5.0)
    assert report.characters == sum(len(utterance.text) for utterance in pool.spoken) == Plan(25, 4).characters
    assert report.ttfa_ms.count == 25
    assert report.ttfa_ms.p50 == pytest.approx(50.0)
    assert report.since_request_ms.p99 == pytest.approx(52.0)
    # The second chunk came a second after the first, which held a tenth.
    assert report.stalls == report.stalled_utterances == 25
    assert report.longest_stall_ms == pytest.approx(900.0)


async def test_fewer_utterances_than_workers():
    pool = FakePool()
    assert (await run(pool, Plan(2, 100))).concurrency == 2


async def test_failures_are_counted_and_the_run_goes_on():
    pool = FakePool(fail_every=1)
    seen = []
    report = await run(pool, Plan(3, 1), progress=lambda *counts: seen.append(counts))

    assert (report.done, report.failed) == (0, 3)
    assert report.errors == {"LimitReached 8": 3}
    assert report.examples == {"LimitReached 8": "too many (code 8)"}
    assert report.ttfa_ms.count == 0
    assert seen == [(1, 1), (2, 2), (3, 3)]


async def test_a_cancelled_run_cancels_its_utterances():
    pool = FakePool()
    pool.gate.clear()
    task = asyncio.create_task(run(pool, Plan(10, 3)))
    while pool.running < 3:
        await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(pool.spoken) == 3
    assert all(utterance.cancelled for utterance in pool.spoken)


@pytest.mark.parametrize(
    ("values", "field"),
    [((0, 1), "utterances"), ((1, 0), "concurrency"), ((1, 1, ()), "texts"), ((1, 1, ("a", " ")), "texts")],
)
def test_plans_that_make_no_sense_are_refused(values, field):
    with pytest.raises(SettingError) as refused:
        Plan(*values)
    assert refused.value.field == field


async def test_the_loop_lag_is_measured_beside_it():
    import time

    pool = FakePool()
    pool.gate.clear()

    async def hog():
        await asyncio.sleep(0.03)
        time.sleep(0.08)  # noqa: ASYNC251 - blocking the loop is the point
        pool.gate.set()

    report, _ = await asyncio.gather(run(pool, Plan(1, 1)), hog())

    assert report.loop_lag_ms.max >= 50.0
