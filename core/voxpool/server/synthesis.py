"""Who speaks what when: a fair queue over the workers of each engine, one synthesis per text, a cache of results."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from voxpool.server.cache import SpeechCache
from voxpool.server.fairness import FairQueue
from voxpool.server.speech import EngineFailed, Speech, SpeechRequest, WorkerDied

_logger = logging.getLogger(__name__)


class Speaker(Protocol):
    """Something that speaks one text at a time: a worker process, or the tone."""

    async def ready(self) -> None:
        """Wait until it can speak."""
        ...

    async def speak(self, request: SpeechRequest) -> Speech:
        """Speak a text."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


@dataclass(eq=False, slots=True)
class Job:
    """A text that somebody waits for.

    Attributes:
        request: What to speak.
        client: Whose turn it takes in the queue: the one who asked first.
        queued_at: When it was asked for, on the loop's clock.
        waiters: Everybody who asked for the same text.
        running: Whether a worker has it.
        tries: How often a worker began it.
    """

    request: SpeechRequest
    client: Hashable
    queued_at: float
    waiters: list[asyncio.Future[Speech]] = field(default_factory=list)
    running: bool = False
    tries: int = 0

    def settle(self, result: Speech | EngineFailed) -> None:
        """Give everybody the result."""
        for waiter in self.waiters:
            if waiter.done():
                continue
            if isinstance(result, EngineFailed):
                waiter.set_exception(result)
            else:
                waiter.set_result(result)


class _Desk:
    """The workers of one engine and the queue before them."""

    def __init__(self, speakers: Sequence[Speaker]) -> None:
        self.speakers = tuple(speakers)
        self.idle = list(speakers)
        self.queue: FairQueue[Job] = FairQueue()
        self.done = 0
        self.spoken_s = 0.0
        self.busy_s = 0.0


class Synthesizer:
    """Speaks texts through the workers, in turn between clients.

    Args:
        engines: The workers of each engine.
        cache_bytes: Bound of the cache of results.
    """

    def __init__(self, engines: Mapping[str, Sequence[Speaker]], cache_bytes: int) -> None:
        self._desks = {name: _Desk(speakers) for name, speakers in engines.items()}
        self._cache = SpeechCache(cache_bytes)
        self._jobs: dict[SpeechRequest, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._shared = 0

    @property
    def engines(self) -> tuple[str, ...]:
        """Names of the engines."""
        return tuple(self._desks)

    def warm(self) -> None:
        """Start the workers in the background; a text for one that is not ready waits for it."""
        for name, desk in self._desks.items():
            for speaker in desk.speakers:
                self._own(asyncio.create_task(self._warm(name, speaker), name=f"warm {name} worker"))

    async def speak(self, request: SpeechRequest, client: Hashable) -> Speech:
        """Return a text, spoken.

        The same text asked for twice at the same time is spoken once.  A caller who is cancelled leaves the queue;
        what a worker has begun is finished, for the cache.

        Args:
            request: What to speak.
            client: In whose turn; clients are served round robin.

        Raises:
            EngineFailed: If it could not be spoken, after a second try if its worker died.
        """
        kept = self._cache.get(request)
        if kept is not None:
            return kept
        loop = asyncio.get_running_loop()
        job = self._jobs.get(request)
        if job is None:
            job = self._jobs[request] = Job(request, client, loop.time())
            self._desks[request.engine].queue.push(client, job)
        else:
            self._shared += 1
        waiter: asyncio.Future[Speech] = loop.create_future()
        job.waiters.append(waiter)
        self._dispatch(request.engine)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._forget(job, waiter)
            raise

    async def close(self) -> None:
        """End everything: whoever still waits is told that the server stops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for job in list(self._jobs.values()):
            job.settle(EngineFailed("the server stops"))
        await asyncio.gather(*(speaker.close() for desk in self._desks.values() for speaker in desk.speakers))

    def stats(self, now: float) -> dict[str, Any]:
        """Return what an observer needs to see whether local speech is the bottleneck.

        Args:
            now: The time on the loop's clock.
        """
        engines = {name: self._desk_stats(desk, now) for name, desk in self._desks.items()}
        total = self._cache.hits + self._cache.misses
        return {
            "queueDepth": sum(engine["queueDepth"] for engine in engines.values()),
            "oldestQueuedMs": max((engine["oldestQueuedMs"] for engine in engines.values()), default=0.0),
            "busyWorkers": sum(engine["busyWorkers"] for engine in engines.values()),
            "workers": sum(engine["workers"] for engine in engines.values()),
            "engines": engines,
            "sharedSyntheses": self._shared,
            "cache": {
                "entries": len(self._cache),
                "bytes": self._cache.bytes,
                "hitRate": round(self._cache.hits / total, 4) if total else 0.0,
            },
        }

    def _desk_stats(self, desk: _Desk, now: float) -> dict[str, Any]:
        oldest = min((job.queued_at for job in desk.queue.items()), default=now)
        return {
            "queueDepth": len(desk.queue),
            "oldestQueuedMs": round(1000 * (now - oldest), 1),
            "busyWorkers": len(desk.speakers) - len(desk.idle),
            "workers": len(desk.speakers),
            "restarts": sum(getattr(speaker, "restarts", 0) for speaker in desk.speakers),
            "syntheses": desk.done,
            "spokenSeconds": round(desk.spoken_s, 2),
            "realTimeFactor": round(desk.busy_s / desk.spoken_s, 5) if desk.spoken_s else None,
        }

    async def _warm(self, name: str, speaker: Speaker) -> None:
        try:
            await speaker.ready()
        except EngineFailed as error:
            _logger.warning("%s", error)
        else:
            _logger.info("the %s engine is ready", name)

    def _dispatch(self, engine: str) -> None:
        desk = self._desks[engine]
        while desk.idle and desk.queue:
            job = desk.queue.pop()
            job.running = True
            speaker = desk.idle.pop()
            self._own(asyncio.create_task(self._run(desk, speaker, job), name=f"speak with {engine}"))

    async def _run(self, desk: _Desk, speaker: Speaker, job: Job) -> None:
        # What everybody is told if this is cancelled half way.
        result: Speech | EngineFailed = EngineFailed("the server stops")
        try:
            result = await self._try(desk, speaker, job)
        finally:
            desk.idle.append(speaker)
            self._jobs.pop(job.request, None)
            job.settle(result)
        self._dispatch(job.request.engine)

    async def _try(self, desk: _Desk, speaker: Speaker, job: Job) -> Speech | EngineFailed:
        """Speak the text, twice if its worker dies: it may have been the worker, or it may be the text."""
        loop = asyncio.get_running_loop()
        while True:
            job.tries += 1
            try:
                await speaker.ready()
                began = loop.time()
                speech = await speaker.speak(job.request)
            except WorkerDied as error:
                if job.tries > 1:
                    return error
                _logger.warning("%s; the text is tried once more", error)
            except EngineFailed as error:
                return error
            else:
                desk.done += 1
                desk.busy_s += loop.time() - began
                desk.spoken_s += speech.duration_s
                self._cache.put(job.request, speech)
                return speech

    def _forget(self, job: Job, waiter: asyncio.Future[Speech]) -> None:
        job.waiters.remove(waiter)
        if not job.waiters and not job.running and self._desks[job.request.engine].queue.remove(job.client, job):
            self._jobs.pop(job.request, None)

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
