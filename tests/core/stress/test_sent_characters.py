"""Characters are counted, and paid for, when a socket took them: not when somebody meant to say them."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import virtual_time
from support.fake_transport import FakeService, FakeTransport
from support.stress_runs import measured
from voxpool.errors import ConnectFailed
from voxpool.stress.control import RunControl

HELLO = "Hello there, how are you today?"
LOAD = {"profile": "rate", "rate": 10, "duration_s": 3, "arrivals": "even"}


class Counting(FakeService):
    """Counts what the client's sockets took, whatever becomes of it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.taken = 0

    async def connect(self):
        wire = await super().connect()
        send = wire.send

        async def counted(frame):
            await send(frame)
            # ``send`` raised nothing: it is on its way, also when nobody receives it.
            self.taken += len(json.loads(frame).get("send_text", {}).get("text", ""))

        wire.send = counted
        return wire


def check(result, taken):
    """One account: of the run, of its utterances, and of the wire."""
    assert result.characters == taken
    assert sum(sample.sent_characters for sample in result.samples) == taken
    assert all(0 <= sample.wasted_characters <= sample.sent_characters for sample in result.samples)
    assert result.wasted_characters == sum(sample.wasted_characters for sample in result.samples)
    assert result.cost_usd == pytest.approx(taken * 35 / 1e6)
    assert [tick.characters for tick in result.ticks] == sorted(tick.characters for tick in result.ticks)
    assert result.ticks[-1].characters == taken


trouble = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1000),
        "slots": st.integers(1, 5),
        "drops": st.lists(st.floats(0.0, 3.0), max_size=3),
        "stuck": st.lists(st.floats(0.0, 3.0), max_size=2),
        "refused": st.integers(0, 3),
        "fails": st.sets(st.integers(0, 40), max_size=8),
        "stop": st.none() | st.floats(0.1, 3.0),
        "behaviour": st.sampled_from(
            [
                {"kind": "one_shot"},
                {"kind": "interrupting", "least_s": 0.0, "most_s": 0.5, "since": "start"},
                {"kind": "feeding", "tokens_per_s": 20, "first_token_s": 0.1, "chunking": "tokens"},
                {"kind": "feeding", "tokens_per_s": 20, "first_token_s": 0.1, "chunking": "sentences"},
            ]
        ),
    }
)


async def troubled(case):
    service, loop = Counting(), asyncio.get_running_loop()
    service.connect_errors.extend([ConnectFailed("fake", "refused")] * case["refused"])
    spoken = 0

    def speak(context, text):
        nonlocal spoken
        spoken += 1
        if spoken in case["fails"]:
            context.fail(13, "Made up for a test", gone=True)
        else:
            service.speak(context, text)

    def with_newest(act):
        if service.open_wires:
            act(service.open_wires[-1])

    def stick(wire):
        wire.stuck = asyncio.Event()

    service.on_speak = speak
    for at in case["drops"]:
        loop.call_later(at, with_newest, FakeTransport.drop)
    for at in case["stuck"]:
        loop.call_later(at, with_newest, stick)
    control = RunControl()
    if case["stop"] is not None:
        loop.call_later(case["stop"], lambda: control.stop(drain=False))
    pool = {
        "max_connections": 2,
        "contexts_per_connection": case["slots"],
        "acquire_timeout_s": 2.0,
        "heartbeat_s": 1.0,
    }
    result = await measured(
        LOAD,
        service,
        texts=[{"text": HELLO}],
        behaviour=case["behaviour"],
        seed=case["seed"],
        pool=pool,
        control=control,
        around={"paid": True},
    )
    return result, service.taken


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trouble)
def test_what_is_counted_is_what_went_to_the_socket(case):
    check(*virtual_time.run(troubled(case)))


@pytest.mark.virtual_time
async def test_text_that_never_left_the_queue_costs_nothing():
    service = Counting()
    service.connect_errors.extend([ConnectFailed("fake", "refused")] * 1000)
    result = await measured(LOAD, service, texts=[{"text": HELLO}], around={"paid": True})

    assert (result.failed, result.characters, result.cost_usd, result.wasted_characters) == (30, 0, 0.0, 0)
    assert {sample.characters for sample in result.samples} == {len(HELLO)}


@pytest.mark.virtual_time
async def test_another_attempt_is_sent_and_wasted_again():
    service = Counting()
    failed = []

    def speak(context, text):
        if not failed:
            failed.append(context)
            context.fail(13, "Made up for a test", gone=True)
        else:
            service.speak(context, text)

    service.on_speak = speak
    load = {"profile": "concurrency", "concurrency": 1, "utterances": 2}
    result = await measured(load, service, texts=[{"text": HELLO}], around={"paid": True})

    check(result, 3 * len(HELLO))
    assert (result.done, result.wasted_characters) == (2, len(HELLO))


@pytest.mark.virtual_time
async def test_a_cap_gives_back_what_was_not_sent():
    """Three are refused before anything went out; the cap still has room for three that speak."""
    service = Counting()
    service.connect_errors.extend([ConnectFailed("fake", "refused")] * 3)
    load = {"profile": "concurrency", "concurrency": 1, "duration_s": 100}
    most = 3 * len(HELLO) + 1
    result = await measured(load, service, texts=[{"text": HELLO}], max_characters=most, pool={"max_attempts": 1})

    assert (result.failed, result.done) == (3, 3)
    assert result.reasons[0] == f"The cap of {most} characters was reached."
    assert result.characters == service.taken == 3 * len(HELLO)
