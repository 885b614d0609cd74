"""A life as lines of a waterfall: pure arithmetic on moments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from voxgrid.models.conversation import NOTHING, Conversation
from voxgrid.models.stages import Attempt, Life, StageRow
from voxgrid.models.wording import millis, without_id
from voxpool.events import Outcome, SlotState

REUSED_BELOW_S: Final = 0.001
"""A connection that took less than this was open already."""
_NO_TALKS: Final[Mapping[str, Conversation]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Span:
    name: str
    start: float | None
    end: float | None
    state: SlotState
    note: str = ""
    # When the stage was cut short: drawn up to here although its own end never came.
    cut: float | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One attempt of a life.

    Attributes:
        number: 1 for the first.
        of: How many attempts there are by now.
        context_id: Id on the wire; "" while it only waits.
        connection_id: Serial number of its connection, or 0.
        row: Grid row, or -1.
        column: Grid column, or -1.
        link: What it has to do with the attempt before, or "".
        error: Why it failed, or "".
        stages: Its lines.
        total_s: Length of the whole life, the same for all its sections.
        frames: Frames that are kept of it.
    """

    number: int
    of: int
    context_id: str
    connection_id: int
    row: int
    column: int
    link: str
    error: str
    stages: tuple[StageRow, ...]
    total_s: float
    frames: int = 0


def sections(life: Life, now: float, talks: Mapping[str, Conversation] = _NO_TALKS) -> tuple[Section, ...]:
    """Return the attempts of a life, each with its stages.

    Args:
        life: The utterance.
        now: Monotonic seconds, where stages that still last end.
        talks: What the frames of its contexts say, by context id.
    """
    if not life.attempts:
        rows = waterfall(life, now)
        return (Section(1, 1, "", 0, -1, -1, "", "", rows, _total((rows,))),)
    lines = [
        tuple(_rows(_spans(life, attempt, "", talks.get(attempt.context_id, NOTHING)), life, now))
        for attempt in life.attempts
    ]
    total_s, of = _total(lines), len(life.attempts)
    made = []
    for place, (attempt, rows) in enumerate(zip(life.attempts, lines, strict=True)):
        before = life.attempts[place - 1] if place else None
        frames = talks.get(attempt.context_id, NOTHING).frames
        made.append(
            Section(
                attempt.number,
                of,
                attempt.context_id,
                attempt.connection_id,
                attempt.row,
                attempt.column,
                _link(before, attempt),
                without_id(attempt.error),
                rows,
                total_s,
                frames,
            )
        )
    return tuple(made)


def _total(lines: Iterable[tuple[StageRow, ...]]) -> float:
    return max((row.end_s for rows in lines for row in rows), default=0.0) or 1e-3


def _link(before: Attempt | None, attempt: Attempt) -> str:
    if before is None:
        return ""
    code = f" with code {before.code}" if before.code is not None else ""
    failed_at = before.ended_at if before.ended_at is not None else before.freed_at
    later = f", {millis((attempt.granted_at - failed_at) * 1000)} later" if failed_at is not None else ""
    return f"because attempt {before.number} failed{code}{later}"


def waterfall(life: Life, now: float) -> tuple[StageRow, ...]:
    """Return the stages of a life.

    Args:
        life: The utterance.
        now: Monotonic seconds, where stages that still last end.

    Returns:
        Queued, connect, create, first audio, audio, slot release for each attempt; only stages that began.
    """
    rows: list[StageRow] = []
    several = len(life.attempts) > 1
    if not life.attempts:
        rows += _rows([_Span("queued", life.requested_at, life.ended_at, SlotState.RESERVED)], life, now)
    for attempt in life.attempts:
        rows += _rows(_spans(life, attempt, f"{attempt.number}: " if several else ""), life, now)
    return tuple(rows)


def _spans(life: Life, attempt: Attempt, prefix: str, talk: Conversation = NOTHING) -> Iterator[_Span]:
    over = attempt.ended_at if attempt.ended_at is not None else attempt.freed_at
    waited_from = life.requested_at if attempt.number == 1 else attempt.waited_from
    yield _Span(f"{prefix}queued", waited_from, attempt.granted_at, SlotState.RESERVED)
    connected = attempt.creating_at
    reused = connected is not None and connected - attempt.granted_at < REUSED_BELOW_S
    note = "reused" if reused else ""
    yield _Span(f"{prefix}connect", attempt.granted_at, connected, SlotState.CREATING, note, over)
    yield _Span(f"{prefix}create", attempt.creating_at, attempt.confirmed_at, SlotState.CREATING, cut=over)
    if talk.first_text_at is not None:
        yield _Span(f"{prefix}first text", attempt.creating_at, talk.first_text_at, SlotState.OPEN)
    # Text is pipelined behind create, so the wait for audio begins where the pool began to count.
    begun = attempt.creating_at if attempt.creating_at is not None else attempt.confirmed_at
    if attempt.first_audio_at is not None and attempt.ttfa_ms is not None:
        begun = attempt.first_audio_at - attempt.ttfa_ms / 1000
    yield _Span(f"{prefix}first audio", begun, attempt.first_audio_at, SlotState.OPEN, cut=over)
    yield _Span(f"{prefix}audio", attempt.first_audio_at, attempt.ended_at, SlotState.GENERATING)
    if talk.close_at is not None:
        closed_at = talk.closed_at if talk.closed_at is not None else attempt.freed_at
        yield _Span(f"{prefix}close", talk.close_at, closed_at, SlotState.DRAINING)
    yield _release(attempt, prefix)


def _release(attempt: Attempt, prefix: str) -> _Span:
    zombie = attempt.zombie_at is not None
    state = SlotState.ZOMBIE if zombie else SlotState.CLOSING
    if attempt.error:
        state = SlotState.FAILED
    note = f"code {attempt.code}" if attempt.code is not None else "zombie" if zombie else ""
    return _Span(f"{prefix}slot free", attempt.ended_at, attempt.freed_at, state, note)


def _rows(spans: Iterator[_Span] | list[_Span], life: Life, now: float) -> Iterator[StageRow]:
    for span in spans:
        if span.start is None:
            continue
        end = span.end if span.end is not None else span.cut
        running = end is None
        note = span.note or ("cut short" if span.end is None and not running else "")
        yield StageRow(
            span.name,
            max(0.0, span.start - life.requested_at),
            max(0.0, max(span.start, now if end is None else end) - life.requested_at),
            running,
            span.state,
            note,
        )


def headline(life: Life) -> str:
    """Return in a few words how an utterance stands."""
    if life.outcome is Outcome.FAILED:
        return f"failed (code {life.code})" if life.code is not None else "failed"
    if life.outcome is not None:
        return life.outcome.value
    if not life.attempts:
        return "waiting"
    return "speaking" if life.attempts[-1].first_audio_at is not None else "starting"
