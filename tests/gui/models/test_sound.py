"""Bars of a cell."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.cell import CellState
from voxgrid.models.sound import BARS, expected_s, make_bars, show_sound
from voxpool.events import SlotState


@given(st.integers(0, 3000), st.integers(0, BARS), st.integers(0, 2**31))
def test_there_are_as_many_bars_as_wanted_and_none_is_louder_than_the_sound(n, filled, seed):
    levels = np.random.default_rng(seed).integers(0, 256, n).astype(np.uint8)
    bars = make_bars(levels, filled)
    if not n or not filled:
        assert bars == b""
        return
    assert len(bars) == filled
    assert max(bars) <= levels.max()
    if filled <= n:
        assert max(bars) == levels.max()


@given(st.text(max_size=300), st.floats(0, 100))
def test_a_running_utterance_never_claims_to_be_complete(text, audio_s):
    assert expected_s(text, audio_s, ended=False) > audio_s
    assert expected_s(text, audio_s, ended=True) == audio_s


def test_only_what_looks_different_is_reported():
    cell = CellState(0, 0, SlotState.GENERATING, utterance_id=1)
    levels = np.full(50, 200, np.uint8)
    assert show_sound(cell, levels, 1.0, 4.0, None)
    assert len(cell.bars) == BARS // 4
    assert not show_sound(cell, levels, 1.0, 4.0, None)
    assert show_sound(cell, levels, 1.0, 4.0, 0.0), "listening began"
    assert not show_sound(cell, levels, 1.0, 4.0, 0.001), "the playhead is still on the same bar"
    assert show_sound(cell, levels, 1.0, 4.0, 0.5)
