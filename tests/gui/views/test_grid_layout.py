"""Where things go in a cell, whatever its size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QFontMetrics

from voxgrid.theme import mono_font, narrow_font
from voxgrid.views.grid_layout import ONE_LINE, TWO_LINES, cell_layout

widths = st.integers(84, 400)


@given(widths, st.integers(TWO_LINES, 54))
def test_the_waveform_leaves_the_age_its_place(width, height):
    layout = cell_layout(width, height)
    assert layout.wave.left() == layout.text_x
    assert layout.wave.right() < layout.note.left()
    assert layout.wave.bottom() <= layout.plate.bottom()


@given(widths, st.integers(14, 54))
def test_the_glyph_is_inside_the_plate(width, height):
    layout = cell_layout(width, height)
    assert layout.plate.contains(layout.glyph)
    assert layout.glyph.right() < layout.text_x


@pytest.mark.parametrize("height", range(ONE_LINE, TWO_LINES))
def test_the_text_of_a_low_cell_stays_inside_its_borders(height, qapp):
    layout = cell_layout(118, height)
    for font in (narrow_font(layout.font_px), mono_font(layout.mono_px)):
        ink = QFontMetrics(font).tightBoundingRect("Thgj 0189").translated(0, layout.baseline)
        assert ink.top() > layout.plate.top()
        assert ink.bottom() <= layout.plate.bottom()


@pytest.mark.parametrize("height", [14, 18, 23])
def test_a_low_cell_has_one_line(height):
    assert cell_layout(118, height).flat
    assert not cell_layout(118, TWO_LINES).flat
