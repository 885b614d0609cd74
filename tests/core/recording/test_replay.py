"""Replaying: the same texts at the same times, and honest about what is not the same."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fake_transport import FakeService
from support.pools import open_pool
from voxpool.errors import SettingError
from voxpool.events import UtteranceQueued
from voxpool.recording.items import Asked, Coming, PoolBegan
from voxpool.recording.replay import BURST, Call, Load, load_of, made_up_text, replay
from voxpool.recording.writer import without_text


def queued(at, utterance_id, label="Hello there.", voice="Joe"):
    return UtteranceQueued(at=at, utterance_id=utterance_id, waiting=0, label=label, voice=voice)


def asked(at, utterance_id, text, voice="Wendy"):
    return Asked(at=at, utterance_id=utterance_id, characters=len(text), text=text, voice=voice)


def test_times_texts_and_voices_are_those_of_the_recording():
    load = load_of([queued(100.0, 1), queued(101.5, 2, "Cut off" * 12), asked(101.5, 2, "The whole text. " * 10)])
    assert load.calls == (Call(0.0, "Hello there.", "Joe"), Call(1.5, "The whole text. " * 10, "Wendy"))
    assert load.caveat == ""
    assert load.duration_s == 1.5


def test_ids_count_anew_in_every_pool():
    load = load_of(
        [queued(1.0, 1), asked(1.0, 1, "First."), PoolBegan(at=2.0, rows=1, columns=1), queued(3.0, 1, "Second")]
    )
    assert [call.text for call in load.calls] == ["First.", "Second"]


def test_a_pool_that_is_returned_to_counts_on():
    def pool(at, coming):
        return PoolBegan(at=at, rows=1, columns=1, coming=coming)

    load = load_of(
        [
            pool(0.0, Coming.NEW),
            asked(1.0, 1, "First."),
            pool(2.0, Coming.VISIT),
            *(queued(3.0, 1, "Guest"), asked(3.0, 1, "The guest.")),
            pool(4.0, Coming.RETURN),
            queued(5.0, 1, "Fir"),
            pool(6.0, Coming.NEW),
            queued(7.0, 1, "Another"),
        ]
    )
    assert [call.text for call in load.calls] == ["The guest.", "First.", "Another"]


def test_what_was_left_out_is_made_up_in_its_length_and_said():
    items = [queued(1.0, 1, "x" * 33), queued(2.0, 2, "y" * 50), asked(2.0, 2, "z" * 400), queued(3.0, 3, "w" * 80)]
    told = load_of(items)
    assert "Of 1 texts only the first 80 characters" in told.caveat
    untold = load_of([without_text(item) for item in items])
    assert [len(call.text) for call in untold.calls] == [33, 400, 80]
    assert all(call.made_up for call in untold.calls)
    assert untold.caveat.startswith("3 texts were left out")
    assert "x" * 10 not in untold.calls[0].text


@given(st.integers(1, 3000))
def test_made_up_speech_has_its_length_and_words(characters):
    text = made_up_text(characters)
    assert len(text) == characters
    assert text.strip()
    assert text == text.strip()


def test_speed_is_a_factor_and_a_burst_is_all_at_once():
    load = Load((Call(0.0, "a", ""), Call(10.0, "b", "")))
    assert [call.at_s for call in load.at_speed(4.0).calls] == [0.0, 2.5]
    assert [call.at_s for call in load.at_speed(4.0).at_speed(2.0).calls] == [0.0, 5.0]
    assert [call.at_s for call in load.at_speed(BURST).calls] == [0.0, 0.0]
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(SettingError, match="above 0"):
            load.at_speed(wrong)


@pytest.mark.virtual_time
async def test_a_load_is_asked_for_at_its_times_whatever_becomes_of_it():
    load = Load((Call(0.0, "One.", "Joe"), Call(30.0, "Two.", "Joe"), Call(30.0, "Three.", "Wendy")))
    async with open_pool(FakeService()) as (pool, audit):
        told = []
        result = await replay(pool, load, lambda *numbers: told.append(numbers))
        events = audit.of(UtteranceQueued)
        assert [event.label for event in events] == ["One.", "Two.", "Three."]
        assert [event.voice for event in events] == ["Joe", "Joe", "Wendy"]
        times = [event.at - events[0].at for event in events]
        assert times == pytest.approx([0.0, 30.0, 30.0], abs=0.01)
    assert (result.asked, result.done, result.failed) == (3, 3, 0)
    assert told[-1] == (3, 3)


@pytest.mark.virtual_time
async def test_a_replay_that_is_cancelled_leaves_nothing_running():
    load = Load((Call(0.0, "One.", ""), Call(1000.0, "Two.", "")))
    async with open_pool(FakeService()) as (pool, audit):
        task = asyncio.create_task(replay(pool, load))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(audit.of(UtteranceQueued)) == 1


@pytest.mark.virtual_time
async def test_failures_are_counted():
    async with open_pool(FakeService(refuse_key=True)) as (pool, _):
        result = await replay(pool, Load((Call(0.0, "One.", ""), Call(0.0, "Two.", ""))))
    assert (result.done, result.failed) == (0, 2)
