"""Cells and rows as sentences: for a screen reader, a tool tip, a row head."""

from __future__ import annotations

from typing import Final

from voxgrid.models.cell import CellState, Look, RowState
from voxgrid.models.wording import (
    CLOSE_WORDS,
    CONNECTION_WORDS,
    STATE_WORDS,
    age,
    age_words,
    failure,
    millis,
)
from voxpool.events import SlotState

_LOOK_WORDS: Final[dict[Look, str]] = {Look(state.value): words for state, words in STATE_WORDS.items()} | {
    Look.DONE: "done",
    Look.CANCELLED: "interrupted",
}
_WITH_WAVE: Final = frozenset({Look.GENERATING, Look.DRAINING, Look.DONE})


def shows_wave(look: Look) -> bool:
    """Whether a cell draws a waveform instead of words on its second line."""
    return look in _WITH_WAVE


def look_words(look: Look) -> str:
    """Return a look in words."""
    return _LOOK_WORDS[look]


def second_line(cell: CellState, now: float) -> str:
    """Return the words under the snippet, for cells that draw no waveform."""
    look = cell.look
    if look is Look.FAILED:
        return failure(cell.code, cell.detail)
    if look in (Look.CLOSING, Look.ZOMBIE):
        return f"{look.value} {age(now - cell.since)}"
    return "" if look is Look.EMPTY else look_words(look)


def cell_age(cell: CellState, now: float) -> str:
    """Return the age a cell shows: of its context while it lives, the audio's length once it is done."""
    if cell.look is Look.DONE:
        return f"{cell.audio_s:.0f} s" if cell.audio_s else ""
    return age(now - (cell.granted_at or cell.since)) if cell.running else ""


def cell_sentence(cell: CellState, now: float) -> str:
    """Return everything about a cell, for a screen reader."""
    parts = [f"Connection {cell.row + 1}, slot {cell.column + 1}: {look_words(cell.look)}"]
    if cell.look is Look.FAILED:
        parts.append(failure(cell.code, cell.detail))
    if cell.snippet:
        parts.append(f"“{cell.snippet}”")
    if cell.ttfa_ms is not None:
        parts.append(f"first audio after {cell.ttfa_ms:.0f} milliseconds")
    if cell.running:
        parts.append(f"{age_words(now - (cell.granted_at or cell.since))} old")
    if cell.audio_s:
        parts.append(f"{cell.audio_s:.1f} seconds of audio")
    if cell.listening:
        parts.append("you hear it")
    return ", ".join(parts)


def cell_tip(cell: CellState, now: float) -> str:
    """Return the tool tip of a cell, in lines."""
    lines = [f"Connection {cell.row + 1}, slot {cell.column + 1} · {look_words(cell.look)}"]
    if cell.utterance_id:
        lines.append(f"#{cell.utterance_id} {cell.snippet}")
        voice = f"{cell.voice} · " if cell.voice else ""
        lines.append(f"{voice}first audio {millis(cell.ttfa_ms)} · audio {cell.audio_s:.1f} s · {cell.context_id}")
    if cell.attempt > 1:
        lines.append(f"attempt {cell.attempt}")
    if cell.detail:
        lines.append(cell.detail)
    if cell.look in (Look.CLOSING, Look.ZOMBIE):
        lines.append(f"for {age_words(now - cell.since)}; the server still counts it")
    if cell.utterance_id:
        lines.append("Enter: inspect · Space: listen" + (" · Delete: interrupt" if cell.running else ""))
    return "\n".join(lines)


def row_words(row: RowState, now: float) -> tuple[str, str, str, str]:
    """Return the four texts of a row head: state, ping, age, why it last closed."""
    if row.state is None:
        return "not opened", "", "", ""
    last = CLOSE_WORDS[row.last_close] if row.last_close is not None else ""
    ping = f"{row.ping_ms:.0f} ms" if row.ping_ms is not None else ""
    since = row.opened_at if row.live and row.opened_at is not None else row.since
    return CONNECTION_WORDS[row.state], ping, age(now - since), last


def row_sentence(row: RowState, now: float) -> str:
    """Return everything about a row, for a screen reader."""
    if row.state is None:
        return f"Connection {row.row + 1}: not opened yet"
    since = row.opened_at if row.live and row.opened_at is not None else row.since
    parts = [f"Connection {row.row + 1}: {CONNECTION_WORDS[row.state]} for {age_words(now - since)}"]
    if row.ping_ms is not None:
        parts.append(f"ping {row.ping_ms:.0f} milliseconds")
    if row.last_close is not None:
        parts.append(f"last closed: {row.last_close.value}" + (f" ({row.last_detail})" if row.last_detail else ""))
    return ", ".join(parts)


def is_lively(state: SlotState) -> bool:
    """Whether something in this state is expected to move."""
    return state in (SlotState.RESERVED, SlotState.CREATING, SlotState.GENERATING, SlotState.DRAINING)
