"""Work measured in calls, which are the same on every machine, however busy it is."""

import sys


def calls_of(work):
    """Return how many calls and returns a piece of work takes."""
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
