"""What a run tells of itself is kept small: a second is a line, and no second has many annotations."""

from dataclasses import replace

import pytest

from support.fake_run import fake_marks, fake_ticks
from voxgrid.recording.run_notes import MARKS_A_SECOND, RunNotes
from voxpool.recording.items import RunMark, RunTick
from voxpool.stress.result import Mark, MarkKind


@pytest.fixture
def noted():
    return []


@pytest.fixture
def notes(noted):
    return RunNotes(noted.append, lambda: 7.0)


def test_a_second_is_one_line_that_tells_its_worst(notes, noted):
    ticks = list(fake_ticks(5.0))
    ticks[2] = replace(ticks[2], loop_lag_ms=400.0)
    for tick in ticks:
        notes.on_tick(tick)
    assert [type(item) for item in noted] == [RunTick] * 5
    assert noted[0].loop_lag_ms == 400.0
    assert noted[-1].target == ticks[-1].target
    assert noted[-1].stalls == ticks[-1].stalls
    assert {item.at for item in noted} == {7.0}


def test_ticks_that_come_late_are_lines_of_their_own(notes, noted):
    for second, tick in enumerate(fake_ticks(1.0)):
        notes.on_tick(replace(tick, at_s=second * 2.0))
    assert len(noted) == 2


def test_every_line_knows_its_phase(notes, noted):
    first, *_ = fake_marks()
    notes.on_mark(first)
    for tick in fake_ticks(2.0):
        notes.on_tick(tick)
    assert [getattr(item, "phase", "") for item in noted] == ["", first.text, first.text]
    assert noted[0] == RunMark(at=7.0, kind="phase", text=first.text)
    notes.begin()
    noted.clear()
    for tick in fake_ticks(1.0):
        notes.on_tick(tick)
    assert noted[0].phase == ""


def test_annotations_are_bounded_but_phases_are_all_told(notes, noted):
    for number in range(1000):
        notes.on_mark(Mark(0.1, MarkKind.TOOL, f"{number} " + "x" * 1000))
    notes.on_mark(Mark(0.2, MarkKind.PHASE, "soak"))
    assert len(noted) == MARKS_A_SECOND + 1
    assert max(len(item.text) for item in noted) == 200
    for tick in fake_ticks(1.0):
        notes.on_tick(tick)
    notes.on_mark(Mark(1.1, MarkKind.TOOL, "once more"))
    assert noted[-1].text == "once more"
