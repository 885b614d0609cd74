import asyncio

import pytest

from voxpool.server.limits import Generations
from voxpool.server.speech import EngineFailed, Speech, SpeechRequest, WorkerDied
from voxpool.server.statuses import Refused
from voxpool.server.synthesis import Synthesizer


class FakeSpeaker:
    """Speaks when it is told to."""

    def __init__(self):
        self.asked = []
        self.gates = {}
        self.fail = []
        self.closed = False

    async def ready(self):
        pass

    async def speak(self, request):
        self.asked.append(request.text)
        gate = self.gates.setdefault(request.text, asyncio.Event())
        await gate.wait()
        if self.fail:
            raise self.fail.pop(0)
        return Speech(request.text.encode() * 2, 8000, ())

    async def close(self):
        self.closed = True

    def let(self, *texts):
        for text in texts:
            self.gates.setdefault(text, asyncio.Event()).set()


def request(text):
    return SpeechRequest("fake", "v", text, 8000)


@pytest.fixture
async def desk():
    speaker = FakeSpeaker()
    synthesizer = Synthesizer({"fake": [speaker]}, 100_000)
    yield speaker, synthesizer
    await synthesizer.close()
    assert speaker.closed


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_same_text_is_spoken_once(desk):
    speaker, synthesizer = desk
    asked = [asyncio.create_task(synthesizer.speak(request("a"), client)) for client in range(5)]
    await settle()
    speaker.let("a")
    results = await asyncio.gather(*asked)
    assert speaker.asked == ["a"]
    assert len(set(map(id, results))) == 1
    assert (await synthesizer.speak(request("a"), 9)) is results[0]
    assert speaker.asked == ["a"]
    assert synthesizer.stats(0)["sharedSyntheses"] == 4


async def test_turns_are_fair_between_clients(desk):
    speaker, synthesizer = desk
    speaker.let(*"abcxy")
    tasks = [asyncio.create_task(synthesizer.speak(request(t), "long")) for t in "abc"]
    tasks += [asyncio.create_task(synthesizer.speak(request(t), t)) for t in "xy"]
    await asyncio.gather(*tasks)
    assert speaker.asked == ["a", "b", "x", "y", "c"]


async def test_who_gives_up_leaves_the_queue(desk):
    speaker, synthesizer = desk
    first = asyncio.create_task(synthesizer.speak(request("a"), 1))
    second = asyncio.create_task(synthesizer.speak(request("b"), 2))
    await settle()
    stats = synthesizer.stats(asyncio.get_running_loop().time() + 1)
    assert (stats["queueDepth"], stats["busyWorkers"]) == (1, 1)
    assert stats["oldestQueuedMs"] >= 1000
    second.cancel()
    await settle()
    assert synthesizer.stats(0)["queueDepth"] == 0
    speaker.let("a", "b")
    await first
    assert speaker.asked == ["a"]


async def test_what_was_begun_is_finished_for_the_cache(desk):
    speaker, synthesizer = desk
    first = asyncio.create_task(synthesizer.speak(request("a"), 1))
    await settle()
    first.cancel()
    await settle()
    speaker.let("a")
    await synthesizer.speak(request("a"), 2)
    assert speaker.asked == ["a"]


async def test_one_who_gives_up_does_not_end_it_for_the_other(desk):
    speaker, synthesizer = desk
    first = asyncio.create_task(synthesizer.speak(request("a"), 1))
    second = asyncio.create_task(synthesizer.speak(request("a"), 2))
    await settle()
    first.cancel()
    await settle()
    speaker.let("a")
    assert (await second).pcm == b"aa"


async def test_a_dead_worker_gets_a_second_try(desk):
    speaker, synthesizer = desk
    speaker.fail = [WorkerDied("it died")]
    speaker.let("a")
    assert (await synthesizer.speak(request("a"), 1)).pcm == b"aa"
    assert speaker.asked == ["a", "a"]


async def test_and_no_third(desk):
    speaker, synthesizer = desk
    speaker.fail = [WorkerDied("it died"), WorkerDied("it died again")]
    speaker.let("a")
    with pytest.raises(EngineFailed, match="again"):
        await synthesizer.speak(request("a"), 1)
    assert (await synthesizer.speak(request("a"), 1)).pcm == b"aa"


async def test_a_text_that_cannot_be_spoken_fails_alone(desk):
    speaker, synthesizer = desk
    speaker.fail = [EngineFailed("no such voice")]
    speaker.let("a", "b")
    with pytest.raises(EngineFailed, match="voice"):
        await synthesizer.speak(request("a"), 1)
    assert (await synthesizer.speak(request("b"), 1)).pcm == b"bb"


async def test_closing_tells_those_who_wait():
    speaker = FakeSpeaker()
    synthesizer = Synthesizer({"fake": [speaker]}, 0)
    waiting = [asyncio.create_task(synthesizer.speak(request(t), t)) for t in "ab"]
    await settle()
    await synthesizer.close()
    for task in waiting:
        with pytest.raises(EngineFailed, match="stops"):
            await task


async def test_generations_are_refused_above_the_limit():
    limit = Generations(2)
    await limit.acquire()
    await limit.acquire()
    with pytest.raises(Refused) as caught:
        await limit.acquire()
    assert caught.value.status.code == 8
    limit.release()
    await limit.acquire()
    assert (limit.active, limit.refused) == (2, 1)


async def test_generations_can_wait_in_turn():
    limit = Generations(1, wait=True)
    await limit.acquire()
    order = []

    async def use(name):
        await limit.acquire()
        order.append(name)
        limit.release()

    first, second, third = (asyncio.create_task(use(name)) for name in "abc")
    await settle()
    assert limit.waiting == 3
    second.cancel()
    await settle()
    limit.release()
    await asyncio.gather(first, third)
    assert order == ["a", "c"]
    assert limit.active == 0


async def test_a_turn_that_is_given_and_not_used_goes_on():
    limit = Generations(1, wait=True)
    await limit.acquire()
    first = asyncio.create_task(limit.acquire())
    second = asyncio.create_task(limit.acquire())
    await settle()
    limit.release()
    first.cancel()
    await second
    assert limit.active == 1


async def test_no_limit():
    limit = Generations(0)
    for _ in range(1000):
        await limit.acquire()
    assert limit.active == 1000
