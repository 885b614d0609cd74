"""Audio that breaks off: whoever listens waits for what never comes, and that is a stall."""

import asyncio

import pytest

from support.fake_transport import FakeService
from support.stress_runs import measured
from voxpool.cli.stresstext import now
from voxpool.events import Outcome
from voxpool.stress.control import RunControl

pytestmark = pytest.mark.virtual_time

HELLO = [{"text": "Hello there."}]
TWO = {"profile": "concurrency", "concurrency": 2, "utterances": 2}
HEARD_S = 0.06 + 3 * 0.1
"""What a listener has of the fake service's three chunks, with the jitter buffer before them."""


def mute(service):
    """Let it send audio and never say that this is all."""
    speak = service.speak

    def say(context, text):
        speak(context, text)
        asyncio.get_running_loop().call_later(service.first_audio_s + service.chunk_s * 2.5, setattr, context.wire,
                                              "silent", True)  # fmt: skip

    service.on_speak = say
    return service


class Ticks(list):
    """Remembers the ticks of a run."""

    on_tick = list.append

    def on_sample(self, _sample): ...

    def on_mark(self, _mark): ...


async def test_a_stall_that_ends_with_the_utterance_is_measured_and_seen_while_it_lasts():
    ticks = Ticks()
    more = {"thresholds": ["stalls.rate < 0.01"], "pool": {"stall_timeout_s": 10.0}}
    result = await measured(TWO, mute(FakeService()), texts=HELLO, listeners=(ticks,), **more)

    assert {sample.error_kind for sample in result.samples} == {"StallTimeout"}
    assert (result.stalls, result.stalled_utterances) == (2, 2)
    for sample in result.samples:
        silence = sample.closed_s - sample.first_audio_s - HEARD_S
        assert sample.stalls == 1
        assert sample.longest_stall_s == sample.stalled_s == pytest.approx(silence, abs=0.01)
        assert silence > 9
    assert result.distributions["stall"].count == 2
    (threshold,) = result.thresholds
    assert (threshold.passed, threshold.value) == (False, 1.0)
    assert max(tick.starving for tick in ticks) == 2
    worst = max(ticks, key=lambda tick: tick.starved_s)
    assert worst.starved_s > 9
    assert f"stalls 0 (2 silent now, {worst.starved_s:.1f} s)" in now(worst)
    assert (ticks[-1].starving, ticks[-1].stalls) == (0, 2)


async def test_a_stall_that_ends_with_the_connection_is_measured():
    service = mute(FakeService())
    asyncio.get_running_loop().call_later(3.0, lambda: [wire.drop() for wire in service.open_wires])
    result = await measured(TWO, service, texts=HELLO)

    assert {sample.error_kind for sample in result.samples} == {"ConnectionLost"}
    assert [sample.stalls for sample in result.samples] == [1, 1]


async def test_an_interruption_on_purpose_and_a_normal_end_are_no_stalls():
    interrupting = {"kind": "interrupting", "least_s": 5, "most_s": 5, "restarts": 0}
    cut = await measured(TWO, mute(FakeService()), texts=HELLO, behaviour=interrupting)
    done = await measured(TWO, FakeService(), texts=HELLO)

    assert {sample.outcome for sample in cut.samples} == {Outcome.CANCELLED}
    assert (cut.stalls, done.stalls) == (0, 0)


async def test_a_stop_by_hand_is_no_stall():
    control = RunControl()
    asyncio.get_running_loop().call_later(3.1, lambda: control.stop(drain=False))
    result = await measured(TWO, mute(FakeService()), texts=HELLO, control=control)

    assert {sample.outcome for sample in result.samples} == {Outcome.CANCELLED}
    assert result.stalls == 0
