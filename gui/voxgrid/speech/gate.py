"""Whether something may be spoken now, and the sentence when it may not.  Decides; does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from voxgrid.notifications import Severity
from voxgrid.speech.endpoints import EndpointKind, EndpointState
from voxgrid.speech.notice import Notice

NOTHING_TO_SPEAK: Final = Notice("speak", "There is nothing to speak yet: type a sentence, then press Ctrl+Enter.")
NOTHING_TO_FIRE: Final = Notice("speak", "There is nothing to fire yet: type a sentence or choose a set of texts.")
NO_SOUND_KEPT: Final = Notice("listen", "The sound of that utterance is not kept any more.", Severity.WARNING)

_DOUBLE_CLICK_S: Final = 0.4


class DoubleClick:
    """Tells a second press on the same text from a wish to hear it twice.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Take the next press for a first one."""
        self._text = ""
        self._at = -1e9

    def is_second(self, text: str) -> bool:
        """Whether this press belongs to the one before it."""
        now = self._clock()
        again = text == self._text and now - self._at < _DOUBLE_CLICK_S
        self._text, self._at = text, now
        return again


def nothing_came(label: str) -> Notice:
    """Return that a text was spoken and made no sound; the service lets go of an emoji as of any other text."""
    return Notice("speak", f"No sound came for “{label}”: there seems to be nothing in it that can be spoken.")


def not_ready(state: EndpointState) -> Notice:
    """Return why nothing can be spoken now."""
    return Notice(
        "endpoint", state.problem or "The endpoint is not ready yet; try again in a moment.", Severity.WARNING
    )


def may_wait(state: EndpointState) -> bool:
    """Whether the endpoint may be expected to become ready by itself: the local server is always started again."""
    return not state.problem or state.choice.kind is EndpointKind.LOCAL


def waits(state: EndpointState) -> Notice:
    """Return that a text waits for the endpoint."""
    what = "the local server" if state.choice.kind is EndpointKind.LOCAL else "the endpoint"
    return Notice("speak", f"It will be spoken as soon as {what} is ready.")


def too_dear(characters: int, cap: int, state: EndpointState) -> Notice | None:
    """Return why one text may not be spoken where that costs money, or None when it may."""
    if not state.is_paid or characters <= cap:
        return None
    text = f"This text has {characters:,} characters, more than the cap of {cap:,} that you set for what costs money."
    return Notice("cost", text, Severity.WARNING, "Shorten it, or raise the cap in the endpoint settings.")
