"""The controller: what happens between a key and the pool."""

from __future__ import annotations

import asyncio
import wave
from dataclasses import replace
from types import SimpleNamespace

import pytest

from support.speech_fakes import RATE
from support.speech_stage import VOICES, Stage, settle
from voxgrid import settings as remembered
from voxgrid.notifications import Severity
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, KeySource
from voxgrid.speech.notice import as_sentence
from voxpool.config import Credential
from voxpool.errors import ConnectFailed, CredentialRejected, ServiceError, TooManyWaiters
from voxpool.events import Outcome


@pytest.fixture
async def stage(tmp_path):
    stage = Stage(tmp_path)
    await stage.start()
    yield stage
    await stage.controller.close()


# --- speaking ---------------------------------------------------------------------------------------------


async def test_what_is_spoken_is_heard_kept_and_ended(stage):
    ended = []
    stage.controller.recordEnded.connect(ended.append)
    record = stage.controller.speak("Hello there.")
    assert record.listening
    stage.utterances[0].give(1.0)
    await settle()
    assert stage.tracks[0].written_s == pytest.approx(1.0)
    stage.utterances[0].give(0.5)
    stage.utterances[0].end()
    await settle()
    assert ended == [record]
    assert record.outcome is Outcome.DONE
    assert record.audio_s == pytest.approx(1.5)
    assert stage.tracks[0].finished
    assert stage.controller.records.kept().utterances == 1


async def test_a_double_click_fires_once_and_a_later_one_again(stage):
    stage.controller.fire(3, "short-replies")
    stage.controller.fire(3, "short-replies")
    await settle()
    assert len(stage.utterances) == 3
    await settle()
    stage.clock.advance(1.0)
    stage.controller.fire(3, "short-replies")
    await settle()
    assert len(stage.utterances) == 6
    stage.controller.stop_all()
    await settle()


async def test_an_empty_text_says_what_to_do(stage):
    assert stage.controller.speak(" \n ") is None
    assert "type a sentence" in stage.said[-1]
    assert not stage.utterances


async def test_a_double_click_speaks_once_and_a_later_one_again(stage):
    stage.controller.speak("Hello.")
    assert stage.controller.speak("Hello.") is None
    stage.clock.advance(1.0)
    assert stage.controller.speak("Hello.") is not None
    assert len(stage.utterances) == 2


async def test_a_double_click_on_what_has_to_wait_its_turn_queues_once(stage):
    stage.controller.speak("One.")
    stage.clock.advance(1.0)
    assert stage.controller.speak("Two.") is not None
    assert stage.controller.speak("Two.") is None


async def test_the_second_waits_its_turn(stage):
    await stage.spoken("One.")
    await stage.spoken("Two.")
    assert len(stage.tracks) == 1
    stage.tracks[0].play()
    await wait_for(lambda: len(stage.tracks) == 2)
    assert stage.controller.current.text == "Two."


async def test_the_second_interrupts_when_that_was_chosen(stage):
    stage.store.set(remembered.SECOND_UTTERANCE, "interrupt")
    stage.controller.speak("One.")
    stage.utterances[0].give(1.0)
    await settle()
    stage.controller.speak("Two.")
    assert stage.tracks[0].stopped
    assert stage.utterances[0].cancelled
    assert len(stage.tracks) == 2
    assert stage.controller.current.text == "Two."


async def test_stop_silences_first_and_then_cancels(stage):
    order = []
    stage.controller.speak("One.")
    stage.clock.advance(1.0)
    stage.controller.speak("Two.")
    stage.tracks[0].stop = lambda: order.append("silent")
    for utterance in stage.utterances:
        utterance.cancel_nowait = lambda: order.append("cancelled")
    stage.controller.stop()
    assert order == ["silent", "cancelled", "cancelled"]


async def test_stop_leaves_a_burst_running_but_silent(stage):
    stage.controller.fire(3, "short-replies")
    await settle()
    stage.controller.listen(1)
    stage.controller.stop()
    assert stage.tracks[0].stopped
    assert not any(utterance.cancelled for utterance in stage.utterances)


async def test_stop_all_stops_the_burst_too(stage):
    stage.controller.fire(500, "short-replies")
    await settle()
    stage.controller.stop_all()
    await settle()
    assert 0 < len(stage.utterances) <= 500
    assert all(utterance.cancelled for utterance in stage.utterances)
    assert not stage.controller.records.running()


async def test_stop_all_stops_every_burst(stage):
    a_load = replace(stage.controller.plan(3, "short-replies"), moments=(0.0, 3600.0, 7200.0))
    stage.controller.propose(a_load)
    await settle()
    stage.controller.fire(2, "short-replies")
    await settle()
    assert len(stage.utterances) == 3
    stage.controller.stop_all()
    await settle()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("burst")]


async def test_a_burst_of_books_gives_the_loop_turns(stage, monkeypatch):
    now = 0.0
    begun_at_each_turn = []
    speak = stage.pool.speak

    def slowly(*arguments, **options):
        nonlocal now
        now += 0.02
        asyncio.get_running_loop().call_soon(lambda: begun_at_each_turn.append(len(stage.utterances)))
        return speak(*arguments, **options)

    monkeypatch.setattr(stage.pool, "speak", slowly)
    monkeypatch.setattr("voxgrid.speech.speaking.time", SimpleNamespace(monotonic=lambda: now, time=lambda: 0.0))
    stage.controller.fire(10, "short-replies")
    await settle()
    assert begun_at_each_turn == list(range(1, 11))


@pytest.mark.parametrize(("source", "said"), [("speak", True), ("fire", False)])
async def test_a_text_that_makes_no_sound_says_so(stage, source, said):
    if source == "speak":
        stage.controller.speak("🙂")
    else:
        stage.controller.fire(1, "short-replies")
        await settle()
    stage.utterances[0].end()
    await settle()
    assert any("No sound came for “🙂”" in each for each in stage.said) is said


async def test_a_failure_is_a_sentence_and_the_next_one_works(stage):
    record = stage.controller.speak("Hello.")
    stage.utterances[0].end(ServiceError(3, "Text is too odd"))
    await settle()
    stage.controller._frames.step()
    assert record.outcome is Outcome.FAILED
    assert stage.said[-1] == "Text is too odd (code 3)."
    assert stage.notices[-1].severity is Severity.ERROR
    stage.clock.advance(1.0)
    assert (await stage.spoken("Again.")).outcome is Outcome.DONE


async def test_trouble_with_the_network_is_over_when_something_later_went_well(stage, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("voxgrid.speech.speaking.time.time", lambda: now[0])
    stage.controller.speak("One.")
    stage.clock.advance(1.0)
    stage.controller.speak("Two.")
    now[0] += 1.0
    stage.utterances[0].end(ConnectFailed("host", "nobody answers"))
    await settle()
    stage.controller._frames.step()
    assert stage.said[-1].startswith("Could not connect to host")
    stage.utterances[1].end()
    await settle()
    assert not stage.notices[-1].resolved
    now[0] += 1.0
    stage.clock.advance(1.0)
    await stage.spoken("Three.")
    assert stage.notices[-1].resolved
    assert stage.notices[-1].kind == "utterance/ConnectFailed"


async def test_a_burst_that_fails_as_a_whole_is_one_sentence(stage):
    stage.controller._frames._timer.setInterval(10**6)  # a frame passes when the test says so
    stage.controller.fire(50, "short-replies")
    await settle()
    for utterance in stage.utterances:
        utterance.end(ConnectFailed("host", "nobody answers"))
    await settle()
    stage.controller._frames.step()
    said = [each for each in stage.said if "nobody answers" in each]
    assert said == ["50 utterances failed, the last one like this: Could not connect to host: nobody answers."]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("no answer", "No answer."),
        ("eSpeak NG has no voice x", "eSpeak NG has no voice x."),
        ("Done. ", "Done."),
        ("127.0.0.1 is gone", "127.0.0.1 is gone."),
        ("nothing listens there; is the server running?", "Nothing listens there; is the server running?"),
    ],
)
def test_an_error_becomes_a_sentence(words, said):
    assert as_sentence(words) == said


async def test_a_refusal_of_the_pool_is_a_sentence(stage):
    stage.pool.refuse = TooManyWaiters(5)
    assert stage.controller.speak("Hello.") is None
    assert "5 utterances already wait" in stage.said[-1]


async def test_a_text_that_comes_too_early_is_spoken_when_the_pool_is_there(tmp_path):
    stage = Stage(tmp_path)
    assert stage.controller.speak("Early.") is None
    assert "as soon as" in stage.said[-1]
    await stage.start()
    assert [utterance.text for utterance in stage.utterances] == ["Early."]
    await stage.controller.close()


# --- bursts -----------------------------------------------------------------------------------------------


async def test_a_burst_is_concurrent_silent_and_varied(stage):
    stage.controller.fire(60, "short-replies")
    await settle()
    assert len(stage.utterances) == 60
    assert len({utterance.text for utterance in stage.utterances}) == 60
    assert {utterance.settings.voice for utterance in stage.utterances} == {"Ashley", "Clive"}
    assert not stage.tracks


async def test_a_burst_of_the_typed_text_in_the_voice_chosen_on_purpose(stage):
    stage.controller.text = "Mine."
    stage.controller.choose_voice()
    stage.controller.fire(5, "typed")
    await settle()
    assert [utterance.text for utterance in stage.utterances] == ["Mine."] * 5
    assert {utterance.settings.voice for utterance in stage.utterances} == {"Joe"}


async def test_a_burst_of_nothing_says_what_to_do(stage):
    stage.controller.fire(5, "typed")
    assert "nothing to fire" in stage.said[-1]


async def test_a_burst_that_costs_asks_first(tmp_path):
    stage = Stage(tmp_path, "https://speech.example")
    await stage.start()
    asked = []
    stage.controller.consentNeeded.connect(asked.append)
    stage.controller.fire(10, "short-replies")
    await settle()
    assert not stage.utterances
    assert asked[0].characters > 0
    assert asked[0].usd > 0
    stage.controller.run(asked[0])
    await settle()
    assert len(stage.utterances) == 10
    await stage.controller.close()


async def test_a_burst_above_the_cap_is_refused_without_asking(tmp_path):
    stage = Stage(tmp_path, "https://speech.example")
    stage.store.set(remembered.BURST_CAP, 100)
    await stage.start()
    asked = []
    stage.controller.consentNeeded.connect(asked.append)
    stage.controller.fire(10, "short-replies")
    await settle()
    assert not asked
    assert not stage.utterances
    assert "cap of 100" in stage.said[-1]
    await stage.controller.close()


async def test_one_text_above_the_cap_is_refused_too(tmp_path):
    stage = Stage(tmp_path, "https://speech.example")
    stage.store.set(remembered.BURST_CAP, 10)
    await stage.start()
    assert stage.controller.speak("This is longer.") is None
    assert "cap of 10" in stage.said[-1]
    assert stage.controller.speak("Short.") is not None
    await stage.controller.close()


# --- listening --------------------------------------------------------------------------------------------


async def test_a_running_cell_is_heard_live_and_several_mix(stage):
    stage.controller.fire(2, "short-replies")
    await settle()
    for utterance in stage.utterances:
        utterance.give(4.0)
    await settle()
    stage.clock.advance(1.0)
    stage.controller.listen(1)
    stage.controller.listen(2)
    assert [track.written_s for track in stage.tracks] == [pytest.approx(3.0)] * 2
    stage.controller.solo(2)
    assert [track.muted for track in stage.tracks] == [True, False]
    stage.controller.listen(1, on=False)
    assert stage.tracks[0].stopped
    assert len(stage.controller.listening) == 1


async def test_a_finished_cell_is_heard_from_its_start(stage):
    stage.controller.fire(1, "short-replies")
    await settle()
    stage.utterances[0].give(2.0)
    stage.utterances[0].end()
    await settle()
    stage.clock.advance(9.0)
    stage.controller.listen(1)
    assert stage.tracks[0].written_s == pytest.approx(2.0)
    assert stage.tracks[0].finished


async def test_there_is_nothing_to_hear_of_one_that_failed(stage):
    stage.controller.fire(1, "short-replies")
    await settle()
    stage.utterances[0].end(ServiceError(3, "no"))
    await settle()
    stage.controller.listen(1)
    assert not stage.tracks
    assert "no sound" in stage.said[-1]
    stage.controller.listen(99)


async def test_everything_that_runs_is_heard_or_nothing(stage):
    stage.controller.fire(5, "short-replies")
    await settle()
    stage.controller.listen_all()
    assert len(stage.controller.listening) == 5
    stage.controller.listen_all(False)
    assert len(stage.controller.listening) == 0
    assert not any(utterance.cancelled for utterance in stage.utterances)


async def test_a_replay_may_begin_in_the_middle(stage):
    record = await stage.spoken("One.", 2.0)
    stage.controller.replay(record.id, 1.5)
    assert stage.tracks[1].written_s == pytest.approx(0.5)
    assert record.played_s == pytest.approx(1.5)


async def test_cancel_silences_and_interrupts_one(stage):
    stage.controller.fire(2, "short-replies")
    await settle()
    stage.controller.listen(1)
    stage.controller.cancel(1)
    assert stage.tracks[0].stopped
    assert [utterance.cancelled for utterance in stage.utterances] == [True, False]


async def test_replay_takes_the_place_of_what_sounds(stage):
    record = await stage.spoken("One.")
    stage.tracks[0].play()
    stage.controller._frames.step()
    stage.clock.advance(1.0)
    await stage.spoken("Two.")
    stage.controller.replay(record.id)
    assert stage.tracks[1].stopped
    assert stage.tracks[2].written_s == pytest.approx(1.0)
    assert stage.controller.current is record


async def test_volume_mute_and_device_are_remembered(stage):
    stage.controller.sound.set_volume(0.3)
    stage.controller.sound.set_muted(True)
    stage.controller.sound.set_device("Headphones")
    assert (stage.player.master_gain, stage.player.muted, stage.player.selected) == (0.3, True, "Headphones")
    assert stage.store.get(remembered.VOLUME) == 0.3
    assert stage.store.get(remembered.MUTED)
    assert stage.store.get(remembered.DEVICE) == "Headphones"


# --- keeping ----------------------------------------------------------------------------------------------


async def test_save_writes_the_audio(stage, tmp_path):
    record = await stage.spoken("Keep me.", 1.5)
    path = tmp_path / "kept.wav"
    stage.controller.save(record.id, path)
    await wait_for(path.exists)
    await wait_for(lambda: any("Saved" in each for each in stage.said))
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        assert file.getnframes() == round(1.5 * RATE)


async def test_save_into_nowhere_is_a_sentence(stage, tmp_path):
    record = await stage.spoken("Keep me.")
    stage.controller.save(record.id, tmp_path / "no" / "such" / "folder.wav")
    await wait_for(lambda: any("could not be written" in each for each in stage.said))
    stage.controller.save(99, tmp_path / "x.wav")
    assert "not kept" in stage.said[-1]


async def test_the_bounds_are_a_setting(stage):
    for text in ("One.", "Two.", "Three."):
        stage.clock.advance(1.0)
        await stage.spoken(text)
    stage.controller.listening.drop_all()
    stage.controller.set_bounds(2, 100)
    assert [record.text for record in stage.controller.records] == ["Two.", "Three."]
    assert stage.store.get(remembered.KEEP_MB) == 100


# --- endpoints --------------------------------------------------------------------------------------------


async def test_another_endpoint_means_another_pool_and_old_records_stay(stage):
    record = await stage.spoken("Old.")
    stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:2"))
    await wait_for(lambda: stage.controller.pool is stage.pools[-1] and len(stage.pools) == 2)
    assert stage.pools[0].closed
    assert stage.controller.pool is stage.pools[1]
    assert record.id < 0
    assert stage.controller.records.get(record.id) is record
    stage.clock.advance(1.0)
    assert (await stage.spoken("New.")).id == 1


async def test_what_is_spoken_right_after_a_change_goes_to_the_new_endpoint(stage):
    stage.controller.speak("Old.")
    stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:2"))
    stage.controller.speak("New.")
    await wait_for(lambda: len(stage.pools) == 2 and bool(stage.utterances))
    assert [each.text for each in stage.pools[0].utterances] == ["Old."]
    assert [each.text for each in stage.utterances] == ["New."]
    assert not any("pool is closed" in each for each in stage.said)


async def test_only_the_last_of_several_changes_is_made(stage):
    states = []
    stage.controller.endpointChanged.connect(states.append)
    for port in (2, 3, 4):
        stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url=f"http://127.0.0.1:{port}"))
        stage.controller.speak("Hello there.")
    await wait_for(lambda: stage.controller.endpoint.ready)
    assert [pool.endpoint.url[-1] for pool in stage.pools] == ["1", "4"]
    assert [state.endpoint.url[-1] for state in states if state.ready] == ["4"]
    assert [each.text for each in stage.utterances] == ["Hello there."]


async def test_a_change_while_another_one_is_made_is_made_too(stage, monkeypatch):
    made, go_on = asyncio.Event(), asyncio.Event()
    enter = type(stage.pool).__aenter__

    async def slowly(pool):
        made.set()
        await go_on.wait()
        return await enter(pool)

    states = []
    stage.controller.endpointChanged.connect(states.append)
    monkeypatch.setattr(type(stage.pool), "__aenter__", slowly)
    stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:2"))
    await made.wait()
    stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:3"))
    stage.controller.speak("Hello there.")
    go_on.set()
    await wait_for(lambda: stage.controller.endpoint.ready)
    assert [state.endpoint.url[-1] for state in states if state.ready] == ["3"]
    assert [(pool.endpoint.url[-1], pool.closed, len(pool.utterances)) for pool in stage.pools] == [
        ("1", True, 0),
        ("2", True, 0),
        ("3", False, 1),
    ]


async def test_an_endpoint_that_cannot_be_is_a_sentence_and_recovers(stage):
    stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url="nonsense"))
    await wait_for(lambda: bool(stage.controller.endpoint.problem))
    assert "http" in stage.controller.endpoint.problem
    assert stage.controller.speak("Hello.") is None
    assert stage.notices[-1].kind == "endpoint"
    stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:3"))
    await wait_for(lambda: stage.controller.endpoint.ready)
    assert stage.notices[-1].resolved


async def test_voices_that_cannot_be_read_are_a_sentence(tmp_path):
    stage = Stage(tmp_path)
    stage.voices = ConnectFailed("127.0.0.1:1", "nobody answers")
    await stage.start()
    assert any("voices" in each for each in stage.said)
    assert stage.controller.endpoint.ready
    await stage.controller.close()


async def test_what_was_said_of_the_voices_goes_with_their_endpoint(tmp_path):
    stage = Stage(tmp_path)
    stage.voices = CredentialRejected(16, "no credential was sent")
    await stage.start()
    assert stage.notices[-1].kind == "voices"
    stage.voices = VOICES
    stage.controller.set_endpoint(EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:2"))
    assert [(each.kind, each.resolved, each.text) for each in stage.notices][-1] == ("voices", True, "")
    await stage.controller.close()


async def test_an_endpoint_that_does_not_answer_is_asked_until_it_does(tmp_path):
    stage = Stage(tmp_path)
    stage.voices = ConnectFailed("127.0.0.1:1", "nobody answers")
    await stage.start()
    silent = stage.controller.endpoint
    assert silent.ready
    assert "no answer" in silent.text
    assert "nobody answers" in silent.problem
    assert sum("voices" in each for each in stage.said) == 1
    stage.voices = VOICES
    await settle()
    assert stage.controller.endpoint.problem == ""
    assert stage.controller.voices == VOICES
    assert stage.said[-1] == "127.0.0.1:1 answers."
    await stage.controller.close()


async def test_a_typed_key_is_in_no_file_no_notice_and_no_repr(stage, tmp_path, caplog):
    made_up = "bWFkZS11cC1rZXk6bWFkZS11cC1zZWNyZXQ="
    choice = EndpointChoice(
        EndpointKind.CUSTOM, url="https://speech.example", key_source=KeySource.TYPED,
        credential=Credential.basic(made_up),
    )  # fmt: skip
    with caplog.at_level("DEBUG"):
        stage.controller.set_endpoint(choice)
        await wait_for(lambda: len(stage.pools) == 2)
        stage.controller.store_key(Credential.basic(made_up))
        await stage.controller.close()
    assert stage.pool.endpoint.credential is not None
    seen = [path.read_text() for path in tmp_path.iterdir()] + [
        caplog.text, repr(choice), repr(stage.controller.endpoint), *map(repr, stage.notices),
    ]  # fmt: skip
    assert not [each for each in seen if made_up in each or "made-up" in each]


async def test_a_key_is_not_sent_without_encryption(stage):
    made_up = Credential.basic("bWFkZS11cA==")
    stage.controller.set_endpoint(
        EndpointChoice(EndpointKind.CUSTOM, "global", "http://speech.example", KeySource.TYPED, made_up)
    )
    await wait_for(lambda: bool(stage.controller.endpoint.problem))
    assert "https" in stage.controller.endpoint.problem


async def test_close_leaves_nothing_running(tmp_path):
    stage = Stage(tmp_path)
    await stage.start()
    stage.controller.fire(100, "short-replies")
    await settle()
    await stage.controller.close()
    assert stage.pool.closed
    assert stage.player.closed
    assert not stage.controller.records.running()
    assert len(stage.controller._tasks) == 0
    assert not stage.controller._frames.running


async def wait_for(condition):
    """Wait, without blocking the loop, until something holds."""
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within 4 s")
