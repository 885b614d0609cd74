"""Failures as words: for the dock, for a screen reader, and as a report that is safe to post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from voxgrid.models.failure_book import FailureBook
from voxgrid.models.failures import Failure, Group, Kind, Sequel
from voxgrid.models.wording import STATE_MEANINGS, STATE_WORDS, age, age_words, count, millis, sentence_case
from voxpool.events import Outcome
from voxpool.knowledge import UNKNOWN
from voxpool.protocol.status import is_retryable
from voxpool.scrub import scrub

_MANY: Final = 6


def plural(number: int, word: str) -> str:
    """Return ``"1 context"``, ``"1,204 contexts"``."""
    return f"{count(number)} {word}" + ("" if number == 1 else "s")


def clock_time(at: float, offset_s: float) -> str:
    """Return a moment as the time of day.

    Args:
        at: Monotonic seconds.
        offset_s: Wall clock minus monotonic clock, in seconds.
    """
    return datetime.fromtimestamp(at + offset_s).astimezone().strftime("%H:%M:%S.%f")[:-3]


def where_words(failure: Failure) -> str:
    """Return where it happened, with every id."""
    parts = []
    if failure.row >= 0:
        slot = f", slot {failure.column + 1}" if failure.column >= 0 else ""
        parts.append(f"Connection {failure.row + 1}{slot}")
    else:
        parts.append("In the queue" if failure.kind is Kind.QUEUE else "Voxgrid")
    if failure.connection_id:
        parts.append(f"connection id {failure.connection_id}")
    if failure.context_id:
        parts.append(f"context {failure.context_id}")
    if failure.utterance_id:
        attempt = f", attempt {failure.attempt}" if failure.attempt else ""
        parts.append(f"utterance #{failure.utterance_id}{attempt}")
    return " · ".join(parts)


def state_words(failure: Failure) -> str:
    """Return in which state it was, and what had been heard."""
    said = []
    if failure.state is not None:
        meaning = STATE_MEANINGS[failure.state]
        said.append(f"It was {STATE_WORDS[failure.state]} for {millis(failure.state_s * 1000)} ({meaning}).")
    elif failure.kind is Kind.QUEUE:
        said.append("It had no slot yet.")
    if failure.sequel is not None:
        said.append(
            f"{failure.heard_s:.2f} s of audio had been heard." if failure.heard_s else "Nothing had been heard."
        )
    return " ".join(said)


def whom_words(failure: Failure, book: FailureBook) -> str:
    """Return whom else it hit."""
    if failure.kind is Kind.CONNECTION:
        return blast_words(failure, book)
    if failure.kind is Kind.APP:
        return "Nothing that is spoken: the pool does not depend on the window."
    lost = book.get(failure.cause)
    if lost is not None:
        others = len(lost.hits) - 1
        with_it = f"with {plural(others, 'other context')}" if others else "and nothing else"
        return f"It is a part of the loss of connection {lost.row + 1} (id {lost.connection_id}), {with_it}."
    near = [each for each in book.of_group(failure.fingerprint) if abs(each.at - failure.at) <= 1.0]
    cells = {(each.row, each.column) for each in near}
    if len(near) <= 1:
        return "Nobody else at that time."
    return f"Within a second the same hit {plural(len(near) - 1, 'other')}, in {plural(len(cells), 'place')}."


def blast_words(failure: Failure, book: FailureBook) -> str:
    """Return the blast radius of a lost connection: who died, what became of them, what was heard."""
    hits = [each for number in failure.hits if (each := book.get(number)) is not None]
    if not hits:
        rest = f"; {plural(failure.quiet, 'context')} that had ended went with it" if failure.quiet else ""
        return f"No utterance was on it{rest}."
    retried = sum(each.sequel is not None and each.sequel.retried for each in hits)
    spoken = sum(each.sequel is not None and each.sequel.recovered for each in hits)
    broken = sum(each.heard_s > 0 for each in hits)
    said = [f"{plural(len(hits), 'context')} died with it."]
    if retried:
        said.append(f"{retried} tried again ({spoken} spoken so far).")
    if len(hits) > retried:
        said.append(f"{len(hits) - retried} given up.")
    if broken:
        said.append(f"{plural(broken, 'listener')} heard the speech break off.")
    elif len(hits) == retried:
        said.append("Listeners heard nothing twice and no break, only a later beginning.")
    if failure.quiet:
        said.append(f"{plural(failure.quiet, 'context')} that had ended went with it.")
    return " ".join(said)


def hit_words(failure: Failure, book: FailureBook) -> list[str]:
    """Return a line for each context that a lost connection took with it."""
    lines = []
    for number in failure.hits[:_MANY]:
        each = book.get(number)
        if each is not None:
            heard = f"heard {each.heard_s:.2f} s, then silence" if each.heard_s else "nothing heard yet"
            lines.append(f"slot {each.column + 1} · #{each.utterance_id} · {heard} · {brief_sequel(each.sequel)}")
    if len(failure.hits) > _MANY:
        lines.append(f"and {len(failure.hits) - _MANY} more")
    return lines


def brief_sequel(sequel: Sequel | None) -> str:
    """Return what followed in a few words."""
    if sequel is None:
        return ""
    if not sequel.retried:
        return "given up"
    if sequel.failed_again:
        return "tried again, failed again"
    if sequel.outcome is Outcome.DONE:
        return f"spoken on {sequel.row + 1}·{sequel.column + 1}"
    if sequel.outcome is Outcome.CANCELLED:
        return "cancelled"
    return f"tried again on {sequel.row + 1}·{sequel.column + 1}" if sequel.granted_at is not None else "waits again"


def then_words(failure: Failure) -> str:
    """Return what the pool did next: tried again or not, where, with what result, how long later."""
    if failure.kind is Kind.CONNECTION:
        return "The pool replaces the connection when it is needed."
    if failure.kind is Kind.FRAME:
        return "The pool dropped the frame and went on."
    if failure.kind is Kind.SLOT:
        return "The pool replaces the connection to be rid of the slot."
    if failure.kind is Kind.APP:
        return "The window goes on; what it was doing just then is left undone."
    sequel = failure.sequel
    if sequel is None:
        return ""
    if not sequel.retried:
        return _why_not_again(failure, sequel)
    if sequel.granted_at is None:
        wait = f"The pool tries again after a pause of {millis(sequel.delay_ms)}"
        return f"{wait}." if sequel.outcome is None else f"{wait}, but it got no slot: {_result(failure, sequel)}."
    where = f"connection {sequel.row + 1}, slot {sequel.column + 1}"
    later = millis((sequel.granted_at - failure.at) * 1000)
    return f"The pool tried again {later} later on {where} ({sequel.context_id}); {_result(failure, sequel)}."


def _result(failure: Failure, sequel: Sequel) -> str:
    if sequel.failed_again:
        return "that failed too"
    if sequel.outcome is Outcome.FAILED:
        return "it failed in the end"
    if sequel.outcome is Outcome.CANCELLED:
        return "then the caller cancelled it"
    heard = f"heard {millis((sequel.heard_at - failure.at) * 1000)} after the failure" if sequel.heard_at else ""
    if sequel.outcome is Outcome.DONE:
        return f"{heard}, spoken to its end" if heard else "spoken to its end"
    return heard or "it is under way"


def _why_not_again(failure: Failure, sequel: Sequel) -> str:
    if failure.heard_s:
        why = "its beginning had been heard, and would have been heard twice"
    elif sequel.attempts > 1:
        why = f"it had had {sequel.attempts} attempts"
    elif failure.code is not None and not is_retryable(failure.code):
        why = "the same would happen again"
    else:
        why = "the time for it was over, or the caller wished no other attempt"
    return f"The pool did not try again: {why}."


def group_line(group: Group, now: float) -> str:
    """Return the second line of a group: how many cells, when."""
    cells = plural(len(group.cells), "cell") if group.cells else "no cell"
    if group.count == 1:
        return f"{cells} · {age(now - group.last_at)} ago"
    return f"{cells} · last {age(now - group.last_at)}, first {age(now - group.first_at)} ago"


def group_sentence(group: Group, now: float) -> str:
    """Return everything about a group, for a screen reader."""
    recovered = f"; {group.retried} tried again, {group.recovered} spoken in the end" if group.retried else ""
    places = f" in {plural(len(group.cells), 'place')}" if group.cells else ""
    return (
        f"{plural(group.count, 'time')}: {group.title}{places}, the last one {age_words(now - group.last_at)} ago"
        f"{recovered}. {group.entry.title}. {group.entry.remedy}"
    )


def failure_line(failure: Failure, offset_s: float) -> str:
    """Return a failure in a line: when, where, whose, what followed."""
    place = f"{failure.row + 1}·{failure.column + 1}" if failure.column >= 0 else ""
    if failure.row >= 0 and failure.column < 0:
        place = f"row {failure.row + 1}"
    whose = f"#{failure.utterance_id}" if failure.utterance_id else ""
    followed = brief_sequel(failure.sequel)
    if failure.kind is Kind.CONNECTION:
        followed = f"{plural(len(failure.hits), 'context')} died" if failure.hits else "nobody was on it"
    parts = (clock_time(failure.at, offset_s), place, whose, followed)
    return "  ".join(part for part in parts if part)


def failure_sentence(failure: Failure, book: FailureBook, now: float) -> str:
    """Return everything about a failure, for a screen reader."""
    parts = (
        f"{failure.title}, {failure.place}, {age_words(now - failure.at)} ago.",
        state_words(failure),
        whom_words(failure, book),
        then_words(failure),
        failure.entry.remedy,
    )
    return " ".join(part for part in parts if part)


def report(failure: Failure, book: FailureBook, offset_s: float, frames: Sequence[str] = ()) -> str:
    """Return a failure as a text that is safe to post: ids and times, no keys.

    Args:
        failure: Which one.
        book: Where it stands.
        offset_s: Wall clock minus monotonic clock, in seconds.
        frames: The frames around it, a line each.
    """
    entry = failure.entry
    lines = [
        failure.title,
        f"where:  {where_words(failure)}",
        f"when:   {clock_time(failure.at, offset_s)}",
        f"state:  {state_words(failure)}",
        f"whom:   {whom_words(failure, book)}",
        *(f"        {line}" for line in hit_words(failure, book)),
        f"then:   {then_words(failure)}",
        f"why:    {entry.title}. {entry.cause}" + ("" if entry is UNKNOWN else f" ({entry.where})"),
        f"do:     {entry.remedy}",
    ]
    if frames:
        lines += ["frames:", *(f"        {frame}" for frame in frames)]
    if failure.details:
        lines += ["details:", failure.details.rstrip()]
    return scrub("\n".join(lines)) + "\n"


def announcement(fresh: Sequence[Failure]) -> str:
    """Return new failures as one polite sentence for a screen reader, or ""."""
    if not fresh:
        return ""
    first = fresh[0]
    more = f", and {plural(len(fresh) - 1, 'more error')}" if len(fresh) > 1 else ""
    return f"Error: {sentence_case(first.title)}, {first.place}{more}."
