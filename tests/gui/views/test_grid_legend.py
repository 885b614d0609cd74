"""Signs and words never run into each other, however narrow it is."""

from itertools import pairwise

import pytest

from voxgrid.models.cell import Look
from voxgrid.theme import Theme
from voxgrid.views.grid_legend import SHOWN, GridLegend


@pytest.fixture
def legend(qapp):
    made = GridLegend(Theme(qapp), 120)
    yield made
    made.deleteLater()


@pytest.mark.parametrize("past", ["", "12:00:00.0"])
@pytest.mark.parametrize("some", [0, 1, 5])
@pytest.mark.parametrize("width", [360, 420, 545, 700, 1200])
def test_signs_stand_beside_each_other(legend, width, some, past):
    legend.show_past(past)
    legend.show_counts({look: some if look is Look.ZOMBIE else 0 for look in Look})
    legend.resize(width, legend.height())
    legend.grab()
    spots = [spot for spot, _ in legend._spots]
    assert len(spots) == len(SHOWN)
    for left, right in pairwise(spots):
        assert left.right() < right.left()
    assert spots[0].left() >= (120 if past else 40)
    assert spots[-1].right() <= width


def test_words_are_left_out_last_and_never_those_of_cells_that_are_there(legend):
    legend.show_counts({Look.ZOMBIE: 2})
    for width, words in ((1200, 8), (545, 8), (360, 1)):
        legend.resize(width, legend.height())
        _, shown = legend._fit()
        assert sum(map(bool, shown)) == words
        assert "zombie" in shown
