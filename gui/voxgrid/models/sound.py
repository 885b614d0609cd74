"""What a cell shows of its sound: a few bars, however long the utterance is."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voxgrid.models.cell import CellState

BARS: Final = 64
"""Bars of one cell, over the whole expected length; a narrow cell draws half as many."""
CHARACTERS_PER_S: Final = 14.0
"""Usual speed of speech, for guessing a length before the end is known."""


def expected_s(text: str, audio_s: float, *, ended: bool) -> float:
    """Return how long an utterance will be, in seconds: a guess from its text until it has ended."""
    if ended:
        return audio_s
    guess = max(0.6, len(text) / CHARACTERS_PER_S)
    # The guess was too short: keep an eighth open, so that the bars never claim to be complete.
    return guess if audio_s < guess * 0.9 else audio_s / 0.875


def make_bars(levels: npt.NDArray[np.uint8], filled: int) -> bytes:
    """Return the loudest level of each of ``filled`` equal stretches.

    Args:
        levels: Levels of equal duration, shape (n,), 0 to 255.
        filled: Number of bars, 0 to ``BARS``.
    """
    if filled <= 0 or not levels.size:
        return b""
    edges = np.arange(filled) * levels.size // filled
    return np.maximum.reduceat(levels, edges).tobytes()


def show_sound(
    cell: CellState, levels: npt.NDArray[np.uint8], audio_s: float, total_s: float, played_s: float | None
) -> bool:
    """Give a cell the sound its utterance has so far.

    Args:
        cell: The cell.
        levels: Levels of equal duration over ``audio_s``, shape (n,), 0 to 255.
        audio_s: Seconds received.
        total_s: Seconds expected.
        played_s: Position that is heard, in seconds, or None.

    Returns:
        Whether the cell looks different now.
    """
    before = (len(cell.bars), _played_bars(cell), cell.listening, cell.total_s)
    grew = audio_s != cell.audio_s or total_s != cell.total_s
    cell.audio_s, cell.total_s, cell.played_s = audio_s, total_s, played_s
    cell.listening = played_s is not None
    filled = min(BARS, round(BARS * cell.progress))
    # An end that was folded before its last sound has the right length already, but not yet its bars.
    if grew or len(cell.bars) != filled:
        cell.bars = make_bars(levels, filled)
    return before != (len(cell.bars), _played_bars(cell), cell.listening, cell.total_s)


def _played_bars(cell: CellState) -> int:
    return int(BARS * cell.played_s / cell.total_s) if cell.played_s is not None and cell.total_s > 0 else -1
