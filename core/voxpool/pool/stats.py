"""What the pool says about itself: frozen snapshots with units in their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Protocol

from voxpool.connection import Traffic
from voxpool.events import CloseReason, ConnectionState, SlotState
from voxpool.metrics import Distribution
from voxpool.pool.books import Books
from voxpool.pool.records import Ticket


@dataclass(frozen=True, slots=True)
class WaiterInfo:
    """One utterance in the queue.

    Attributes:
        utterance_id: Serial number of the utterance.
        label: A snippet of its text for people.
        place: Position in the queue, 1 being next.
        waited_s: Seconds since it asked.
        attempt: The attempt it waits for, 1 for the first.
        ready_in_s: Seconds of backoff left before it may be served, 0 when it is ready.
    """

    utterance_id: int
    label: str
    place: int
    waited_s: float
    attempt: int
    ready_in_s: float


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """One connection.

    Attributes:
        connection_id: Serial number in the pool.
        row: Grid row.
        state: Its state.
        age_s: Seconds since it opened (since the attempt began while it is connecting).
        ping_ms: Newest round trip in milliseconds, or None before the first.
        silent_s: Seconds since its last frame or pong.
        contexts: Slots held on it.
        slots: State of each slot, column 0 first.
        served: Contexts it has carried so far.
        last_close: Why the previous connection of this row closed, or None.
    """

    connection_id: int
    row: int
    state: ConnectionState
    age_s: float
    ping_ms: float | None
    silent_s: float
    contexts: int
    slots: tuple[SlotState, ...]
    served: int
    last_close: CloseReason | None


@dataclass(frozen=True, slots=True)
class PoolStats:
    """The whole pool at one moment.

    Conserved at any instant: ``slots_acquired == slots_released + slots_held`` and
    ``requested == done + failed + cancelled + waiting + speaking``.

    Attributes:
        at_s: Monotonic time of the snapshot, in seconds of the pool's clock.
        paused: Whether waiters are being held back on purpose.
        closing: Whether the pool is closing or closed.
        connections_max: Most connections it may open.
        connections_connecting: Connections whose handshake runs.
        connections_open: Connections that take contexts.
        connections_retiring: Connections that only finish what they have.
        connections_opened: Handshakes that succeeded, since the beginning.
        connects_failed: Handshakes that failed, since the beginning.
        closed_by_reason: Connections closed, by reason, since the beginning.
        slots_max: Contexts that fit at once, the generation cap included.
        slots_held: Slots reserved or in use now, zombies included.
        slots_acquired: Slots taken since the beginning.
        slots_released: Slots given back since the beginning.
        slots_by_state: Slots of live connections, by state.
        zombies: Contexts closed by us that the server has not let go.
        waiting: Utterances in the queue, those in backoff included.
        oldest_wait_s: Seconds that the longest waiter has waited, 0 without any.
        speaking: Utterances that hold a context and have not ended.
        requested: Utterances accepted since the beginning.
        refused: Utterances refused because the queue was full, since the beginning (not in ``requested``).
        done: Utterances that finished.
        failed: Utterances that failed.
        cancelled: Utterances that were cancelled.
        retried: Attempts that failed before any audio and were followed by another.
        frames_received: WebSocket messages received.
        frames_sent: WebSocket messages sent.
        frames_ignored: Messages for contexts nobody waits for any more, and of unknown kinds.
        bytes_received: Payload bytes received.
        bytes_sent: Payload bytes sent.
        audio_chunks: Chunks delivered.
        audio_s: Seconds of audio delivered.
        buffered_bytes: Audio that consumers have not read yet.
        stages_ms: Distributions in milliseconds: ``queue`` (in the queue until granted), ``connect`` (handshake),
            ``create`` (create handed over until confirmed), ``ttfa`` (first text until first audio),
            ``since_request`` (asked until first audio), ``speak`` (first audio until the end), ``release`` (end
            until the slot is free, where that is later), ``ping`` (round trips).
    """

    at_s: float
    paused: bool
    closing: bool
    connections_max: int
    connections_connecting: int
    connections_open: int
    connections_retiring: int
    connections_opened: int
    connects_failed: int
    closed_by_reason: Mapping[CloseReason, int]
    slots_max: int
    slots_held: int
    slots_acquired: int
    slots_released: int
    slots_by_state: Mapping[SlotState, int]
    zombies: int
    waiting: int
    oldest_wait_s: float
    speaking: int
    requested: int
    refused: int
    done: int
    failed: int
    cancelled: int
    retried: int
    frames_received: int
    frames_sent: int
    frames_ignored: int
    bytes_received: int
    bytes_sent: int
    audio_chunks: int
    audio_s: float
    buffered_bytes: int
    stages_ms: Mapping[str, Distribution] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON (enums as their values)."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in ("closed_by_reason", "slots_by_state"):
            data[name] = {key.value: count for key, count in data[name].items()}
        data["stages_ms"] = {name: asdict(stage) for name, stage in self.stages_ms.items()}
        return data


class Running(Protocol):
    """What a snapshot takes from the pool at work."""

    @property
    def traffic(self) -> Traffic:
        """Counters of all connections."""

    @property
    def unfinished(self) -> Sequence[Ticket]:
        """Utterances that have not ended."""

    @property
    def buffered_bytes(self) -> int:
        """Audio that no consumer has read yet."""


def pool_stats(books: Books, running: Running, stages_ms: Mapping[str, Distribution], now: float) -> PoolStats:
    """Return the snapshot of a pool."""
    tally, traffic = books.tally, running.traffic
    links = books.links.values()
    states = Counter(link.state for link in links)
    waiting = [*books.queue, *books.delayed.values()]
    cap = books.max_connections * books.config.contexts_per_connection
    return PoolStats(
        at_s=now,
        paused=books.paused_at is not None,
        closing=books.closing,
        connections_max=books.max_connections,
        connections_connecting=states[ConnectionState.CONNECTING],
        connections_open=states[ConnectionState.OPEN],
        connections_retiring=states[ConnectionState.RETIRING],
        connections_opened=tally.opened,
        connects_failed=tally.connects_failed,
        closed_by_reason=MappingProxyType(dict(tally.closed)),
        slots_max=min(cap, books.config.max_generations or cap),
        slots_held=tally.held,
        slots_acquired=tally.acquired,
        slots_released=tally.released,
        slots_by_state=MappingProxyType(dict(Counter(slot.state for link in links for slot in link.slots))),
        zombies=tally.zombies,
        waiting=len(waiting),
        oldest_wait_s=max((now - ticket.requested_at for ticket in waiting), default=0.0),
        speaking=tally.speaking,
        requested=tally.requested,
        refused=tally.refused,
        done=tally.done,
        failed=tally.failed,
        cancelled=tally.cancelled,
        retried=tally.retried,
        frames_received=traffic.frames_received,
        frames_sent=traffic.frames_sent,
        frames_ignored=traffic.frames_ignored,
        bytes_received=traffic.bytes_received,
        bytes_sent=traffic.bytes_sent,
        audio_chunks=tally.audio_chunks + sum(ticket.chunks for ticket in running.unfinished),
        audio_s=tally.audio_s + sum(ticket.audio_s for ticket in running.unfinished),
        buffered_bytes=running.buffered_bytes,
        stages_ms=MappingProxyType(dict(stages_ms)),
    )


def waiter_infos(books: Books, now: float) -> tuple[WaiterInfo, ...]:
    """Return who waits, in the order of their serial numbers."""
    waiting = sorted([*books.queue, *books.delayed.values()], key=lambda ticket: ticket.id)
    return tuple(
        WaiterInfo(
            utterance_id=ticket.id,
            label=ticket.label,
            place=place,
            waited_s=now - ticket.requested_at,
            attempt=ticket.attempt + 1,
            ready_in_s=max(0.0, ticket.ready_at - now) if ticket.id in books.delayed else 0.0,
        )
        for place, ticket in enumerate(waiting, 1)
    )


def connection_infos(books: Books, now: float) -> tuple[ConnectionInfo, ...]:
    """Return the connections that are not closed, by row."""
    return tuple(
        ConnectionInfo(
            connection_id=link.id,
            row=link.row,
            state=link.state,
            age_s=now - (link.begun_at if link.opened_at is None else link.opened_at),
            ping_ms=link.ping_ms,
            silent_s=now - link.last_at,
            contexts=link.held,
            slots=tuple(slot.state for slot in link.slots),
            served=link.served,
            last_close=books.last_close.get(link.row),
        )
        for link in sorted(books.links.values(), key=lambda link: link.row)
    )
