"""What to do about an error: one sentence for each status code and each kind of trouble, and errors in groups."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from voxgrid.models.wording import CODE_WORDS, sentence_case
from voxpool.events import Event, Outcome, UtteranceEnded, UtteranceRetried

_BY_CODE: Final[dict[int, str]] = {
    3: "A setting or the text was refused: compare voice, model and settings with the service's documentation.",
    4: "The service ran out of time; the pool tries again elsewhere. If it lasts, lower the concurrency.",
    5: "The server no longer knew the context, or has no such voice: check the voice's name.",
    7: "The key was refused: check it in the endpoint settings (Ctrl+E).",
    8: "A limit was reached: the server may still count contexts closed a moment ago. Lower the concurrency or wait.",
    10: "The connection was idle for ten minutes and was paused; the next utterance opens another.",
    13: "The service failed inside; the pool tries again. If it lasts, ask the provider and name the context's id.",
    14: "The service is not available; the pool tries again. Check the provider's status page if it lasts.",
    16: "No key was sent: give one in the endpoint settings (Ctrl+E).",
}
_BY_WORD: Final = (
    ("lost", "The connection broke. An attempt without audio is made again; what was heard is never repeated."),
    ("no context within", "The queue was longer than the timeout: fire fewer at once, or allow more connections."),
    ("no audio within", "The context was confirmed and then stayed silent: the server is overloaded or has lost it."),
    ("audio stopped", "The stream broke off in the middle; what was heard is kept."),
    ("no connection", "Check that the server runs and that the network lets WebSockets through."),
    ("cannot connect", "Check that the server runs and that the network lets WebSockets through."),
    ("not read in time", "Whoever reads this audio is too slow; the pool gave it up to protect the others."),
)
GROUPS_KEPT: Final = 100


def advice(code: int | None, error: str) -> str:
    """Return what to do about an error, or ""."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    lowered = error.lower()
    return next((text for word, text in _BY_WORD if word in lowered), "")


def error_title(code: int | None, error: str) -> str:
    """Return an error in a line, with its code once."""
    text = re.sub(r"\s*\(code \d+\)", "", error).strip().rstrip(".") or CODE_WORDS.get(code or 0, "failed")
    return sentence_case(text) + (f" (code {code})" if code is not None else "")


def error_kind(code: int | None, error: str) -> str:
    """Return what errors of one kind have in common: words with digits in them differ from case to case."""
    return f"{code} " + re.sub(r"\S*\d\S*", "…", error)


@dataclass(slots=True)
class ErrorGroup:
    """Errors of one kind.

    Attributes:
        title: The last one in words.
        code: Status code, or None.
        advice: What to do, or "".
        count: How many.
        retried: How many of them the pool tried again.
        last_at: When the last one happened, monotonic seconds.
        utterances: The last utterances it hit, newest last.
    """

    title: str
    code: int | None
    advice: str
    count: int = 0
    retried: int = 0
    last_at: float = 0.0
    utterances: list[int] = field(default_factory=list)


class ErrorLedger:
    """All errors, grouped.

    Attributes:
        changed: Whether anything changed since this was last cleared.
    """

    def __init__(self) -> None:
        self._groups: dict[str, ErrorGroup] = {}
        self.changed = False
        self.folds: dict[type[Event], Callable[[Any], None]] = {
            UtteranceRetried: self._retried,
            UtteranceEnded: self._ended,
        }

    def __repr__(self) -> str:
        return f"<ErrorLedger {sum(group.count for group in self._groups.values())} in {len(self._groups)} groups>"

    @property
    def groups(self) -> tuple[ErrorGroup, ...]:
        """Groups, the most frequent first."""
        return tuple(sorted(self._groups.values(), key=lambda group: (-group.count, -group.last_at)))

    def to_state(self) -> dict[str, ErrorGroup]:
        """Return everything there is to know, by kind."""
        return self._groups

    def load(self, state: dict[str, ErrorGroup]) -> None:
        """Become what a state says."""
        self._groups = state
        self.changed = True

    def fold(self, event: Event) -> None:
        """Take in one event; kinds that are no errors are ignored."""
        fold = self.folds.get(type(event))
        if fold is not None:
            fold(event)

    def _retried(self, event: UtteranceRetried) -> None:
        self._add(event.at, event.utterance_id, event.code, event.error).retried += 1

    def _ended(self, event: UtteranceEnded) -> None:
        if event.outcome is Outcome.FAILED:
            self._add(event.at, event.utterance_id, event.code, event.error)

    def _add(self, at: float, utterance_id: int, code: int | None, error: str) -> ErrorGroup:
        kind = error_kind(code, error)
        group = self._groups.get(kind)
        if group is None:
            if len(self._groups) >= GROUPS_KEPT:
                del self._groups[min(self._groups, key=lambda each: self._groups[each].last_at)]
            group = self._groups[kind] = ErrorGroup("", code, advice(code, error))
        group.title = error_title(code, error)
        group.count += 1
        group.last_at = at
        group.utterances = [*group.utterances[-19:], utterance_id]
        self.changed = True
        return group
