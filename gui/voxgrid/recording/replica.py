"""The models of the window apart from the window: kept by the recorder for its keyframes, and set back in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec
import orjson

from voxgrid.models.board import Models
from voxgrid.models.connections import ConnectionBook, ConnectionsState
from voxgrid.models.failure_book import MINUTE_S, FailureBook, FailuresState
from voxgrid.models.failures import Kind
from voxgrid.models.grid import GridModel, GridState, check_grid
from voxgrid.models.queue import QueueState
from voxgrid.models.stages import Life
from voxgrid.models.totals import TotalsState
from voxpool.events import Event
from voxpool.knowledge import Situation
from voxpool.recording.items import (
    AppFault,
    Coming,
    Item,
    PoolBegan,
    PoolResized,
    Second,
    Sounds,
    check_plain,
    looks_plain,
)

_LIVES_OF_A_GROUP: Final = 5
"""Utterances of each kind of error whose lives a keyframe keeps, so that the inspector can show them."""
FAILURES_KEPT: Final = 100
CONNECTIONS_KEPT: Final = 100
"""Fewer than the window keeps: every keyframe holds them."""
_LETTERS: Final = "abcdefghijklmnop"
"""Levels from silence to loud: letters, because a row of digits would look like a huge number."""
_LEVELS: Final = bytes.maketrans(_LETTERS.encode(), bytes(level * 17 for level in range(16)))


_NOBODY: Final = msgspec.Raw(b"null")


class ModelsState(msgspec.Struct, frozen=True):
    """All models at one moment, as a keyframe holds them.

    Attributes:
        grid: Its cells without their levels.
        levels: Of each cell, as ``fold_levels`` writes them: base64 would look like a key and be taken out.
        queue, totals, lives, errors, connections: Each model's own state.
        home: While a guest's pool is watched, the state of the one in use, which waits; null at all other times.
    """

    grid: GridState
    levels: list[str]
    queue: QueueState
    totals: TotalsState
    lives: list[Life]
    errors: FailuresState
    connections: ConnectionsState
    home: msgspec.Raw = _NOBODY


_decode: Final = msgspec.json.Decoder(ModelsState).decode


class Replica:
    """Models that are folded from a recording's items.

    Args:
        rows: Connections.
        columns: Contexts on each.

    Attributes:
        models: The models; other ones after ``reset``.
    """

    def __init__(self, rows: int = 20, columns: int = 5) -> None:
        self.models = _models(rows, columns)
        self._home: bytes | None = None
        self._items: dict[type[Item], Callable[[Any], None]] = {
            PoolBegan: self._begin_pool,
            PoolResized: lambda item: self.models.grid.resize(item.rows),
            Second: self._second,
            Sounds: self._sounds,
            AppFault: self._fault,
        }
        self._folds = self._make_folds()

    @property
    def visiting(self) -> bool:
        """Whether the models are those of a guest's pool."""
        return self._home is not None

    def __repr__(self) -> str:
        return f"<Replica {self.models.grid!r}>"

    def reset(self, rows: int, columns: int) -> None:
        """Begin anew with a pool of that shape; of a pool that waits nothing more is known."""
        self._home = None
        # The models stay the same objects, because views hold on to them.
        self._become(_state_of(_models(rows, columns)))

    def fold(self, what: Event | Item) -> None:
        """Take in what happened; kinds that say nothing about the models are ignored."""
        if getattr(what, "column", 0) >= self.models.grid.columns:
            # Where a stretch is damaged nobody knows that another pool began in it.
            return
        for fold in self._folds.get(type(what), ()):
            fold(what)

    def snapshot(self) -> bytes:
        """Return the state as JSON."""
        home = _NOBODY if self._home is None else msgspec.Raw(self._home)
        return msgspec.json.encode(msgspec.structs.replace(_state_of(self.models), home=home))

    def load(self, state: bytes) -> None:
        """Take a state that ``snapshot`` made.

        Raises:
            ValueError: It is no such state; nothing has changed then.
        """
        if not looks_plain(state):
            check_plain(orjson.loads(state))
        told = _decode(state)
        home = None if told.home == _NOBODY else bytes(told.home)
        if home is not None:
            check_grid(_decode(home).grid)
        self._become(told)
        self._home = home

    def _begin_pool(self, item: PoolBegan) -> None:
        home = self._home
        if item.coming is Coming.RETURN and home is not None:
            self._home = None
            self._become(_decode(home))
            return
        if item.coming is Coming.VISIT and home is None:
            # A guest after a guest changes nothing for the pool that waits for them.
            home = self.snapshot()
        self.reset(item.rows, item.columns)
        self._home = home if item.coming is Coming.VISIT else None

    def _become(self, state: ModelsState) -> None:
        models = self.models
        models.grid.load(state.grid)
        for cell, levels in zip(models.grid.cells(), state.levels, strict=False):
            cell.bars = unfold_levels(levels)
        models.queue.load(state.queue)
        models.totals.load(state.totals)
        models.lives.load(state.lives)
        models.errors.load(state.errors)
        models.connections.load(state.connections)

    def _make_folds(self) -> dict[type[Any], tuple[Callable[[Any], None], ...]]:
        return {**self.models.folds(), **{kind: (fold,) for kind, fold in self._items.items()}}

    def _second(self, item: Second) -> None:
        models = self.models
        errors = models.errors.count_since(item.at - MINUTE_S)
        models.totals.sample(item.at, models.grid.in_use, len(models.queue), errors)

    def _fault(self, item: AppFault) -> None:
        self.models.errors.add(Kind.APP, item.at, item.text, Situation.APP, details=item.details)

    def _sounds(self, item: Sounds) -> None:
        grid = self.models.grid
        for row, column, utterance_id, audio_s, total_s, played_s, levels in item.cells:
            if row >= len(grid.rows) or column >= grid.columns:
                continue
            cell = grid.cell(row, column)
            if cell.utterance_id == utterance_id:
                cell.audio_s, cell.total_s, cell.played_s = audio_s, total_s, played_s
                cell.listening, cell.bars = played_s is not None, unfold_levels(levels)
                grid.touch(row, column)


def _models(rows: int, columns: int) -> Models:
    return Models(
        GridModel(rows, columns), errors=FailureBook(FAILURES_KEPT), connections=ConnectionBook(CONNECTIONS_KEPT)
    )


def fold_levels(bars: bytes) -> str:
    """Return levels as one letter for two of them: what a small waveform can show."""
    return "".join(_LETTERS[max(bars[place : place + 2]) >> 4] for place in range(0, len(bars), 2))


def unfold_levels(levels: str) -> bytes:
    """Return what ``fold_levels`` made of levels, 0 to 255, each twice."""
    coarse = levels.encode("ascii", "replace").translate(_LEVELS)
    bars = bytearray(2 * len(coarse))
    bars[::2] = bars[1::2] = coarse
    return bytes(bars)


def _state_of(models: Models) -> ModelsState:
    grid, errors = models.grid, models.errors
    wanted = {cell.utterance_id for cell in grid.cells()}
    for group in errors.groups:
        newest = errors.all(list(group.numbers)[-_LIVES_OF_A_GROUP:])
        wanted.update(failure.utterance_id for failure in newest)
    state = grid.to_state()
    plain = [[replace(cell, bars=b"") for cell in row] for row in state.cells]
    return ModelsState(
        replace(state, cells=plain),
        [fold_levels(cell.bars) for cell in grid.cells()],
        models.queue.to_state(),
        models.totals.to_state(),
        models.lives.to_state(wanted),
        errors.to_state(),
        models.connections.to_state(),
    )
