"""Where things go inside one cell: computed once per size, not once per paint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRect

from voxgrid.models.sound import BARS

GAP: Final = 2
"""Pixels between a cell's plate and the edge of its section."""
_GLYPH: Final = 12
_AGE_WIDTH: Final = 27
_ROOMY: Final = 40
"""From this height on, cells have larger type and a taller waveform."""
TWO_LINES: Final = 24
"""Below this height a cell has one line and no waveform: all of a grid in view is worth more than either."""
ONE_LINE: Final = 14
"""Below this height nothing could be read."""


_TIGHT: Final = 15
"""Below this height of a plate the usual type would touch its borders."""


@dataclass(frozen=True, slots=True)
class CellLayout:
    """One size of cell.  All coordinates are relative to the top left of its section, in logical pixels.

    Attributes:
        width: Of the section.
        height: Of the section.
        plate: The coloured plate.
        glyph: Square of the glyph.
        text_x: Left edge of both lines.
        baseline: Of the snippet and the time to first audio.
        second: Baseline of the second line.
        right: Right edge of both lines.
        font_px: Size of the snippet.
        mono_px: Size of numbers.
        wave: Where the waveform goes; its width is a whole number of bars.
        bars: How many bars the waveform has.
        pitch: Pixels from bar to bar.
        note: Square of the listening mark.
        radius: Of the plate's corners.
        roomy: Whether there is space for units.
        flat: Whether there is but one line.
    """

    width: int
    height: int
    plate: QRect
    glyph: QRect
    text_x: int
    baseline: int
    second: int
    right: int
    font_px: int
    mono_px: int
    wave: QRect
    bars: int
    pitch: int
    note: QRect
    radius: float
    roomy: bool
    flat: bool


def cell_layout(width: int, height: int) -> CellLayout:
    """Return the layout for sections of a size in logical pixels."""
    roomy = height >= _ROOMY
    flat = height < TWO_LINES
    plate = QRect(GAP, 1, width - 2 * GAP, height - 2)
    font_px, mono_px = (12, 11) if roomy else (10, 9) if plate.height() < _TIGHT else (11, 10)
    glyph = min(_GLYPH, plate.height() - 3)
    text_x = plate.left() + 7 + glyph + 5
    right = plate.right() - 5
    # Two lines with the same space above, between and below, whatever the height.
    spare = plate.height() - font_px - mono_px
    baseline = plate.center().y() + font_px // 2 - 1 if flat else plate.top() + spare // 3 + font_px - 1
    wave_top = baseline + max(2, spare // 5)
    wave_height = max(5, plate.bottom() - wave_top - max(1, spare // 6)) | 1
    room = right - _AGE_WIDTH - text_x
    bars = next((BARS // share for share in (1, 2, 4) if room >= 2 * BARS // share), BARS // 8)
    pitch = max(2, room // bars)
    middle = wave_top + wave_height // 2
    return CellLayout(
        width=width,
        height=height,
        plate=plate,
        glyph=QRect(plate.left() + 6, plate.center().y() - glyph // 2 + 1, glyph, glyph),
        text_x=text_x,
        baseline=baseline,
        second=middle + mono_px // 2 - 1,
        right=right,
        font_px=font_px,
        mono_px=mono_px,
        wave=QRect(text_x, wave_top, pitch * bars, wave_height),
        bars=bars,
        pitch=pitch,
        note=QRect(right - 10, (plate.center().y() if flat else middle) - 6, 12, 12),
        radius=3.0 if flat else 5.0,
        roomy=roomy,
        flat=flat,
    )
