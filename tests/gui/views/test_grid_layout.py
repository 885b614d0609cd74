"""Where things go in a cell, whatever its size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgrid.views.grid_layout import TWO_LINES, cell_layout

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


@pytest.mark.parametrize("height", [14, 18, 23])
def test_a_low_cell_has_one_line(height):
    assert cell_layout(118, height).flat
    assert not cell_layout(118, TWO_LINES).flat
