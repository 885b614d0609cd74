"""From the pool in use to the store of its frames: a pool has one tap, and this is who holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from voxpool.events import Event, UtteranceGranted
from voxpool.frames.store import FrameStore


@runtime_checkable
class TappedPool(Protocol):
    """What the feed needs of a pool."""

    frame_tap: Callable[[int, str, str, float], None] | None

    @property
    def endpoint(self) -> EndpointLike:
        """What it speaks to."""


class EndpointLike(Protocol):
    """What the feed needs of an endpoint."""

    def scrub(self, text: str) -> str:
        """Take its credential out of a text."""


class FrameFeed:
    """Keeps the frames of whatever pool is in use.

    Whoever wants every frame subscribes to ``store``; nobody else touches ``Pool.frame_tap``.

    Attributes:
        store: The frames.
    """

    def __init__(self, store: FrameStore | None = None) -> None:
        self.store = store if store is not None else FrameStore()
        self._pool: TappedPool | None = None

    def __repr__(self) -> str:
        return f"<FrameFeed {'at a pool' if self._pool is not None else 'idle'} {self.store!r}>"

    def attach(self, pool: TappedPool | None) -> None:
        """Go over to another pool; without one, what is kept stays until the next comes."""
        if pool is None:
            # The old one is being closed, and what it says meanwhile is worth having.
            return
        if self._pool is not None:
            self._pool.frame_tap = None
        self._pool = pool
        self.store.begin(pool.endpoint.scrub)
        pool.frame_tap = self.store.tap

    def follow(self, pool: object) -> None:
        """Go over to the pool that the window shows, be it the one in use or that of a run it visits."""
        if pool is not self._pool and isinstance(pool, TappedPool):
            self.attach(pool)

    def take(self, events: list[Event]) -> None:
        """Learn from the pool's events whose a context is."""
        for event in events:
            if isinstance(event, UtteranceGranted):
                self.store.name_context(event.context_id, event.utterance_id)

    def close(self) -> None:
        """Let go of the pool."""
        if self._pool is not None:
            self._pool.frame_tap = None
            self._pool = None
