"""Waiting until a moment: never early, on any loop."""

import asyncio
import time

import pytest

from voxpool.stress.alarm import Alarm


@pytest.mark.both_loops
@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.11, 0.2, 0.35])
async def test_it_is_never_early(seconds):
    # Qt's coarse timers are early by up to a twentieth; the clock decides.
    at = time.monotonic() + seconds
    assert await Alarm(time.monotonic).until(at)
    assert time.monotonic() >= at


@pytest.mark.virtual_time
async def test_it_is_exact_and_can_be_rung():
    loop = asyncio.get_running_loop()
    alarm, began = Alarm(loop.time), loop.time()
    loop.call_later(3.0, alarm.ring)

    assert await alarm.until(began + 2.0)
    assert loop.time() == pytest.approx(began + 2.0)
    assert not await alarm.until(began + 5.0)
    assert loop.time() == pytest.approx(began + 3.0)
    # It was rung once: the next wait is a whole one.
    assert await alarm.until(began + 5.0)


@pytest.mark.virtual_time
async def test_who_rings_before_anybody_waits_is_heard():
    loop = asyncio.get_running_loop()
    alarm = Alarm(loop.time)
    alarm.ring()
    assert not await alarm.until(float("inf"))


@pytest.mark.virtual_time
async def test_moments_that_have_passed_give_others_a_turn():
    loop = asyncio.get_running_loop()
    turns = []
    task = asyncio.create_task(asyncio.sleep(0, turns.append(1)))
    for _ in range(3):
        await Alarm(loop.time).until(loop.time() - 1.0)
    assert task.done()


@pytest.mark.virtual_time
async def test_a_cancelled_wait_leaves_no_timer():
    loop = asyncio.get_running_loop()
    alarm = Alarm(loop.time)
    task = asyncio.create_task(alarm.until(loop.time() + 1000.0))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [handle for handle in loop._scheduled if not handle.cancelled()]
