"""The pool: connections, slots, waiters and the utterances that use them."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import Any, Self

from voxpool.config import Endpoint, PoolConfig
from voxpool.events import EventStream
from voxpool.pool.stats import ConnectionInfo, PoolStats, WaiterInfo
from voxpool.pool.utterance import StreamingUtterance, Utterance
from voxpool.protocol.settings import ContextSettings

FrameTap = Callable[[int, str, str | bytes, float], None]
"""Called with (connection_id, "in" or "out", frame, monotonic time) for every WebSocket message."""


class Pool:
    """Up to ``max_connections`` connections of ``contexts_per_connection`` contexts each, lazily opened.

    Args:
        endpoint: Where to speak to.
        config: How to behave.
        clock: Monotonic seconds.
        random: Source of jitter.
        connect: Opens a transport; by default a WebSocket through aiohttp.

    Attributes:
        endpoint: As given.
        config: As given; ``resize`` replaces it.
        events: Every transition (see ``voxpool.events``).
        frame_tap: Sees every message when set; must be quick and must not raise.  None costs nothing.
    """

    endpoint: Endpoint
    config: PoolConfig
    events: EventStream
    frame_tap: FrameTap | None

    def __init__(
        self,
        endpoint: Endpoint,
        config: PoolConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
        connect: Any = None,
    ) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Open the pool (prewarming goes on in the background) and return it."""
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        raise NotImplementedError

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
            retry: Whether an attempt that failed before any audio may be repeated on another connection.
            **overrides: Further fields of ``ContextSettings``.

        Raises:
            SettingError: A setting is unknown or out of range, or the text has nothing in it.
            PoolClosed: The pool is closed.
            TooManyWaiters: The queue is full.
        """
        raise NotImplementedError

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
        """
        raise NotImplementedError

    def stats(self) -> PoolStats:
        """Return a frozen snapshot of everything that is counted."""
        raise NotImplementedError

    def waiters(self) -> tuple[WaiterInfo, ...]:
        """Return who waits, next first."""
        raise NotImplementedError

    def connections(self) -> tuple[ConnectionInfo, ...]:
        """Return the live connections, by row."""
        raise NotImplementedError

    async def prewarm(self, connections: int) -> int:
        """Open connections in parallel until so many are open, and return how many are.

        It proves nothing about the credential, which the service looks at only with the first message.
        """
        raise NotImplementedError

    def pause(self) -> None:
        """Grant no more slots until ``resume``; what speaks goes on."""
        raise NotImplementedError

    def resume(self) -> None:
        """Grant slots again."""
        raise NotImplementedError

    async def resize(self, max_connections: int) -> None:
        """Change the number of connections; surplus ones retire when their contexts are done."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Wait until everything that was asked for has ended; new requests are accepted meanwhile."""
        raise NotImplementedError

    async def close(self) -> None:
        """End every utterance with ``PoolClosed``, close contexts, then sockets, within ``close_timeout_s``."""
        raise NotImplementedError
