"""The bridge: once per frame, asleep when nothing happens, another pool is another picture."""

import pytest

from support.fake_events import FakePool
from voxgrid.bridge import Bridge
from voxgrid.models.board import Models
from voxgrid.models.grid import GridModel
from voxpool.config import PoolConfig
from voxpool.events import PoolNotice


@pytest.fixture
def pool():
    return FakePool(troubles=0.0)


@pytest.fixture
def bridge(pool):
    made = Bridge(pool.records.get, lambda: pool.now)
    made.start()
    made.attach(pool)
    yield made
    made.stop()


def collect(signal):
    seen = []
    signal.connect(seen.append)
    return seen


def test_many_events_are_one_frame(bridge, pool):
    frames = collect(bridge.framed)
    pool.open(20)
    pool.fire(100)
    pool.advance(0.5)
    bridge.tick()
    assert len(frames) == 1
    assert len(frames[0].cells) == 100
    assert frames[0].rows == set(range(20))


def test_a_watcher_is_handed_the_events_of_a_frame_when_the_models_know_them(bridge, pool):
    seen = []
    bridge.watch(lambda events: seen.append((len(events), bridge.models.grid.in_use)))
    pool.open(20)
    pool.fire(100)
    bridge.tick()
    bridge.tick()
    assert len(seen) == 1
    assert seen[0][0] >= 100
    assert seen[0][1] == 100


def test_a_frame_without_news_is_not_announced(bridge, pool):
    pool.open(1)
    bridge.tick()
    frames = collect(bridge.framed)
    bridge.tick()
    assert frames == []


def test_it_falls_asleep_when_nothing_happens_and_an_event_wakes_it(bridge, pool):
    pool.open(1)
    for _ in range(40):
        bridge.tick()
    assert not bridge.lively
    pool.fire(1)
    assert bridge.lively


def test_it_stays_awake_while_something_is_expected(bridge, pool):
    pool.open(1)
    pool.fire(1)
    pool.advance(0.3)
    for _ in range(60):
        bridge.tick()
    assert bridge.lively


def test_cells_follow_the_sound_of_their_utterance(bridge, pool):
    pool.open(1)
    pool.fire(1)
    pool.advance(1.5)
    bridge.tick()
    cell = bridge.models.grid.cell(0, 0)
    assert cell.bars
    assert 0 < cell.progress < 1
    pool.advance(60)
    bridge.tick()
    assert cell.progress == 1.0
    assert len(cell.bars) == 64


def test_listening_shows_at_once_even_on_a_finished_cell(bridge, pool):
    pool.open(1)
    pool.fire(1)
    pool.advance(60)
    bridge.tick()
    pool.records[1].listening = True
    bridge.hear(1)
    assert bridge.models.grid.cell(0, 0).listening
    assert bridge.lively
    frames = collect(bridge.framed)
    pool.records[1].played_s = 1.0
    bridge.tick()
    assert frames[0].cells == {(0, 0)}
    pool.records[1].listening = False
    bridge.tick()
    assert not bridge.models.grid.cell(0, 0).listening


def test_another_pool_is_another_picture(bridge, pool):
    pool.open(20)
    pool.fire(30)
    bridge.tick()
    other = FakePool(config=PoolConfig(max_connections=3, contexts_per_connection=2))
    bridge.attach(other)
    assert bridge.models.grid.slots == 6
    pool.fire(5)
    bridge.tick()
    assert bridge.models.totals.asked == 0


def test_without_a_pool_the_last_picture_stays(bridge, pool):
    pool.open(20)
    pool.fire(30)
    pool.advance(1.0)
    bridge.attach(None)
    assert bridge.models.totals.asked == 30, "what was emitted before the pool went is not lost"


def test_notices_are_passed_on(bridge, pool):
    seen = collect(bridge.noticed)
    pool.emit(PoolNotice(at=1.0, kind="paused", text="The pool is paused."))
    bridge.tick()
    assert seen[0].text == "The pool is paused."


def test_events_that_were_lost_are_in_the_log(bridge, pool, caplog, monkeypatch):
    monkeypatch.setattr("voxgrid.bridge._EVENTS_HELD", 10)
    bridge.attach(pool)
    pool.open(20)
    bridge.tick()
    assert "lost 50 events" in caplog.text


def test_nothing_is_left_after_the_end(bridge, pool):
    bridge.stop()
    pool.open(1)
    assert not bridge.lively
    assert repr(pool.events) == "<EventStream 0 subscriptions>"


def test_a_resized_pool_has_other_rows(bridge, pool):
    pool.open(20)
    pool.config = PoolConfig(max_connections=25)
    pool.emit(PoolNotice(at=1.0, kind="resized", text="25"))
    bridge.tick()
    assert len(bridge.models.grid.rows) == 25
    pool.config = PoolConfig(max_connections=18)
    pool.emit(PoolNotice(at=1.0, kind="resized", text="18"))
    bridge.tick()
    assert len(bridge.models.grid.rows) == 20, "connections that are alive stay in view"
    pool.cut(19)
    bridge.tick()
    pool.cut(18)
    bridge.tick()
    assert len(bridge.models.grid.rows) == 18


def test_while_the_past_is_shown_folding_and_watching_go_on_unseen(bridge, pool):
    pool.open(2)
    pool.fire(3)
    bridge.tick()
    past = Models(GridModel(4, 3))
    frames, replaced, watched = collect(bridge.framed), [], []
    bridge.replaced.connect(lambda: replaced.append(bridge.models))
    bridge.watch(watched.extend)
    bridge.show_past(past, 123.0)
    assert bridge.in_past
    assert bridge.models is past
    assert bridge.now() == 123.0
    assert [frame.now for frame in frames] == [123.0]
    before = len(watched)
    pool.fire(4)
    bridge.tick()
    bridge.tick_second()
    assert len(frames) == 1
    assert len(watched) > before
    assert bridge.live.totals.asked == 7
    assert len(bridge.live.totals.history) == 1
    assert past.totals.asked == 0
    bridge.show_past(past, 99.0)
    assert replaced == [past], "another moment of the same recording is no other picture"
    bridge.show_live()
    assert replaced == [past, bridge.live]
    assert bridge.now() == pool.now
    pool.fire(1)
    bridge.tick()
    assert bridge.models.totals.asked == 8


def test_another_pool_does_not_disturb_the_past(bridge, pool):
    past = Models()
    bridge.show_past(past, 1.0)
    bridge.attach(FakePool())
    assert bridge.models is past
    bridge.show_live()
    assert bridge.models is bridge.live


def test_a_visit_shows_another_pool_and_loses_nothing_of_the_one_in_use(qapp):
    home, other = FakePool(), FakePool(seed=9)
    bridge = Bridge(home.records.get, lambda: home.now)
    bridge.attach(home)
    home.open(4)
    bridge.tick()
    models = bridge.visit(other)
    assert bridge.visiting
    assert bridge.live is models
    home.open(7)
    other.open(2)
    bridge.tick()
    assert sum(row.opened_at is not None for row in bridge.models.grid.rows) == 2
    bridge.come_back()
    bridge.tick()
    assert not bridge.visiting
    assert sum(row.opened_at is not None for row in bridge.models.grid.rows) == 7
    assert len(other.events._subscriptions) == 0
    bridge.stop()
    assert len(home.events._subscriptions) == 0


def test_a_pool_that_comes_during_a_visit_is_shown_after_it(qapp):
    first, other, second = FakePool(), FakePool(seed=9), FakePool(seed=5)
    bridge = Bridge(first.records.get, lambda: first.now)
    bridge.attach(first)
    models = bridge.visit(other)
    bridge.attach(None)
    assert len(first.events._subscriptions) == 0
    bridge.attach(second)
    assert bridge.models is models
    second.open(3)
    bridge.come_back()
    bridge.tick()
    assert sum(row.opened_at is not None for row in bridge.models.grid.rows) == 3
    bridge.come_back()
    bridge.stop()
    assert not any(pool.events._subscriptions for pool in (first, other, second))
