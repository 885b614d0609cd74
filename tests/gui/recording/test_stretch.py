"""A stretch of a recording as lanes and charts: the same as what was seen live, wherever it begins."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.recordings import RecordedPool, make_writer
from voxgrid.models.lab.lanes import Lanes
from voxgrid.recording.replica import Replica
from voxgrid.recording.stretch import OF_A_RUN, Stretch
from voxpool.events import Event
from voxpool.recording.items import Coming, Mark, PoolBegan, RunMark, RunTick, Second
from voxpool.recording.reader import Recording
from voxpool.stress.result import MarkKind


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    pool = RecordedPool(troubles=0.15)
    items = [PoolBegan(at=pool.pool.now, rows=20, columns=5), *pool.busy(25.0)]
    items.insert(len(items) // 2, Mark(at=items[len(items) // 2].at, text="broken", kind="fault"))
    writer = make_writer(tmp_path_factory.mktemp("stretch"), Replica())
    for item in items:
        writer.write(item)
    writer.close()
    with Recording(writer.files) as recording:
        yield recording, items


def read(recording, begin, end):
    stretch = Stretch(recording, begin, end)
    while stretch.read(0.0):
        pass
    return stretch


def bars(lanes, begin_s, end_s):
    """Everything that is seen of a stretch, rounded: keyframes keep microseconds at least."""
    found = set()
    for row in range(lanes.rows):
        for column in range(lanes.columns):
            for bar in lanes.bars(row, column, begin_s, end_s):
                end = None if bar.end_s is None else round(bar.end_s, 3)
                if bar.start_s < end_s and (end is None or end > begin_s):
                    stages = tuple((round(at, 3), stage) for at, stage in bar.begins)
                    found.add((bar.utterance_id, bar.label, row, column, stages, end, bar.outcome))
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0.0, 24.0), st.floats(0.5, 10.0))
def test_lanes_are_those_that_were_seen_live(recorded, start_s, length_s):
    recording, items = recorded
    begin = recording.first + start_s
    end = min(recording.last, begin + length_s)
    stretch = read(recording, begin, end)
    live = Lanes(began_at=recording.first)
    last = recording.heads[stretch._number - 1].last
    for item in items:
        if isinstance(item, Event) and item.at <= last:
            live.fold(item)
    shown = bars(stretch.picture.lanes, start_s, end - recording.first)
    assert shown == bars(live, start_s, end - recording.first)
    assert shown


def test_charts_tell_what_the_models_were_each_second(recorded):
    recording, items = recorded
    line = read(recording, recording.first, recording.last).picture.line
    replica, seen = Replica(), []
    for item in items:
        replica.fold(item)
        if isinstance(item, Second):
            models = replica.models
            seen.append((models.grid.in_use, len(models.queue), models.totals.asked, models.totals.failed))
    assert len(line) == len(seen) > 20
    assert line.column("slots_held").tolist() == [each[0] for each in seen]
    assert line.column("waiting").tolist() == [each[1] for each in seen]
    asked = [0, *(each[2] for each in seen)]
    assert line.newest.arrivals == asked[-1] - asked[-2]
    kinds = dict(line.error_series())
    failed = sum(series[-1] for kind, series in kinds.items() if kind != "retried")
    assert failed == seen[-1][3] > 0


def of_a_run():
    """A session, a run in it of 6 seconds, and 4 seconds more."""
    home, guest = RecordedPool(seed=1), RecordedPool(seed=2)
    items = [PoolBegan(at=home.pool.now, rows=20, columns=5), *home.busy(5.0)]
    guest.pool.now = start = home.pool.now
    items += [PoolBegan(at=start, rows=20, columns=5, coming=Coming.VISIT)]
    items += [RunMark(at=start, kind="phase", text="ramp"), RunMark(at=start + 2, kind="tool", text="late")]
    items += [RunMark(at=start, kind="weather", text="rain"), *guest.busy(6.0)]
    items += [
        RunTick(at=start + 0.9 + second, phase="ramp", target=4.0 + second, stalls=second, loop_lag_ms=31.0)
        for second in range(6)
    ]
    end = guest.pool.now
    items.append(PoolBegan(at=end, rows=20, columns=5, coming=Coming.RETURN))
    home.pool.now = end
    # What is under way goes on where it was.
    going_on = {run.id for run in home.pool.running}
    home.pool.advance(0.5, 0.05)
    items += home.take()
    for _ in range(4):
        home.pool.advance(1.0, 0.05)
        items += [*home.take(), home.second()]
    return start, end, going_on, sorted(items, key=lambda item: item.at)


@pytest.fixture(scope="module")
def with_run(tmp_path_factory):
    start, end, going_on, items = of_a_run()
    writer = make_writer(tmp_path_factory.mktemp("run"), Replica())
    for item in items:
        writer.write(item)
    writer.close()
    with Recording(writer.files) as recording:
        yield recording, start - recording.first, end - recording.first, going_on


def test_charts_tell_what_a_run_told_of_itself_and_nothing_of_it_around(with_run):
    recording, start_s, end_s, _ = with_run
    line = read(recording, recording.first, recording.last).picture.line
    moments = line.column("at_s")
    within = (moments > start_s + 1) & (moments < end_s)
    for name in OF_A_RUN:
        assert (line.column(name)[within] >= 0).all(), name
        assert not (line.column(name)[~within & (moments != end_s) & (abs(moments - start_s) > 1)] >= 0).any(), name
    assert within.sum() >= 4
    assert line.column("loop_lag_ms")[within].max() == 31.0
    assert line.column("target")[within].tolist() == sorted(line.column("target")[within])


@pytest.mark.parametrize("from_s", [-3.0, 0.0, 3.5], ids=["before", "at its start", "in the middle"])
def test_the_phase_is_known_wherever_a_stretch_begins(with_run, from_s):
    recording, start_s, end_s, _ = with_run
    begin = recording.first + start_s + from_s
    marks = read(recording, begin, recording.last).picture.marks
    phases = [mark for mark in marks if mark.kind is MarkKind.PHASE]
    assert [mark.text for mark in phases] == ["ramp"]
    assert start_s <= phases[0].at_s <= end_s
    assert {mark.text for mark in marks} <= {"ramp", "late"}


def test_lanes_go_on_with_the_pool_that_is_returned_to(with_run):
    recording, start_s, end_s, going_on = with_run
    lanes = read(recording, recording.first, recording.last).picture.lanes
    bars_of = [bar for lane in lanes._lanes.values() for bar in lane if bar.utterance_id in going_on]
    again = [bar for bar in bars_of if bar.start_s >= end_s]
    assert again
    assert all(bar.start_s == pytest.approx(end_s) for bar in again)
    assert not [bar for bar in bars_of if bar.start_s < start_s and (bar.end_s is None or bar.end_s > start_s)]


def test_what_no_recording_tells_is_left_empty_and_not_called_zero(recorded):
    recording, _ = recorded
    line = read(recording, recording.first, recording.last).picture.line
    for name in ("stalls", "loop_lag_ms", "late_start_ms"):
        assert not (line.column(name) >= 0).any()


def test_marks_stand_in_it(recorded):
    recording, items = recorded
    mark = next(item for item in items if isinstance(item, Mark))
    (shown,) = read(recording, mark.at - 3, mark.at + 3).picture.marks
    assert (shown.text, shown.kind.value) == ("broken", "fault")
    assert shown.at_s == pytest.approx(mark.at - recording.first)


def test_another_pool_ends_what_the_one_before_had_under_way(tmp_path):
    writer = make_writer(tmp_path, Replica())
    first, second = RecordedPool(seed=1), RecordedPool(seed=2)
    items = first.busy(3.0)
    cut = items[-1].at
    assert first.pool.running
    second.pool.now = cut
    items += [PoolBegan(at=cut, rows=20, columns=5), *second.busy(1.0)]
    for item in items:
        writer.write(item)
    writer.close()
    with Recording(writer.files) as recording:
        lanes = read(recording, recording.first, recording.last).picture.lanes
        cut_s = cut - recording.first
        before = [bar for lane in lanes._lanes.values() for bar in lane if bar.start_s < cut_s]
    assert before
    assert all(bar.end_s is not None and bar.end_s <= cut_s for bar in before)


def test_a_recording_that_grows_is_read_on(tmp_path):
    pool = RecordedPool()
    writer = make_writer(tmp_path, Replica())
    for item in pool.busy(4.0):
        writer.write(item)
    writer.flush()
    with Recording(writer.files) as recording:
        stretch = read(recording, recording.first, recording.first + 60.0)
        points = len(stretch.picture.line)
        assert stretch.read_up
        for item in pool.busy(4.0):
            writer.write(item)
        writer.close()
        recording.refresh()
        assert not stretch.read_up
        while stretch.read(0.0):
            pass
        assert len(stretch.picture.line) > points + 2
        assert stretch.ends_s == pytest.approx(recording.last - recording.first)
