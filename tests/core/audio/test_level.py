import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from voxpool.audio.level import envelope

pcm = arrays.arrays(np.int16, st.integers(1, 300))


@given(pcm=pcm, bars=st.integers(1, 100))
def test_the_envelope_forgets_no_sample(pcm, bars):
    levels = envelope(pcm, bars)
    assert levels.shape == (bars,)
    assert levels.dtype == np.float32
    assert levels.min() >= 0
    assert levels.max() == np.float32(np.abs(pcm.astype(int)).max() / 32768)


@given(pcm=pcm, bars=st.integers(1, 100))
def test_every_bar_is_the_peak_of_its_stretch(pcm, bars):
    edges = [bar * len(pcm) // bars for bar in range(bars + 1)]
    for level, begin, end in zip(envelope(pcm, bars), edges, edges[1:], strict=False):
        stretch = pcm[begin : max(end, begin + 1)].astype(int)
        assert level == np.float32(np.abs(stretch).max() / 32768)


def test_nothing_is_silent():
    assert envelope(np.zeros(0, np.int16), 4).tolist() == [0, 0, 0, 0]
