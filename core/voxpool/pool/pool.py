"""The public face of the pool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random, SystemRandom
from types import TracebackType
from typing import Any, Final, Self

from voxpool.config import Endpoint, PoolConfig, is_whole
from voxpool.connection import FrameTap
from voxpool.errors import PoolClosed, SettingError
from voxpool.events import Event, EventStream
from voxpool.pool.core import PoolCore
from voxpool.pool.decoding import decoder_for
from voxpool.pool.job import Job
from voxpool.pool.meter import StageMeter
from voxpool.pool.records import Ticket
from voxpool.pool.runner import Runner
from voxpool.pool.script import Script, check_text
from voxpool.pool.stats import ConnectionInfo, PoolStats, WaiterInfo, connection_infos, pool_stats, waiter_infos
from voxpool.pool.utterance import StreamingUtterance, Utterance
from voxpool.protocol.settings import ContextSettings
from voxpool.protocol.text import SentenceAssembler
from voxpool.transport import AiohttpConnector, Connector

LABEL_CHARACTERS: Final = 80
DEFAULTS: Final = ContextSettings()


class Pool:
    """Up to ``max_connections`` connections of ``contexts_per_connection`` contexts each, opened when needed.

    Use it in one event loop, as ``async with Pool(endpoint) as pool``.

    Args:
        endpoint: Where to speak to.
        config: How to behave.
        clock: Monotonic seconds.
        random: Source of jitter.
        connect: Opens transports; by default WebSockets through aiohttp.
        number_from: Utterances are numbered from the one after this: two pools in one place need not share numbers.

    Attributes:
        endpoint: As given.
        config: As given; ``resize`` replaces it.
        events: Every transition (see ``voxpool.events``).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        config: PoolConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
        connect: Connector | None = None,
        number_from: int = 0,
    ) -> None:
        self.endpoint = endpoint
        self.config = config or PoolConfig()
        self.events = EventStream()
        self._clock = clock
        random = random or SystemRandom()
        prefix = f"vx{random.getrandbits(32):08x}"
        self._meter = StageMeter()
        self._core = PoolCore(self.config, random, self._emit, prefix)
        connector = connect or AiohttpConnector(endpoint, self.config.connect_timeout_s)
        self._runner = Runner(self._core, connector, clock)
        self._utterances = number_from
        self._closing: asyncio.Task[None] | None = None
        self._closed = False

    def __repr__(self) -> str:
        books = self._core.books
        tally = books.tally
        links = " ".join(repr(link) for link in books.links.values())
        return (
            f"<Pool {self.endpoint.host}: {tally.held} of {self.config.slots} slots held, {books.waiting} waiting, "
            f"{tally.done} done, {tally.failed} failed {links}>"
        )

    def _emit(self, event: Event) -> None:
        self._meter.take(event)
        runner = self._runner
        runner.telling = True
        try:
            self.events.emit(event)
        finally:
            runner.telling = False

    @property
    def frame_tap(self) -> FrameTap | None:
        """Called with (connection_id, "in" or "out", frame, time) for every message; None costs nothing.

        It must be quick.  One that raises is logged and taken away.
        """
        return self._runner.traffic.tap

    @frame_tap.setter
    def frame_tap(self, tap: FrameTap | None) -> None:
        self._runner.traffic.tap = tap

    # -- life ------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Open the pool and return it; prewarming goes on in the background.

        Raises:
            WrongLoop: It was used in another event loop before.
        """
        self._runner.enter()
        if self.config.prewarm:
            self._core.prewarm(self.config.prewarm, self._clock())
            self._runner.work()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        await self.close()

    async def close(self) -> None:
        """End every utterance with ``PoolClosed``, close contexts, then sockets, within ``close_timeout_s``.

        Nothing is left behind: no task, no socket, no timer, nobody who waits.  May be called again, and a
        cancelled call does not stop the closing.
        """
        if self._closed:
            return
        loop = self._runner.enter()
        if self._closing is None:
            self._closing = loop.create_task(self._close(), name="voxpool pool close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        runner = self._runner
        self._core.close(self._clock())
        runner.work()
        # Two thirds for the service to let go of its contexts, the rest for the sockets.
        await self._wait_for_links(self.config.close_timeout_s * 2 / 3)
        self._core.close_now(self._clock())
        runner.work()
        await self._wait_for_links(self.config.close_timeout_s / 3)
        await runner.stop()
        self._closed = True

    async def _wait_for_links(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while self._core.books.links:
                    await self._runner.change()
        except TimeoutError:
            return

    # -- speaking --------------------------------------------------------------------------------------------

    def speak(
        self,
        text: str,
        *,
        voice: str | None = None,
        settings: ContextSettings | None = None,
        label: str | None = None,
        retry: bool = True,
        **overrides: Any,
    ) -> Utterance:
        """Queue a text and return its utterance at once.

        Args:
            text: What to say.
            voice: Voice name; short for ``settings.with_(voice=...)``.
            settings: Settings of the context; the defaults when None.
            label: A name for people; a snippet of the text when None.
            retry: Whether an attempt that failed before any audio may be repeated, on another connection if one can
                be had.
            **overrides: Further fields of ``ContextSettings``.

        Raises:
            SettingError: A setting is unknown or out of range, or the text is empty or cannot be sent.
            PoolClosed: The pool is closed.
            TooManyWaiters: The queue is full.
            WrongLoop: The pool was opened in another event loop.
            NotNow: It was called by a consumer of events while that is woken.
        """
        if not check_text(text).strip():
            raise SettingError("text", text, "something to say")
        job = self._new_job(_merge(settings, voice, overrides), label or _snippet(text), retry=retry)
        job.script.add(text)
        job.script.finished = True
        self._request(job)
        return Utterance(job, self._runner)

    def stream(
        self,
        *,
        voice: str | None = None,
        settings: ContextSettings | None = None,
        label: str | None = None,
        retry: bool = True,
        sentences: bool = False,
        **overrides: Any,
    ) -> StreamingUtterance:
        """Like ``speak``, for text that arrives bit by bit.

        Args:
            voice: Voice name.
            settings: Settings of the context.
            label: A name for people.
            retry: Whether an attempt that failed before any audio may be repeated with all the text sent so far.
            sentences: Collect tokens into sentences before sending them, as a language model's output needs.
            **overrides: Further fields of ``ContextSettings``.

        Raises:
            SettingError: A setting is unknown or out of range.
            PoolClosed: The pool is closed.
            TooManyWaiters: The queue is full.
        """
        job = self._new_job(_merge(settings, voice, overrides), label or "(streamed text)", retry=retry)
        assembler = SentenceAssembler() if sentences else None
        self._request(job)
        return StreamingUtterance(job, self._runner, assembler)

    def _new_job(self, settings: ContextSettings, label: str, *, retry: bool) -> Job:
        self._runner.check_steerable()
        check_text(label, "label")
        decoder_for(settings)
        if self._core.books.closing:
            raise PoolClosed
        now = self._clock()
        self._utterances += 1
        ticket = Ticket(
            self._utterances,
            label[:LABEL_CHARACTERS],
            settings.voice,
            now,
            now + self.config.acquire_timeout_s,
            retry=retry,
            buffer_delay_s=0.0 if settings.auto_mode else (settings.max_buffer_delay_ms or 0) / 1000.0,
        )
        script = Script(self.config.text_limit)
        return Job(ticket, settings, script, self._runner, self.config.buffer_bytes, self._clock)

    def _request(self, job: Job) -> None:
        runner = self._runner
        runner.enter()
        runner.jobs[job.ticket.id] = job
        try:
            self._core.request(job.ticket, job.ticket.requested_at)
        except Exception:
            del runner.jobs[job.ticket.id]
            raise
        runner.work()

    # -- what is so ------------------------------------------------------------------------------------------

    def stats(self) -> PoolStats:
        """Return a frozen snapshot of everything that is counted."""
        return pool_stats(self._core.books, self._runner, self._meter.snapshot(), self._clock())

    def waiters(self) -> tuple[WaiterInfo, ...]:
        """Return who waits, next first; those in backoff stand where they will come back."""
        return waiter_infos(self._core.books, self._clock())

    def connections(self) -> tuple[ConnectionInfo, ...]:
        """Return the connections that are not closed, by row."""
        return connection_infos(self._core.books, self._clock())

    # -- steering --------------------------------------------------------------------------------------------

    async def prewarm(self, connections: int) -> int:
        """Open connections in parallel until so many are open, and return how many are.

        It proves nothing about the credential, which the service looks at only with the first message.

        Raises:
            SettingError: The number is none.
            PoolClosed: The pool is closed.
        """
        if not is_whole(connections) or connections < 0:
            raise SettingError("connections", connections, "a whole number from 0 on")
        books = self._core.books
        if books.closing:
            raise PoolClosed
        self._runner.enter()
        self._core.prewarm(connections, self._clock())
        self._runner.work()
        while books.warm_target and self._core.open_connections < connections:
            await self._runner.change()
        return self._core.open_connections

    def pause(self) -> None:
        """Grant no more slots until ``resume``; what speaks goes on, and the deadlines of waiters stand still."""
        self._runner.check_steerable()
        self._core.pause(self._clock())
        self._runner.work()

    def resume(self) -> None:
        """Grant slots again."""
        self._runner.check_steerable()
        self._core.resume(self._clock())
        self._runner.work()

    async def resize(self, max_connections: int) -> None:
        """Change the number of connections; surplus ones retire when their contexts are done.

        Raises:
            SettingError: If it is not between 1 and 1000.
        """
        limited = replace(self.config, max_connections=max_connections, prewarm=0)
        self.config = replace(limited, prewarm=min(self.config.prewarm, max_connections))
        self._core.resize(max_connections, self._clock())
        self._runner.work()

    async def drain(self) -> None:
        """Let everything asked for so far end, then close every connection.

        Requests that come meanwhile wait, and are served over new connections afterwards.
        """
        self._runner.enter()
        self._core.drain(self._utterances + 1, self._clock())
        self._runner.work()
        while self._core.books.barrier is not None:
            await self._runner.change()


def _merge(settings: ContextSettings | None, voice: str | None, overrides: dict[str, Any]) -> ContextSettings:
    if settings is not None and not isinstance(settings, ContextSettings):
        raise SettingError("settings", settings, "ContextSettings, or None")
    merged = settings or DEFAULTS
    if voice is not None:
        overrides["voice"] = voice
    return merged.with_(**overrides) if overrides else merged


def _snippet(text: str) -> str:
    return " ".join(text[: LABEL_CHARACTERS * 2].split())[:LABEL_CHARACTERS]
