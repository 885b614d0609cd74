"""Charts: ends of axes, values at the pointer, and sentences for who cannot see them."""

import pytest

from support.fake_run import fake_marks, fake_ticks
from voxgrid.models.lab.charting import CHARTS, in_powers, near_mark, summary, top_of, value_ticks, values_at
from voxgrid.models.lab.heat import HIGH, LOW
from voxgrid.models.lab.timeline import Timeline

PLANS = {plan.key: plan for plan in CHARTS}


@pytest.fixture
def line():
    made = Timeline()
    for tick in fake_ticks(40):
        made.add(tick)
    return made


@pytest.mark.parametrize("plan", CHARTS, ids=lambda plan: plan.key)
def test_an_axis_holds_all_of_its_series(plan, line):
    top = top_of(plan, line, (100.0,))
    for drawn in plan.drawn:
        values = line.column(drawn.column)
        if plan.log:
            values = in_powers(values)
        assert values[values == values].max() <= top
    assert value_ticks(plan, top, (100.0,) if plan.key == "in_use" else ())


@pytest.mark.parametrize("plan", CHARTS, ids=lambda plan: plan.key)
def test_every_chart_says_what_it_shows(plan, line):
    assert summary(plan, Timeline()) == f"{plan.title}: no run yet."
    said = summary(plan, line)
    assert said.startswith(f"{plan.title} after 0:40: ")
    assert all(drawn.name in said for drawn in plan.drawn)


def test_values_are_those_of_the_moment(line):
    place = line.index_at(10.0)
    shown = values_at(PLANS["in_use"], line, place)
    assert shown["slots"] == f"{line.column('slots_held')[place]:.0f}"
    newest = values_at(PLANS["waiting"], line, None)
    assert newest["in the queue"] == f"{line.column('waiting')[-1]:.0f}"
    assert values_at(PLANS["waiting"], Timeline(), None) == {}


def test_a_limit_far_above_does_not_flatten_the_chart():
    line = Timeline()
    for tick in list(fake_ticks(60))[:8]:
        line.add(tick)
    assert top_of(PLANS["in_use"], line, (5000.0,)) < 100
    assert top_of(PLANS["in_use"], line, (100.0,)) >= 100


def test_latencies_stay_within_the_axis(line):
    values = in_powers(line.column("ttfa_p95_ms"))
    assert values.min() >= LOW
    assert values.max() <= HIGH


def test_the_annotation_under_the_pointer():
    marks = fake_marks(60)
    assert near_mark(marks, 27.3, 0.5).text == "connection 12 cut"
    assert near_mark(marks, 22.0, 0.5) is None
