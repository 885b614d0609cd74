import threading
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voxpool.audio.ring import Ring


@given(capacity=st.integers(1, 50), steps=st.lists(st.tuples(st.booleans(), st.integers(0, 70)), max_size=60))
def test_what_goes_in_comes_out_in_order_and_once(capacity, steps):
    ring = Ring(capacity)
    wrote, got = 0, []
    for writes, count in steps:
        if writes:
            taken = ring.write(np.arange(wrote, wrote + count, dtype=np.float32))
            assert taken == min(count, capacity - (wrote - len(got)))
            wrote += taken
        else:
            room = np.full(count, -1, np.float32)
            taken = ring.read_into(room)
            assert taken == min(count, wrote - len(got))
            assert (room[taken:] == -1).all()
            got += room[:taken].tolist()
        assert (ring.filled, ring.free) == (wrote - len(got), capacity - wrote + len(got))
    assert got == list(range(len(got)))


def test_two_threads_without_a_lock_lose_nothing():
    ring, total = Ring(1000, np.int64), 50_000
    numbers = np.arange(total)

    def write():
        done = 0
        while done < total:
            done += ring.write(numbers[done : done + 333])
            time.sleep(0)

    writer = threading.Thread(target=write)
    writer.start()
    room, got = np.zeros(777, np.int64), []
    while sum(map(len, got)) < total:
        got.append(room[: ring.read_into(room)].copy())
        time.sleep(0)
    writer.join()
    assert (np.concatenate(got) == numbers).all()
