"""The real bookkeeping against a model of callers, network and service, through thousands of interleavings.

The machine drives ``PoolCore`` in virtual time and plays everybody else: it asks, cancels, lets handshakes succeed
and fail, confirms, speaks, lets go, forgets, breaks and drops, and lets time pass.  After every single step and
every single event the invariants of waiting, slots and truth must hold, and at the end nothing may be left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from support.pools import Story
from voxpool.config import PoolConfig
from voxpool.errors import (
    ConnectFailed,
    ConnectionLost,
    ConsumerTooSlow,
    CredentialRejected,
    LimitReached,
    ServiceError,
    TooManyWaiters,
)
from voxpool.events import CloseReason, ConnectionState, Outcome, SlotState
from voxpool.pool import commands
from voxpool.pool.assignment import Placement
from voxpool.pool.core import PoolCore
from voxpool.pool.records import Link, Slot, Ticket


@dataclass
class Wire:
    """What the service holds of one connection."""

    link: Link
    contexts: dict[str, Slot] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)


def always(_model: PoolModel) -> bool:
    return True


DEEDS = [
    *["ask"] * 4,
    *["handshakes_succeed"] * 4,
    *["socket_is_closed"] * 2,
    *["confirm", "speak", "let_go", "time_passes"] * 3,
    *["cancel"] * 2,
    *["stop_reading", "handshake_fails", "drop", "pong", "forget", "break_context", "error_without_a_name"],
    *["pause", "resume", "resume", "resize", "prewarm", "drain"],
]
"""What may happen, the likelier the oftener."""

POSSIBLE: dict[str, Callable[[PoolModel], object]] = {
    **dict.fromkeys(DEEDS, always),
    **dict.fromkeys(["cancel", "stop_reading"], lambda model: model.tickets),
    **dict.fromkeys(["handshakes_succeed", "handshake_fails"], lambda model: model.handshakes),
    **dict.fromkeys(["drop", "pong", "error_without_a_name"], lambda model: model.wires),
    **dict.fromkeys(["confirm", "speak", "let_go", "forget", "break_context"], lambda model: model.has_contexts()),
    "socket_is_closed": lambda model: model.ending,
}


class PoolModel(RuleBasedStateMachine):
    """Everybody around the books."""

    @initialize(
        connections=st.integers(1, 4),
        contexts=st.integers(1, 5),
        generations=st.sampled_from([None, None, 3, 6, 1]),
        placement=st.sampled_from(sorted(Placement)),
        waiters=st.sampled_from([12, 12, 12, 3, 0]),
        attempts=st.integers(1, 3),
        answers_pings=st.sampled_from([True, True, False]),
        seed=st.integers(0, 2**16),
    )
    def open(
        self,
        connections: int,
        contexts: int,
        generations: int | None,
        placement: str,
        waiters: int,
        attempts: int,
        answers_pings: bool,
        seed: int,
    ) -> None:
        self.now = 1000.0
        self.answers_pings = answers_pings
        config = PoolConfig(
            max_connections=connections,
            contexts_per_connection=contexts,
            max_generations=generations,
            placement=placement,
            max_waiters=waiters,
            max_attempts=attempts,
            max_lifetime_s=200.0,
            idle_close_s=60.0,
        )
        self.core = PoolCore(config, Random(seed), self.on_event)
        self.books = self.core.books
        self.story = Story(self.books)
        self.tickets: list[Ticket] = []
        self.finished: set[int] = set()
        self.released: set[str] = set()
        self.handshakes: dict[int, Link] = {}
        self.wires: dict[int, Wire] = {}
        self.ending: dict[int, Link] = {}

    def on_event(self, event: Any) -> None:
        self.story.take(event)

    # -- what the asyncio pool would do ------------------------------------------------------------------------

    def work(self) -> None:
        while self.core.commands:
            command = self.core.commands.popleft()
            getattr(self, f"do_{type(command).__name__.lower()}")(command)

    def do_connect(self, command: commands.Connect) -> None:
        self.handshakes[command.link.id] = command.link

    def do_disconnect(self, command: commands.Disconnect) -> None:
        link = command.link
        assert link.id in self.handshakes or link.id in self.wires
        assert link.id not in self.ending, "closed twice"
        self.handshakes.pop(link.id, None)
        self.wires.pop(link.id, None)
        self.ending[link.id] = link

    def do_start(self, command: commands.Start) -> None:
        slot, ticket = command.slot, command.ticket
        wire = self.wires[slot.link.id]
        assert ticket.outcome is None
        assert slot.context_id not in wire.contexts
        wire.contexts[slot.context_id] = slot
        assert len(wire.contexts) <= self.books.config.contexts_per_connection, "the service would refuse it"
        self.core.moved(slot, SlotState.CREATING, self.now)
        self.core.text_sent(slot, self.now, speakable=True, asks=True)
        self.core.started(slot, self.now)

    def do_cancelcontext(self, command: commands.CancelContext) -> None:
        assert command.slot.live is None, "a context somebody listens to is cancelled"

    def do_closecontext(self, command: commands.CloseContext) -> None:
        assert command.slot.live is None

    def do_ping(self, command: commands.Ping) -> None:
        assert command.link.id in self.wires
        if self.answers_pings:
            self.core.ponged(command.link, 1.0, self.now)

    def do_rewind(self, command: commands.Rewind) -> None:
        assert command.ticket.retry
        assert not command.ticket.chunks, "tried again after audio"

    def do_finish(self, command: commands.Finish) -> None:
        assert command.ticket.id not in self.finished, "told twice"
        self.finished.add(command.ticket.id)

    def do_released(self, command: commands.Released) -> None:
        assert command.context_id not in self.released, "given back twice"
        self.released.add(command.context_id)

    # -- callers ----------------------------------------------------------------------------------------------

    def ask(self, data: st.DataObject) -> None:
        retry = data.draw(st.sampled_from([True, True, False]))
        for _ in range(data.draw(st.integers(1, 6))):
            self.ask_once(retry)

    def ask_once(self, retry: bool) -> None:
        number = len(self.tickets) + 1
        ticket = Ticket(number, f"n{number}", "Ashley", self.now, self.now + 30.0, retry=retry)
        try:
            self.core.request(ticket, self.now)
        except TooManyWaiters:
            assert self.books.waiting >= self.books.config.max_waiters
        else:
            self.tickets.append(ticket)
        self.work()

    def cancel(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        before = ticket.outcome
        self.core.cancel(ticket, self.now)
        self.work()
        assert ticket.outcome is (before or Outcome.CANCELLED)

    def stop_reading(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        self.core.fail(ticket, ConsumerTooSlow(1), self.now)
        self.work()
        assert ticket.outcome is not None

    # -- network ----------------------------------------------------------------------------------------------

    def handshakes_succeed(self, data: st.DataObject) -> None:
        for number in [*self.handshakes][: data.draw(st.integers(1, 4))]:
            link = self.handshakes.pop(number)
            self.wires[link.id] = Wire(link)
            self.core.connected(link, self.now)
            self.work()

    def handshake_fails(self, data: st.DataObject) -> None:
        status = data.draw(st.sampled_from([None, 429, 404, 503, 401]))
        link = self.handshakes.pop(data.draw(st.sampled_from(sorted(self.handshakes))))
        error = CredentialRejected(16, "no") if status == 401 else ConnectFailed("fake", "no", status)
        self.core.connect_failed(link, error, self.now)
        self.work()

    def drop(self, data: st.DataObject) -> None:
        clean = data.draw(st.booleans())
        link = self.wires[data.draw(st.sampled_from(sorted(self.wires)))].link
        reason = CloseReason.SERVER_CLOSED if clean else CloseReason.NETWORK
        self.core.lost(link, reason, ConnectionLost(link.id, "dropped"), self.now)
        self.work()
        assert link.id in self.ending

    def socket_is_closed(self, data: st.DataObject) -> None:
        link = self.ending.pop(data.draw(st.sampled_from(sorted(self.ending))))
        self.core.closed(link, self.now)
        self.work()

    def pong(self, data: st.DataObject) -> None:
        self.core.ponged(self.wires[data.draw(st.sampled_from(sorted(self.wires)))].link, 1.0, self.now)
        self.work()

    def time_passes(self, data: st.DataObject) -> None:
        seconds = data.draw(st.sampled_from([0.01, 0.3, 1.0, 3.0, 11.0, 40.0]))
        until = self.now + seconds
        while (at := self.core.next_at()) is not None and at <= until:
            self.now = max(self.now, at)
            self.core.tick(self.now)
            self.work()
        self.now = until

    # -- the service ------------------------------------------------------------------------------------------

    def draw_context(self, data: st.DataObject) -> tuple[Wire, Slot]:
        found = [(wire, slot) for wire in self.wires.values() for slot in wire.contexts.values()]
        return data.draw(st.sampled_from(found))

    def has_contexts(self) -> bool:
        return any(wire.contexts for wire in self.wires.values())

    def confirm(self, data: st.DataObject) -> None:
        wire, slot = self.draw_context(data)
        wire.confirmed.add(slot.context_id)
        if slot.closing_at is None:
            self.core.moved(slot, SlotState.GENERATING, self.now)
        self.core.confirmed(slot, self.now)
        self.work()

    def speak(self, data: st.DataObject) -> None:
        wire, slot = self.draw_context(data)
        slot.last_at = self.now
        ticket = slot.live
        if ticket is None:
            return
        if slot.context_id not in wire.heard:
            wire.heard.add(slot.context_id)
            self.core.moved(slot, SlotState.DRAINING, self.now)
            self.core.first_audio(slot, self.now, self.now)
        ticket.chunks += 1
        ticket.audio_s += 0.1
        self.work()

    def let_go(self, data: st.DataObject) -> None:
        wire, slot = self.draw_context(data)
        del wire.contexts[slot.context_id]
        self.core.ended(slot, None, self.now)
        self.work()

    def forget(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from([3, 5, 8]))
        wire, slot = self.draw_context(data)
        del wire.contexts[slot.context_id]
        kind = LimitReached if code == 8 else ServiceError
        self.core.ended(slot, kind(code, "gone", retryable=code != 3), self.now)
        self.work()

    def break_context(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from([3, 4, 13, 14]))
        _, slot = self.draw_context(data)
        self.core.broke(slot, ServiceError(code, "broken", retryable=code != 3), self.now)
        self.work()

    def error_without_a_name(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from([3, 7, 10, 13]))
        names_message = data.draw(st.booleans())
        link = self.wires[data.draw(st.sampled_from(sorted(self.wires)))].link
        error = CredentialRejected(7, "bad") if code == 7 else ServiceError(code, "error", retryable=code != 3)
        self.core.service_error(link, error, self.now, fatal=code in (7, 10), names_message=names_message)
        self.work()

    # -- steering ---------------------------------------------------------------------------------------------

    def pause(self, _data: st.DataObject) -> None:
        self.core.pause(self.now)
        self.work()

    def resume(self, _data: st.DataObject) -> None:
        self.core.resume(self.now)
        self.work()

    def resize(self, data: st.DataObject) -> None:
        self.core.resize(data.draw(st.integers(1, 4)), self.now)
        self.work()

    def prewarm(self, data: st.DataObject) -> None:
        self.core.prewarm(data.draw(st.integers(0, 4)), self.now)
        self.work()

    def drain(self, _data: st.DataObject) -> None:
        self.core.drain(len(self.tickets) + 1, self.now)
        self.work()

    # -- who acts ---------------------------------------------------------------------------------------------

    @rule(data=st.data(), deed=st.sampled_from(DEEDS))
    def somebody_acts(self, data: st.DataObject, deed: str) -> None:
        # One rule for everything: hypothesis would leave whole rules out of most runs.
        if POSSIBLE[deed](self):
            getattr(self, deed)(data)

    # -- what must hold ---------------------------------------------------------------------------------------

    @invariant()
    def the_story_is_conserved(self) -> None:
        self.story.conserved()
        self.story.events.clear()

    @invariant()
    def every_ticket_is_in_one_place(self) -> None:
        for ticket in self.tickets:
            waits = (ticket in self.books.queue) + (ticket.id in self.books.delayed)
            speaks = ticket.slot is not None and ticket.slot.live is ticket
            assert waits + speaks + (ticket.outcome is not None) == 1, ticket
            assert (ticket.id in self.finished) == (ticket.outcome is not None)

    @invariant()
    def the_service_and_we_count_the_same(self) -> None:
        for wire in self.wires.values():
            held = {slot.context_id for slot in wire.link.slots if slot.state.holds_slot}
            assert held == set(wire.contexts)

    @invariant()
    def nobody_waits_beside_a_free_slot(self) -> None:
        books = self.books
        head = books.queue.head()
        if head is None or books.paused_at is not None or books.barrier is not None:
            return
        cap = books.config.max_generations
        if cap is not None and books.tally.held >= cap:
            return
        free = [
            link
            for link in books.links.values()
            if link.state is ConnectionState.OPEN
            and link.cooling_until <= self.now
            and link.held < books.config.contexts_per_connection
        ]
        if books.placement is Placement.SPREAD:
            free = [link for link in free if link.held == 0]
        assert not free, f"{head} waits beside {free}"
        # Then a handshake runs, or one is planned, or there is no room for one.
        if books.room and not books.connecting:
            assert books.connect_at > self.now
            assert (self.core.next_at() or float("inf")) <= books.connect_at

    @invariant()
    def the_caps_hold(self) -> None:
        cap = self.books.config.max_generations
        assert cap is None or self.books.tally.held <= cap
        assert len(self.books.links) == len(self.handshakes) + len(self.wires) + len(self.ending)

    @invariant()
    def whoever_is_owed_something_has_a_deadline(self) -> None:
        waiting = self.books.waiting and self.books.paused_at is None
        slots = [slot for wire in self.wires.values() for slot in wire.contexts.values()]
        if waiting or any(slot.state is not SlotState.ZOMBIE for slot in slots):
            assert self.core.next_at() is not None
        planned = [ticket.ready_at for ticket in self.books.delayed.values()]
        if waiting:
            planned += [link.cooling_until for link in self.books.links.values() if link.cooling_until > self.now]
        if planned:
            assert (self.core.next_at() or float("inf")) <= min(planned)

    @invariant()
    def a_connection_with_a_zombie_takes_nobody(self) -> None:
        for link in self.books.links.values():
            assert link.zombies == sum(slot.state is SlotState.ZOMBIE for slot in link.slots)
            assert not link.zombies or link.state is ConnectionState.RETIRING
            assert not link.zombies or link.held > link.zombies or link.closing

    def teardown(self) -> None:
        if not hasattr(self, "core"):
            return
        self.core.close(self.now)
        self.work()
        assert not self.books.waiting
        assert all(ticket.outcome is not None for ticket in self.tickets)
        self.core.close_now(self.now)
        self.work()
        for link in [*self.ending.values()]:
            self.core.closed(link, self.now)
        self.work()
        tally = self.books.tally
        assert not self.books.links
        assert tally.held == tally.zombies == tally.speaking == 0
        assert tally.requested == tally.done + tally.failed + tally.cancelled == len(self.tickets)
        assert {ticket.id for ticket in self.tickets} == self.finished


PoolModel.TestCase.settings = settings(
    max_examples=250, stateful_step_count=100, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPoolModel = pytest.mark.timeout(300)(PoolModel.TestCase)
