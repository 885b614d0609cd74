"""A service that goes away in the middle of a run: said at once, and waited for only so long."""

import asyncio

import pytest

from support.fake_transport import FakeService
from support.stress_runs import measured
from voxpool.cli.stresstext import now as line
from voxpool.cli.stresstext import report
from voxpool.errors import ConnectFailed
from voxpool.events import CloseReason, ConnectionChanged, ConnectionState
from voxpool.stress.control import RunControl
from voxpool.stress.reach import Reach, Silence
from voxpool.stress.report.html import _tiles
from voxpool.stress.result import MarkKind, RunResult, Verdict

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


def freeze(service, at_s, for_s=float("inf")):
    """Let a service that stays connected do nothing for a while; what was said to it meanwhile is read afterwards."""
    loop = asyncio.get_running_loop()
    thaws = loop.time() + at_s + for_s

    def halt():
        for wire in service.open_wires:
            arrive, depart = wire._arrive, wire._depart
            wire._arrive, wire._depart = held(arrive), held(depart)

    def held(act):
        return lambda: act() if loop.time() >= thaws else loop.call_at(thaws, act)

    loop.call_later(at_s, halt)
    return service


LONG = {"stall_timeout_s": 1000.0, "first_audio_timeout_s": 1000.0}


async def test_a_service_that_freezes_is_named_while_it_lasts_and_heard_again():
    ticks = Ticks()
    service = freeze(FakeService(), 10, 12)
    result = await measured({**LOAD, "duration_s": 30}, service, texts=HELLO, listeners=(ticks,), pool=LONG)
    gone, back = of_service(result)

    assert gone.text.startswith("silent: nothing has come from any connection for 3 s while 4 utterances are in flight")
    assert "the run ends at 40." in gone.text
    assert 13 <= gone.at_s < 13.6
    assert back.text.startswith("heard again, after 1")
    assert 22 <= back.at_s < 22.6
    frozen = [tick for tick in ticks.all if gone.at_s <= tick.at_s < back.at_s]
    assert len(frozen) > 30
    for tick in frozen:
        assert tick.trouble.startswith("silent")
        assert tick.nothing_s == pytest.approx(tick.at_s - 10, abs=0.6)
        assert line(tick).endswith(f"(nothing has come for {tick.nothing_s:.0f} s)")
    assert not any(tick.trouble or tick.nothing_s for tick in ticks.all if not gone.at_s <= tick.at_s < back.at_s)
    assert result.wall_s >= 30


async def test_a_service_that_stays_frozen_ends_the_run():
    result = await measured(LOAD, freeze(FakeService(), 10), texts=HELLO, unreachable_s=20, pool=LONG)

    assert result.verdict is Verdict.ABORTED
    assert result.reasons[0] == (
        "The service was silent for 20 s: nothing came from any connection while utterances were in flight."
    )
    assert 29.5 <= result.wall_s < 31


async def test_who_is_cut_short_with_the_run_was_not_interrupted_and_heard_a_stall():
    service = freeze(FakeService(first_audio_s=0.0, chunk_s=0.09), 10)
    result = await measured(LOAD, service, texts=HELLO, unreachable_s=20, pool=LONG)
    tiles = {title: (value, below) for title, value, below in _tiles(result)}
    cut = [sample for sample in result.samples if sample.cut_short]

    last = result.ticks[-1]
    assert (result.cancelled, result.cut_short, result.interrupted) == (4, 4, 0)
    assert (last.cancelled, last.cut_short, last.interrupted) == (4, 4, 0)
    assert tiles["interrupted"] == ("0", "on purpose")
    assert tiles["cut short"] == ("4", "by the end of the run")
    assert ", 4 cut short by the end of the run of" in report(result)
    assert "interrupted" not in report(result)
    assert any(sample.first_audio_s for sample in cut)
    for sample in cut:
        assert bool(sample.stalls) == (sample.first_audio_s is not None)
        assert sample.longest_stall_s == 0 or sample.longest_stall_s > 19


async def test_who_is_interrupted_on_purpose_is_not_cut_short():
    interrupting = {"kind": "interrupting", "least_s": 0.01, "most_s": 0.05, "restarts": 0}
    result = await measured({**LOAD, "duration_s": 5}, texts=HELLO, behaviour=interrupting)

    assert result.cancelled == result.interrupted > 0
    assert "cut short" not in {title for title, _, _ in _tiles(result)}


async def test_a_silence_counts_when_the_service_goes_away_after_it():
    service = freeze(Vanishing(dies_s=22), 10)
    result = await measured(LOAD, service, texts=HELLO, unreachable_s=20, pool=LONG)

    assert result.reasons[0].startswith("The service was out of reach for 20 s: ")
    assert 29.5 <= result.wall_s < 31.5


async def test_who_writes_slowly_does_not_wait_for_the_service():
    feeding = {"kind": "feeding", "first_token_s": 60, "chunking": "whole"}
    load = {"profile": "concurrency", "concurrency": 1, "utterances": 1}
    result = await measured(load, texts=HELLO, behaviour=feeding, pool={"heartbeat_s": 600.0})

    assert (result.done, of_service(result)) == (1, [])


@pytest.mark.parametrize(
    ("looks", "lasts_s"),
    [
        pytest.param([(0, 0, True)], 0.0, id="the first look"),
        pytest.param([(0, 0, True), (0.25, 0, True), (0.5, 0, True)], 0.5, id="nothing comes"),
        pytest.param([(0, 0, True), (0.5, 0, True), (1, 1, True)], 0.0, id="something came"),
        pytest.param([(0, 0, True), (0.5, 0, True), (1, 0, False), (1.5, 0, True)], 1.0, id="nothing was due"),
        pytest.param([(0, 0, True), (60, 0, True)], 1.0, id="the tool hung"),
    ],
)
def test_a_silence_is_the_time_in_which_something_was_due(looks, lasts_s):
    silence = Silence()
    for now, signs, due in looks:
        silence.look(now, signs, due=due)

    assert silence.lasts_s == lasts_s


SEARCH = {"profile": "search", "start": 2, "most": 4, "hold_s": 5, "settle_s": 1, "repeats": 1}
NO_ERRORS = {"texts": HELLO, "thresholds": ["errors.rate < 0.01", "corrected_ms.p95 < 1000"]}


def away_marks(result):
    return [mark for mark in of_service(result) if "is tried again" in mark.text]


async def test_a_search_tries_a_level_again_that_failed_while_the_service_was_away():
    result = await measured(SEARCH, Vanishing(dies_s=3.1, back_s=8), **NO_ERRORS)
    first, *others = result.search.steps

    assert (result.search.safe, result.search.breaking) == (4, None)
    assert all(step.passed for step in result.search.steps)
    assert first.repeated >= 1
    assert len(away_marks(result)) == first.repeated
    assert not any(step.repeated for step in others)
    assert first.words.startswith("tried again ")
    assert f"  {first.words}" in report(result)
    assert RunResult.from_dict(result.to_dict()) == result


async def test_a_search_does_so_for_a_silence_too():
    result = await measured(SEARCH, freeze(FakeService(), 3, 5), **NO_ERRORS, pool=LONG)

    assert (result.search.safe, result.search.breaking) == (4, None)
    assert result.search.steps[0].repeated == 1


async def test_a_search_ends_when_the_service_stays_away():
    result = await measured(SEARCH, Vanishing(dies_s=3.1), **NO_ERRORS)

    assert result.verdict is Verdict.ABORTED
    assert 33 <= result.wall_s < 34
    assert result.search.steps == ()


async def test_a_level_that_takes_the_service_down_again_and_again_fails():
    service = Vanishing(dies_s=1e6)
    loop = asyncio.get_running_loop()

    def fall():
        service.dies, service.back = loop.time(), loop.time() + 2
        service._die()
        loop.call_later(6.0, fall)

    loop.call_later(3.0, fall)
    result = await measured(SEARCH, service, **NO_ERRORS)

    assert result.search.safe is None
    assert 1 <= result.search.steps[0].repeated <= 3
    assert result.verdict is Verdict.FAILED


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
