"""Whether the tool itself was the bottleneck, and who is to blame."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fake_transport import FakeService
from support.stress_runs import measured
from voxpool.stress.honesty import (
    CPU_LIMIT_PERCENT,
    LAG_LIMIT_MS,
    LATE_LIMIT_MS,
    BareLoop,
    CpuMeter,
    LagProbe,
    Observed,
    complaints,
)
from voxpool.stress.result import Verdict


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Observed(), ()),
        (Observed(lag_p99_ms=LAG_LIMIT_MS, late_p99_ms=LATE_LIMIT_MS, cpu_percent=CPU_LIMIT_PERCENT), ()),
        (Observed(lag_p99_ms=45.0), ("event loop was 45 ms late", "nothing was measured beside it")),
        (Observed(lag_p99_ms=45.0, bare_p99_ms=0.3, bare_count=5), ("nothing was measured beside it",)),
        (
            Observed(lag_p99_ms=45.0, bare_p99_ms=0.3, bare_count=500),
            ("bare loop beside it was 0.3 ms", "tool was busy"),
        ),
        (Observed(lag_p99_ms=45.0, bare_p99_ms=40.0, bare_count=500), ("machine was busy",)),
        (Observed(late_p99_ms=30.0, bare_p99_ms=0.3, bare_count=500), ("asked for 30 ms too late", "tool was busy")),
        (
            Observed(lag_p99_ms=106.0, bare_p99_ms=10.8, bare_count=500),
            ("was 106 ms late", "was 10.8 ms late: the tool was busy itself, lower the load or run it in a process of"),
        ),
        (
            Observed(lag_p99_ms=45.0, bare_p99_ms=20.0, bare_count=500, apart=True),
            ("was 20.0 ms late: the machine was busy with something else and the tool was busy itself, make room",),
        ),
        (Observed(cpu_percent=99.0), ("99 % of a core",)),
        (Observed(events_lost=3), ("lost 3 events",)),
    ],
)
def test_each_reason_is_a_sentence(seen, words):
    found = complaints(seen)

    assert len(found) == bool(words)
    for each in found:
        assert each.endswith(".")
        assert all(word in each for word in words)


def blamed(late_ms, bare_ms):
    """Return whether the machine and whether the tool is blamed."""
    (found,) = complaints(Observed(lag_p99_ms=late_ms, bare_p99_ms=bare_ms, bare_count=500))
    assert f"{late_ms:.0f} ms late" in found
    assert f"{bare_ms:.1f} ms late" in found
    return "the machine was busy" in found, "the tool was busy" in found


@given(st.floats(LAG_LIMIT_MS + 1, 2000), st.floats(0, 1.2), st.floats(0, 1.2))
def test_the_later_a_bare_loop_is_the_more_the_machine_is_to_blame(late_ms, share, other):
    less, more = (blamed(late_ms, late_ms * each) for each in sorted((share, other)))

    assert less in ((False, True), (True, True), (True, False))
    assert less[0] <= more[0]
    assert less[1] >= more[1]


@pytest.mark.parametrize(
    ("late_ms", "bare_ms", "blame"),
    [
        (40.0, 40.0, (True, False)),
        (300.0, 200.1, (True, False)),
        (300.0, 150.0, (True, True)),
        (300.0, 60.0, (True, True)),
        (300.0, 15.0, (False, True)),
        (80.0, 12.0, (False, True)),
    ],
)
def test_who_is_to_blame_is_a_matter_of_proportion(late_ms, bare_ms, blame):
    assert blamed(late_ms, bare_ms) == blame


@pytest.mark.parametrize("bare_ms", [0.3, 20.0])
def test_a_process_that_is_the_runs_own_is_not_told_to_get_one(bare_ms):
    seen = {"lag_p99_ms": 45.0, "bare_p99_ms": bare_ms, "bare_count": 500}
    (apart,), (together,) = complaints(Observed(apart=True, **seen)), complaints(Observed(**seen))

    assert "process of its own" not in apart
    assert "process of its own" in together
    assert "lower the load" in apart


async def test_the_probe_sees_a_hog():
    late = []
    with LagProbe(time.monotonic, late.append):
        await asyncio.sleep(0.05)
        time.sleep(0.2)  # noqa: ASYNC251 - blocking the loop is the point
        await asyncio.sleep(0.05)
    seen = len(late)
    await asyncio.sleep(0.05)

    assert max(late) >= 150
    assert len(late) == seen


async def test_a_bare_loop_runs_in_another_process_and_is_not_held_up():
    bare = BareLoop()
    await bare.start()
    # It waits for nobody: while this loop hangs, the other one goes on.
    deadline = time.monotonic() + 20
    while not bare.late.statistic("count"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    time.sleep(1.0)  # noqa: ASYNC251 - blocking the loop is the point
    await bare.close()

    assert bare.late.statistic("count") >= 50
    assert bare.late.statistic("p50") < 500
    await bare.close()


def test_cpu_is_told_in_percent_of_one_core():
    times = iter([0.0, 10.0])
    meter = CpuMeter(lambda: next(times))
    began = time.process_time()
    while time.process_time() - began < 0.1:
        pass

    # A tenth of a second of work in what the clock says were ten.
    assert 0.9 <= meter.take() <= 10.0


async def test_a_loop_hog_makes_a_run_invalid():
    """On a real loop: a hundred milliseconds of work in every two hundred."""

    async def hog():
        while True:
            time.sleep(0.1)  # noqa: ASYNC251 - blocking the loop is the point
            await asyncio.sleep(0.1)

    bare = BareLoop()
    hogging = asyncio.create_task(hog())
    try:
        result = await measured(
            {"profile": "rate", "rate": 50, "duration_s": 2.5},
            FakeService(),
            texts=[{"text": "Hello."}],
            around={"bare": bare},
        )
    finally:
        hogging.cancel()

    assert result.verdict is Verdict.INVALID
    assert "event loop was" in result.reasons[0]
    assert "bare loop beside it" in result.reasons[0]
    assert "bare loop p99" in result.environment
    assert result.distributions["loop_lag"].p99 > LAG_LIMIT_MS
