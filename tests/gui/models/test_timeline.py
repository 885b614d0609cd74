"""The line of a recording: how much when, where to go next, and times in words."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.recordings import RecordedPool, make_writer
from voxgrid.models.timeline import TimelineModel, clock_text, span_text, step_s
from voxpool.recording.items import Mark
from voxpool.recording.reader import Recording
from voxpool.recording.writer import is_error


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    pool = RecordedPool(troubles=0.1)
    items = pool.busy(6.0)
    items.append(Mark(at=pool.pool.now, text="here"))
    writer = make_writer(tmp_path_factory.mktemp("recorded"))
    for item in items:
        writer.write(item)
    writer.close()
    with Recording(writer.files) as opened:
        opened.written = items
        yield opened


def test_all_that_happened_is_somewhere_on_the_line(recording):
    line = TimelineModel(recording)
    for bins in (1, 7, 300):
        rates = line.activity(line.first, line.last, bins)
        seconds = (line.last - line.first) / bins
        assert np.all(rates >= 0)
        assert rates.sum() * seconds == pytest.approx(len(recording.written), rel=0.02)


def test_errors_and_marks_are_gone_to_in_order_both_ways(recording):
    line = TimelineModel(recording)
    errors = [item.at for item in recording.written if is_error(item)]
    assert errors
    forward, at = [], line.first - 1
    while (found := line.next_trouble(at)) is not None:
        forward.append(found)
        at = found
    assert forward == sorted(forward)
    backward, at = [], line.last + 1
    while (found := line.next_trouble(at, forward=False)) is not None:
        backward.append(found)
        at = found
    assert len(backward) == len(forward)
    assert [flag.text for flag in line.flags] == ["here"]
    assert line.troubled(line.first, line.last, 50)


def test_a_line_follows_a_recording_that_grows(tmp_path):
    pool = RecordedPool()
    writer = make_writer(tmp_path)
    for item in pool.busy(1.0):
        writer.write(item)
    writer.flush()
    with Recording(writer.files) as recording:
        line = TimelineModel(recording)
        before = line.last
        assert not line.follow()
        pool.pool.fire(3)
        pool.pool.advance(2.0, 0.2)
        for item in pool.take():
            writer.write(item)
        writer.close()
        recording.refresh()
        assert line.follow()
        assert line.last > before


@given(st.floats(0.5, 1e6), st.integers(1, 30))
def test_times_are_never_written_more_often_than_there_is_room(span_s, most):
    assert span_s / step_s(span_s, most) <= most


@given(st.integers(0, 2_000_000_000), st.integers(0, 9))
def test_a_tenth_is_that_of_its_second(wall, tenths):
    assert clock_text(wall + tenths / 10, tenths=True) == f"{clock_text(wall)}.{tenths}"


def test_a_moment_just_before_a_second_is_not_written_as_the_second_before():
    assert clock_text(59.96, tenths=True) == f"{time.strftime('%H:%M:%S', time.localtime(60))}.0"


@pytest.mark.parametrize(("seconds", "text"), [(4.24, "4.2 s"), (187, "3:07"), (7200, "2:00:00")])
def test_durations_in_words(seconds, text):
    assert span_text(seconds) == text


@pytest.mark.parametrize("at", [0.0, 1234.5, 9e9])
def test_a_recording_of_one_moment_has_its_troubles_in_the_first_part(recording, at):
    line = TimelineModel(recording)
    line._errors = np.array([at, at])
    assert line.troubled(at, at, 1000) == [0]
    assert line.troubled(at, np.nextafter(at, np.inf), 1000) == [0]
    assert line.troubled(at - 10, at - 5, 1000) == []


@given(st.sets(st.integers(0, 99)))
def test_troubles_are_in_the_parts_that_they_fall_into(recording, parts):
    line = TimelineModel(recording)
    line._errors = np.array([part + 0.5 for part in sorted(parts)])
    assert line.troubled(0.0, 100.0, 100) == sorted(parts)
