"""The heat map: every value counted once, however long the run is."""

from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.lab.heat import COLUMNS, ROWS, Heat


@given(st.lists(st.tuples(st.floats(0, 20_000), st.lists(st.floats(0, 1e6), max_size=5)), max_size=40))
def test_no_value_is_lost(entries):
    heat = Heat()
    for at_s, values in entries:
        heat.add(at_s, tuple(values))
    assert heat.counts.sum() == sum(len(values) for _, values in entries)
    assert heat.counts.shape == (COLUMNS, ROWS)
    assert all(at_s < heat.width_s for at_s, values in entries if values)


def test_slower_is_higher_and_later_is_further_right():
    heat = Heat()
    heat.add(0.1, (20.0,))
    heat.add(30.0, (2000.0,))
    (first, low), (second, high) = sorted(zip(*heat.counts.nonzero(), strict=True))
    assert (first, second) == (0, 60)
    assert low < high


def test_one_among_many_still_shows():
    heat = Heat()
    heat.add(0.1, (100.0,) * 500)
    heat.add(10.0, (9000.0,))
    shades = heat.shades()
    assert shades.max() == 255
    assert shades[20].max() >= 40
    assert not Heat().shades().any()
