"""A service that goes away in the middle of a run: said at once, and waited for only so long."""

import asyncio

import pytest

from support.fake_transport import FakeService
from support.stress_runs import measured
from voxpool.errors import ConnectFailed
from voxpool.events import CloseReason, ConnectionChanged, ConnectionState
from voxpool.stress.control import RunControl
from voxpool.stress.reach import Reach
from voxpool.stress.result import MarkKind, Verdict

pytestmark = pytest.mark.virtual_time

HELLO = [{"text": "Hello there."}]
LOAD = {"profile": "concurrency", "concurrency": 4, "duration_s": 600}


class Vanishing(FakeService):
    """Dies at one moment and comes back at another, in seconds since it was made."""

    def __init__(self, dies_s, back_s=float("inf"), **options):
        super().__init__(**options)
        self.loop = asyncio.get_running_loop()
        self.dies, self.back = (self.loop.time() + each for each in (dies_s, back_s))
        self.loop.call_at(self.dies, self._die)

    def _die(self):
        for wire in self.open_wires:
            wire.drop()

    async def connect(self):
        if self.dies <= self.loop.time() < self.back:
            await asyncio.sleep(self.handshake_s)
            raise ConnectFailed("fake", "nothing listens there; is the server running?")
        return await super().connect()


class Ticks:
    """Remembers the ticks of a run."""

    def __init__(self):
        self.all = []

    def on_tick(self, tick):
        self.all.append(tick)

    def on_sample(self, _sample): ...

    def on_mark(self, _mark): ...


def of_service(result):
    return [mark for mark in result.marks if mark.kind is MarkKind.SERVICE]


async def test_a_run_ends_by_itself_when_its_service_stays_away():
    ticks = Ticks()
    result = await measured(LOAD, Vanishing(dies_s=10), texts=HELLO, unreachable_s=20, listeners=(ticks,))

    assert result.verdict is Verdict.ABORTED
    assert result.reasons[0] == (
        "The service was out of reach for 20 s: "
        "could not connect to fake: nothing listens there; is the server running?"
    )
    # Ten seconds, the first attempt, and the limit; nobody waits for more than a tick and the slots to come free.
    assert 30 <= result.wall_s < 31
    assert result.done > 20
    assert len(result.samples) == result.started
    (mark,) = of_service(result)
    assert mark.at_s == pytest.approx(10.25, abs=0.3)
    assert "out of reach since 10." in mark.text
    assert "the run ends at 30." in mark.text
    assert "nothing listens there" in mark.text
    assert not any(tick.trouble for tick in ticks.all if tick.at_s < 10)
    assert {tick.trouble for tick in ticks.all if tick.at_s > mark.at_s} == {mark.text}


async def test_a_service_that_was_never_there_ends_it_as_well():
    result = await measured(LOAD, Vanishing(dies_s=0), texts=HELLO)

    assert result.verdict is Verdict.ABORTED
    assert 30 <= result.wall_s < 31
    assert result.done == 0


async def test_a_service_that_comes_back_in_time_is_told_and_the_run_goes_on():
    service = Vanishing(dies_s=10, back_s=25)
    result = await measured({**LOAD, "duration_s": 60}, service, texts=HELLO)
    gone, back = of_service(result)

    assert result.verdict is Verdict.FAILED
    assert result.wall_s >= 60
    assert "out of reach" in gone.text
    assert back.text.startswith("in reach again, ")
    assert 25 <= back.at_s < 40


async def test_a_lost_connection_that_is_replaced_at_once_is_no_outage():
    service = FakeService()
    asyncio.get_running_loop().call_later(5, lambda: service.open_wires[0].drop())
    result = await measured({**LOAD, "duration_s": 10}, service, texts=HELLO, unreachable_s=0.001)

    assert not of_service(result)


async def test_a_drain_does_not_wait_for_a_service_that_is_gone():
    control = RunControl()
    asyncio.get_running_loop().call_later(12, control.stop)
    pool = {"acquire_timeout_s": 1000.0, "backoff_base_s": 8.0}
    result = await measured(LOAD, Vanishing(dies_s=10), texts=HELLO, unreachable_s=5, control=control, pool=pool)

    assert result.reasons[0] == "It was stopped by hand."
    assert result.wall_s < 17


def closed(number, at, reason=CloseReason.CONNECT_FAILED, detail="refused"):
    old = ConnectionState.CONNECTING if reason is CloseReason.CONNECT_FAILED else ConnectionState.OPEN
    return ConnectionChanged(
        at=at, connection_id=number, row=0, old=old, new=ConnectionState.CLOSED, reason=reason, detail=detail
    )


def opened(number, at):
    return ConnectionChanged(
        at=at, connection_id=number, row=0, old=ConnectionState.CONNECTING, new=ConnectionState.OPEN
    )


@pytest.mark.parametrize(
    ("events", "since", "why"),
    [
        pytest.param([], None, "", id="nothing happened"),
        pytest.param([closed(1, 2.0)], 2.0, "refused", id="first attempt fails"),
        pytest.param([closed(1, 2.0), closed(2, 3.0, detail="late")], 2.0, "late", id="attempts fail"),
        pytest.param([opened(1, 1.0), closed(2, 2.0)], None, "", id="another is open"),
        pytest.param([opened(1, 1.0), closed(1, 2.0, CloseReason.NETWORK)], None, "", id="nobody tried yet"),
        pytest.param(
            [opened(1, 1.0), closed(1, 2.0, CloseReason.NETWORK), closed(2, 2.5)], 2.5, "refused", id="lost for good"
        ),
        pytest.param([closed(1, 2.0), opened(2, 3.0)], None, "", id="back again"),
        pytest.param([closed(1, 2.0), opened(2, 3.0), closed(2, 4.0, CloseReason.IDLE)], None, "", id="closed by us"),
    ],
)
def test_it_is_out_of_reach_from_the_first_attempt_that_fails_with_none_open(events, since, why):
    reach = Reach()
    for event in events:
        reach.take(event)

    assert (reach.since, reach.why) == (since, why)


@pytest.mark.parametrize(
    ("last", "now", "gone"), [(0.0, 4.9, False), (4.0, 5.0, True), (4.9, 60.0, False), (59.0, 60.0, True)]
)
def test_how_long_it_has_been_gone_counts_while_somebody_tries(last, now, gone):
    reach = Reach()
    reach.take(closed(1, 0.0))
    reach.take(closed(2, last))

    assert reach.gone_for(5.0, now) is gone
