"""Which frames the dock lists: a scope, a filter, and what came since the last look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voxpool.frames.record import FrameRecord
from voxpool.frames.store import FrameStore
from voxpool.frames.terms import Everything, Match, Term

ROWS_MOST: Final = 10_000
"""Frames listed; older ones that fit are counted and left out."""
_TRIM: Final = 2_000
"""Rows taken away at once when there are too many: a table pays for each time, not for each row."""
_STEP: Final = 64
_BEHIND: Final = 1000
"""Frames that came unseen, as while the dock was hidden, after which the list is looked for anew."""
"""Frames looked at between two looks at the clock."""


class Scope(StrEnum):
    """Whose frames."""

    CONTEXT = "context"
    UTTERANCE = "utterance"
    CONNECTION = "connection"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Target:
    """What is chosen in the window: what "this context" means.

    Attributes:
        context_id: Id on the wire, or "" when nothing is chosen.
        connection_id: Its connection, or 0.
        utterance_id: Whose it is, or 0.
        contexts: The contexts of all attempts of that utterance.
    """

    context_id: str = ""
    connection_id: int = 0
    utterance_id: int = 0
    contexts: tuple[str, ...] = ()

    def has(self, scope: Scope) -> bool:
        """Whether there is something for a scope to be about."""
        return scope is Scope.EVERYTHING or bool(self.context_id)


@dataclass(frozen=True, slots=True)
class Change:
    """What a view must do to show the rows as they are now.

    Attributes:
        reset: All rows are other ones.
        removed: Rows that went at the top.
        appended: Rows that came at the bottom, after that.
    """

    reset: bool = False
    removed: int = 0
    appended: int = 0

    def __bool__(self) -> bool:
        return self.reset or bool(self.removed or self.appended)


class FrameList:
    """The rows of the table.

    A new scope or filter is looked for from the newest frame back, a few milliseconds at a time, while the old rows
    stay; what comes meanwhile and afterwards is looked at as it comes.

    Args:
        store: Where the frames are.
        rows_most: Most rows.

    Attributes:
        rows: What is listed, oldest first.
    """

    def __init__(self, store: FrameStore, rows_most: int = ROWS_MOST) -> None:
        self._store = store
        self._rows_most = rows_most
        self.rows: list[FrameRecord] = []
        self._scope = Scope.EVERYTHING
        self._target = Target()
        self._term: Term = Everything()
        self._fits: Match = lambda record: True
        self._search: Iterator[int] | None = None
        self._found: list[FrameRecord] = []
        self._left = 0
        self._total = 0
        self._seen = store.next
        self.restart()

    def __repr__(self) -> str:
        return f"<FrameList {self._scope} {len(self.rows)} rows{' searching' if self.searching else ''}>"

    @property
    def store(self) -> FrameStore:
        """Where the frames are."""
        return self._store

    def read(self, store: FrameStore) -> None:
        """List the frames of another store."""
        self._store = store
        self.restart()

    @property
    def scope(self) -> Scope:
        """Whose frames are listed."""
        return self._scope

    @property
    def target(self) -> Target:
        """What "this context" means now."""
        return self._target

    @property
    def term(self) -> Term:
        """The filter."""
        return self._term

    @property
    def is_behind(self) -> bool:
        """Whether so much came since the last look that looking anew is cheaper."""
        return self._search is None and self._store.next - self._seen > _BEHIND

    @property
    def searching(self) -> bool:
        """Whether older frames are still being looked through."""
        return self._search is not None

    @property
    def progress(self) -> float:
        """How much was looked through, 0 to 1."""
        return 1.0 - self._left / self._total if self._total else 1.0

    def show(self, *, scope: Scope | None = None, target: Target | None = None, term: Term | None = None) -> None:
        """List other frames."""
        self._scope = scope or self._scope
        self._target = target if target is not None else self._target
        self._term = term if term is not None else self._term
        self.restart()

    def aim(self, target: Target) -> None:
        """Know what is chosen, while everything is listed."""
        self._target = target

    def restart(self) -> None:
        """Look anew: the scope changed, or the store holds another pool's frames."""
        fits, inside = self._term.match(self._store), self._inside()
        self._fits = lambda record: inside(record) and fits(record)
        serials = self._candidates()
        self._seen = self._store.next
        self._left = self._total = len(serials)
        self._found = []
        self._search = iter(reversed(serials))

    def advance(self, budget_s: float = 0.004, clock: Callable[[], float] = time.perf_counter) -> Change:
        """Look on.

        Args:
            budget_s: How long that may take, in seconds; what came since the last call is always looked at.
            clock: Measures it.
        """
        if self._search is None:
            return self._append(self._fresh())
        end = clock() + budget_s
        while self._search is not None and clock() < end:
            self._look_back(self._search)
        if self._search is not None:
            return Change()
        self._found.reverse()
        self.rows = self._found
        self._found = []
        self.rows.extend(self._fresh())
        return Change(reset=True)

    def _look_back(self, search: Iterator[int]) -> None:
        for _ in range(_STEP):
            serial = next(search, None)
            if serial is None or len(self._found) >= self._rows_most:
                self._search, self._left = None, 0
                return
            self._left -= 1
            record = self._store.get(serial)
            if record is not None and self._fits(record):
                self._found.append(record)

    def _fresh(self) -> list[FrameRecord]:
        first, self._seen = max(self._seen, self._store.first), self._store.next
        records = (self._store.get(serial) for serial in range(first, self._seen))
        return [record for record in records if record is not None and self._fits(record)]

    def _append(self, fresh: list[FrameRecord]) -> Change:
        if not fresh:
            return Change()
        removed = 0
        if len(self.rows) + len(fresh) > self._rows_most + _TRIM:
            removed = min(len(self.rows), len(self.rows) + len(fresh) - self._rows_most)
            del self.rows[:removed]
        self.rows.extend(fresh)
        return Change(removed=removed, appended=len(fresh))

    def _candidates(self) -> Sequence[int]:
        store, target = self._store, self._target
        if self._scope is Scope.CONTEXT:
            return store.of_context(target.context_id)
        if self._scope is Scope.UTTERANCE:
            return sorted(serial for context in target.contexts for serial in store.of_context(context))
        if self._scope is Scope.CONNECTION:
            return store.of_connection(target.connection_id)
        return range(store.first, store.next)

    def _inside(self) -> Match:
        target = self._target
        if self._scope is Scope.CONTEXT:
            return lambda record: record.context_id == target.context_id
        if self._scope is Scope.UTTERANCE:
            contexts = frozenset(target.contexts)
            return lambda record: record.context_id in contexts
        if self._scope is Scope.CONNECTION:
            return lambda record: record.connection_id == target.connection_id
        return lambda record: True
