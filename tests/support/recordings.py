"""Recordings of a made-up pool, for tests and measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from support.fake_events import FakePool
from voxpool.recording.items import Item, Opening, Second
from voxpool.recording.writer import Limits, RecordingWriter

SMALL = Limits(block_s=0.2, keyframe_s=1.0, free_bytes=0)
"""Blocks and keyframes so close together that a few seconds have many."""


class Tally:
    """The smallest state there is: how much happened, and what was last."""

    def __init__(self) -> None:
        self.reset(0, 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and self.snapshot() == other.snapshot()

    __hash__ = None  # type: ignore[assignment]

    def reset(self, rows: int, columns: int) -> None:
        self.count, self.last, self.loads = 0, "", getattr(self, "loads", 0)

    def fold(self, what: Any) -> None:
        self.count += 1
        self.last = repr(what)

    def snapshot(self) -> bytes:
        return orjson.dumps([self.count, self.last])

    def load(self, state: bytes) -> None:
        self.count, self.last = orjson.loads(state)
        self.loads += 1


def make_writer(
    folder: Path,
    state: Any = None,
    *,
    limits: Limits = SMALL,
    known: Callable[[], Any] = tuple,
    wall: Callable[[], float] = lambda: 1_700_000_000.0,
    session: str = "session",
    **opening: Any,
) -> RecordingWriter:
    """Return a writer for small recordings."""
    return RecordingWriter(
        folder,
        session,
        state or Tally(),
        Opening(session=session, **opening),
        limits,
        known,
        now=wall,
        clock=lambda: 0.0,
    )


class RecordedPool:
    """A made-up pool whose events go into a list as they happen."""

    def __init__(self, seed: int = 7, troubles: float = 0.1) -> None:
        self.pool = FakePool(seed=seed, troubles=troubles)
        self._subscription = self.pool.events.subscribe(10**7)

    def take(self) -> list[Any]:
        """Return what happened since the last time."""
        return list(self._subscription.drain())

    def second(self) -> Item:
        """Return what the window adds once a second."""
        return Second(at=self.pool.now)

    def busy(self, seconds: float, fire: int = 3) -> list[Any]:
        """Let the pool be busy, and return all that happened."""
        self.pool.open(20)
        items: list[Any] = self.take()
        for step in range(int(seconds * 5)):
            self.pool.fire(fire)
            self.pool.advance(0.2, 0.05)
            items += self.take()
            if step % 5 == 4:
                items.append(self.second())
        return items
