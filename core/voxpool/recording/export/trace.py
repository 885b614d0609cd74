"""A recording as a Chrome trace: every slot's states, the waits, the connections, errors and marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from voxpool.events import (
    ConnectionChanged,
    ConnectionState,
    Event,
    FirstAudio,
    Outcome,
    PoolNotice,
    SlotChanged,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)
from voxpool.recording.export.pieces import Piece
from voxpool.recording.hiding import hide
from voxpool.recording.items import AppFault, Item, Mark
from voxpool.tracing import FIRST_ROW, TraceEvent, counter, instant, slot, slot_names, span, thread, to_json, us, wait

_CONNECTION: Final = 99
"""Thread of the connection itself, below its slots."""


def to_trace(piece: Piece) -> Iterator[bytes]:
    """Yield the trace as JSON; its times begin with the stretch."""
    tracer = _Tracer(piece.first, piece.texts)
    for item in piece.items():
        tracer.take(item)
    tracer.finish(min(piece.end, piece.recording.last))
    opening = piece.recording.opening
    about = {"recorded by": opening.app, "session": opening.session, "began": piece.recording.wall(piece.first)}
    text = to_json([*slot_names(tracer.rows, tracer.columns, "Recording"), *tracer.events], about)
    yield hide(text.decode()).encode()


class _Tracer:
    """Turns what happened into slices."""

    def __init__(self, begin: float, texts: bool) -> None:
        self._begin = begin
        self._texts = texts
        self._slots: dict[tuple[int, int], SlotChanged] = {}
        self._connections: dict[int, ConnectionChanged] = {}
        self._waiting: dict[int, float] = {}
        self._labels: dict[int, str] = {}
        self._named: set[int] = set()
        self.rows = self.columns = 0
        self.events: list[TraceEvent] = []

    def take(self, item: Event | Item) -> None:
        """Take in what happened."""
        match item:
            case SlotChanged():
                self._slot_changed(item)
            case ConnectionChanged():
                self._connection_changed(item)
            case UtteranceQueued():
                self._labels[item.utterance_id] = item.label
                self._waiting[item.utterance_id] = item.at
                self._count(item.at)
            case UtteranceGranted():
                self._end_wait(item.utterance_id, item.at, "granted")
            case UtteranceRetried():
                self._note(f"retried #{item.utterance_id}: {item.error}", "error", item.at)
                self._waiting[item.utterance_id] = item.at
            case UtteranceEnded():
                self._ended(item)
            case FirstAudio():
                self._note(f"first audio #{item.utterance_id}", "first audio", item.at)
            case Mark() | PoolNotice():
                self._note(f"{item.kind}: {item.text}", item.kind, item.at)
            case AppFault():
                self._note(f"Voxgrid: {item.text}", "error", item.at)
            case _:
                pass

    def finish(self, at: float) -> None:
        """End what lasts to the end."""
        for key in list(self._slots):
            self._end_slot(key, at)
        for row in list(self._connections):
            self._end_connection(row, at)
        for utterance_id in list(self._waiting):
            self._end_wait(utterance_id, at, "waiting")

    def _s(self, at: float) -> float:
        return max(0.0, at - self._begin)

    def _note(self, name: str, category: str, at: float) -> None:
        self.events.append(instant(name, category, self._s(at)))

    def _count(self, at: float) -> None:
        self.events.append(counter("slots", self._s(at), {"held": len(self._slots)}))
        self.events.append(counter("waiting", self._s(at), {"utterances": len(self._waiting)}))

    def _slot_changed(self, event: SlotChanged) -> None:
        key = event.row, event.column
        self.rows, self.columns = max(self.rows, event.row + 1), max(self.columns, event.column + 1)
        self._end_slot(key, event.at)
        if event.new.holds_slot:
            self._slots[key] = event
        self._count(event.at)

    def _end_slot(self, key: tuple[int, int], at: float) -> None:
        event = self._slots.pop(key, None)
        if event is None:
            return
        told = {"utterance": event.utterance_id, "context": event.context_id}
        if self._texts:
            told["text"] = self._labels.get(event.utterance_id, "")
        times = self._s(event.at), self._s(at)
        self.events.append(span(slot(*key), event.new.value, "slot", times) | {"args": told})

    def _connection_changed(self, event: ConnectionChanged) -> None:
        self.rows = max(self.rows, event.row + 1)
        if event.row not in self._named:
            self._named.add(event.row)
            self.events.append(thread(FIRST_ROW + event.row, _CONNECTION, "connection"))
        self._end_connection(event.row, event.at)
        if event.new is not ConnectionState.CLOSED:
            self._connections[event.row] = event
        elif event.reason is not None:
            self._note(f"connection {event.connection_id} closed: {event.reason.value}", "connection", event.at)

    def _end_connection(self, row: int, at: float) -> None:
        event = self._connections.pop(row, None)
        if event is not None:
            place = slot(row, _CONNECTION)
            name = f"{event.new.value} ({event.connection_id})"
            self.events.append(span(place, name, "connection", (self._s(event.at), self._s(at))))

    def _end_wait(self, utterance_id: int, at: float, outcome: str) -> None:
        began = self._waiting.pop(utterance_id, None)
        if began is not None and us(at) > us(began):
            self.events += wait(utterance_id, self._s(began), self._s(at), {"outcome": outcome})
        self._count(at)

    def _ended(self, event: UtteranceEnded) -> None:
        self._end_wait(event.utterance_id, event.at, event.outcome.value)
        self._labels.pop(event.utterance_id, None)
        if event.outcome is Outcome.FAILED:
            self._note(f"failed #{event.utterance_id}: {event.error}", "error", event.at)
