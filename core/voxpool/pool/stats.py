"""What the pool says about itself: frozen snapshots with units in their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from voxpool.events import CloseReason, ConnectionState, SlotState
from voxpool.metrics import Distribution


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
        data = asdict(self)
        for name in ("closed_by_reason", "slots_by_state"):
            data[name] = {key.value: count for key, count in data[name].items()}
        return data
