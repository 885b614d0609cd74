"""The everyday path: what is asked for is said, whole, in order, and nothing is left over."""

from __future__ import annotations

import asyncio
import sys

import pytest

from support.fake_transport import FakeService, audio_of
from support.pools import heard, open_pool
from voxpool.errors import PoolClosed, SettingError, TooManyWaiters
from voxpool.events import FirstAudio, Outcome, SlotChanged, SlotState
from voxpool.pool.utterance import UtteranceState

pytestmark = pytest.mark.virtual_time


async def test_a_text_comes_back_as_its_audio_byte_for_byte() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, audit):
        utterance = pool.speak("Hello there.")
        assert utterance.state is UtteranceState.WAITING
        audio = await heard(utterance)
        assert audio == b"".join(audio_of("Hello there.", 3, 2400))
        assert utterance.outcome is Outcome.DONE
        assert utterance.characters == len("Hello there.")
        assert utterance.audio_s == pytest.approx(0.3)
    states = [event.new for event in audit.of(SlotChanged)]
    assert states == [
        SlotState.RESERVED,
        SlotState.CREATING,
        SlotState.GENERATING,
        SlotState.DRAINING,
        SlotState.EMPTY,
    ]


async def test_create_text_and_close_wait_for_no_answer() -> None:
    service = FakeService(latency_s=1.0)
    async with open_pool(service) as (pool, audit):
        utterance = pool.speak("Hello.")
        await heard(utterance)
        stages = utterance.stages
        assert stages.granted_s is not None
        # Two network legs and the synthesis; waiting for contextCreated would make it four.
        assert stages.first_audio_s == pytest.approx(stages.granted_s + 2.0 + service.first_audio_s)
        (first,) = audit.of(FirstAudio)
        assert first.ttfa_ms == pytest.approx(2200.0)


async def test_stages_are_told_in_order() -> None:
    async with open_pool(FakeService()) as (pool, _):
        utterance = pool.speak("Hello.")
        await heard(utterance)
        stages = utterance.stages
        times = [
            stages.requested_s,
            stages.connected_s,
            stages.granted_s,
            stages.first_text_s,
            stages.created_s,
            stages.first_audio_s,
            stages.last_audio_s,
            stages.slot_free_s,
            stages.closed_s,
        ]
        assert None not in times
        assert times == sorted(times)  # type: ignore[type-var]


async def test_a_long_text_is_cut_at_words_and_arrives_whole() -> None:
    service = FakeService()
    text = " ".join(f"word{number}" for number in range(2000))
    async with open_pool(service, text_limit=100) as (pool, _):
        await heard(pool.speak(text))
    (wire,) = service.wires
    pieces = [message["send_text"]["text"] for message in wire.received if "send_text" in message]
    assert "".join(pieces) == text
    assert all(len(piece) <= 100 for piece in pieces)
    assert [("flush_context" in m["send_text"]) for m in wire.received if "send_text" in m].count(True) == 1


async def test_a_hundred_speak_at_once_over_twenty_connections() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        texts = [f"Utterance number {number}." for number in range(100)]
        audio = await asyncio.gather(*(heard(pool.speak(text)) for text in texts))
        assert audio == [b"".join(audio_of(text, 3, 2400)) for text in texts]
        assert service.most_wires == 20
        assert service.most_contexts == 5
        assert service.refused_contexts == 0


async def test_five_callers_share_one_handshake() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        await asyncio.gather(*(heard(pool.speak(f"Number {number}.")) for number in range(5)))
        assert service.handshakes == 1


async def test_a_free_slot_is_taken_without_waiting_for_a_new_connection() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        await heard(pool.speak("First."))
        utterance = pool.speak("Second.")
        assert utterance.state is UtteranceState.SPEAKING
        assert utterance.place == (0, 0)
        await heard(utterance)
        assert service.handshakes == 1


async def test_an_utterance_is_spoken_even_when_nobody_reads_it_yet() -> None:
    async with open_pool(FakeService()) as (pool, _):
        utterance = pool.speak("Hello.")
        assert await utterance.wait() is Outcome.DONE
        assert pool.stats().buffered_bytes == 3 * 4800
        assert len(await heard(utterance)) == 3 * 4800
        assert pool.stats().buffered_bytes == 0


async def test_empty_and_broken_text_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeService()
    monkeypatch.setitem(sys.modules, "av", None)  # as where the audio extra is not installed
    async with open_pool(service) as (pool, _):
        for text in ("", "   ", "half a pair \ud83d"):
            with pytest.raises(SettingError):
                pool.speak(text)
        with pytest.raises(SettingError):
            pool.speak("Hello.", speaking_rate=9.0)
        with pytest.raises(SettingError, match="MP3"):
            pool.speak("Hello.", encoding="MP3")
        for settings in (
            {"voice": "half a pair \ud83d"},
            {"model": "half a pair \ud83d"},
            {"label": 7},
            {"settings": "Ashley"},
        ):
            with pytest.raises(SettingError, match=f"^{next(iter(settings))} is "):
                pool.speak("Hello.", **settings)
        assert service.handshakes == 0
        assert pool.stats().requested == 0


async def test_a_full_queue_fails_fast_and_is_counted() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=1, contexts_per_connection=1, max_waiters=2) as (pool, _):
        speaking = [pool.speak(f"Number {number}.") for number in range(2)]
        with pytest.raises(TooManyWaiters) as caught:
            pool.speak("One too many.")
        assert caught.value.limit == 2
        assert pool.stats().refused == 1
        for utterance in speaking:
            await heard(utterance)


async def test_a_closed_pool_takes_nothing() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        pass
    with pytest.raises(PoolClosed):
        pool.speak("Hello.")
    with pytest.raises(PoolClosed):
        pool.stream()


async def test_two_readers_are_told_off_instead_of_sharing_the_audio() -> None:
    async with open_pool(FakeService()) as (pool, _):
        utterance = pool.speak("Hello.")
        first = asyncio.ensure_future(heard(utterance))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one consumer"):
            await heard(utterance)
        assert len(await first) == 3 * 4800
