"""Streaming text in: order kept, bounded, nothing dropped silently, and language models' tokens work well."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.fake_transport import FakeContext, FakeService
from support.pools import heard, open_pool
from support.virtual_time import run
from voxpool.errors import SettingError, UtteranceCancelled, WrongState
from voxpool.events import Outcome
from voxpool.pool.script import WINDOW

pytestmark = pytest.mark.virtual_time


async def test_text_arrives_in_order_and_whole() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.stream()
        for number in range(200):
            await utterance.send(f"{number} ")
        await utterance.close()
        await heard(utterance)
        assert service.texts[utterance.context_id] == "".join(f"{number} " for number in range(200))
        assert utterance.outcome is Outcome.DONE


async def test_writing_waits_while_nothing_is_taken() -> None:
    service = FakeService()
    async with open_pool(service, max_connections=1, contexts_per_connection=1) as (pool, _):
        blocker = pool.stream()
        await blocker.send("I hold the only slot. ")
        utterance = pool.stream()
        await utterance.send("x" * WINDOW)
        sending = asyncio.ensure_future(utterance.send("one more"))
        await asyncio.sleep(5.0)
        assert not sending.done()
        await blocker.close()
        await heard(blocker)
        await sending
        await utterance.close()
        await heard(utterance)
        assert service.texts[utterance.context_id] == "x" * WINDOW + "one more"


async def test_writing_waits_while_the_socket_takes_nothing() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.stream()
        await utterance.send("Hello. ")
        await asyncio.sleep(0.1)
        stuck = service.wires[0].stuck = asyncio.Event()
        await utterance.send("x" * WINDOW)
        sending = asyncio.ensure_future(utterance.send("one more"))
        await asyncio.sleep(5.0)
        assert not sending.done()
        service.wires[0].stuck = None
        stuck.set()
        await sending
        await utterance.close()
        await heard(utterance)


async def test_a_cancelled_send_has_sent_nothing() -> None:
    service = FakeService(handshake_s=1.0)
    async with open_pool(service) as (pool, _):
        utterance = pool.stream()
        await utterance.send("x" * WINDOW)
        sending = asyncio.ensure_future(utterance.send("never said"))
        await asyncio.sleep(0.1)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await utterance.close()
        await heard(utterance)
        assert service.texts[utterance.context_id] == "x" * WINDOW


async def test_tokens_become_sentences_that_are_spoken_as_soon_as_they_are_complete() -> None:
    service = FakeService()
    spoken = []

    def speak(context: FakeContext, text: str) -> None:
        spoken.append(text)
        service.speak(context, text)

    service.on_speak = speak
    async with open_pool(service) as (pool, _):
        utterance = pool.stream(sentences=True)
        for token in ("Hel", "lo the", "re. How", " are you", "? Fine [laugh", ". really] I", " am."):
            await utterance.send(token)
            await asyncio.sleep(1.0)
        assert spoken == ["Hello there. ", "How are you? "]
        await utterance.close()
        await heard(utterance)
        assert "".join(spoken) == "Hello there. How are you? Fine [laugh. really] I am."


async def test_in_auto_mode_sentences_are_not_flushed_by_us() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.stream(sentences=True, auto_mode=True)
        for token in ("One. ", "Two. ", "Three."):
            await utterance.send(token)
        await utterance.close()
        await heard(utterance)
        sent = [message["send_text"] for message in service.wires[0].received if "send_text" in message]
        assert [("flush_context" in each) for each in sent] == [False, False, True]


async def test_an_explicit_flush_speaks_an_unfinished_sentence() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.stream(sentences=True)
        await utterance.send("No full stop yet")
        await utterance.flush()
        async for chunk in utterance:
            assert len(chunk.pcm)
            break
        await utterance.send(", and on it goes.")
        await utterance.close()
        await heard(utterance)


async def test_several_syntheses_are_one_utterance_that_ends_with_its_context() -> None:
    """The first ``flushCompleted`` is not the end (section 13, 24 and 25)."""
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.stream()
        for sentence in ("One. ", "... ", "Two. ", "Three. "):
            await utterance.send(sentence)
            await utterance.flush()
            await asyncio.sleep(1.0)
        await utterance.close()
        audio = await heard(utterance)
        assert audio == service.sent_audio[utterance.context_id]
        assert utterance.chunks == 9


async def test_a_stream_closed_without_text_ends_well() -> None:
    async with open_pool(FakeService()) as (pool, _):
        utterance = pool.stream()
        await utterance.close()
        await utterance.close()
        assert await heard(utterance) == b""
        assert utterance.outcome is Outcome.DONE


async def test_writing_after_the_end_is_an_error_and_not_silence() -> None:
    async with open_pool(FakeService()) as (pool, _):
        closed = pool.stream()
        await closed.send("Hello.")
        await closed.close()
        with pytest.raises(WrongState):
            await closed.send("More.")
        await heard(closed)
        cancelled = pool.stream()
        cancelled.cancel_nowait()
        with pytest.raises(UtteranceCancelled):
            await cancelled.send("More.")
        with pytest.raises(UtteranceCancelled):
            await cancelled.flush()
        await cancelled.close()


async def test_half_a_character_is_refused_before_it_is_sent() -> None:
    async with open_pool(FakeService()) as (pool, _):
        utterance = pool.stream()
        with pytest.raises(SettingError):
            await utterance.send("\ud83d")
        await utterance.send("\U0001f600 fine")
        await utterance.close()
        await heard(utterance)


async def test_memory_stays_bounded_while_an_endless_stream_is_written() -> None:
    service = FakeService()
    async with open_pool(service) as (pool, _):
        utterance = pool.stream()

        async def write() -> None:
            for _ in range(200):
                await utterance.send("word " * 100)
                assert len(utterance._job.script.pending) <= 2 + WINDOW // 500
            await utterance.close()

        await asyncio.gather(write(), heard(utterance))
        assert len(service.texts[utterance.context_id]) == 100_000


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), max_size=12), st.booleans())
def test_whatever_is_written_arrives_unchanged(parts: list[str], sentences: bool) -> None:
    async def main() -> None:
        service = FakeService()
        async with open_pool(service, text_limit=50) as (pool, _):
            utterance = pool.stream(sentences=sentences)
            for part in parts:
                await utterance.send(part)
            await utterance.close()
            await heard(utterance)
            assert service.texts.get(utterance.context_id, "") == "".join(parts)

    run(main())
