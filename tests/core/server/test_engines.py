"""The real engines, in real worker processes: is it speech, and do the words sound when they are said to?"""

import asyncio
import os
import signal

import numpy as np
import pytest

from voxpool.server.app import installed_engines
from voxpool.server.engines.process import Worker
from voxpool.server.engines.tone import ToneEngine
from voxpool.server.speech import EngineFailed, SpeechRequest, WorkerDied
from voxpool.server.voices import Catalogue

TEXT = "The weather is nice today, and the small dog is running in the park. It costs $5.20, doesn't it?"
RATE = 24000
VOICES = {"espeak": "en-us+f2", "neural": "joe", "tone": "tone"}


def needs(engine):
    return pytest.param(
        engine,
        marks=pytest.mark.skipif(
            engine != "tone" and engine not in installed_engines(), reason=f"the {engine} engine is not installed"
        ),
    )


ALL = [needs(engine) for engine in VOICES]
WORKERS = [needs("espeak"), needs("neural")]


@pytest.fixture(scope="module")
def spoken():
    """The text, spoken once by each engine that is there."""

    async def speak(engine):
        speaker = ToneEngine() if engine == "tone" else Worker(engine)
        try:
            return await speaker.speak(SpeechRequest(engine, VOICES[engine], TEXT, RATE))
        finally:
            await speaker.close()

    found = {}

    def get(engine):
        if engine not in found:
            found[engine] = asyncio.run(speak(engine))
        return found[engine]

    return get


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples.astype(float))))) if len(samples) else 0.0


@pytest.mark.parametrize("engine", WORKERS)
async def test_it_gathers_nothing_about_its_user(engine, tmp_path, monkeypatch):
    # ONNX Runtime counts what is done with it, in a file of the user's, unless it is told not to.
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    # It spares automated builds, as which a test may run.
    for name in ("CI", "CIRCLECI", "GITHUB_ACTIONS", "GITLAB_CI", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)
    worker = Worker(engine)
    try:
        await worker.speak(SpeechRequest(engine, VOICES[engine], "Hello.", RATE))
    finally:
        await worker.close()
    assert [path.name for path in tmp_path.rglob("*")] == []


@pytest.mark.parametrize("engine", ALL)
def test_it_is_audible_and_as_long_as_speech(engine, spoken):
    speech = spoken(engine)
    samples = np.frombuffer(speech.pcm, np.int16)
    assert speech.sample_rate_hz == RATE
    assert 400 < rms(samples) < 12_000
    # People speak 8 to 25 characters a second.
    assert len(TEXT) / 25 < speech.duration_s < len(TEXT) / 8


@pytest.mark.parametrize("engine", WORKERS)
def test_it_has_the_spectrum_of_speech_and_not_of_a_tone_or_noise(engine, spoken):
    samples = np.frombuffer(spoken(engine).pcm, np.int16).astype(float)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    low = power[(hertz > 80) & (hertz < 4000)].sum() / power.sum()
    strongest = np.sort(power)[::-1][:20].sum() / power.sum()
    assert low > 0.8
    assert strongest < 0.2
    # Loud and quiet alternate, as syllables do.
    frames = samples[: len(samples) // 480 * 480].reshape(-1, 480)
    levels = np.sqrt((frames**2).mean(axis=1))
    assert levels.std() / levels.mean() > 0.5


@pytest.mark.parametrize("engine", ALL)
def test_every_word_has_a_time_in_the_audio(engine, spoken):
    speech = spoken(engine)
    assert [TEXT[w.start : w.end] for w in speech.words] == TEXT.split()
    starts = [w.start_s for w in speech.words]
    assert starts == sorted(starts)
    assert all(0 <= w.start_s <= w.end_s <= speech.duration_s + 1e-6 for w in speech.words)
    assert all(a.end_s <= b.start_s + 1e-6 for a, b in zip(speech.words, speech.words[1:], strict=False))


@pytest.mark.parametrize("engine", [needs("espeak")])
async def test_every_voice_that_is_listed_can_speak(engine):
    worker = Worker(engine)
    try:
        levels = {}
        for voice in Catalogue([engine]).voices():
            speech = await worker.speak(SpeechRequest(engine, voice.engine_voice(None), "1 ama ма", 8000))
            levels[voice.voice_id] = rms(np.frombuffer(speech.pcm, np.int16))
        assert [name for name, level in levels.items() if level < 100] == []
    finally:
        await worker.close()


@pytest.mark.parametrize("engine", ALL)
def test_words_sound_and_pauses_do_not(engine, spoken):
    speech = spoken(engine)
    samples = np.frombuffer(speech.pcm, np.int16)

    def level(start_s, end_s):
        return rms(samples[round(start_s * RATE) : round(end_s * RATE)])

    voiced = [level(w.start_s, w.end_s) for w in speech.words]
    # The neural voice never speaks twice alike and may swallow a short word.
    assert np.quantile(voiced, 0.1) > 0.1 * np.median(voiced)
    end_of_sentence = next(i for i, w in enumerate(speech.words) if TEXT[w.start : w.end] == "park.")
    last, following = speech.words[end_of_sentence], speech.words[end_of_sentence + 1]
    middle = (last.end_s + following.start_s) / 2
    assert following.start_s - last.end_s > 0.04
    assert level(middle - 0.01, middle + 0.01) < 0.3 * np.median(voiced)


@pytest.mark.parametrize("engine", WORKERS)
def test_words_have_their_sounds(engine, spoken):
    speech = spoken(engine)
    assert sum(bool(w.phones) for w in speech.words) >= len(speech.words) - 2
    weather = "".join(phone.symbol for phone in speech.words[1].phones)
    assert "w" in weather
    assert "ð" in weather
    for word in speech.words:
        assert all(word.start_s - 1e-6 <= p.start_s <= word.end_s for p in word.phones)


@pytest.mark.parametrize("engine", [needs("espeak")])
async def test_speed_rate_voice_and_pitch_are_heeded(engine):
    worker = Worker(engine)
    try:
        voice = VOICES[engine]
        normal = await worker.speak(SpeechRequest(engine, voice, TEXT, RATE))
        slow = await worker.speak(SpeechRequest(engine, voice, TEXT, RATE, 0.7))
        narrow = await worker.speak(SpeechRequest(engine, voice, TEXT, 8000))
        high = await worker.speak(SpeechRequest(engine, voice, TEXT, RATE, 1.0, 90))
        german = await worker.speak(SpeechRequest(engine, "de", TEXT, RATE))
    finally:
        await worker.close()
    assert slow.duration_s > 1.2 * normal.duration_s
    assert narrow.sample_rate_hz == 8000
    assert narrow.duration_s == pytest.approx(normal.duration_s, abs=0.02)
    assert len({normal.pcm, high.pcm, german.pcm}) == 3
    assert german.duration_s != normal.duration_s


@pytest.mark.parametrize("engine", [needs("espeak")])
async def test_any_text_is_spoken_or_refused(engine):
    worker = Worker(engine)
    try:
        for text in ("日本語", "a" * 240, "<<<>>>", "%s%n\\", "🙂 smile", "\u200b", "éàü" * 50, "[[hello]]", "1e999"):
            speech = await worker.speak(SpeechRequest(engine, "en-us", text, RATE))
            assert len(speech.pcm) % 2 == 0
        with pytest.raises(EngineFailed, match="no voice"):
            await worker.speak(SpeechRequest(engine, "no-such-voice", "Hello", RATE))
        assert worker.restarts == 0
    finally:
        await worker.close()


@pytest.mark.parametrize("engine", [needs("espeak")])
async def test_a_killed_worker_is_told_and_started_again(engine):
    worker = Worker(engine)
    request = SpeechRequest(engine, "en-us", "Hello there.", RATE)
    try:
        await worker.speak(request)
        os.kill(worker.pid, signal.SIGTERM)
        # It is still taken for alive: the next text finds out.
        with pytest.raises(WorkerDied):
            await worker.speak(request)
        assert (await worker.speak(request)).duration_s > 0.3
        assert worker.restarts == 1
    finally:
        await worker.close()
    assert worker.pid is None


async def test_an_engine_that_cannot_be_loaded_says_so():
    worker = Worker("nonsense")
    try:
        with pytest.raises(EngineFailed, match="nonsense"):
            await worker.ready()
    finally:
        await worker.close()


async def test_closing_while_it_starts():
    worker = Worker("espeak")
    starting = asyncio.create_task(worker.ready())
    await asyncio.sleep(0.01)
    await worker.close()
    with pytest.raises((EngineFailed, asyncio.CancelledError)):
        await starting
    assert worker.pid is None


async def test_the_tone_is_deterministic():
    request = SpeechRequest("tone", "tone", TEXT, RATE)
    assert await ToneEngine().speak(request) == await ToneEngine().speak(request)
