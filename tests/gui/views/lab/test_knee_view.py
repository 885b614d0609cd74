"""The knee of a search."""

import pytest

from support.fake_run import fake_search
from voxgrid.views.lab.knee_view import KneeView
from voxpool.stress.result import Step


@pytest.fixture
def view(qtbot, theme):
    made = KneeView(theme)
    qtbot.addWidget(made)
    made.resize(400, 640)
    return made


def test_it_names_the_safe_level_and_what_broke(view):
    found = fake_search()
    view.show_steps(found.steps, found)
    assert view.said.text().startswith("Safe: 100 utterances at once. At 110 a threshold failed")
    lines = [(line.value(), token) for line, token in view._borders if line.isVisible()]
    assert lines == [(100, "good"), (110, "bad"), (100, "good"), (110, "bad")]


def test_levels_that_held_and_failed_look_different(view):
    found = fake_search()
    view.show_steps(found.steps, found)
    held, failed = view._points[True], view._points[False]
    assert sorted(held.getData()[0]) == [10, 20, 40, 80, 100]
    assert sorted(failed.getData()[0]) == [110, 120, 160]
    assert held.opts["symbol"] != failed.opts["symbol"]


def test_the_table_has_every_level_in_the_order_of_trying(view):
    found = fake_search()
    view.show_steps(found.steps, None)
    levels = [view.table.item(row, 0).text() for row in range(view.table.rowCount())]
    assert levels == ["10", "20", "40", "80", "160", "120", "100", "110"]
    assert view.table.item(4, 4).text().startswith("✕ ttfa_ms.p95")
    assert view.said.text() == "8 levels tried; the highest that held so far: 100."
    assert not any(line.isVisible() for line, _ in view._borders)


def test_a_level_that_was_tried_again_says_so(view):
    view.show_steps((Step(2.0, True, repeated=2), Step(4.0, False, why="errors.rate < 0.1", repeated=1)), None)
    assert view.table.item(0, 4).text() == "✓ held · tried again 2 times, as the service was away"
    assert view.table.item(1, 4).text() == "✕ errors.rate < 0.1; tried again once, as the service was away"


def test_without_a_search_it_says_how_to_begin_one(view):
    assert "Search for the breaking point" in view.said.text()
