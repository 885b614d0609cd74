"""One record for each failure: what, where, when, in which state, what followed, what is known about it."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from voxgrid.models.wording import CODE_WORDS, sentence_case, without_id
from voxpool.events import Outcome, SlotState
from voxpool.knowledge import Entry, Situation, explain

BUCKET_S: Final = 5.0
"""Seconds that one step of a group's sparkline stands for."""
STEPS: Final = 24
_GROUP_NUMBERS: Final = 500
_OWN_PART: Final = re.compile(r" (?:after [\d.]+ s of audio|before any audio)\b")
_LOST: Final = re.compile(r"^connection \d+ was lost: ")
_VARYING: Final = re.compile(r"[“\"'][^”\"']*[”\"']|\S*\d\S*")


class Kind(StrEnum):
    """What failed."""

    CONTEXT = "context"
    QUEUE = "queue"
    CONNECTION = "connection"
    FRAME = "frame"
    SLOT = "slot"
    APP = "app"


@dataclass(slots=True)
class Sequel:
    """What the pool did next about the utterance of a failure.

    Attributes:
        retried: Whether another attempt follows.
        delay_ms: Pause before it, in milliseconds.
        attempts: Contexts used until then.
        row, column, connection_id, context_id: Where the next attempt went; -1, 0 and "" before it has a slot.
        granted_at: When it got that slot, monotonic seconds, or None.
        heard_at: When its first audio came, monotonic seconds, or None.
        outcome: How the utterance ended, or None.
        ended_at: When, monotonic seconds, or None.
        failed_again: Number of the record of the next attempt's failure, or 0.
        audio_s: Seconds of audio that the caller got, all in all.
    """

    retried: bool
    delay_ms: float = 0.0
    attempts: int = 1
    row: int = -1
    column: int = -1
    connection_id: int = 0
    context_id: str = ""
    granted_at: float | None = None
    heard_at: float | None = None
    outcome: Outcome | None = None
    ended_at: float | None = None
    failed_again: int = 0
    audio_s: float = 0.0

    @property
    def recovered(self) -> bool:
        """Whether the utterance was spoken all the same."""
        return self.outcome is Outcome.DONE


@dataclass(eq=False, slots=True)
class Failure:
    """One failure.

    Attributes:
        number: Serial number, from 1.
        kind: What failed.
        at: When, monotonic seconds.
        text: The error in words, secrets taken out.
        code: Status code, or None.
        situation: Where in its life it was.
        connection_id: Serial number of the connection, or 0.
        row: Grid row, or -1.
        column: Grid column, or -1 for a whole connection.
        context_id: Id on the wire, or "".
        utterance_id: Whose, or 0.
        attempt: Which context of the utterance, from 1; 0 without one.
        label: A snippet of what was to be spoken.
        state: State of the slot before, or None.
        state_s: How long it had been in that state, in seconds.
        heard_s: Seconds of audio that the caller had got.
        sequel: What the pool did about the utterance, or None where there is none.
        cause: Number of the connection's failure that this one is a part of, or 0.
        hits: Numbers of the failures that this connection took with it.
        quiet: Slots that it took with it and that nobody missed: contexts that were being closed.
        details: A traceback, or "".
    """

    number: int
    kind: Kind
    at: float
    text: str
    code: int | None = None
    situation: Situation = Situation.WAITING
    connection_id: int = 0
    row: int = -1
    column: int = -1
    context_id: str = ""
    utterance_id: int = 0
    attempt: int = 0
    label: str = ""
    state: SlotState | None = None
    state_s: float = 0.0
    heard_s: float = 0.0
    sequel: Sequel | None = None
    cause: int = 0
    hits: list[int] = field(default_factory=list)
    quiet: int = 0
    details: str = ""

    @property
    def entry(self) -> Entry:
        """What is known about it."""
        return explain(self.code, self.text, self.situation)

    @property
    def fingerprint(self) -> str:
        """What failures of the same kind have in common."""
        return fingerprint(self.kind, self.code, self.text, self.entry.name)

    @property
    def title(self) -> str:
        """The error in a line, with its code once."""
        if self.kind is Kind.CONNECTION and self.situation is not Situation.CONNECTING:
            # "connection 5 was lost: cut": which one stands beside it.
            return error_title(self.code, "connection lost: " + _LOST.sub("", self.text))
        return error_title(self.code, self.text)

    @property
    def place(self) -> str:
        """Where, in words: ``"connection 10, slot 2"``."""
        if self.row < 0:
            return "in the window" if self.kind is Kind.APP else "no slot"
        return f"connection {self.row + 1}" + (f", slot {self.column + 1}" if self.column >= 0 else "")


def error_title(code: int | None, error: str) -> str:
    """Return an error in a line, with its code once."""
    text = re.sub(r"\s*\(code \d+\)", "", without_id(error)).strip().rstrip(".") or CODE_WORDS.get(code or 0, "failed")
    return sentence_case(text) + (f" (code {code})" if code is not None else "")


def without_heard(error: str) -> str:
    """Return the words of a lost connection without what one of its listeners had heard."""
    return _OWN_PART.sub("", error)


@lru_cache(maxsize=4096)
def fingerprint(kind: Kind, code: int | None, error: str, entry: str) -> str:
    """Return what failures of one kind have in common: ids, numbers and what was heard differ from case to case."""
    common = _VARYING.sub("…", without_heard(error))
    return f"{kind.value}/{'' if code is None else code}/{entry}/{common[:200]}"


@dataclass(slots=True)
class Group:
    """Failures of one kind.

    Attributes:
        fingerprint: What they have in common.
        entry: What is known about them.
        kind: What failed.
        title: The last one in words.
        code: Status code, or None.
        count: How many.
        first_at: When the first one happened, monotonic seconds.
        last_at: When the last one happened, monotonic seconds.
        cells: Slots that it hit, as (row, column); column -1 is a whole connection.
        utterances: How many utterances it hit.
        retried: How many of them the pool tried again.
        recovered: How many of those were spoken in the end.
        numbers: The newest failures, oldest first.
        steps: How many in which of the last steps of time that had any, as [step, count].
    """

    fingerprint: str
    entry: Entry
    kind: Kind
    title: str
    code: int | None
    count: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    cells: set[tuple[int, int]] = field(default_factory=set)
    utterances: int = 0
    retried: int = 0
    recovered: int = 0
    numbers: deque[int] = field(default_factory=lambda: deque(maxlen=_GROUP_NUMBERS))
    steps: deque[list[int]] = field(default_factory=lambda: deque(maxlen=STEPS))

    def add(self, failure: Failure) -> None:
        """Count one more."""
        if not self.count:
            self.first_at = failure.at
        self.count += 1
        self.last_at = failure.at
        self.title = failure.title
        self.numbers.append(failure.number)
        if failure.row >= 0:
            self.cells.add((failure.row, failure.column))
        self.utterances += failure.utterance_id > 0
        step = int(failure.at // BUCKET_S)
        if self.steps and self.steps[-1][0] == step:
            self.steps[-1][1] += 1
        else:
            self.steps.append([step, 1])

    def sparkline(self, now: float) -> tuple[int, ...]:
        """Return how many there were in each of the last steps of five seconds, oldest first."""
        last = int(now // BUCKET_S)
        counts = {step: count for step, count in self.steps}  # noqa: C416 - lists of two
        return tuple(counts.get(last - STEPS + 1 + number, 0) for number in range(STEPS))
