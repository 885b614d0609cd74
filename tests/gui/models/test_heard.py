"""What a listener would have heard: gaps as a player behind a buffer has them."""

from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.heard import BUFFER_S, listen

CHUNKS = st.lists(st.tuples(st.floats(0, 0.5), st.floats(0.01, 0.5)), min_size=1, max_size=30)


def arrivals(chunks):
    at, made = 0.0, []
    for wait, duration in chunks:
        at += wait
        made.append((at, duration))
    return made


@given(CHUNKS)
def test_all_time_is_speech_or_silence_or_buffer(chunks):
    came = arrivals(chunks)
    heard = listen(came)
    # The player's own clock, second by second: it waits, plays, or is silent.
    end, silent = came[0][0] + BUFFER_S, 0.0
    for at, duration in came:
        silent += max(0.0, at - end) if at - end > 0.001 else 0.0
        end = max(end, at) + duration if at - end > 0.001 else end + duration
    assert abs(heard.silent_s - silent) < 1e-6
    assert heard.longest_s <= heard.silent_s + 1e-9
    assert bool(heard.gaps) == (heard.silent_s > 0)


@given(CHUNKS, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_buffer_is_never_worse(chunks, first, second):
    small, large = sorted((first, second))
    assert listen(arrivals(chunks), large).silent_s <= listen(arrivals(chunks), small).silent_s + 0.001 * len(chunks)


def test_audio_ahead_of_its_time_has_no_gaps():
    assert str(listen([(0.0, 0.2), (0.1, 0.2), (0.2, 0.2)])) == "none"
    assert str(listen([(0.0, 0.2), (0.25, 0.2)])) == "none", "the buffer holds 60 ms"


def test_gaps_are_counted_and_told():
    heard = listen([(0.0, 0.1), (0.3, 0.1), (0.9, 0.1)])
    assert str(heard) == "2: 640 ms, longest 500 ms"
    assert str(listen([(0.0, 0.1), (0.3, 0.1)])) == "1: 140 ms"
