"""The life of one context as a table: what may happen in which phase, and what phase follows.

Everything we send and everything that comes is a ``Step``.  Steps of ours that the table does not know raise
``WrongState``; steps of the service that it does not know are counted and change nothing, because a service
that repeats itself must not cost an utterance.  Sections are those of protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from voxpool.events import SlotState
from voxpool.protocol.status import Code


class Step(Enum):
    """One thing that happens to a context."""

    TEXT = "text"
    FLUSH = "flush"
    CLOSE = "close"
    CANCEL = "cancel"
    CREATED = "contextCreated"
    AUDIO = "audioChunk"
    FLUSHED = "flushCompleted"
    UPDATED = "contextUpdated"
    ENDED = "contextClosed"
    REFUSED = "a status that leaves the context open"
    BROKE = "a status or defect after which the context is of no use, but may still be held by the service"
    GONE = "a status after which the service holds no such context"
    LOST = "the end of the connection"

    # Enum hashes by the name, in Python; members are singletons, and the table is looked up for every step.
    __hash__ = object.__hash__


OURS: Final = frozenset({Step.TEXT, Step.FLUSH, Step.CLOSE, Step.CANCEL})
"""Steps that we take; the others are taken by the service or the network."""


class Phase(Enum):
    """Where a context is.  Because frames are pipelined (section 1), what was sent and what came are both in it."""

    CREATING = "create sent"
    CREATING_TEXT = "create and text sent"
    CREATING_LAST = "create, text and close sent"
    CREATING_BARE = "create and close sent, no text"
    OPEN = "created, nothing to say yet"
    AWAITING = "text sent, no audio yet"
    SPEAKING = "audio came, more text may follow"
    FINISHING = "text and close sent, no audio yet"
    DRAINING = "close sent, audio came"
    CLOSING = "close sent, nothing to say"
    CANCELLED = "cancel sent"
    CANCELLED_CLOSING = "cancel and close sent, in whatever order"
    BROKEN = "of no use; close it"
    BROKEN_CLOSING = "of no use; close or cancel sent"
    DONE = "the service let go of it"
    FAILED = "over, and not as it should be"

    __hash__ = object.__hash__

    @property
    def over(self) -> bool:
        """Whether nothing follows."""
        return self in (Phase.DONE, Phase.FAILED)


SLOT_STATES: Final[dict[Phase, SlotState]] = {
    Phase.CREATING: SlotState.CREATING,
    Phase.CREATING_TEXT: SlotState.CREATING,
    Phase.CREATING_LAST: SlotState.CREATING,
    Phase.CREATING_BARE: SlotState.CREATING,
    Phase.OPEN: SlotState.OPEN,
    Phase.AWAITING: SlotState.GENERATING,
    Phase.SPEAKING: SlotState.GENERATING,
    Phase.FINISHING: SlotState.GENERATING,
    Phase.DRAINING: SlotState.DRAINING,
    Phase.CLOSING: SlotState.CLOSING,
    Phase.CANCELLED: SlotState.CLOSING,
    Phase.CANCELLED_CLOSING: SlotState.CLOSING,
    Phase.BROKEN: SlotState.CLOSING,
    Phase.BROKEN_CLOSING: SlotState.CLOSING,
    Phase.DONE: SlotState.EMPTY,
    Phase.FAILED: SlotState.FAILED,
}
"""How the grid sees a phase (see ``SlotState``)."""

HEARING: Final = frozenset({Phase.SPEAKING, Phase.DRAINING})
"""Phases in which audio is expected and changes nothing."""

DEAF: Final = frozenset({Phase.CANCELLED, Phase.CANCELLED_CLOSING, Phase.BROKEN, Phase.BROKEN_CLOSING})
"""Phases in which late audio and late times reach nobody (section 5.7, number 5; section 13, number 10)."""

_STAYS: Final[Mapping[Step, None]] = {Step.FLUSHED: None, Step.UPDATED: None, Step.REFUSED: None}
_FAILS: Final[Mapping[Step, Phase]] = {Step.GONE: Phase.FAILED, Step.LOST: Phase.FAILED}
_UNASKED: Final[Mapping[Step, Phase]] = {Step.ENDED: Phase.FAILED}
"""A ``contextClosed`` that nobody asked for: whatever was buffered is lost."""


def _row(phase: Phase, *parts: Mapping[Step, Phase | None], **steps: Phase) -> dict[Step, Phase]:
    row = {step: target or phase for part in parts for step, target in part.items()}
    return row | {Step[name]: target for name, target in steps.items()}


TABLE: Final[dict[Phase, dict[Step, Phase]]] = {
    # Before it is confirmed, any status means that there is no such context and comes here as GONE.
    # Audio before contextCreated confirms it.
    Phase.CREATING: _row(
        Phase.CREATING,
        _FAILS,
        _UNASKED,
        TEXT=Phase.CREATING_TEXT,
        FLUSH=Phase.CREATING,
        CLOSE=Phase.CREATING_BARE,
        CANCEL=Phase.CANCELLED,
        CREATED=Phase.OPEN,
        BROKE=Phase.BROKEN,
    ),
    Phase.CREATING_TEXT: _row(
        Phase.CREATING_TEXT,
        _FAILS,
        _UNASKED,
        TEXT=Phase.CREATING_TEXT,
        FLUSH=Phase.CREATING_TEXT,
        CLOSE=Phase.CREATING_LAST,
        CANCEL=Phase.CANCELLED,
        CREATED=Phase.AWAITING,
        AUDIO=Phase.SPEAKING,
        BROKE=Phase.BROKEN,
    ),
    Phase.CREATING_LAST: _row(
        Phase.CREATING_LAST,
        _FAILS,
        CANCEL=Phase.CANCELLED_CLOSING,
        CREATED=Phase.FINISHING,
        AUDIO=Phase.DRAINING,
        ENDED=Phase.DONE,
        BROKE=Phase.BROKEN_CLOSING,
    ),
    Phase.CREATING_BARE: _row(
        Phase.CREATING_BARE,
        _FAILS,
        CANCEL=Phase.CANCELLED_CLOSING,
        CREATED=Phase.CLOSING,
        ENDED=Phase.DONE,
        BROKE=Phase.BROKEN_CLOSING,
    ),
    Phase.OPEN: _row(
        Phase.OPEN,
        _STAYS,
        _FAILS,
        _UNASKED,
        TEXT=Phase.AWAITING,
        FLUSH=Phase.OPEN,
        CLOSE=Phase.CLOSING,
        CANCEL=Phase.CANCELLED,
        BROKE=Phase.BROKEN,
    ),
    Phase.AWAITING: _row(
        Phase.AWAITING,
        _STAYS,
        _FAILS,
        _UNASKED,
        TEXT=Phase.AWAITING,
        FLUSH=Phase.AWAITING,
        CLOSE=Phase.FINISHING,
        CANCEL=Phase.CANCELLED,
        AUDIO=Phase.SPEAKING,
        BROKE=Phase.BROKEN,
    ),
    Phase.SPEAKING: _row(
        Phase.SPEAKING,
        _STAYS,
        _FAILS,
        _UNASKED,
        TEXT=Phase.SPEAKING,
        FLUSH=Phase.SPEAKING,
        CLOSE=Phase.DRAINING,
        CANCEL=Phase.CANCELLED,
        AUDIO=Phase.SPEAKING,
        BROKE=Phase.BROKEN,
    ),
    Phase.FINISHING: _row(
        Phase.FINISHING,
        _STAYS,
        _FAILS,
        CANCEL=Phase.CANCELLED_CLOSING,
        AUDIO=Phase.DRAINING,
        ENDED=Phase.DONE,
        BROKE=Phase.BROKEN_CLOSING,
    ),
    Phase.DRAINING: _row(
        Phase.DRAINING,
        _STAYS,
        _FAILS,
        CANCEL=Phase.CANCELLED_CLOSING,
        AUDIO=Phase.DRAINING,
        ENDED=Phase.DONE,
        BROKE=Phase.BROKEN_CLOSING,
    ),
    # Nothing was left to say, so a context that is not found any more is simply done.
    Phase.CLOSING: _row(
        Phase.CLOSING,
        _STAYS,
        CANCEL=Phase.CANCELLED_CLOSING,
        ENDED=Phase.DONE,
        GONE=Phase.DONE,
        LOST=Phase.DONE,
        BROKE=Phase.BROKEN_CLOSING,
    ),
    Phase.CANCELLED: _row(
        Phase.CANCELLED,
        _STAYS,
        CLOSE=Phase.CANCELLED_CLOSING,
        CREATED=Phase.CANCELLED,
        AUDIO=Phase.CANCELLED,
        ENDED=Phase.DONE,
        GONE=Phase.DONE,
        LOST=Phase.DONE,
        BROKE=Phase.CANCELLED,
    ),
    Phase.CANCELLED_CLOSING: _row(
        Phase.CANCELLED_CLOSING,
        _STAYS,
        CREATED=Phase.CANCELLED_CLOSING,
        AUDIO=Phase.CANCELLED_CLOSING,
        ENDED=Phase.DONE,
        GONE=Phase.DONE,
        LOST=Phase.DONE,
        BROKE=Phase.CANCELLED_CLOSING,
    ),
    Phase.BROKEN: _row(
        Phase.BROKEN,
        _STAYS,
        _FAILS,
        _UNASKED,
        CLOSE=Phase.BROKEN_CLOSING,
        CANCEL=Phase.BROKEN_CLOSING,
        CREATED=Phase.BROKEN,
        AUDIO=Phase.BROKEN,
        BROKE=Phase.BROKEN,
    ),
    # A close sent before it broke may never be answered; a cancel makes the service say whether it still holds it.
    Phase.BROKEN_CLOSING: _row(
        Phase.BROKEN_CLOSING,
        _STAYS,
        _FAILS,
        _UNASKED,
        CANCEL=Phase.CANCELLED_CLOSING,
        CREATED=Phase.BROKEN_CLOSING,
        AUDIO=Phase.BROKEN_CLOSING,
        BROKE=Phase.BROKEN_CLOSING,
    ),
    Phase.DONE: {},
    Phase.FAILED: {},
}
"""Phase by phase, what may happen and what follows."""


def meaning(code: int, *, confirmed: bool) -> Step:
    """Say what a status does to a context (section 9).

    Codes 5 and 8 end it without a ``contextClosed``, and so does anything that comes instead of
    ``contextCreated``.  Code 3 refuses one message, for instance too long a text, and code 12 a cancel that is
    not known.  After any other the service may still hold the context, though it is of no more use.
    """
    if not confirmed or code in (Code.NOT_FOUND, Code.RESOURCE_EXHAUSTED):
        return Step.GONE
    if code in (Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED):
        return Step.REFUSED
    return Step.BROKE
