"""The small parts of the pool: queue, backoff, agenda, timer, script."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.pool.agenda import Agenda, Due
from voxpool.pool.backoff import delay_s
from voxpool.pool.records import Ticket
from voxpool.pool.script import Script, speakable
from voxpool.pool.timer import Timer
from voxpool.pool.waiters import WaitQueue


def ticket(number: int, *, again: bool = False) -> Ticket:
    return Ticket(number, "", "", 0.0, 30.0, attempt=1 if again else 0)


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["join", "return", "leave", "serve"]))))
def test_the_queue_is_always_in_the_order_of_asking(steps: list[tuple[int, str]]) -> None:
    queue, expected, newest = WaitQueue(), set(), 0
    for number, step in steps:
        if step == "join":
            newest += 1
            queue.join(ticket(newest))
            expected.add(newest)
        elif step == "return" and number <= newest and number not in expected:
            queue.join(ticket(number, again=True))
            expected.add(number)
        elif step == "leave":
            assert queue.leave(ticket(number)) == (number in expected)
            expected.discard(number)
        elif step == "serve" and expected:
            head = queue.head()
            assert head is not None
            assert head.id == min(expected)
            queue.leave(head)
            expected.discard(head.id)
        assert len(queue) == len(expected)
        assert bool(queue) == bool(expected)
        assert [each.id for each in queue] == sorted(expected)


@given(st.integers(1, 200), st.floats(0.001, 10.0), st.floats(0.001, 100.0), st.integers())
def test_a_delay_is_never_zero_never_above_its_cap_and_never_the_same_for_all(
    failures: int, base_s: float, cap_s: float, seed: int
) -> None:
    random = Random(seed)
    delays = [delay_s(failures, base_s, cap_s, random) for _ in range(10)]
    ceiling = min(cap_s, base_s * 2.0 ** min(failures - 1, 60))
    assert all(ceiling / 2 <= delay <= ceiling for delay in delays)
    assert len(set(delays)) > 1


@given(st.lists(st.floats(0, 100)), st.floats(0, 100))
def test_the_agenda_gives_what_is_due_in_order(times: list[float], now: float) -> None:
    agenda = Agenda()
    for at in times:
        agenda.add(at, Due.QUEUE)
    popped = []
    while (entry := agenda.pop_due(now)) is not None:
        popped.append(entry[0])
    assert popped == sorted(at for at in times if at <= now)
    assert len(agenda) == len(times) - len(popped)


@pytest.mark.virtual_time
async def test_the_timer_wakes_at_the_earliest_time_and_schedules_nothing_twice() -> None:
    loop = asyncio.get_running_loop()
    woken: list[float] = []
    timer = Timer(loop.time, lambda: woken.append(loop.time() - 1000.0))
    timer.ask(1020.0)
    timer.ask(1005.0)
    timer.ask(1010.0)
    timer.ask(1006.0)
    await asyncio.sleep(30.0)
    assert woken == pytest.approx([5.0, 20.0])
    timer.ask(None)
    timer.ask(1040.0)
    timer.close()
    await asyncio.sleep(30.0)
    assert len(woken) == 2


@pytest.mark.virtual_time
async def test_a_loop_that_was_blocked_gets_a_breath_before_anything_is_late() -> None:
    loop = asyncio.get_running_loop()
    skew = [0.0]
    woken: list[float] = []
    timer = Timer(lambda: loop.time() + skew[0], lambda: woken.append(loop.time()))
    timer.ask(1001.0)
    skew[0] = 5.0
    arrived = loop.create_future()
    loop.call_at(1001.01, arrived.set_result, None)
    await asyncio.sleep(1.005)
    assert not woken, "declared late before what had come could be read"
    await asyncio.sleep(0.1)
    assert arrived.done()
    assert len(woken) == 1


@given(st.lists(st.text(max_size=30), max_size=10), st.integers(1, 20), st.integers(0, 30))
def test_a_script_said_again_is_the_same_from_the_beginning(parts: list[str], limit: int, taken: int) -> None:
    script = Script(limit)
    for part in parts:
        script.add(part)
    for _ in range(taken):
        script.take()
    script.rewind()
    again = []
    while (piece := script.take()) is not None:
        again.append(piece.text)
    assert "".join(again) == "".join(parts) == script.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Hello", True), ("...", False), (" \n", False), ("你好", True), ("42", True), ("—!?", False), ("", False)],
)
def test_punctuation_has_nothing_to_say(text: str, expected: bool) -> None:
    assert speakable(text) is expected
