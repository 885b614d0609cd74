"""All failures of one pool, made from its events: in order, in groups, and linked with what followed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from voxgrid.models.failures import Failure, Group, Kind, Sequel, without_heard
from voxgrid.models.wording import TROUBLE
from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionState,
    Event,
    FirstAudio,
    FrameDropped,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)
from voxpool.knowledge import BY_NAME, UNKNOWN, Situation
from voxpool.scrub import scrub

MINUTE_S: Final = 60.0
KEPT: Final = 2000
"""Failures kept; the oldest is forgotten beyond it."""
GROUPS_KEPT: Final = 200
_RECENT: Final = 32
_GONE: Final = frozenset({SlotState.EMPTY, SlotState.FAILED})
_SITUATIONS: Final = {
    SlotState.RESERVED: Situation.CREATING,
    SlotState.CREATING: Situation.CREATING,
    SlotState.CLOSING: Situation.CLOSING,
    SlotState.ZOMBIE: Situation.CLOSING,
}
_CLOSING: Final = frozenset({SlotState.CLOSING, SlotState.ZOMBIE, SlotState.DRAINING})


@dataclass(slots=True)
class GroupState:
    """A group as plain data; what is known about it is found anew."""

    fingerprint: str
    kind: Kind
    title: str
    code: int | None
    entry: str
    count: int
    first_at: float
    last_at: float
    cells: list[tuple[int, int]]
    utterances: int
    retried: int
    recovered: int
    numbers: list[int]
    steps: list[list[int]]

    @classmethod
    def of(cls, group: Group) -> GroupState:
        """Return the state of a group."""
        return cls(
            group.fingerprint,
            group.kind,
            group.title,
            group.code,
            group.entry.name,
            group.count,
            group.first_at,
            group.last_at,
            sorted(group.cells),
            group.utterances,
            group.retried,
            group.recovered,
            list(group.numbers),
            [list(step) for step in group.steps],
        )

    def group(self) -> Group:
        """Return the group."""
        made = Group(self.fingerprint, BY_NAME.get(self.entry, UNKNOWN), self.kind, self.title, self.code, self.count)
        made.first_at, made.last_at = self.first_at, self.last_at
        made.cells = set(self.cells)
        made.utterances, made.retried, made.recovered = self.utterances, self.retried, self.recovered
        made.numbers.extend(self.numbers)
        made.steps.extend(self.steps)
        return made


@dataclass(slots=True)
class FailuresState:
    """All failures as plain data (see ``FailureBook``)."""

    number: int
    failures: list[Failure]
    groups: list[GroupState]
    sites: list[Site]
    labels: dict[int, str]
    open: dict[int, int]
    lost: dict[int, int]
    recent: list[int]
    quiet: list[list[float]]


@dataclass(slots=True)
class Site:
    """A context that lives, or has just ended.

    Attributes:
        connection_id, row, column, context_id, utterance_id, attempt: Where and whose.
        state: What its slot was doing last, before any failure.
        since: Since when, monotonic seconds.
        heard: Whether audio has come.
        gone: Whether its slot is free already: what comes yet is its failure.
        before: What its slot was doing before it was closing, or None.
        before_s: How long it had been doing that, in seconds.
    """

    connection_id: int
    row: int
    column: int
    context_id: str
    utterance_id: int
    attempt: int
    state: SlotState
    since: float
    heard: bool = False
    gone: bool = False
    before: SlotState | None = None
    before_s: float = 0.0

    @property
    def situation(self) -> Situation:
        """Where in its life it is."""
        fallback = Situation.STREAMING if self.heard else Situation.WAITING
        return _SITUATIONS.get(self.doing, fallback)

    @property
    def doing(self) -> SlotState:
        """What its slot was doing when its utterance failed: a slot that closes does so because that has happened."""
        return self.before if self.state is SlotState.CLOSING and self.before is not None else self.state


class FailureBook:
    """Folds events into failures.

    Args:
        kept: Failures kept; the oldest is forgotten beyond it.

    Attributes:
        changed: Whether anything changed since this was last cleared.
        fresh: Failures that are new since this was last cleared, oldest first.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._failures: dict[int, Failure] = {}
        self._groups: dict[str, Group] = {}
        self._sites: dict[str, Site] = {}
        self._labels: dict[int, str] = {}
        self._open: dict[int, Failure] = {}
        """The last failure of an utterance that is being tried again."""
        self._by_cell: dict[tuple[int, int], deque[int]] = {}
        self._lost: dict[int, Failure] = {}
        """The failure of a connection, by the connection's id."""
        self._recent: deque[Failure] = deque(maxlen=_RECENT)
        self._quiet: deque[tuple[int, float]] = deque(maxlen=_RECENT)
        """Slots that came free without anybody missing them: connection and time."""
        self._number = 0
        self.changed = False
        self.fresh: list[Failure] = []
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            ConnectionChanged: self._connection_changed,
            FrameDropped: self._frame_dropped,
            SlotChanged: self._slot_changed,
            UtteranceQueued: self._queued,
            UtteranceGranted: self._granted,
            FirstAudio: self._first_audio,
            UtteranceRetried: self._retried,
            UtteranceEnded: self._ended,
        }

    def __len__(self) -> int:
        return len(self._failures)

    def __repr__(self) -> str:
        return f"<FailureBook {len(self)} in {len(self._groups)} groups>"

    # --- asking ------------------------------------------------------------------------------------------

    @property
    def groups(self) -> tuple[Group, ...]:
        """Groups, the newest kind first: a list that does not jump while errors come."""
        return tuple(reversed(self._groups.values()))

    @property
    def total(self) -> int:
        """Failures so far, forgotten ones included."""
        return self._number

    def same(self, failure: Failure | None) -> Failure | None:
        """Return what this book knows of a failure of another, such as the live one: books number for themselves."""
        if failure is None:
            return None
        mark = _mark(failure)
        known = self._failures.get(failure.number)
        if known is not None and _mark(known) == mark:
            return known
        return next((each for each in reversed(self._failures.values()) if _mark(each) == mark), None)

    def get(self, number: int) -> Failure | None:
        """Return a failure, or None when it is unknown or forgotten."""
        return self._failures.get(number)

    def all(self, numbers: Iterable[int] | None = None) -> list[Failure]:
        """Return these failures, or all, the newest first."""
        chosen = self._failures if numbers is None else numbers
        return [self._failures[number] for number in sorted(chosen, reverse=True) if number in self._failures]

    def count_since(self, moment: float) -> int:
        """Count the kept failures from a monotonic moment on."""
        return sum(1 for _ in takewhile(lambda failure: failure.at >= moment, reversed(self._failures.values())))

    def of_group(self, fingerprint: str) -> list[Failure]:
        """Return the failures of a group, the newest first."""
        group = self._groups.get(fingerprint)
        return self.all(group.numbers) if group is not None else []

    def of_cell(self, row: int, column: int) -> list[Failure]:
        """Return the failures in a slot, the newest first; those of its whole connection are not among them."""
        return self.all(self._by_cell.get((row, column), ()))

    def count_of_cell(self, row: int, column: int) -> int:
        """Return how many failures of a slot are kept."""
        return sum(number in self._failures for number in self._by_cell.get((row, column), ()))

    def of_utterance(self, utterance_id: int) -> list[Failure]:
        """Return the failures of an utterance, oldest first."""
        return [each for each in self._failures.values() if each.utterance_id == utterance_id]

    # --- as plain data -----------------------------------------------------------------------------------

    def to_state(self) -> FailuresState:
        """Return everything there is to know, the kept failures alone."""
        return FailuresState(
            self._number,
            list(self._failures.values()),
            [GroupState.of(group) for group in self._groups.values()],
            list(self._sites.values()),
            dict(self._labels),
            {utterance: failure.number for utterance, failure in self._open.items()},
            {connection: failure.number for connection, failure in self._lost.items()},
            [failure.number for failure in self._recent],
            [list(each) for each in self._quiet],
        )

    def load(self, state: FailuresState) -> None:
        """Become what a state says."""
        self._number = state.number
        self._failures = {failure.number: failure for failure in state.failures}
        self._groups = {each.fingerprint: each.group() for each in state.groups}
        self._sites = {site.context_id: site for site in state.sites}
        self._labels = dict(state.labels)
        known = self._failures
        self._open = {key: known[number] for key, number in state.open.items() if number in known}
        self._lost = {key: known[number] for key, number in state.lost.items() if number in known}
        self._recent = deque((known[number] for number in state.recent if number in known), maxlen=_RECENT)
        self._quiet = deque(((int(connection), at) for connection, at in state.quiet), maxlen=_RECENT)
        self._by_cell = {}
        for failure in state.failures:
            self._place(failure)
        self.fresh = []
        self.changed = True

    # --- folding -----------------------------------------------------------------------------------------

    def fold(self, event: Event) -> None:
        """Take in one event; kinds that are no errors are ignored."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def add(self, kind: Kind, at: float, text: str, situation: Situation, **facts: Any) -> Failure:
        """Enter a failure.

        Args:
            kind: What failed.
            at: When, monotonic seconds.
            text: The error in words; secrets are taken out.
            situation: Where in its life it was.
            **facts: Further attributes of ``Failure``.
        """
        self._number += 1
        if "details" in facts:
            facts["details"] = scrub(facts["details"])
        failure = Failure(self._number, kind, at, scrub(text), situation=situation, **facts)
        self._failures[failure.number] = failure
        self._place(failure)
        self._group(failure).add(failure)
        while len(self._failures) > self._kept:
            del self._failures[next(iter(self._failures))]
        self.fresh.append(failure)
        self.changed = True
        return failure

    def _place(self, failure: Failure) -> None:
        if failure.column >= 0:
            self._by_cell.setdefault((failure.row, failure.column), deque(maxlen=99)).append(failure.number)

    def _group(self, failure: Failure) -> Group:
        group = self._groups.get(failure.fingerprint)
        if group is None:
            if len(self._groups) >= GROUPS_KEPT:
                del self._groups[min(self._groups, key=lambda each: self._groups[each].last_at)]
            group = Group(failure.fingerprint, failure.entry, failure.kind, failure.title, failure.code)
            self._groups[failure.fingerprint] = group
        return group

    def _queued(self, event: UtteranceQueued) -> None:
        self._labels[event.utterance_id] = event.label

    def _granted(self, event: UtteranceGranted) -> None:
        site = self._sites.get(event.context_id)
        if site is None:
            site = self._site(event, SlotState.RESERVED)
        site.attempt = event.attempt
        before = self._open.get(event.utterance_id)
        if before is not None and before.sequel is not None and before.sequel.granted_at is None:
            sequel = before.sequel
            sequel.row, sequel.column = event.row, event.column
            sequel.connection_id, sequel.context_id = event.connection_id, event.context_id
            sequel.granted_at = event.at
            self.changed = True

    def _site(self, event: SlotChanged | UtteranceGranted, state: SlotState) -> Site:
        made = Site(
            event.connection_id, event.row, event.column, event.context_id, event.utterance_id, 1, state, event.at
        )
        self._sites[event.context_id] = made
        return made

    def _slot_changed(self, event: SlotChanged) -> None:
        site = self._sites.get(event.context_id)
        if event.new in _GONE:
            if site is not None:
                self._slot_freed(event, site)
            return
        if site is None:
            site = self._site(event, event.new)
        if event.new is SlotState.ZOMBIE:
            self._add_zombie(event, site)
        if event.new is SlotState.CLOSING:
            site.before, site.before_s = site.state, max(0.0, event.at - site.since)
        site.state, site.since = event.new, event.at

    def _slot_freed(self, event: SlotChanged, site: Site) -> None:
        if event.new is SlotState.FAILED:
            # Its utterance's failure is told next, and wants to know the state before.
            site.gone = True
            return
        del self._sites[event.context_id]
        if site.state in _CLOSING:
            self._quiet.append((event.connection_id, event.at))

    def _add_zombie(self, event: SlotChanged, site: Site) -> None:
        text = event.detail or "nothing came after it was closed"
        self.add(Kind.SLOT, event.at, f"zombie: {text}", Situation.SLOT, **self._facts(site, event.at))

    def _first_audio(self, event: FirstAudio) -> None:
        site = self._sites.get(event.context_id)
        if site is not None:
            site.heard = True
        before = self._open.get(event.utterance_id)
        if before is not None and before.sequel is not None and before.sequel.context_id == event.context_id:
            before.sequel.heard_at = event.at
            self.changed = True

    def _retried(self, event: UtteranceRetried) -> None:
        sequel = Sequel(retried=True, delay_ms=event.delay_ms, attempts=event.attempt)
        failure = self._failed(event, sequel, event.error)
        group = self._groups.get(failure.fingerprint)
        if group is not None:
            group.retried += 1
        self._open[event.utterance_id] = failure

    def _ended(self, event: UtteranceEnded) -> None:
        self._close_sequel(event)
        if event.outcome is Outcome.FAILED:
            sequel = Sequel(
                retried=False, attempts=event.attempts, outcome=event.outcome, ended_at=event.at, audio_s=event.audio_s
            )
            self._failed(event, sequel, event.error, heard_s=event.audio_s)
        self._open.pop(event.utterance_id, None)
        self._labels.pop(event.utterance_id, None)

    def _close_sequel(self, event: UtteranceEnded) -> None:
        before = self._open.get(event.utterance_id)
        while before is not None and before.sequel is not None and before.sequel.outcome is None:
            before.sequel.outcome, before.sequel.ended_at = event.outcome, event.at
            before.sequel.audio_s = event.audio_s
            group = self._groups.get(before.fingerprint)
            if group is not None:
                group.recovered += event.outcome is Outcome.DONE
            earlier = [each for each in self.of_utterance(event.utterance_id) if each.number < before.number]
            before = next((each for each in reversed(earlier) if each.sequel is not None), None)
            self.changed = True

    def _failed(
        self, event: UtteranceRetried | UtteranceEnded, sequel: Sequel, error: str, heard_s: float = 0.0
    ) -> Failure:
        site = self._sites.get(event.context_id)
        before = self._open.get(event.utterance_id)
        kind = Kind.CONTEXT
        situation = site.situation if site is not None else Situation.QUEUEING
        facts = self._facts(site, event.at) if site is not None else {}
        if site is not None and site.doing is not site.state:
            # The status is told after its slot was given up.
            facts |= {"state": site.doing, "state_s": site.before_s}
        if site is None:
            kind = Kind.QUEUE
            facts = {"utterance_id": event.utterance_id, "label": self._labels.get(event.utterance_id, "")}
        if site is not None and site.gone:
            del self._sites[event.context_id]
        failure = self.add(
            kind, event.at, error or "failed", situation, code=event.code, heard_s=heard_s, sequel=sequel, **facts
        )
        if before is not None and before.sequel is not None:
            before.sequel.failed_again = failure.number
        self._recent.append(failure)
        self._link(failure)
        return failure

    def _facts(self, site: Site, at: float) -> dict[str, Any]:
        return {
            "connection_id": site.connection_id,
            "row": site.row,
            "column": site.column,
            "context_id": site.context_id,
            "utterance_id": site.utterance_id,
            "attempt": site.attempt,
            "label": self._labels.get(site.utterance_id, ""),
            "state": site.state,
            "state_s": max(0.0, at - site.since),
        }

    def _link(self, failure: Failure) -> None:
        """A context that fails on a connection that is already known to be lost is a part of that."""
        lost = self._lost.get(failure.connection_id)
        if lost is not None and not failure.cause and failure.number != lost.number:
            failure.cause = lost.number
            lost.hits.append(failure.number)

    # --- connections -------------------------------------------------------------------------------------

    def _connection_changed(self, event: ConnectionChanged) -> None:
        if event.reason in TROUBLE and event.connection_id not in self._lost:
            self._lose(event)
        if event.new is ConnectionState.CLOSED:
            # A row's next connection has another id; what this one took with it has been told.
            self._forget_sites(event.connection_id)

    def _lose(self, event: ConnectionChanged) -> None:
        failed = event.reason is CloseReason.CONNECT_FAILED
        situation = Situation.CONNECTING if failed else Situation.CONNECTION
        text = without_heard(event.detail) or (event.reason.value if event.reason is not None else "lost")
        hits = [
            each
            for each in self._recent
            if each.connection_id == event.connection_id and each.at == event.at and not each.cause
        ]
        failure = self.add(
            Kind.CONNECTION,
            event.at,
            text,
            situation,
            code=_code_in(text),
            connection_id=event.connection_id,
            row=event.row,
        )
        failure.quiet = sum(each == (event.connection_id, event.at) for each in self._quiet)
        self._lost[event.connection_id] = failure
        while len(self._lost) > self._kept:
            del self._lost[next(iter(self._lost))]
        for each in hits:
            self._link(each)

    def _forget_sites(self, connection_id: int) -> None:
        gone = [name for name, site in self._sites.items() if site.connection_id == connection_id]
        for name in gone:
            del self._sites[name]

    def _frame_dropped(self, event: FrameDropped) -> None:
        text = event.text + (f" ({event.count} so far)" if event.count > 1 else "")
        self.add(Kind.FRAME, event.at, text, Situation.FRAME, connection_id=event.connection_id, row=event.row)


def _mark(failure: Failure) -> tuple[object, ...]:
    """Return what tells a failure from all others, whoever numbers them."""
    return failure.at, failure.kind, failure.connection_id, failure.context_id


def _code_in(text: str) -> int | None:
    """Return the status code that a connection ended with: its event carries words alone."""
    found = re.search(r"\(code (\d+)\)", text)
    return int(found[1]) if found else None
