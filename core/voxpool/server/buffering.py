"""The text buffer of one context and the rules that empty it (section 6).  Pure; time is an argument.

A buffer is told what arrives and whether a synthesis is running, and answers with the texts to speak now, each its
own synthesis.  Without auto mode a flush, the threshold, the delay timer, a close or an update empties it.  In auto
mode the server decides: text that is ready is spoken at once while nothing runs, and gathers into the next synthesis
while something does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voxpool.server.sentences import parts, sentence_end, speakable, visible_length, word_cut

Mode = Literal["manual", "segmented", "sentences"]


class UnfinishedMarkup(ValueError):
    """The context is to be closed, but its text ends in the middle of a tag (section 4.4)."""


@dataclass(frozen=True, slots=True)
class BufferRules:
    """How one context's text is buffered.

    Attributes:
        mode: ``manual``, or auto mode with the ``segmented`` or ``sentences`` strategy.
        threshold: Characters that trigger a flush, and the longest part of one (sections 5.3 and 6.2).
        delay_s: Idle time after which buffered text is flushed; 0 means never.
        cut_at_word: Whether reaching the threshold leaves an unfinished word in the buffer (section 6.2).
        auto_ignores_delay: Whether the timer is off in auto mode (section 6.3).
    """

    mode: Mode = "manual"
    threshold: int = 1000
    delay_s: float = 0.0
    cut_at_word: bool = False
    auto_ignores_delay: bool = True

    @property
    def timed(self) -> bool:
        """Whether the delay timer is in force."""
        return self.delay_s > 0 and (self.mode == "manual" or not self.auto_ignores_delay)


class TextBuffer:
    """Text that a context has received and not yet begun to speak.

    Args:
        rules: How it is emptied.
    """

    def __init__(self, rules: BufferRules) -> None:
        self._rules = rules
        self._text = ""
        self._ready = ""
        self._deadline: float | None = None

    def __repr__(self) -> str:
        return f"<TextBuffer {self._rules.mode} {self.characters} characters, due {self._deadline}>"

    @property
    def rules(self) -> BufferRules:
        """The rules in force."""
        return self._rules

    @property
    def characters(self) -> int:
        """Characters held."""
        return len(self._text) + len(self._ready)

    @property
    def deadline(self) -> float | None:
        """When ``tick`` must be called, on the clock of the ``now`` arguments; None while no timer runs."""
        return self._deadline

    def append(self, text: str, now: float, *, busy: bool) -> list[str]:
        """Add text as it is; no space is inserted (section 4.2).

        Args:
            text: The text; empty text is a keepalive and changes nothing, the timer included.
            now: The time in seconds.
            busy: Whether a synthesis of this context runs or waits.

        Returns:
            The texts to speak now, in order.
        """
        if not text:
            return []
        self._text += text
        if self._rules.timed:
            self._deadline = now + self._rules.delay_s
        if self._rules.mode == "manual":
            return self._at_threshold()
        self._gather()
        return [] if busy else self._take_ready()

    def idle(self) -> list[str]:
        """Return the texts to speak now that nothing is being spoken any more."""
        return self._take_ready()

    def flush(self) -> list[str]:
        """Return everything held, as texts to speak (``flush_context``)."""
        text = self._ready + self._text
        self._ready = self._text = ""
        self._deadline = None
        return self._split(text)

    def tick(self, now: float) -> list[str]:
        """Return the texts to speak because the delay has passed; nothing if it has not."""
        if self._deadline is None or now < self._deadline:
            return []
        return self.flush()

    def close(self) -> list[str]:
        """Return everything held, as texts to speak before the context is closed.

        Raises:
            UnfinishedMarkup: If the server was to find the sentences and a tag is still open (section 4.4).
        """
        if self._rules.mode == "sentences" and visible_length(self._text) < len(self._text):
            raise UnfinishedMarkup(self._text[visible_length(self._text) :][:40])
        return self.flush()

    def drop(self) -> int:
        """Forget everything held and return how many characters that were."""
        dropped = self.characters
        self._ready = self._text = ""
        self._deadline = None
        return dropped

    def update(self, rules: BufferRules) -> list[str]:
        """Put other rules in force and return the text to speak first, under the old ones (section 4.6)."""
        due = self.flush()
        self._rules = rules
        return due

    def _at_threshold(self) -> list[str]:
        if len(self._text) < self._rules.threshold:
            return []
        kept = ""
        if self._rules.cut_at_word:
            head = self._text.rstrip()
            cut = len(self._text) if len(head) < len(self._text) else self._text.rfind(" ") + 1
            self._text, kept = self._text[: cut or None], self._text[cut:] if cut else ""
        due = self.flush()
        self._text = kept
        return due

    def _gather(self) -> None:
        """Move what auto mode may speak from the raw text to the ready text."""
        if self._rules.mode == "segmented":
            self._ready += self._text
            self._text = ""
            return
        while (end := sentence_end(self._text)) is not None:
            self._ready += self._text[:end]
            self._text = self._text[end:]
        # The safeguard for a sentence that does not end (section 6.3).
        threshold = self._rules.threshold
        while len(self._text) > threshold and visible_length(self._text, threshold) >= threshold:
            cut = word_cut(self._text, 0, threshold)
            self._ready += self._text[:cut]
            self._text = self._text[cut:]

    def _take_ready(self) -> list[str]:
        text, self._ready = self._ready, ""
        if not self._text:
            self._deadline = None
        return self._split(text)

    def _split(self, text: str) -> list[str]:
        return [part for part in parts(text, self._rules.threshold) if speakable(part)] if text else []
