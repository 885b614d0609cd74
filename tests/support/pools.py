"""Pools on the fake service, and an auditor that checks every event of theirs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from support.fake_transport import FakeService
from voxpool.config import Endpoint, PoolConfig
from voxpool.events import (
    ConnectionChanged,
    ConnectionState,
    Event,
    Outcome,
    PoolNotice,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
)
from voxpool.pool.books import Books
from voxpool.pool.pool import Pool
from voxpool.pool.utterance import Utterance


class Story:
    """Checks at every single event that the books tell one consistent story.

    Args:
        books: The books whose events are taken.
    """

    def __init__(self, books: Books) -> None:
        self.books = books
        self.events: list[Event] = []
        self.queued: set[int] = set()
        self.ended: set[int] = set()
        self._slots: dict[tuple[int, int], SlotState] = {}
        self._cells: dict[tuple[int, int], SlotState] = {}
        self._links: dict[int, ConnectionState] = {}
        self._rows: dict[int, int] = {}
        self._most_allowed = books.config.max_connections

    def take(self, event: Event) -> None:
        if self.events:
            assert event.at >= self.events[-1].at, (self.events[-1], event)
        self.events.append(event)
        if isinstance(event, SlotChanged):
            self._check_slot(event)
        elif isinstance(event, ConnectionChanged):
            self._check_link(event)
        elif isinstance(event, UtteranceQueued):
            assert event.utterance_id not in self.queued
            self.queued.add(event.utterance_id)
        elif isinstance(event, UtteranceGranted):
            head = self.books.queue.head()
            assert head is None or head.id > event.utterance_id, "a newcomer overtook"
        elif isinstance(event, UtteranceEnded):
            assert event.utterance_id not in self.ended, event
            self.ended.add(event.utterance_id)
        assert event.to_dict()["event"] == type(event).__name__
        self.conserved()

    def _check_slot(self, event: SlotChanged) -> None:
        assert event.old is not event.new, event
        slot, cell = (event.connection_id, event.column), (event.row, event.column)
        assert self._slots.get(slot, SlotState.EMPTY) is event.old, event
        assert self._cells.get(cell, SlotState.EMPTY) is event.old, event
        assert event.context_id, event
        assert event.utterance_id, event
        if self._links.get(event.connection_id) is ConnectionState.CLOSED:
            assert event.new is SlotState.EMPTY, event
        self._slots[slot] = self._cells[cell] = event.new

    def _check_link(self, event: ConnectionChanged) -> None:
        assert self._links.get(event.connection_id) is event.old, event
        self._links[event.connection_id] = event.new
        if event.new is ConnectionState.CLOSED:
            assert event.reason is not None, event
            assert self._rows.pop(event.row) == event.connection_id
            held = [key for key, state in self._slots.items() if key[0] == event.connection_id and state.holds_slot]
            assert not held, f"{event} closes with {held}"
        elif event.old is None:
            assert event.row not in self._rows, f"{event}: its row is taken"
            self._rows[event.row] = event.connection_id

    def conserved(self) -> None:
        books = self.books
        tally, links = books.tally, books.links.values()
        assert tally.acquired == tally.released + tally.held
        assert tally.held == sum(slot.state.holds_slot for link in links for slot in link.slots)
        assert tally.held == sum(link.held for link in links)
        assert tally.requested == tally.done + tally.failed + tally.cancelled + books.waiting + tally.speaking
        # After a resize downwards the surplus may still be finishing.
        self._most_allowed = max(self._most_allowed, books.max_connections)
        assert len(links) <= self._most_allowed
        assert all(link.held <= books.config.contexts_per_connection for link in links)

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def notices(self) -> list[str]:
        return [event.kind for event in self.of(PoolNotice)]


class Audit(Story):
    """The story of a pool."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool._core.books)
        self.pool = pool
        self._wrong: AssertionError | None = None
        self._subscription = pool.events.subscribe(limit=1, wake=self._wake)

    def _wake(self) -> None:
        try:
            for event in self._subscription.drain():
                self.take(event)
        except AssertionError as error:
            # The pool goes on without a consumer that fails: so it is kept for the end.
            self._wrong = error
            raise

    def finished(self) -> None:
        """Check a pool that was closed: nothing is held, open, waiting or unresolved."""
        if self._wrong is not None:
            raise self._wrong
        stats = self.pool.stats()
        assert stats.slots_held == stats.waiting == stats.speaking == stats.zombies == 0
        assert stats.connections_connecting == stats.connections_open == stats.connections_retiring == 0
        assert self.queued == self.ended
        opened = sum(1 for event in self.of(ConnectionChanged) if event.old is None)
        assert sum(stats.closed_by_reason.values()) == opened
        outcomes = Counter(event.outcome for event in self.of(UtteranceEnded))
        assert outcomes[Outcome.DONE] == stats.done
        assert outcomes[Outcome.FAILED] == stats.failed
        assert outcomes[Outcome.CANCELLED] == stats.cancelled


@asynccontextmanager
async def open_pool(service: FakeService, **config: Any) -> AsyncIterator[tuple[Pool, Audit]]:
    """Open an audited pool on a fake service; afterwards nothing may be left of it."""
    before = asyncio.all_tasks()
    loop = asyncio.get_running_loop()
    pool = Pool(Endpoint("http://fake"), PoolConfig(**config), clock=loop.time, random=Random(7), connect=service)
    audit = Audit(pool)
    async with pool:
        yield pool, audit
    audit.finished()
    assert service.closed
    assert not service.open_wires
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not left, left


async def heard(utterance: Utterance) -> bytes:
    """Read an utterance to its end and return its audio."""
    return b"".join([chunk.pcm.tobytes() async for chunk in utterance])
