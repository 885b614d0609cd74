"""Slots that are suspected: zombies, closes that take long, contexts that say nothing, sides that count differently."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from voxgrid.models.cell import CellState
from voxgrid.models.wording import age_words
from voxpool.events import Event, SlotState, UtteranceGranted
from voxpool.knowledge import Entry, Situation, explain

SLOW_CLOSE_S: Final = 5.0
SILENT_S: Final = 30.0
GRACE_S: Final = 2.0
"""The two sides may differ for as long: a frame is under way."""
_REMEMBERED: Final = 5000


class Suspicion(StrEnum):
    """What is suspected."""

    ZOMBIE = "zombie"
    SLOW_CLOSE = "slow close"
    SILENT = "open and silent"
    SERVER_COUNTS_MORE = "server counts more"
    POOL_COUNTS_MORE = "pool counts more"


_TEXTS: Final = {
    Suspicion.ZOMBIE: "zombie: nothing came after it was closed",
    Suspicion.SLOW_CLOSE: "closing for long",
    Suspicion.SILENT: "open and silent",
    Suspicion.SERVER_COUNTS_MORE: "the server holds it, the pool has let it go",
    Suspicion.POOL_COUNTS_MORE: "the pool holds it, the server does not have it",
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """One slot that may be lost.

    Attributes:
        suspicion: What is suspected.
        row: Grid row.
        column: Grid column.
        connection_id: Serial number of the connection.
        context_id: Id on the wire.
        utterance_id: Its owner, or 0.
        owner: What the owner wanted spoken, shortened.
        since: Since when, monotonic seconds.
    """

    suspicion: Suspicion
    row: int
    column: int
    connection_id: int
    context_id: str
    utterance_id: int
    owner: str
    since: float

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same of it."""
        return (self.suspicion.value, self.context_id)

    @property
    def entry(self) -> Entry:
        """What is known about it."""
        text = _TEXTS[self.suspicion]
        text = "server does not have it" if self.suspicion is Suspicion.POOL_COUNTS_MORE else text
        return explain(None, text, Situation.SLOT)

    def line(self, now: float) -> str:
        """Return it in a line: where, how long, what."""
        seconds = f"{max(0.0, now - self.since):.0f} s"
        return f"{self.row + 1}·{self.column + 1}  {seconds:>6}  {self.suspicion.value}  #{self.utterance_id}"

    def sentence(self, now: float) -> str:
        """Return everything about it: where, whose, how old, what to do."""
        text = f" “{self.owner}”" if self.owner else ""
        whose = f"utterance #{self.utterance_id}{text}" if self.utterance_id else "nobody here"
        return (
            f"Connection {self.row + 1}, slot {self.column + 1}: {_TEXTS[self.suspicion]}, for "
            f"{age_words(now - self.since)}. Context {self.context_id} of {whose}. {self.entry.remedy}"
        )


def find(cells: Iterable[CellState], now: float) -> list[Suspect]:
    """Return what can be seen from here alone, the oldest first."""
    found = [suspect for cell in cells if (suspect := _suspicion(cell, now)) is not None]
    return sorted(found, key=lambda suspect: suspect.since)


def _suspicion(cell: CellState, now: float) -> Suspect | None:
    lasts = now - cell.since
    if cell.state is SlotState.ZOMBIE:
        return _of(Suspicion.ZOMBIE, cell, cell.since)
    if cell.state is SlotState.CLOSING and lasts >= SLOW_CLOSE_S:
        return _of(Suspicion.SLOW_CLOSE, cell, cell.since)
    if cell.state is SlotState.OPEN and lasts >= SILENT_S:
        return _of(Suspicion.SILENT, cell, cell.since)
    return None


def _of(suspicion: Suspicion, cell: CellState, since: float) -> Suspect:
    return Suspect(
        suspicion,
        cell.row,
        cell.column,
        cell.connection_id,
        cell.context_id,
        cell.utterance_id,
        cell.snippet,
        since,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    row: int
    column: int
    connection_id: int
    utterance_id: int


class Comparison:
    """Holds the server's count against the pool's.

    The server is the app's own: its ledger names every context that it holds.  A context that this pool never had
    belongs to another client and is passed over.
    """

    def __init__(self) -> None:
        self._places: OrderedDict[str, _Place] = OrderedDict()
        self._since: dict[tuple[Suspicion, str], float] = {}
        self.folds: dict[type[Event], Callable[[Any], None]] = {UtteranceGranted: self._granted}

    def __repr__(self) -> str:
        return f"<Comparison {len(self._since)} differences>"

    def _granted(self, event: UtteranceGranted) -> None:
        self._places[event.context_id] = _Place(event.row, event.column, event.connection_id, event.utterance_id)
        while len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)

    def take(self, ledger: Any, cells: Iterable[CellState], now: float) -> list[Suspect]:
        """Return the differences that have lasted for ``GRACE_S``, the oldest first.

        Args:
            ledger: The server's answer; what does not fit counts as not there.
            cells: The pool's slots.
            now: Monotonic seconds, not before the ledger was read.
        """
        held = {cell.context_id: cell for cell in cells if cell.context_id and cell.state.holds_slot}
        server = open_contexts(ledger)
        differ: dict[tuple[Suspicion, str], Suspect] = {}
        for name in server - held.keys():
            place = self._places.get(name)
            if place is not None:
                since = self._since.get((Suspicion.SERVER_COUNTS_MORE, name), now)
                differ[Suspicion.SERVER_COUNTS_MORE, name] = Suspect(
                    Suspicion.SERVER_COUNTS_MORE,
                    place.row,
                    place.column,
                    place.connection_id,
                    name,
                    place.utterance_id,
                    "",
                    since,
                )
        for name, cell in held.items():
            if name not in server and cell.state not in (SlotState.RESERVED, SlotState.CREATING, SlotState.ZOMBIE):
                since = self._since.get((Suspicion.POOL_COUNTS_MORE, name), now)
                differ[Suspicion.POOL_COUNTS_MORE, name] = _of(Suspicion.POOL_COUNTS_MORE, cell, since)
        self._since = {key: suspect.since for key, suspect in differ.items()}
        lasting = [suspect for suspect in differ.values() if now - suspect.since >= GRACE_S]
        return sorted(lasting, key=lambda suspect: suspect.since)


def open_contexts(ledger: Any) -> set[str]:
    """Return the ids of the contexts that the server holds; an odd ledger holds none."""
    connections = ledger.get("connections") if isinstance(ledger, Mapping) else None
    found: set[str] = set()
    for each in connections if isinstance(connections, list) else ():
        contexts = each.get("openContexts") if isinstance(each, Mapping) else None
        for context in contexts if isinstance(contexts, list) else ():
            name = context.get("contextId") if isinstance(context, Mapping) else None
            if isinstance(name, str):
                found.add(name)
    return found
