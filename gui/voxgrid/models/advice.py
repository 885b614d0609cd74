"""What to do about an error: one sentence for each status code and each kind of trouble, and errors in groups."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from voxgrid.models.wording import CODE_WORDS
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
    ("lost", "The connection broke under it. What was not heard yet is tried again; audio is never repeated."),
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
    """Return an error in a line, without what differs from one occurrence to the next."""
    text = re.sub(r"\(code \d+\)", "", error)
    text = re.sub(r"\b\d+(\.\d+)?\b", "…", text) if code is None else text
    text = text.strip().rstrip(".") or CODE_WORDS.get(code or 0, "failed")
    return f"{text[:1].upper()}{text[1:]}" + (f" (code {code})" if code is not None else "")


@dataclass(slots=True)
class ErrorGroup:
    """Errors of one kind.

    Attributes:
        title: What they have in common.
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

    def __repr__(self) -> str:
        return f"<ErrorLedger {sum(group.count for group in self._groups.values())} in {len(self._groups)} groups>"

    @property
    def groups(self) -> tuple[ErrorGroup, ...]:
        """Groups, the most frequent first."""
        return tuple(sorted(self._groups.values(), key=lambda group: (-group.count, -group.last_at)))

    def fold(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, UtteranceRetried):
            self._add(event.at, event.utterance_id, event.code, event.error).retried += 1
        elif isinstance(event, UtteranceEnded) and event.outcome is Outcome.FAILED:
            self._add(event.at, event.utterance_id, event.code, event.error)

    def _add(self, at: float, utterance_id: int, code: int | None, error: str) -> ErrorGroup:
        title = error_title(code, error)
        group = self._groups.get(title)
        if group is None:
            group = self._groups[title] = ErrorGroup(title, code, advice(code, error))
            if len(self._groups) > GROUPS_KEPT:
                del self._groups[min(self._groups, key=lambda name: self._groups[name].last_at)]
                self._groups[title] = group
        group.count += 1
        group.last_at = at
        group.utterances = [*group.utterances[-19:], utterance_id]
        self.changed = True
        return group
