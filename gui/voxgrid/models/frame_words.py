"""A frame as the table and a screen reader say it."""

from __future__ import annotations

from typing import Final

from voxgrid.models.wording import count, millis
from voxpool.frames.record import KIND_MEANINGS, FrameKind, FrameRecord, kilobytes, short_context

ARROWS: Final = {"in": "↓", "out": "↑"}
_WAYS: Final = {"in": "from the service", "out": "to the service"}


def moment(record: FrameRecord, began_at: float) -> str:
    """Return when it came, in seconds since the first frame: ``"12.345"``."""
    return f"{record.at - began_at:.3f}"


def delta(record: FrameRecord, before: FrameRecord | None) -> str:
    """Return the time since the row above: ``"+120 ms"``; "" for the first."""
    return "" if before is None else f"+{millis((record.at - before.at) * 1000)}"


def context_words(record: FrameRecord, utterance_id: int) -> str:
    """Return the context's column: ``"12-1"``, and whose it is where that does not tell."""
    if not record.context_id:
        return ""
    short = short_context(record.context_id)
    tells = short.split("-")[0].lstrip("0") == str(utterance_id)
    return f"{short} · #{utterance_id}" if utterance_id and not tells else short


def sentence(record: FrameRecord, began_at: float, utterance_id: int) -> str:
    """Return a row for a screen reader."""
    whose = f", context {record.context_id}" if record.context_id else ""
    utterance = f" of utterance {utterance_id}" if utterance_id else ""
    return (
        f"{record.kind} {_WAYS[record.direction]}: {record.summary or KIND_MEANINGS[record.kind]}; "
        f"connection id {record.connection_id}{whose}{utterance}, at {moment(record, began_at)} seconds"
    )


def facts(record: FrameRecord, began_at: float) -> str:
    """Return one line about a frame above its JSON."""
    parts = [
        f"{ARROWS[record.direction]} {record.kind}",
        f"at {moment(record, began_at)} s",
        f"connection id {record.connection_id}",
    ]
    if record.context_id:
        parts.append(f"context {record.context_id}")
    if record.gap_ms is not None:
        parts.append(f"{millis(record.gap_ms)} after the one before")
    parts.append(kilobytes(record.size))
    return " · ".join(parts)


def brief(record: FrameRecord, began_at: float) -> str:
    """Return what tells a frame from another, for the head of a difference."""
    whose = f" · context {short_context(record.context_id)}" if record.context_id else ""
    arrow = ARROWS[record.direction]
    return f"{arrow} {record.kind} at {moment(record, began_at)} s · connection id {record.connection_id}{whose}"


APART: Final = "No frames: a run in a process of its own keeps them to itself. Run it in this window to see them."
PAST: Final = "No frames were recorded around this moment"
NONE_OF: Final = "No frames of this {}"


def listed(shown: int, kept: int, forgotten: int, most: int, *, progress: float = 1.0, why: str = "") -> str:
    """Return how many frames are listed, of how many.

    Args:
        shown: Rows.
        kept: Frames in the store.
        forgotten: Frames that were let go.
        most: Rows that the list holds at most.
        progress: How much was looked through, 0 to 1.
        why: Why there are none of what is looked at, where there is more to say than that none came yet.
    """
    if progress < 1:
        return f"Looking through {count(kept)} frames: {progress:.0%}"
    if not shown and why:
        return why
    if not kept:
        return "No frames yet"
    if shown >= most:
        text = f"The newest {count(shown)} of {count(kept)} frames"
    elif shown == kept:
        text = "One frame" if kept == 1 else f"{count(kept)} frames"
    else:
        text = f"{count(shown)} of {count(kept)} frames"
    return text + (f"; {count(forgotten)} older ones were let go" if forgotten else "")


def below(number: int) -> str:
    """Return the pill of a list that was scrolled up: ``"12 new frames below"``."""
    return f"{count(number)} new frame{'' if number == 1 else 's'} below"


def tone(record: FrameRecord) -> str:
    """Return the name of the colour token in which a frame's kind is written."""
    if record.kind in (FrameKind.ERROR, FrameKind.BROKEN) or (record.code or 0) > 0:
        return "failed"
    if record.kind in (FrameKind.AUDIO, FrameKind.TIMES):
        return "generating"
    if record.kind in (FrameKind.CREATE, FrameKind.CREATED):
        return "creating"
    if record.kind in (FrameKind.CLOSE, FrameKind.CLOSED, FrameKind.CANCEL):
        return "closing"
    if record.kind is FrameKind.OTHER:
        return "zombie"
    return "open"
