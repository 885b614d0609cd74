from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from support import protocol_strategies as some
from voxpool.protocol.messages import TimestampKind, Timestamps
from voxpool.protocol.timestamps import TimedWord, TimeLine


def _words(*rows: tuple[str, float, float]) -> Timestamps:
    texts, starts, ends = zip(*rows, strict=True)
    return Timestamps(TimestampKind.WORD, texts, starts, ends)


def test_the_first_synthesis_counts_from_zero() -> None:
    assert TimeLine().place(_words(("Hello,", 0.1, 0.4), ("you", 0.5, 0.7))) == (
        TimedWord("Hello,", 0.1, 0.4),
        TimedWord("you", 0.5, 0.7),
    )


def test_the_next_one_counts_from_the_audio_received_before_it() -> None:
    line = TimeLine()
    line.place(_words(("a", 0.0, 0.9)))
    line.synthesis_ended(1.25)
    assert line.place(_words(("b", 0.25, 0.5))) == (TimedWord("b", 1.5, 1.75),)


@given(st.lists(some.timestamps() | st.floats(0, 100), max_size=8))
def test_times_never_go_back(steps: list[Timestamps | float]) -> None:
    line, words = TimeLine(), []
    received_s = 0.0
    for step in steps:
        if isinstance(step, float):
            received_s += step
            line.synthesis_ended(received_s)
        else:
            words += line.place(step)
    assert all(a.start_s <= b.start_s for a, b in pairwise(words))
    assert all(word.start_s <= word.end_s for word in words)
