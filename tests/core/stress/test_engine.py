"""The engine in virtual time: what is begun when, what is measured, how a run is steered and how it ends."""

import asyncio
import math
from random import Random

import numpy as np
import pytest

from support.fake_transport import FakeService
from support.stress_runs import generating_at_most, measured
from voxpool import Pool
from voxpool.errors import LocalServerError, SettingError
from voxpool.events import Outcome
from voxpool.stress.callers import Callers
from voxpool.stress.control import RunControl
from voxpool.stress.engine import NOTHING_COUNTED
from voxpool.stress.measure import SampleFacts
from voxpool.stress.result import MarkKind, RunResult, Verdict
from voxpool.stress.shapes import Rate, Schedule

pytestmark = pytest.mark.virtual_time

HELLO = [{"text": "Hello there."}]
FAULT = {"at_s": 0, "fault": {"place": "now", "effect": "drop"}}
SECOND = {"profile": "rate", "rate": 10, "duration_s": 10, "arrivals": "even"}


class Listener:
    """Remembers everything that a run tells."""

    def __init__(self):
        self.samples, self.ticks, self.marks = [], [], []
        self.on_sample, self.on_tick, self.on_mark = self.samples.append, self.ticks.append, self.marks.append


def later(seconds, act):
    asyncio.get_running_loop().call_later(seconds, act)


async def test_a_fixed_number_at_a_fixed_concurrency():
    result = await measured({"profile": "concurrency", "concurrency": 4, "utterances": 25}, texts=HELLO)

    assert (result.started, result.done, result.failed) == (25, 25, 0)
    assert result.peak_in_flight == 4
    assert result.characters == 25 * len("Hello there.")
    assert result.chunks == 75
    assert result.audio_s == pytest.approx(7.5)
    assert len(result.samples) == 25
    assert result.verdict is Verdict.PASSED
    assert result.distributions["ttfa"].count == 25
    assert result.distributions["ttfa"].p50 == pytest.approx(220, rel=0.001)


async def test_a_run_without_thresholds_does_not_pass_with_failures():
    service = FakeService()
    service.on_speak = lambda context, text: context.fail(3, "Made up for a test")
    load = {"profile": "concurrency", "concurrency": 1, "utterances": 3}
    result = await measured(load, service, texts=HELLO)
    asked = await measured(load, service, texts=HELLO, thresholds=["errors.count < 4"])

    assert (result.failed, result.verdict) == (3, Verdict.FAILED)
    assert result.reasons == ("3 of 3 utterances failed, and no threshold says how many may.",)
    assert asked.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("code", "what"),
    [(7, "The service refused the credential (code 7)"), (16, "No credential was sent (code 16)")],
)
async def test_a_refused_key_ends_the_run_after_the_first_refusal(code, what):
    service = FakeService()

    def refuse(context):
        context.wire.reply({"error": {"code": code, "message": "Made up for a test", "status": "UNAUTHENTICATED"}})

    service.on_create = refuse
    load = {"profile": "concurrency", "concurrency": 5, "duration_s": 60}
    result = await measured(load, service, texts=HELLO, around={"check_key": "check it"}, unreachable_s=1000)

    assert result.verdict is Verdict.ABORTED
    assert result.reasons[0] == f"{what}; check it."
    assert result.wall_s < 5
    assert result.started <= 10


@pytest.mark.parametrize(("faults", "ends"), [([], True), ([FAULT], False)], ids=["no faults", "faults"])
async def test_a_refusal_after_an_acceptance_may_be_a_fault_of_the_scenario(faults, ends):
    service, spoken = FakeService(), []

    def speak(context, text):
        spoken.append(text)
        if len(spoken) == 3:
            context.fail(7, "Made up for a test")
        else:
            service.speak(context, text)

    service.on_speak = speak
    load = {"profile": "concurrency", "concurrency": 1, "utterances": 6}
    result = await measured(load, service, texts=HELLO, faults=faults)
    assert (result.started == 3, "refused the credential" in " ".join(result.reasons)) == (ends, ends)


@pytest.mark.parametrize("behaviour", ["one_shot", "feeding"])
async def test_what_is_done_without_any_audio_is_an_error_of_its_own(behaviour):
    """A text with nothing to say: the pool is done with it, and whoever listens has heard nothing."""
    load = {"profile": "concurrency", "concurrency": 2, "utterances": 6}
    more = {"texts": [{"text": "🙂"}], "behaviour": {"kind": behaviour}}
    result = await measured(load, **more)
    judged = await measured(load, **more, thresholds=["errors.rate < 0.01"])

    assert (result.done, result.failed, result.chunks) == (0, 6, 0)
    (error,) = result.errors
    assert (error.kind, error.count) == ("no audio", 6)
    assert "sent no audio" in error.words
    assert {(sample.outcome, sample.error_kind) for sample in result.samples} == {(Outcome.FAILED, "no audio")}
    assert (result.verdict, judged.verdict) == (Verdict.FAILED, Verdict.FAILED)
    assert result.ticks[-1].errors == {"no audio": 6}


async def test_a_closed_load_takes_a_breath_after_what_had_no_audio():
    result = await measured({"profile": "concurrency", "concurrency": 1, "duration_s": 5}, texts=[{"text": "🙂"}])

    assert 1 < result.failed <= 50


async def test_what_is_interrupted_before_its_first_audio_is_no_error():
    result = await measured(
        {"profile": "concurrency", "concurrency": 1, "utterances": 3},
        texts=HELLO,
        behaviour={"kind": "interrupting", "since": "start", "least_s": 0.1, "most_s": 0.1, "restarts": 0},
    )

    assert (result.cancelled, result.failed, result.chunks) == (3, 0, 0)


async def test_the_result_survives_json_and_says_what_it_did():
    result = await measured(SECOND, texts=HELLO, seed=9, name="Nine")

    assert RunResult.from_dict(result.to_dict()) == result
    assert (result.name, result.seed, result.scenario["load"]["rate"]) == ("Nine", 9, 10)
    assert result.environment["python"]
    assert result.phases == ("hold",)


@pytest.mark.parametrize("rate", [3.0, 80.0])
async def test_arrivals_keep_their_schedule_whatever_the_service_does(rate):
    """In virtual time the schedule is met exactly; nothing drifts and nobody waits for anybody."""
    load = {"profile": "rate", "rate": rate, "duration_s": 5}
    result = await measured(load, generating_at_most(1), texts=HELLO, seed=4, pool={"acquire_timeout_s": 1000.0})

    schedule, expected = Schedule(Rate(rate=rate, duration_s=5).plan(), Random(4)), []
    while schedule.peek() is not None:
        expected.append(schedule.take())
    begun = sorted(sample.scheduled_s for sample in result.samples)
    assert begun == pytest.approx(expected)
    assert max(sample.late_start_ms for sample in result.samples) < 0.01


async def test_a_server_that_stalls_for_two_seconds_shows_in_corrected_percentiles_only():
    """With a limited number of lines, as every tool has that waits for answers: who arrives meanwhile is not asked for.

    By its own account each was served as soon as it was asked for; by the schedule it waited for two seconds.
    """
    service = FakeService()

    def speak(context, text):
        context.busy = True
        now_s = asyncio.get_running_loop().time() - began
        later(2.0 - (now_s - 5.0) if 5.0 <= now_s < 7.0 else 0.0, lambda: service.speak(context, text))

    service.on_speak = speak
    began = asyncio.get_running_loop().time()
    result = await measured({**SECOND, "duration_s": 20, "lines": 5}, service, texts=HELLO)
    corrected, uncorrected = result.distributions["corrected"], result.distributions["uncorrected"]

    assert result.done == 200
    assert uncorrected.p95 < 300
    assert corrected.p95 > 1500
    # Worked by hand: five hang for up to two seconds, and twenty more are due before the first of them is through.
    assert sum(sample.uncorrected_ms > 1000 for sample in result.samples) <= 5
    assert sum(sample.corrected_ms > 1000 for sample in result.samples) >= 15
    # Waiting for a line is the service's doing and not the tool's.
    assert result.verdict is Verdict.PASSED
    assert result.distributions["late_start"].max < 1
    assert max(sample.late_start_ms for sample in result.samples) < 1


async def test_with_any_number_of_lines_nobody_is_asked_for_late():
    load = {**SECOND, "duration_s": 5}
    result = await measured(load, generating_at_most(1), texts=HELLO, pool={"acquire_timeout_s": 1000.0})

    assert max(sample.late_start_ms for sample in result.samples) < 0.01
    assert result.distributions["corrected"].max == pytest.approx(result.distributions["uncorrected"].max)


async def test_what_is_asked_for_late_counts_from_when_it_was_due():
    """A loop that hangs for two seconds: corrected times show it, uncorrected ones do not, and the run is invalid."""
    loop = asyncio.get_running_loop()
    result_of = asyncio.create_task(measured({**SECOND, "duration_s": 10}, texts=HELLO))
    await asyncio.sleep(4.0)
    loop.jump(2.0)
    result = await result_of

    corrected, uncorrected = result.distributions["corrected"], result.distributions["uncorrected"]
    assert corrected.count == uncorrected.count == 100
    assert corrected.p95 > 1000
    assert uncorrected.p95 < 500
    assert result.verdict is Verdict.INVALID
    assert "event loop was" in result.reasons[0]
    assert "nothing was measured beside it" in result.reasons[0]
    assert any(mark.kind is MarkKind.TOOL for mark in result.marks)
    # Twenty were due in those two seconds; the first of them waited for nearly all of it.
    assert sum(sample.late_start_ms > 1 for sample in result.samples) in (19, 20, 21)


async def test_a_run_that_recovers_from_being_late_says_so_on_its_time_line():
    loop = asyncio.get_running_loop()
    result_of = asyncio.create_task(measured({**SECOND, "rate": 2, "duration_s": 90}, texts=HELLO))
    await asyncio.sleep(4.0)
    loop.jump(0.3)
    result = await result_of

    told = [mark.text.partition(":")[0] for mark in result.marks if mark.kind is MarkKind.TOOL]
    assert told == ["invalid so far", "valid again so far"]
    assert result.verdict is Verdict.PASSED


async def test_a_volley_is_one_moment_and_no_lateness_of_the_tool(monkeypatch):
    """Asking takes a while; who is asked for last is late by the corrected times, and not by the tool's fault."""
    loop = asyncio.get_running_loop()
    speak = Pool.speak

    def slow(*arguments, **more):
        loop.jump(0.002)
        return speak(*arguments, **more)

    monkeypatch.setattr(Pool, "speak", slow)
    for load in ({"profile": "burst", "count": 100}, {"profile": "concurrency", "concurrency": 100, "utterances": 100}):
        result = await measured(load, texts=HELLO)

        assert result.done == 100
        assert result.distributions["late_start"].max == pytest.approx(2, abs=0.1)
        assert max(sample.late_start_ms for sample in result.samples) == pytest.approx(2, abs=0.1)
        assert max(each.started_s - each.scheduled_s for each in result.samples) == pytest.approx(0.198, abs=0.001)
        assert not any("asked for" in reason for reason in result.reasons)
        (told,) = (mark.text for mark in result.marks if "asking for all" in mark.text)
        assert told.endswith("more than 20 ms: corrected times hold it")


@pytest.mark.parametrize("held_up", [0, 40], ids=["before the first", "in the middle"])
async def test_a_loop_that_is_held_up_in_a_volley_is_late(monkeypatch, held_up):
    """Serving one after the other is no excuse for anything else that comes between."""
    loop, speak, call = asyncio.get_running_loop(), Pool.speak, Callers.call
    asked = []

    def quick(*arguments, **more):
        asked.append(loop.time())
        return speak(*arguments, **more)

    def held(*arguments, **more):
        if len(asked) == held_up:
            loop.jump(0.3)
        return call(*arguments, **more)

    monkeypatch.setattr(Pool, "speak", quick)
    monkeypatch.setattr(Callers, "call", held)
    result = await measured({"profile": "burst", "count": 100}, texts=HELLO)

    assert result.distributions["late_start"].max == pytest.approx(300, rel=0.01)


async def test_the_distributions_are_those_of_the_samples():
    result = await measured({"profile": "rate", "rate": 20, "duration_s": 5}, generating_at_most(4), texts=HELLO)
    corrected = [sample.corrected_ms for sample in result.samples]

    for name, share in (("p50", 50), ("p95", 95), ("p99", 99)):
        exact = np.percentile(corrected, share, method="inverted_cdf")
        assert getattr(result.distributions["corrected"], name) == pytest.approx(exact, rel=0.001)
    facts = SampleFacts(result.samples, result.wall_s)
    assert facts.counts.done == result.done == len(corrected)
    assert facts.counts.audio_s == pytest.approx(result.audio_s)


async def test_every_stage_is_in_order_and_the_slot_comes_free():
    result = await measured(SECOND, texts=HELLO)

    for sample in result.samples:
        stages = [sample.scheduled_s, sample.started_s, sample.granted_s, sample.created_s, sample.first_audio_s,
                  sample.last_audio_s, sample.closed_s]  # fmt: skip
        assert stages == sorted(stages)
        assert sample.slot_free_s is not None
        assert sample.first_text_s < sample.first_audio_s
        assert sample.row >= 0
        assert sample.connection_id >= 1
        assert sample.utterance_id


async def test_a_warm_up_is_kept_and_not_counted():
    result = await measured(SECOND, texts=HELLO, warm_up_s=5)

    assert result.phases == ("warm-up", "hold")
    assert len(result.samples) == 150
    assert result.started == result.done == result.distributions["corrected"].count == 100
    assert {sample.phase for sample in result.samples} == {0, 1}


async def test_counts_that_stand_beside_each_other_count_the_same_without_the_warm_up():
    listener = Listener()
    behaviour = {"kind": "interrupting", "least_s": 0.1, "most_s": 0.4, "restarts": 0, "share": 0.5}
    result = await measured(SECOND, texts=HELLO, warm_up_s=5, behaviour=behaviour, listeners=(listener,))

    counted = [sample for sample in result.samples if not sample.warm_up]
    warm = [sample for sample in result.samples if sample.warm_up]
    last = result.ticks[-1]
    assert [sample.phase for sample in counted] == [1] * len(counted)
    assert [sample.phase for sample in warm] == [0] * len(warm)
    assert result.measured == tuple(counted)
    assert result.started == last.started == len(counted) == 100
    assert result.warm_up == last.warm_up == len(warm) == 50
    assert (result.done, result.cancelled) == (last.done, last.cancelled)
    assert result.done + result.cancelled == len(counted)
    assert result.characters == last.characters == sum(sample.sent_characters for sample in counted)
    assert result.warm_up_characters == sum(sample.sent_characters for sample in warm)
    during = [tick for tick in result.ticks if tick.phase == 0]
    assert during
    assert {(tick.started, tick.done, tick.characters) for tick in during} == {(0, 0, 0)}


async def test_failures_of_the_warm_up_are_left_out_everywhere():
    load = {"profile": "concurrency", "concurrency": 2, "duration_s": 5}
    pool = {"max_connections": 1, "contexts_per_connection": 1, "max_waiters": 0}
    result = await measured(load, texts=HELLO, warm_up_s=5, pool=pool)

    failed = [sample for sample in result.samples if sample.outcome is Outcome.FAILED]
    assert {sample.warm_up for sample in failed} == {False, True}
    counted = sum(not sample.warm_up for sample in failed)
    assert (
        result.failed == sum(each.count for each in result.errors) == sum(result.ticks[-1].errors.values()) == counted
    )


async def test_a_run_that_was_over_in_its_warm_up_says_so():
    control = RunControl()
    later(2, control.stop)
    result = await measured(SECOND, texts=HELLO, warm_up_s=5, control=control)
    assert (result.started, result.peak_in_flight, result.characters) == (0, 0, 0)
    assert result.warm_up > 0
    assert result.verdict is Verdict.ABORTED
    assert result.reasons[-1] == NOTHING_COUNTED


async def test_a_load_that_its_warm_up_used_up_is_not_passed():
    load = {"profile": "concurrency", "concurrency": 2, "utterances": 4}
    result = await measured(load, texts=HELLO, warm_up_s=30)
    assert (result.started, result.warm_up > 0, result.verdict) == (0, True, Verdict.INVALID)
    assert result.reasons == (NOTHING_COUNTED,)


async def test_the_turns_of_a_call_count_from_when_they_are_due_however_early_it_began():
    load = {"profile": "concurrency", "concurrency": 2, "duration_s": 30}
    behaviour = {"kind": "conversing", "turns_least": 50, "turns_most": 50, "think_s": 1.0, "barge_in": 0.0}
    result = await measured(load, texts=HELLO, behaviour=behaviour, warm_up_s=5)

    phases = [sample.phase for sample in result.samples]
    assert set(phases) == {0, 1}
    assert result.done == phases.count(1)
    assert all((sample.scheduled_s >= 5.0 - 1e-6) == (sample.phase == 1) for sample in result.samples)


async def test_ticks_come_four_times_a_second_and_add_up():
    listener = Listener()
    result = await measured(SECOND, texts=HELLO, listeners=(listener,))

    assert list(result.ticks) == listener.ticks
    gaps = np.diff([tick.at_s for tick in result.ticks[:-1]])
    assert gaps == pytest.approx(0.25, abs=0.01)
    assert sum(tick.arrivals for tick in result.ticks) == sum(tick.completions for tick in result.ticks) == 100
    assert sum(len(tick.ttfa_ms) for tick in result.ticks) == 100
    assert result.ticks[-1].done == 100
    assert listener.samples == list(result.samples)
    assert listener.marks == list(result.marks)
    middle = result.ticks[20]
    assert middle.in_flight >= 1
    assert middle.slots_held >= 1
    assert middle.connections >= 1
    assert middle.ttfa_p95_ms == pytest.approx(220, rel=0.2)


async def test_phases_are_marked_when_they_begin():
    load = {"profile": "spike", "base": 1, "peak": 10, "before_s": 2, "spike_s": 1, "after_s": 2}
    result = await measured(load, texts=HELLO)

    phases = [(mark.at_s, mark.text) for mark in result.marks if mark.kind is MarkKind.PHASE]
    assert phases == [(pytest.approx(0), "before"), (pytest.approx(2), "spike"), (pytest.approx(3), "after")]


# -- interruptions and conversations -----------------------------------------------------------------------------


async def test_an_interruption_is_measured_to_the_last_late_byte_and_the_free_slot():
    service = FakeService(chunks=40)

    def slow_to_let_go(context):
        # Two chunks are still on their way; then it lets go.
        later(0.1, lambda: context.audio(b"\0\0" * 2400))
        later(0.3, context.closed)

    service.on_cancel = slow_to_let_go
    result = await measured(
        {"profile": "concurrency", "concurrency": 1, "utterances": 1},
        service,
        texts=[{"text": "x" * 300}],
        behaviour={"kind": "interrupting", "least_s": 0.5, "most_s": 0.5, "restarts": 0},
    )

    (sample,) = result.samples
    assert sample.outcome is Outcome.CANCELLED
    assert sample.interrupted_s - sample.first_audio_s == pytest.approx(0.5, abs=0.001)
    assert (sample.late_bytes_s - sample.interrupted_s) * 1000 == pytest.approx(120, abs=1)
    assert sample.release_ms == pytest.approx(320, abs=1)
    assert result.distributions["release"].max == pytest.approx(sample.release_ms)
    # Half a second of three hundred characters was heard, at fifteen a second.
    assert sample.wasted_characters == pytest.approx(300 - 7.5, abs=1)
    assert result.wasted_characters == sample.wasted_characters
    assert (result.cancelled, result.failed, result.verdict) == (1, 0, Verdict.PASSED)


async def test_a_storm_starts_again_at_once():
    result = await measured(
        {"profile": "concurrency", "concurrency": 3, "utterances": 3},
        FakeService(chunks=40),
        texts=HELLO,
        behaviour={"kind": "interrupting", "least_s": 0.1, "most_s": 0.4, "restarts": 2},
    )

    assert (result.cancelled, result.done) == (6, 3)
    assert all(sample.release_ms is not None for sample in result.samples)


async def test_who_talks_over_what_has_arrived_wastes_it_too():
    # All of it is there after 0.3 s, and lasts for 4 s; the listener stops after one.
    result = await measured(
        {"profile": "concurrency", "concurrency": 1, "utterances": 1},
        FakeService(samples=32_000),
        texts=[{"text": "x" * 60}],
        behaviour={"kind": "interrupting", "least_s": 1.0, "most_s": 1.0, "restarts": 0},
    )

    (sample,) = result.samples
    assert (sample.outcome, sample.interrupted_s) == (Outcome.DONE, None)
    assert sample.wasted_characters == pytest.approx(60 - 15, abs=2)


@pytest.mark.parametrize("kind", ["conversing", "interrupting"])
async def test_every_turn_of_a_caller_arrives_and_ends(kind):
    load = {"profile": "concurrency", "concurrency": 3, "utterances": 3}
    result = await measured(load, texts=HELLO, behaviour={"kind": kind})

    assert len(result.samples) > 3
    assert sum(tick.arrivals for tick in result.ticks) == len(result.samples)
    assert sum(tick.completions for tick in result.ticks) == len(result.samples)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"kind": "conversing", "turns_least": 4, "turns_most": 4},
        {"kind": "interrupting", "least_s": 0.8, "most_s": 0.8, "restarts": 3},
    ],
    ids=lambda behaviour: behaviour["kind"],
)
async def test_who_comes_with_a_burst_is_let_finish(behaviour):
    load = {"profile": "burst", "count": 3, "volleys": 2, "every_s": 5}
    result = await measured(load, FakeService(chunks=20), texts=HELLO, behaviour=behaviour)

    assert result.started == len(result.samples) == 2 * 3 * 4
    assert result.cut_short == 0


async def test_a_conversation_listens_thinks_and_speaks_again():
    behaviour = {"kind": "conversing", "turns_least": 3, "turns_most": 3, "talk_share": 0.5, "think_s": 1.0,
                 "barge_in": 0.0}  # fmt: skip
    result = await measured(
        {"profile": "concurrency", "concurrency": 1, "utterances": 1},
        FakeService(samples=24_000),
        texts=HELLO,
        behaviour=behaviour,
        jitter_buffer_ms=100,
    )

    first, second, third = sorted(result.samples, key=lambda sample: sample.number)
    assert (first.call, second.call, third.call) == (1, 1, 1)
    for before, after in ((first, second), (second, third)):
        heard_until = before.first_audio_s + 0.1 + before.audio_s
        # Then the caller talks as long as the voice did, and the agent thinks for half a second to one and a half.
        assert 0.5 <= after.scheduled_s - heard_until - before.audio_s <= 1.5 + 1e-6
        assert after.late_start_ms < 1


@pytest.mark.parametrize(("chunking", "least_ms"), [("tokens", 500), ("sentences", 500), ("whole", 1400)])
async def test_the_chunking_of_a_language_model_shows_in_corrected_times(chunking, least_ms):
    text = "One two. Three four. Five six. Seven ate."
    service = FakeService()
    result = await measured(
        {"profile": "concurrency", "concurrency": 1, "utterances": 1},
        service,
        texts=[{"text": text}],
        behaviour={"kind": "feeding", "tokens_per_s": 10, "first_token_s": 0.5, "chunking": chunking},
    )

    (sample,) = result.samples
    assert sample.outcome is Outcome.DONE
    assert "".join(service.texts.values()).split() == text.split()
    assert sample.corrected_ms >= least_ms
    if chunking == "sentences":
        assert sample.corrected_ms < 1400


# -- failures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["stalls.per_minute == 0", "stalls.rate < 0.1", "stalls.count < 5"])
async def test_a_threshold_about_stalls_is_crossed_while_who_hears_them_still_listens(check):
    """Each utterance lasts for a minute, and a second of silence comes after its first two."""
    service = FakeService(chunks=600, chunk_s=0.09)

    def speak(context, text):
        service.speak(context, text)
        later(2.0, lambda: loop.jump(1.0) if context is first[0] else None)
        first.append(context)

    first, loop = [], asyncio.get_running_loop()
    service.on_speak = speak
    load = {"profile": "concurrency", "concurrency": 12, "utterances": 12}
    result = await measured(load, service, texts=HELLO, thresholds=[{"check": check, "abort": True}])

    assert result.verdict is not Verdict.PASSED
    assert f"The threshold {check} was crossed." in result.reasons
    assert 3.0 < result.wall_s < 5.0
    assert result.stalls >= 12


async def test_failures_are_counted_by_kind_and_the_run_goes_on():
    service = FakeService()
    service.on_speak = lambda context, _: context.fail(3, "The text is not to my taste.", gone=True)
    result = await measured({"profile": "concurrency", "concurrency": 2, "utterances": 6}, service, texts=HELLO)

    assert (result.started, result.done, result.failed) == (6, 0, 6)
    (kind,) = result.errors
    assert (kind.kind, kind.count) == ("ServiceError 3", 6)
    assert "not to my taste" in kind.examples[0]
    assert all(sample.code == 3 for sample in result.samples)


async def test_a_full_queue_refuses_and_nobody_dials_again_in_the_same_moment():
    result = await measured(
        {"profile": "concurrency", "concurrency": 3, "duration_s": 2},
        FakeService(first_audio_s=1.0),
        texts=HELLO,
        pool={"max_connections": 1, "contexts_per_connection": 1, "max_waiters": 0},
    )

    refused = [sample for sample in result.samples if sample.error_kind == "TooManyWaiters"]
    assert refused
    assert all(sample.utterance_id == 0 for sample in refused)
    # Three callers, and a tenth of a second of breath after each refusal.
    assert result.failed < 100


# -- steering ----------------------------------------------------------------------------------------------------


async def test_a_new_target_holds_from_then_on():
    control = RunControl()
    later(5.0, lambda: control.edit(2))
    result = await measured(SECOND, texts=HELLO, control=control)

    before = sum(sample.scheduled_s < 5 for sample in result.samples)
    assert (before, len(result.samples) - before) == (50, 10)
    (mark,) = (mark for mark in result.marks if mark.kind is MarkKind.EDIT)
    assert (mark.at_s, mark.text) == (pytest.approx(5.0), "target set to 2")
    assert {tick.target for tick in result.ticks if tick.at_s < 10} == {10, 2}


async def test_more_and_fewer_callers_while_it_runs():
    control = RunControl()
    later(3.0, lambda: control.edit(6))
    later(6.0, lambda: control.edit(1))
    result = await measured({"profile": "concurrency", "concurrency": 3, "duration_s": 9}, texts=HELLO, control=control)

    def at_once(at_s):
        return next(tick.in_flight for tick in result.ticks if tick.at_s >= at_s)

    assert [math.ceil(at_once(at_s)) for at_s in (2.5, 5.5, 8.5)] == [3, 6, 1]


@pytest.mark.parametrize("target", [-1, 10_001, math.nan])
async def test_a_target_that_makes_no_sense_is_refused(target):
    with pytest.raises(SettingError):
        RunControl().edit(target)


@pytest.mark.parametrize(
    ("load", "why"),
    [
        ({"profile": "burst", "count": 5, "volleys": 2}, "comes all at once"),
        ({"profile": "search", "most": 5, "hold_s": 2, "settle_s": 1}, "sets its levels itself"),
    ],
    ids=["burst", "search"],
)
async def test_a_load_without_a_target_of_its_own_refuses_another(load, why):
    control, refused = RunControl(), []

    def edit():
        with pytest.raises(SettingError, match=why):
            control.edit(7)
        refused.append(True)

    later(1.5, edit)
    result = await measured(load, texts=HELLO, control=control, thresholds=["errors.rate < 0.5"])

    assert refused
    assert not any(mark.kind is MarkKind.EDIT for mark in result.marks)


async def test_a_run_that_ends_has_no_target_any_more():
    control = RunControl()
    later(3.0, control.stop)
    result = await measured(SECOND, FakeService(chunks=20), texts=HELLO, control=control)

    assert {tick.target for tick in result.ticks if tick.at_s < 3} == {10}
    assert {tick.target for tick in result.ticks if tick.at_s > 3} == {0}
    with pytest.raises(SettingError, match="the run is ending"):
        control.edit(3)


@pytest.mark.parametrize("load", [SECOND, {"profile": "concurrency", "concurrency": 5, "duration_s": 100}])
async def test_a_soft_stop_hears_everything_to_its_end(load):
    control = RunControl()
    later(3.0, control.stop)
    result = await measured(load, FakeService(chunks=20), texts=HELLO, control=control)

    assert result.verdict is Verdict.ABORTED
    assert result.reasons == ("It was stopped by hand.",)
    assert result.cancelled == result.failed == 0
    assert result.done == result.started == len(result.samples)
    assert 3.0 < result.wall_s < 6.0


async def test_what_a_stop_left_unmeasured_is_no_reason():
    control = RunControl()
    later(0.2, lambda: control.stop(drain=False))
    checks = {"thresholds": [{"check": "ttfa_ms.p95 < 400"}, {"check": "utterances.done > 5"}]}
    result = await measured(SECOND, FakeService(chunks=200, first_audio_s=1.0), texts=HELLO, control=control, **checks)

    assert [each.value for each in result.thresholds] == [None, 0]
    assert result.reasons[1:] == ("The threshold utterances.done > 5 did not hold: 0.",)


@pytest.mark.parametrize("load", [SECOND, {"profile": "concurrency", "concurrency": 5, "duration_s": 100}])
async def test_a_hard_stop_cancels_what_is_under_way(load):
    control = RunControl()
    later(3.0, control.stop)
    later(3.1, lambda: control.stop(drain=False))
    later(3.2, control.stop)
    result = await measured(load, FakeService(chunks=200), texts=HELLO, control=control)

    assert result.wall_s == pytest.approx(3.1, abs=0.05)
    assert result.cancelled > 0
    assert result.done + result.cancelled == result.started == len(result.samples)
    assert [mark.kind for mark in result.marks].count(MarkKind.STOP) == 2


async def test_a_stop_ends_the_silence_of_callers_who_think():
    control = RunControl()
    later(5.0, control.stop)
    behaviour = {"kind": "conversing", "turns_least": 50, "turns_most": 50, "think_s": 1000.0, "barge_in": 0.0}
    result = await measured(
        {"profile": "concurrency", "concurrency": 3, "duration_s": 10_000}, texts=HELLO, behaviour=behaviour,
        control=control,
    )  # fmt: skip

    assert result.wall_s == pytest.approx(5.0, abs=0.1)
    assert result.done == 3


async def test_conversations_end_with_the_load():
    behaviour = {"kind": "conversing", "turns_least": 50, "turns_most": 50, "think_s": 1.0, "barge_in": 0.0}
    result = await measured(
        {"profile": "concurrency", "concurrency": 3, "duration_s": 10}, texts=HELLO, behaviour=behaviour
    )  # fmt: skip

    assert 10.0 <= result.wall_s < 12.0
    assert result.verdict is Verdict.PASSED


async def test_the_cap_on_characters_ends_the_run_before_it_is_passed():
    result = await measured(SECOND, texts=HELLO, max_characters=100)

    assert result.characters == 96
    assert result.done == 8
    assert result.verdict is Verdict.ABORTED
    assert result.reasons == ("The cap of 100 characters was reached.",)


async def test_a_cancelled_run_leaves_nothing_behind():
    task = asyncio.create_task(measured({"profile": "concurrency", "concurrency": 5, "duration_s": 100}, texts=HELLO))
    await asyncio.sleep(3.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert {each.get_name() for each in asyncio.all_tasks()} == {asyncio.current_task().get_name()}


# -- thresholds --------------------------------------------------------------------------------------------------


async def test_thresholds_pass_and_fail():
    result = await measured(SECOND, texts=HELLO, thresholds=["corrected_ms.p95 < 400", "corrected_ms.p95 < 100"])

    passed, failed = result.thresholds
    assert (passed.passed, failed.passed) == (True, False)
    assert passed.value == failed.value == pytest.approx(220, rel=0.05)
    assert failed.first_crossed_s is not None
    assert result.verdict is Verdict.FAILED
    assert "corrected_ms.p95 < 100 did not hold: 220" in result.reasons[0]


async def test_a_threshold_that_is_crossed_for_a_while_is_marked_twice():
    service = FakeService()
    later(10.0, lambda: setattr(service, "first_audio_s", 1.0))
    later(20.0, lambda: setattr(service, "first_audio_s", 0.2))
    result = await measured({**SECOND, "duration_s": 60}, service, texts=HELLO, thresholds=["corrected_ms.p50 < 500"])

    marks = [mark for mark in result.marks if mark.kind is MarkKind.THRESHOLD]
    assert [mark.text.split(" ", 3)[3] for mark in marks] == ["is crossed: 1,020", "holds again"]
    # Half of the ten seconds that it looks back on.
    assert marks[0].at_s == pytest.approx(16.0, abs=1.0)
    assert result.thresholds[0].passed
    assert result.verdict is Verdict.PASSED


async def test_a_threshold_may_end_the_run():
    service = FakeService()
    later(10.0, lambda: setattr(service, "first_audio_s", 1.0))
    abort = {"check": "corrected_ms.p50 < 500", "abort": True}
    result = await measured({**SECOND, "duration_s": 60}, service, texts=HELLO, thresholds=[abort])

    assert 15.0 < result.wall_s < 18.0
    assert result.verdict is Verdict.ABORTED
    assert not result.thresholds[0].passed
    assert "was crossed" in result.reasons[0]


# -- bounds ------------------------------------------------------------------------------------------------------


async def test_of_a_long_run_the_newest_samples_are_kept():
    result = await measured(SECOND, texts=HELLO, max_samples=30)

    assert len(result.samples) == 30
    assert result.samples_dropped == 70
    assert result.done == result.distributions["corrected"].count == 100


async def test_the_same_seed_says_the_same_in_the_same_order_and_another_does_not():
    async def said(seed):
        result = await measured({"profile": "rate", "rate": 5, "duration_s": 10}, seed=seed)
        return [(sample.scheduled_s, sample.text) for sample in sorted(result.samples, key=lambda each: each.number)]

    assert await said(3) == await said(3)
    assert await said(3) != await said(4)


async def test_costs_are_those_of_the_list_where_it_costs():
    free = await measured(SECOND, texts=HELLO)
    paid = await measured(SECOND, texts=HELLO, around={"paid": True})

    assert free.cost_usd == 0.0
    assert paid.cost_usd == pytest.approx(100 * len("Hello there.") * 35 / 1e6)
    assert (paid.ticks[-1].usd, free.ticks[-1].usd) == (pytest.approx(paid.cost_usd), 0.0)


async def test_faults_strike_on_time_and_are_marked():
    struck = []

    async def strike(fault):
        struck.append((fault, asyncio.get_running_loop().time()))

    faults = [{"at_s": 4.0, "fault": {"place": "now", "effect": "drop"}, "text": "a cut"}]
    result = await measured(SECOND, texts=HELLO, faults=faults, around={"strike": strike})

    (mark,) = (mark for mark in result.marks if mark.kind is MarkKind.FAULT)
    assert (mark.at_s, mark.text) == (pytest.approx(4.0), "a cut")
    assert [fault for fault, _ in struck] == [{"place": "now", "effect": "drop"}]

    assert (result.verdict, result.faults_missed) == (Verdict.PASSED, 0)


def refusing(why):
    async def strike(_fault):
        raise LocalServerError(why)

    return strike


@pytest.mark.parametrize(
    ("strike", "why"),
    [
        pytest.param(None, "this is no local server of ours", id="no local server"),
        pytest.param(refusing("the local server refused it"), "the local server refused it", id="refused"),
    ],
)
async def test_a_run_without_its_faults_is_invalid_and_says_which(strike, why):
    """What was measured is true, but of another run than the scenario describes."""
    faults = [{"at_s": 4.0 + number, "fault": {"place": "now", "effect": "drop"}} for number in range(5)]
    result = await measured(SECOND, texts=HELLO, faults=faults, around={"strike": strike})

    assert (result.verdict, result.faults_missed) == (Verdict.INVALID, 5)
    assert result.reasons[0] == f"The fault at 4 s (place now, effect drop) could not be set: {why}."
    assert result.reasons[3:] == ("Nor could 2 more.",)
    assert sum(mark.kind is MarkKind.TOOL and why in mark.text for mark in result.marks) == 5


async def test_a_fault_that_never_comes_up_is_no_fault_that_struck():
    faults = [{"at_s": 60.0, "fault": {"place": "now", "effect": "drop"}, "text": "a cut"}]
    result = await measured(SECOND, texts=HELLO, faults=faults, around={"strike": refusing("never asked")})

    assert (result.verdict, result.faults_missed) == (Verdict.INVALID, 1)
    assert result.reasons == ("The run was over before its fault at 60 s (a cut) was due.",)


async def test_a_run_that_was_stopped_owes_no_faults():
    control = RunControl()
    later(2.0, control.stop)
    faults = [{"at_s": 6.0, "fault": {"place": "now", "effect": "drop"}}]
    result = await measured(SECOND, texts=HELLO, faults=faults, control=control)

    assert (result.verdict, result.faults_missed) == (Verdict.ABORTED, 0)
