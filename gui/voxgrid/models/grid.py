"""The grid: what every connection and every slot is doing, folded from the pool's events and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from voxgrid.models.cell import CellState, Look, RowState
from voxpool.events import (
    ConnectionChanged,
    ConnectionPinged,
    ConnectionState,
    Event,
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)

MOST_ROWS: Final = 1000
"""The most connections a pool can have."""
MOST_COLUMNS: Final = 100
Place = tuple[int, int]
"""Row and column, both from 0."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of an utterance before it has a slot."""

    text: str
    voice: str


@dataclass(frozen=True, slots=True)
class GridState:
    """A grid as a recording keeps it.

    Attributes:
        columns: Contexts on each connection.
        wanted: Connections that the pool has.
        rows: One state per row.
        cells: One list of cells per row.
        labels: What is known of utterances that have not ended.
        places: Where utterances are, or were last.
    """

    columns: int
    wanted: int
    rows: list[RowState]
    cells: list[list[CellState]]
    labels: dict[int, Label]
    places: dict[int, Place]


class GridModel:
    """Rows and cells, and which of them changed since they were last painted.

    Args:
        rows: Connections.
        columns: Contexts on each.

    Attributes:
        rows: One state per connection.
        dirty: Cells that changed.
        dirty_rows: Row heads that changed.
        reshaped: Whether rows were added since this was last cleared.
    """

    def __init__(self, rows: int = 20, columns: int = 5) -> None:
        self.columns = columns
        self.rows: list[RowState] = []
        self._cells: list[list[CellState]] = []
        self._labels: dict[int, Label] = {}
        self._places: dict[int, Place] = {}
        self.dirty: set[Place] = set()
        self.dirty_rows: set[int] = set()
        self.reshaped = False
        self._wanted = 0
        self._grow(rows)
        self._wanted = rows
        self.reshaped = False
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            ConnectionChanged: self._connection_changed,
            ConnectionPinged: self._pinged,
            SlotChanged: self._slot_changed,
            UtteranceQueued: self._queued,
            UtteranceGranted: self._granted,
            FirstAudio: self._first_audio,
            UtteranceRetried: self._retried,
            UtteranceEnded: self._ended,
        }

    def __repr__(self) -> str:
        return f"<GridModel {len(self.rows)}x{self.columns} {self.in_use} in use, {len(self.dirty)} dirty>"

    @property
    def in_use(self) -> int:
        """Slots that the server counts, or may count."""
        return sum(cell.state.holds_slot for cell in self.cells())

    @property
    def slots(self) -> int:
        """All slots."""
        return len(self.rows) * self.columns

    @property
    def wanted(self) -> int:
        """Connections that the pool has; rows beyond them stay until theirs is closed."""
        return self._wanted

    def cell(self, row: int, column: int) -> CellState:
        """Return one cell."""
        return self._cells[row][column]

    def cells(self) -> Iterator[CellState]:
        """Yield all cells, row by row."""
        for row in self._cells:
            yield from row

    def place_of(self, utterance_id: int) -> Place | None:
        """Return where an utterance is, or was last, as long as no other one has taken its slot."""
        place = self._places.get(utterance_id)
        return place if place and self.cell(*place).utterance_id == utterance_id else None

    def counts(self) -> dict[Look, int]:
        """Count the cells by how they look."""
        counted = dict.fromkeys(Look, 0)
        for cell in self.cells():
            counted[cell.look] += 1
        return counted

    def touch(self, row: int, column: int) -> None:
        """Note that a cell must be painted again."""
        self.dirty.add((row, column))

    def fold(self, event: Event) -> None:
        """Take in one event; kinds that say nothing about the grid are ignored."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def to_state(self) -> GridState:
        """Return everything there is to know; it shares the cells, so make it plain before the next fold."""
        places = {utterance: place for utterance, place in self._places.items() if self.place_of(utterance)}
        return GridState(self.columns, self._wanted, self.rows, self._cells, self._labels, places)

    def load(self, state: GridState) -> None:
        """Become what a state says; everything is to be painted again.

        Raises:
            ValueError: Its rows and cells do not fit together; nothing has changed then.
        """
        check_grid(state)
        self.reshaped = self.reshaped or (len(self.rows), self.columns) != (len(state.rows), state.columns)
        self.columns, self._wanted = state.columns, state.wanted
        self.rows, self._cells = state.rows, state.cells
        self._labels, self._places = state.labels, state.places
        self.dirty = {(cell.row, cell.column) for cell in self.cells()}
        self.dirty_rows = set(range(len(self.rows)))

    def resize(self, rows: int) -> None:
        """Have as many rows as the pool has connections now; a row that is still alive stays until it closes."""
        self._grow(rows)
        self._wanted = rows
        self._trim()

    def _trim(self) -> None:
        while len(self.rows) > self._wanted and self.rows[-1].state in (None, ConnectionState.CLOSED):
            row = self.rows.pop().row
            self._cells.pop()
            self.dirty = {place for place in self.dirty if place[0] != row}
            self.dirty_rows.discard(row)
            self._places = {utterance: place for utterance, place in self._places.items() if place[0] != row}
            self.reshaped = True

    def _grow(self, rows: int) -> None:
        for row in range(len(self.rows), rows):
            self.rows.append(RowState(row))
            self._cells.append([CellState(row, column) for column in range(self.columns)])
            self.reshaped = True

    def _row(self, row: int) -> RowState:
        self._grow(row + 1)
        self.dirty_rows.add(row)
        return self.rows[row]

    def _claim(self, event: SlotChanged | UtteranceGranted) -> CellState:
        """Return the cell of an event, handed to the event's utterance."""
        self._grow(event.row + 1)
        cell = self._cells[event.row][event.column]
        self.touch(event.row, event.column)
        if event.utterance_id != cell.utterance_id or event.context_id != cell.context_id:
            cell.begin(event.utterance_id)
            label = self._labels.get(event.utterance_id)
            if label is not None:
                cell.snippet, cell.voice = label.text, label.voice
        cell.connection_id, cell.context_id = event.connection_id, event.context_id
        self._places[event.utterance_id] = (event.row, event.column)
        return cell

    def _connection_changed(self, event: ConnectionChanged) -> None:
        row = self._row(event.row)
        row.state, row.connection_id, row.since = event.new, event.connection_id, event.at
        if event.new is ConnectionState.OPEN:
            row.opened_at = event.at
        elif event.new is ConnectionState.CONNECTING:
            row.opened_at = row.ping_ms = None
        if event.reason is not None:
            row.last_close, row.last_detail = event.reason, event.detail
        if event.new is ConnectionState.CLOSED:
            row.closes += 1
            row.ping_ms = None
        # An empty cell is drawn by what its connection is doing.
        self.dirty.update((event.row, column) for column in range(self.columns))
        self._trim()

    def _pinged(self, event: ConnectionPinged) -> None:
        self._row(event.row).ping_ms = event.ping_ms

    def _slot_changed(self, event: SlotChanged) -> None:
        cell = self._claim(event)
        if event.new is SlotState.EMPTY and cell.state is SlotState.FAILED:
            return
        cell.state, cell.since = event.new, event.at
        if event.code is not None or event.detail:
            cell.code, cell.detail = event.code, event.detail

    def _queued(self, event: UtteranceQueued) -> None:
        self._labels[event.utterance_id] = Label(event.label, event.voice)

    def _granted(self, event: UtteranceGranted) -> None:
        cell = self._claim(event)
        cell.attempt, cell.granted_at = event.attempt, event.at

    def _of(self, utterance_id: int) -> CellState | None:
        place = self.place_of(utterance_id)
        if place is None:
            return None
        self.dirty.add(place)
        return self.cell(*place)

    def _first_audio(self, event: FirstAudio) -> None:
        cell = self._of(event.utterance_id)
        if cell is not None and cell.context_id == event.context_id:
            cell.ttfa_ms = event.ttfa_ms

    def _retried(self, event: UtteranceRetried) -> None:
        cell = self._of(event.utterance_id)
        if cell is not None and cell.context_id == event.context_id:
            cell.code, cell.detail = event.code, event.error
            cell.outcome, cell.ended_at = Outcome.FAILED, event.at

    def _ended(self, event: UtteranceEnded) -> None:
        cell = self._of(event.utterance_id)
        self._labels.pop(event.utterance_id, None)
        self._places.pop(event.utterance_id, None)
        if cell is None:
            return
        self._places[event.utterance_id] = (cell.row, cell.column)
        cell.outcome, cell.ended_at = event.outcome, event.at
        cell.audio_s = cell.total_s = event.audio_s
        if event.outcome is Outcome.FAILED:
            cell.code, cell.detail = event.code, event.error or cell.detail
        self._forget_places()

    def _forget_places(self) -> None:
        """Drop places whose slot went to somebody else; amortised, so that a long run stays small."""
        if len(self._places) > 8 * self.slots:
            self._places = {
                utterance: place for utterance, place in self._places.items() if self.place_of(utterance) is not None
            }


def check_grid(state: GridState) -> None:
    """See whether the parts of a state fit together.

    Raises:
        ValueError: They do not.
    """
    numbers = list(range(len(state.rows)))
    fits = 0 < state.columns <= MOST_COLUMNS and len(numbers) <= MOST_ROWS and len(state.cells) == len(numbers)
    fits = fits and 0 <= state.wanted <= MOST_ROWS and [row.row for row in state.rows] == numbers
    wanted = [(row, column) for row in numbers for column in range(state.columns)]
    if not fits or [(cell.row, cell.column) for row in state.cells for cell in row] != wanted:
        raise ValueError("its rows and cells do not fit together")
    known = set(wanted)
    if not known.issuperset(state.places.values()):
        raise ValueError("it has a place outside of its grid")
