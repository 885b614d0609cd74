"""The whole pool, tasks and all, under random faults and restless callers in virtual time, audited at every event."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from support.fake_transport import FakeContext, FakeService
from support.pools import Audit, open_pool
from support.virtual_time import run
from voxpool.errors import ConnectFailed, TooManyWaiters, VoxpoolError
from voxpool.events import Outcome
from voxpool.pool.pool import Pool
from voxpool.pool.utterance import Utterance

CALLERS = 150


class RestlessService(FakeService):
    """A service that does everything wrong now and then."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random
        self.mute: set[FakeContext] = set()
        self.on_create = self._restless_create
        self.on_speak = self._restless_speak
        self.on_close = self._restless_close
        self.on_cancel = self._restless_cancel

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    async def connect(self):  # type: ignore[no-untyped-def]
        if self.chance(0.1):
            self.connect_errors.append(ConnectFailed("fake", "no luck", self.random.choice([None, 429, 503])))
        wire = await super().connect()
        loop = asyncio.get_running_loop()
        if self.chance(0.3):
            fate = self.random.choice([wire.drop, lambda: setattr(wire, "silent", True), self._inactive(wire)])
            loop.call_later(self.random.uniform(0.0, 20.0), fate)
        return wire

    @staticmethod
    def _inactive(wire):  # type: ignore[no-untyped-def]
        return lambda: wire.reply({"error": {"code": 10, "message": "Paused due to inactivity", "details": []}})

    def _restless_create(self, context: FakeContext) -> None:
        if self.chance(0.02):
            context.fail(8, "limit", gone=True)
        elif self.chance(0.02):
            context.fail(5, "Unknown voice", gone=True)
        elif self.chance(0.01):
            # Never confirmed, so nothing else either: replies of a context come in order (protocol.md section 5.7).
            self.mute.add(context)
        else:
            context.send(contextCreated={})

    def _restless_speak(self, context: FakeContext, text: str) -> None:
        if context in self.mute:
            context.busy = True
        elif self.chance(0.05):
            context.fail(self.random.choice([3, 4, 13, 14]), "trouble")
        elif self.chance(0.02):
            context.busy = True
        else:
            self.chunks = self.random.randint(1, 6)
            self.chunk_s = self.random.choice([0.0, 0.05, 0.3])
            self.speak(context, text)

    def _restless_close(self, context: FakeContext) -> None:
        if not context.busy and not self.chance(0.02):
            context.closed()

    def _restless_cancel(self, context: FakeContext) -> None:
        loop = asyncio.get_running_loop()
        if context in self.mute:
            context.closed()
        elif self.chance(0.1):
            context.fail(12, "what?")
        elif self.chance(0.05):
            return
        elif self.chance(0.2):
            context.audio(b"\1\0" * 100)
            loop.call_later(0.1, context.closed)
        else:
            context.closed()


async def caller(pool: Pool, service: RestlessService, number: int, ends: list[Outcome]) -> None:
    random = service.random
    await asyncio.sleep(random.uniform(0.0, 30.0))
    try:
        utterance = await ask(pool, random, number)
    except TooManyWaiters:
        return
    if random.random() < 0.1:
        return  # asked, and forgot
    if random.random() < 0.3:
        asyncio.get_running_loop().call_later(random.uniform(0.0, 3.0), utterance.cancel_nowait)
    audio = b""
    try:
        async for chunk in utterance:
            audio += chunk.pcm.tobytes()
            if random.random() < 0.02:
                return  # heard enough
    except VoxpoolError:
        assert utterance.outcome is Outcome.FAILED
    assert utterance.outcome is not None
    ends.append(utterance.outcome)
    if utterance.outcome is Outcome.DONE:
        assert audio == service.sent_audio.get(utterance.context_id, b"")
        assert service.texts.get(utterance.context_id, "") == utterance.text
        assert utterance.audio_s == pytest.approx(len(audio) / 48000)
    else:
        assert service.sent_audio.get(utterance.context_id, b"").startswith(audio)


async def ask(pool: Pool, random: Random, number: int) -> Utterance:
    if random.random() < 0.6:
        return pool.speak(f"Utterance number {number}.")
    utterance = pool.stream(sentences=random.random() < 0.5)
    try:
        for part in range(random.randint(0, 4)):
            await utterance.send(f"Part {part} of utterance {number}. ")
            await asyncio.sleep(random.choice([0.0, 0.1]))
        await utterance.close()
    except VoxpoolError:
        assert utterance.outcome is not None
    return utterance


async def restless_pool(pool: Pool, random: Random) -> None:
    for _ in range(10):
        await asyncio.sleep(random.uniform(0.0, 6.0))
        deed = random.choice(["pause", "resize", "prewarm", "drain"])
        if deed == "pause":
            pool.pause()
            await asyncio.sleep(random.uniform(0.0, 2.0))
            pool.resume()
        elif deed == "resize":
            await pool.resize(random.randint(1, 6))
        elif deed == "prewarm":
            await pool.prewarm(random.randint(0, 6))
        else:
            await pool.drain()


async def live(seed: int) -> None:
    random = Random(seed)
    service = RestlessService(random)
    config = {
        "max_connections": 4,
        "contexts_per_connection": random.randint(1, 5),
        "max_generations": random.choice([None, 7]),
        "placement": random.choice(["least_loaded", "packed", "spread"]),
        "max_waiters": random.choice([20, 1000]),
        "acquire_timeout_s": 8.0,
        "first_audio_timeout_s": 2.0,
        "stall_timeout_s": 2.0,
        "zombie_after_s": 3.0,
        "heartbeat_s": 3.0,
        "idle_close_s": 5.0,
        "max_lifetime_s": 12.0,
        "buffer_bytes": 40_000,
        "max_attempts": 4,
    }
    ends: list[Outcome] = []
    async with open_pool(service, **config) as (pool, audit):
        steering = asyncio.ensure_future(restless_pool(pool, random))
        await asyncio.gather(*(caller(pool, service, number, ends) for number in range(CALLERS)))
        await steering
        await settled(pool, audit)
    assert service.most_wires <= 6
    assert service.most_contexts <= config["contexts_per_connection"]
    assert len(ends) > CALLERS // 2


async def settled(pool: Pool, audit: Audit) -> None:
    """Wait until nothing is left to do, and check that everything is accounted for."""
    deadline = asyncio.get_running_loop().time() + 60.0
    while pool.stats().slots_held or pool.stats().waiting:
        assert asyncio.get_running_loop().time() < deadline, pool
        await asyncio.sleep(0.5)
    stats = pool.stats()
    assert stats.requested == stats.done + stats.failed + stats.cancelled
    assert stats.slots_acquired == stats.slots_released
    assert audit.ended == audit.queued


@pytest.mark.parametrize("seed", range(25))
def test_everything_is_accounted_for(seed: int) -> None:
    run(live(seed))
