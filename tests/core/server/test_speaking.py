"""From a text to stretches, and from stretches to chunks, without a socket."""

import asyncio
from contextlib import aclosing
from itertools import pairwise

import pytest

from voxpool.server.app import make_services
from voxpool.server.chunking import ChunkSizes
from voxpool.server.config import ServerConfig
from voxpool.server.encoders.plain import Pcm
from voxpool.server.options import read
from voxpool.server.speaking import Speaking, stretches
from voxpool.server.speech import EngineFailed, Speech
from voxpool.server.synthesis import Synthesizer
from voxpool.server.voices import Voice

RATE = 8000
ESPEAK = Voice("Ashley", "", "en-US", "female", "espeak", "+f2")
NEURAL = Voice("Joe", "", "en-US", "male", "neural", "joe")
TONE = Voice("Tone", "", "en-US", "male", "tone", "tone")


def options(**changes):
    audio = {"audioEncoding": "PCM", "sampleRateHertz": RATE}
    return read({"voiceId": "Ashley", "modelId": "inworld-tts-2", "audioConfig": audio} | changes)


def spoken(text, voice=ESPEAK, limit=200, **changes):
    return [s.request.text.strip() if s.request else None for s in stretches(text, options(**changes), voice, limit)]


def test_sentences_are_spoken_one_by_one():
    assert spoken("One here. Two there! Three?") == ["One here.", "Two there!", "Three?"]


def test_stretches_cover_the_text():
    text = 'One here. <break time="1s"/> Two, <lang lang="de">zwei</lang> there! ... [laugh] Three?'
    found = stretches(text, options(), ESPEAK, 200)
    assert found[0].start == 0
    assert found[-1].end == len(text)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert [s.pause_s for s in found if s.pause_s] == [1.0]


@pytest.mark.parametrize(
    ("text", "changes", "voices"),
    [
        ("Hello.", {}, ["en-us+f2"]),
        ("Hallo.", {"language": "de-DE"}, ["de+f2"]),
        ("Привет.", {}, ["ru+f2"]),
        ('One <lang lang="es-MX">dos</lang> three.', {}, ["en-us+f2", "es-419+f2", "en-us+f2"]),
        ("Hello.", {"language": "tlh"}, ["en-us+f2"]),
    ],
)
def test_languages(text, changes, voices):
    found = stretches(text, options(**changes), ESPEAK, 200)
    assert [s.request.voice for s in found if s.request] == voices


def test_a_slow_voice_begins_with_a_phrase():
    text = "This is the first clause, and then it goes on for quite a while without ever coming to an end. Two."
    assert spoken(text, NEURAL)[0] == "This is the first clause,"
    assert spoken(text, ESPEAK)[0].endswith("an end.")
    assert "".join(s.request.text for s in stretches(text, options(), NEURAL, 200)) == text
    plain = "The first thing that everyone notices when they arrive at the lighthouse is the deep silence of it."
    assert spoken(plain, NEURAL)[0] == "The first thing that everyone notices"
    assert spoken("Short, really. And then two, of them.", NEURAL)[0] == "Short, really."


class Engine:
    """Counts what it is asked for; a second of audio for every text."""

    def __init__(self):
        self.asked = []
        self.fail = None

    async def ready(self):
        pass

    async def close(self):
        pass

    async def speak(self, request):
        self.asked.append(request.text.strip())
        if self.fail and self.fail in request.text:
            raise EngineFailed("it cannot be spoken")
        return Speech(bytes(range(1, 201)) * (2 * RATE // 200), RATE, ())


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
async def services(engine):
    made = make_services(ServerConfig(engine="tone"))
    made.synthesizer = Synthesizer({"tone": [engine]}, 0)
    yield made
    await made.synthesizer.close()


def speaking(services, text):
    sizes = ChunkSizes.of(RATE, 0.2, 0.25, 5)
    return Speaking(text, options(), TONE, Pcm(), services, object(), sizes)


LONG = " ".join(f"Sentence number {index}." for index in range(12))


async def test_the_first_sentence_leaves_before_the_last_is_spoken(services, engine):
    async with aclosing(speaking(services, LONG).chunks()) as chunks:
        await anext(chunks)
        assert len(engine.asked) < 6


async def test_nothing_is_spoken_far_ahead_of_a_slow_reader(services, engine):
    async with aclosing(speaking(services, LONG).chunks()) as chunks:
        for _ in range(8):
            await anext(chunks)
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        # Two seconds are out; what is held is bounded by the lookahead.
        assert len(engine.asked) <= 6


async def test_all_of_it_comes_in_the_end(services, engine):
    chunks = [chunk async for chunk in speaking(services, LONG).chunks()]
    assert len(engine.asked) == 12
    assert sum(len(chunk.audio) for chunk in chunks) == 12 * 2 * RATE
    assert sum(chunk.duration_s for chunk in chunks) == pytest.approx(12)
    assert [chunk.characters for chunk in chunks] == [len(LONG)] + [0] * (len(chunks) - 1)


async def test_a_sentence_that_cannot_be_spoken_fails_the_synthesis_where_it_is(services, engine):
    engine.fail = "number 3"
    heard = []

    async def listen():
        async for chunk in speaking(services, LONG).chunks():
            heard.append(chunk.duration_s)

    with pytest.raises(EngineFailed):
        await listen()
    assert 2 < sum(heard) <= 3


async def test_who_stops_listening_takes_what_was_begun_out_of_the_queue(services):
    async with aclosing(speaking(services, LONG).chunks()) as chunks:
        await anext(chunks)
    for _ in range(5):
        await asyncio.sleep(0)
    assert services.synthesizer.stats(0)["queueDepth"] == 0
