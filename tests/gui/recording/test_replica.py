"""The past is shown as it was: any moment of any session, exactly."""

import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.fake_events import FakePool
from support.recordings import RecordedPool, make_writer
from voxgrid.bridge import Bridge
from voxgrid.recording.replica import Replica, fold_levels, unfold_levels
from voxpool.events import CloseReason
from voxpool.recording.items import Coming, PoolBegan, PoolResized, Second, Sounds
from voxpool.recording.reader import Recording
from voxpool.recording.scrubber import Scrubber


def plain(replica):
    return json.loads(replica.snapshot())


def levels(rng: random.Random) -> str:
    return "".join(rng.choices("abcdefghijklmnop", k=rng.randint(0, 32)))


def session(seed: int, seconds: float) -> list:
    """Return all that happened in a session in which anything may happen."""
    recorded = RecordedPool(seed, troubles=0.2)
    pool, rng = recorded.pool, random.Random(seed)
    pool.open(rng.randint(1, 20))
    items = recorded.take()
    for step in range(int(seconds * 5)):
        pool.fire(rng.choice([0, 0, 1, 4, 30]))
        if rng.random() < 0.1 and pool.open_rows:
            pool.cut(rng.choice(sorted(pool.open_rows)), rng.choice(list(CloseReason)))
        elif rng.random() < 0.1:
            pool._open(rng.choice([row for row in range(20) if row not in pool.open_rows] or [0]))
        pool.advance(0.2, 0.05)
        items += recorded.take()
        if step % 5 == 4:
            items.append(recorded.second())
            cells = [
                (each.row, each.column, each.id, rng.random(), 1.0, rng.choice([None, 0.5]), levels(rng))
                for each in pool.running
            ]
            items.append(Sounds(at=pool.now, cells=cells))
        if rng.random() < 0.02:
            items.append(PoolResized(at=pool.now, rows=rng.randint(1, 20)))
        if rng.random() < 0.1:
            rows, columns = rng.choice([(20, 5), (2, 3)])
            items.append(PoolBegan(at=pool.now, rows=rows, columns=columns, coming=rng.choice(list(Coming))))
    return items


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(0, 1), min_size=3, max_size=8))
def test_scrubbing_shows_what_was_folded_by_then(seed, shares):
    items = session(seed, 6.0)
    with TemporaryDirectory() as folder:
        writer = make_writer(Path(folder), Replica())
        for item in items:
            writer.write(item)
        writer.close()
        with Recording(writer.files) as recording:
            shown = Replica()
            scrubber = Scrubber(recording, shown)
            for share in shares:
                at = recording.first + share * recording.duration_s
                scrubber.to(at)
                truth = Replica()
                for item in items:
                    if item.at > at:
                        break
                    truth.fold(item)
                assert plain(shown) == plain(truth)
                assert scrubber.whole
            assert recording.problems == ()


def began(at, coming, rows=20, columns=5):
    return PoolBegan(at=at, rows=rows, columns=columns, coming=coming)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(1, 3))
def test_a_guests_pool_is_shown_alone_and_the_one_before_comes_back_as_it_was(seed, share, visits):
    home, guest = RecordedPool(seed, troubles=0.2), RecordedPool(seed + 1, troubles=0.2)
    before = [began(home.pool.now, Coming.NEW), *home.busy(2.0)]
    guest.pool.now = start = home.pool.now
    run = guest.busy(3.0)
    # A run after a run, without the pool in use between them, is a guest like the first.
    visit = [*(began(start, Coming.VISIT, 3, 2) for _ in range(visits - 1)), began(start, Coming.VISIT), *run]
    end = guest.pool.now
    back = [began(end, Coming.RETURN), Second(at=end + 1.0)]
    alone, untouched = Replica(), Replica()
    moment = start + share * (end - start)
    for item in run:
        if item.at <= moment:
            alone.fold(item)
    for item in [*before, back[-1]]:
        untouched.fold(item)
    with TemporaryDirectory() as folder:
        writer = make_writer(Path(folder), Replica())
        for item in [*before, *visit, *back]:
            writer.write(item)
        writer.close()
        with Recording(writer.files) as recording:
            shown = Replica()
            scrubber = Scrubber(recording, shown)
            for _ in range(2):
                scrubber.to(moment)
                if moment < end:
                    assert plain(shown) | {"home": None} == plain(alone)
                scrubber.to(end + 1.0)
                assert plain(shown) == plain(untouched)
                assert scrubber.whole
            assert recording.problems == ()


def test_a_pool_that_waits_and_cannot_be_is_refused():
    replica = Replica(3, 2)
    replica.fold(began(1.0, Coming.VISIT, 2, 2))
    state = plain(replica)
    before = replica.snapshot()
    state["home"]["grid"]["rows"].pop()
    with pytest.raises(ValueError, match="rows"):
        replica.load(json.dumps(state).encode())
    assert replica.snapshot() == before


def test_a_keyframe_of_before_there_were_visits_is_read():
    replica = Replica(3, 2)
    state = plain(replica)
    del state["home"]
    replica.load(json.dumps(state).encode())
    # There is nothing to come back to: the pool of the recording is another one then.
    replica.fold(began(1.0, Coming.RETURN, 4, 2))
    assert len(replica.models.grid.rows) == 4


def test_the_recorder_folds_what_the_window_folds(qapp):
    pool = FakePool(troubles=0.2)
    bridge, replica = Bridge(lambda _: None, lambda: pool.now), Replica()
    bridge.watch(lambda events: [replica.fold(event) for event in events])
    bridge.attach(pool)
    pool.open(20)
    for _ in range(30):
        pool.fire(8)
        pool.advance(0.3)
        bridge.tick()
    live = Replica()
    live.models = bridge.models
    assert plain(live) == plain(replica)
    bridge.stop()


def test_a_keyframe_is_small_and_still_knows_whom_an_error_hit():
    replica = Replica()
    for item in RecordedPool(troubles=0.3).busy(60.0, fire=2):
        replica.fold(item)
    state = plain(replica)
    assert len(state["lives"]) < 250
    shown = Replica()
    shown.load(replica.snapshot())
    for group in shown.models.errors.groups:
        newest = shown.models.errors.of_group(group.fingerprint)[0]
        assert not newest.utterance_id or shown.models.lives.get(newest.utterance_id) is not None


@pytest.mark.parametrize("spoil", ["no json", "rows", "cells", "place", "type", "huge"])
def test_a_state_that_cannot_be_is_refused_and_changes_nothing(spoil):
    replica = Replica(3, 2)
    state = plain(replica)
    if spoil == "rows":
        state["grid"]["rows"].pop()
    elif spoil == "cells":
        state["grid"]["cells"][0][0]["row"] = 7
    elif spoil == "place":
        state["grid"]["places"]["5"] = [9, 9]
    elif spoil == "type":
        state["totals"]["done"] = "many"
    elif spoil == "huge":
        state["totals"]["done"] = 10**18
    text = b"{" if spoil == "no json" else json.dumps(state).encode()
    before = replica.snapshot()
    with pytest.raises(ValueError, match=r"."):
        replica.load(text)
    assert replica.snapshot() == before


@given(st.binary(max_size=64))
def test_levels_keep_their_shape(bars):
    again = unfold_levels(fold_levels(bars))
    assert len(again) in (len(bars), len(bars) + 1)
    assert fold_levels(again) == fold_levels(bars)
