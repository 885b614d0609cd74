"""The pool against the real local server, over real sockets."""

import asyncio
import os
import signal
import sys

import numpy as np
import pytest

from support.local_server import running_server
from voxpool import ContextSettings, Endpoint, Outcome, Pool, PoolConfig, list_voices
from voxpool.errors import CredentialRejected, PoolClosed, ServiceError, TransportError, VoxpoolError
from voxpool.events import UtteranceGranted
from voxpool.local import LocalServer
from voxpool.protocol.settings import Encoding, TimestampType

KEY = "bWFkZTp1cA=="  # made up: "made:up"
WRONG = "d3Jvbmc6b25l"  # made up: "wrong:one"
SENTENCE = "The weather is nice today, and the small dog is running in the park."
LONG = " ".join([SENTENCE] * 20)


async def heard(utterance):
    """Everything that an utterance says: PCM, sample rate and words."""
    chunks = [chunk async for chunk in utterance]
    pcm = np.concatenate([chunk.pcm for chunk in chunks]) if chunks else np.zeros(0, np.int16)
    return pcm, chunks, [word for chunk in chunks for word in chunk.words]


async def test_a_sentence_arrives_whole_and_in_order(server):
    async with Pool(server.endpoint) as pool:
        utterance = pool.speak(SENTENCE)
        pcm, chunks, _ = await heard(utterance)

    seconds = pcm.size / 24000
    assert 2.0 < seconds < 8.0
    assert np.abs(pcm).max() > 2000
    assert utterance.outcome is Outcome.DONE
    assert utterance.chunks == len(chunks)
    assert utterance.audio_s == pytest.approx(seconds)
    assert utterance.characters == len(SENTENCE)
    position = 0.0
    for chunk in chunks:
        assert chunk.start_s == pytest.approx(position)
        position += chunk.pcm.size / chunk.sample_rate_hz


async def test_the_stages_come_in_order(server):
    async with Pool(server.endpoint) as pool:
        utterance = pool.speak(SENTENCE)
        await heard(utterance)
        while utterance.stages.slot_free_s is None:
            await asyncio.sleep(0.01)

    before = ["requested_s", "granted_s", "first_text_s", "first_audio_s", "last_audio_s"]
    for last in ("closed_s", "slot_free_s"):
        times = [getattr(utterance.stages, name) for name in (*before, last)]
        assert times == sorted(times)


async def test_a_hundred_at_once_fill_the_grid_and_all_complete(server):
    settings = ContextSettings(sample_rate_hz=16000)
    async with Pool(server.endpoint) as pool:
        events = pool.events.subscribe()
        utterances = [pool.speak(f"Number {number}. {SENTENCE}", settings=settings) for number in range(100)]
        results = await asyncio.gather(*(heard(utterance) for utterance in utterances))
        places = {(event.row, event.column) for event in events.drain() if isinstance(event, UtteranceGranted)}
        assert len(pool.connections()) == 20

    assert all(pcm.size > 16000 for pcm, _, _ in results)
    assert {utterance.outcome for utterance in utterances} == {Outcome.DONE}
    assert places == {(row, column) for row in range(20) for column in range(5)}


async def test_more_text_than_a_context_may_hold_is_refused_once_and_holds_no_slot():
    with running_server("--engine", "tone", "--timing", "service", "--set", "held_characters=3000") as server:
        async with Pool(server.endpoint, PoolConfig(max_connections=1)) as pool:
            events = pool.events.subscribe()
            book = pool.speak(LONG * 3)
            with pytest.raises(ServiceError, match="more than 3000 characters wait"):
                await heard(book)
            assert sum(isinstance(event, UtteranceGranted) for event in events.drain()) == 1
            # All five slots of the connection are to be had.
            replies = [pool.speak(f"Number {number}.") for number in range(5)]
            await asyncio.gather(*(heard(each) for each in replies))
    assert {each.outcome for each in replies} == {Outcome.DONE}


async def test_more_than_fit_wait_their_turn_and_all_complete(server):
    async with Pool(server.endpoint, PoolConfig(max_connections=1)) as pool:
        utterances = [pool.speak(f"Number {number}.") for number in range(23)]
        await asyncio.gather(*(heard(utterance) for utterance in utterances))

    granted = [utterance.stages.granted_s for utterance in utterances]
    assert granted == sorted(granted)
    assert all(utterance.outcome is Outcome.DONE for utterance in utterances)


async def test_a_cancelled_utterance_gives_its_slot_back():
    async with (
        LocalServer("--timing", "service") as slow,
        Pool(slow.endpoint, PoolConfig(max_connections=1, contexts_per_connection=1)) as pool,
    ):
        first = pool.speak(LONG)
        async for _chunk in first:
            break
        second = pool.speak("And now something else.")
        await first.cancel()
        pcm, _, _ = await heard(second)

    assert first.outcome is Outcome.CANCELLED
    assert pcm.size > 0


async def test_words_carry_continuous_times_that_fit_the_audio(server):
    settings = ContextSettings(timestamp_type=TimestampType.WORD)
    async with Pool(server.endpoint) as pool:
        pcm, _, words = await heard(pool.speak(LONG[:1500], settings=settings))

    starts = [word.start_s for word in words]
    assert len(words) > 200
    assert starts == sorted(starts)
    assert words[-1].end_s <= pcm.size / 24000 + 0.1


@pytest.mark.parametrize("encoding", [Encoding.PCM, Encoding.LINEAR16, Encoding.WAV])
@pytest.mark.parametrize("rate", [8000, 22050, 48000])
async def test_encodings_and_rates_sound_the_same_length(server, encoding, rate):
    settings = ContextSettings(encoding=encoding, sample_rate_hz=rate)
    async with Pool(server.endpoint) as pool:
        pcm, chunks, _ = await heard(pool.speak(SENTENCE, settings=settings))

    assert {chunk.sample_rate_hz for chunk in chunks} == {rate}
    assert 2.0 < pcm.size / rate < 8.0
    # A header that was taken for sound would be a burst of full-scale noise at the very start.
    assert np.abs(pcm[:20].astype(int)).max() < 3000


async def test_text_streamed_in_is_spoken_as_one(server):
    async with Pool(server.endpoint) as pool:
        utterance = pool.stream()

        async def write():
            for word in SENTENCE.split():
                await utterance.send(word + " ")
            await utterance.close()

        _, (pcm, _, _) = await asyncio.gather(write(), heard(utterance))

    assert pcm.size / 24000 > 2.0


async def test_a_text_beyond_the_limit_is_sliced_and_spoken_whole(server):
    text = " ".join([SENTENCE] * 80)
    assert len(text) > 4000
    async with Pool(server.endpoint) as pool:
        utterance = pool.speak(text)
        pcm, _, _ = await heard(utterance)

    assert utterance.outcome is Outcome.DONE
    assert pcm.size / 24000 > 120


async def test_the_right_key_is_let_in_and_a_wrong_one_told_apart():
    with running_server("--timing", "instant", key=KEY) as locked:
        async with Pool(locked.endpoint) as pool:
            pcm, _, _ = await heard(pool.speak("Hello."))
        assert pcm.size
        from voxpool import Credential

        wrong = Endpoint(locked.url, Credential.basic(WRONG))
        for endpoint in (wrong, Endpoint(locked.url)):
            async with Pool(endpoint) as pool:
                with pytest.raises(CredentialRejected) as refused:
                    await heard(pool.speak("Hello."))
            assert WRONG not in str(refused.value)
            assert "wrong" not in str(refused.value)


async def test_nobody_there_is_one_sentence_within_the_deadline():
    with running_server() as gone:
        endpoint = gone.endpoint
    async with Pool(endpoint, PoolConfig(max_attempts=2, backoff_base_s=0.01, acquire_timeout_s=5)) as pool:
        with pytest.raises(VoxpoolError) as failed:
            await heard(pool.speak("Hello."))
    assert "\n" not in str(failed.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
async def test_a_server_killed_while_speaking_fails_what_was_heard_and_the_pool_recovers():
    config = PoolConfig(backoff_base_s=0.05, backoff_cap_s=0.2)
    with running_server("--timing", "service") as first:
        async with Pool(first.endpoint, config) as pool:
            utterances = [pool.speak(LONG) for _ in range(10)]
            tasks = [asyncio.ensure_future(heard(utterance)) for utterance in utterances]
            while not all(utterance.chunks for utterance in utterances):
                await asyncio.sleep(0.02)
            os.kill(first.process.pid, signal.SIGKILL)
            async with asyncio.timeout(10):
                results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, TransportError) for result in results)
            assert {utterance.outcome for utterance in utterances} == {Outcome.FAILED}

            first.process.wait(timeout=5)
            with running_server("--timing", "instant", "--port", first.port):
                pcm, _, _ = await heard(pool.speak("Back again."))
            assert pcm.size


async def test_closing_ends_everything_within_its_time(server):
    with running_server("--timing", "service") as slow:
        pool = Pool(slow.endpoint, PoolConfig(close_timeout_s=2.0))
        await pool.__aenter__()
        tasks = [asyncio.ensure_future(heard(pool.speak(LONG))) for _ in range(120)]
        await asyncio.sleep(1.0)
        async with asyncio.timeout(4):
            await pool.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(result, VoxpoolError) for result in results)
    with pytest.raises(PoolClosed):
        await heard(pool.speak("Too late."))


async def test_the_voice_list_names_both_engines(server):
    voices = {voice.id: voice for voice in await list_voices(server.endpoint)}

    assert "neural" in voices["Joe"].tags
    assert "espeak" in voices["Ashley"].tags
    assert any(language.lower().startswith("de") for voice in voices.values() for language in voice.languages)


async def test_the_neural_voice_speaks(server):
    async with Pool(server.endpoint) as pool:
        pcm, _, _ = await heard(pool.speak("Hello there.", settings=ContextSettings(voice="Joe")))
    assert 0.4 < pcm.size / 24000 < 4.0


async def test_two_pools_share_a_server(server):
    async with Pool(server.endpoint) as one, Pool(server.endpoint) as two:
        results = await asyncio.gather(*(heard(pool.speak(SENTENCE)) for pool in (one, two) for _ in range(10)))
    assert all(pcm.size for pcm, _, _ in results)
