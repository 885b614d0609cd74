"""The charts as a widget: drawn in turns, zoomed, hovered, saved."""

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage

from support.fake_run import THRESHOLDS, fake_marks, fake_ticks
from voxgrid.models.lab.charting import CHARTS
from voxgrid.models.lab.picture import Picture
from voxgrid.theme import ThemeMode
from voxgrid.views.lab.charts_view import TWO_COLUMNS, ChartsView
from voxpool.stress.result import Tick


def view_items(chart):
    return [(line.name, value) for line, value in chart.legend._items]


def _picture(seconds=40.0):
    made = Picture(name="Ramp", slots=100, generations=60, planned_s=60.0, thresholds=THRESHOLDS)
    for tick in fake_ticks(seconds):
        made.add_tick(tick)
    for mark in fake_marks(seconds):
        made.add_mark(mark)
    return made


@pytest.fixture
def view(qtbot, theme):
    made = ChartsView(theme)
    qtbot.addWidget(made)
    made.resize(400, 640)
    made.show()
    yield made
    made.stop()


def test_a_frame_draws_one_chart(view, monkeypatch):
    drawn = []
    view.show_picture(_picture())
    monkeypatch.setattr(view, "_draw", lambda plan: drawn.append(plan.key))
    view.refresh()
    view.refresh()
    assert drawn == []
    for number in range(len(CHARTS)):
        view._draw_next()
        assert len(drawn) == number + 1
    assert sorted(drawn) == sorted(plan.key for plan in CHARTS)
    view._draw_next()
    assert not view._frames.isActive()


def test_nothing_is_drawn_while_nobody_sees_it(view, monkeypatch):
    view.hide()
    view.refresh()
    assert not view._frames.isActive()


def test_the_time_axis_is_as_wide_as_the_run_will_be(view):
    view.show_picture(_picture())
    start, end = view.charts["waiting"].plot.getViewBox().viewRange()[0]
    assert (start, end) == pytest.approx((0.0, 60.0))


def test_zooming_one_zooms_all_and_stays_while_the_run_goes_on(view):
    picture = _picture()
    view.show_picture(picture)
    view.charts["waiting"].zoomed.emit(10.0, 20.0)
    for tick in list(fake_ticks(50))[160:]:
        picture.add_tick(tick)
    for plan in CHARTS:
        view._draw(plan)
    ranges = {tuple(chart.plot.getViewBox().viewRange()[0]) for chart in view.charts.values()}
    assert len(ranges) == 1
    assert ranges.pop() == pytest.approx((10.0, 20.0))
    assert view.zoomed
    view.charts["lag"].resetRequested.emit()
    assert not view.zoomed
    assert view.charts["lag"].plot.getViewBox().viewRange()[0][1] == pytest.approx(60.0)


def test_the_wheel_over_a_plot_is_a_zoom(view, qtbot, qapp):
    view.show_picture(_picture())
    with qtbot.waitSignal(view.charts["in_use"].zoomed):
        view.charts["in_use"].plot.getViewBox().sigRangeChangedManually.emit([True, False])


def test_the_crosshair_says_what_there_was(view, qtbot):
    picture = _picture()
    view.show_picture(picture)
    with qtbot.waitSignal(view.readout) as said:
        view.charts["waiting"].hovered.emit(18.0)
    assert said.args[0] == "0:18.0 · fault: connection 12 cut"
    place = picture.line.index_at(18.0)
    shown = dict(view_items(view.charts["in_use"]))
    assert shown["slots"] == f"{picture.line.column('slots_held')[place]:.0f}"
    assert view.charts["lag"]._cross.isVisible()
    with qtbot.waitSignal(view.readout) as said:
        view.charts["waiting"].hovered.emit(None)
    assert said.args[0] == ""
    assert not view.charts["lag"]._cross.isVisible()


def test_the_pointer_is_found_in_seconds(view):
    view.show_picture(_picture())
    chart = view.charts["in_use"]
    box = chart.plot.getViewBox()
    where = chart.plot.mapFromScene(box.mapViewToScene(QPointF(30.0, 10.0)))
    assert chart._seconds_at(QPointF(where)) == pytest.approx(30.0, abs=0.3)
    assert chart._seconds_at(QPointF(2, 2)) is None


def test_wide_enough_it_has_two_columns(view, qapp):
    qapp.processEvents()
    assert {chart.x() for chart in view.charts.values()} == {view.charts["in_use"].x()}
    view.resize(TWO_COLUMNS + 80, 640)
    qapp.processEvents()
    assert len({chart.x() for chart in view.charts.values()}) == 2


def test_series_are_told_apart_without_colour(view):
    picture = _picture(60)
    view.show_picture(picture)
    for chart in view.charts.values():
        styles = [line.style for line in chart._lines.values()]
        assert len(styles) == len(set(styles)), chart.title


def test_colours_follow_the_theme(view, theme):
    item = view.charts["waiting"]._items["in the queue"]
    colours = []
    for mode in (ThemeMode.LIGHT, ThemeMode.DARK):
        theme.set_mode(mode)
        colours.append(item.opts["pen"].color().name())
        assert colours[-1] == theme.tokens.creating
    assert len(set(colours)) == 2


def test_the_next_run_has_its_own_limits_and_kinds_of_errors(view):
    """Limits that went come back, and a kind of error looks as its legend says, also in another run."""

    def picture(generations, *kinds):
        made = Picture(slots=100, generations=generations)
        for number in range(1, len(kinds) + 1):
            made.add_tick(Tick(at_s=float(number), errors=dict.fromkeys(kinds[:number], 1)))
        return made

    in_use, errors = view.charts["in_use"], view.charts["errors"]
    for generations, kinds in ((60, "AB"), (None, "B"), (60, "BA")):
        view.show_picture(picture(generations, *kinds))
        shown = [line.value() for line in in_use._limit_items if line.isVisible()]
        assert shown == [100.0, *([60.0] if generations else [])]
        for line, _ in errors.legend._items:
            pen = errors._items[line.name].opts["pen"]
            assert (pen.color(), pen.style()) == (line.pen(view._theme).color(), line.style)


def test_a_picture_and_a_drawing_are_saved(view, tmp_path):
    view.show_picture(_picture())
    assert view.save(tmp_path / "charts.png") == ""
    assert view.save(tmp_path / "charts.svg") == ""
    assert QImage(str(tmp_path / "charts.png")).width() == 2 * view.width()
    drawing = (tmp_path / "charts.svg").read_text()
    assert "<svg" in drawing
    assert drawing.count("<polyline") + drawing.count("<path") > 50
    assert "could not be written" in view.save(tmp_path / "nowhere" / "charts.png")


def test_the_plot_takes_no_keyboard_and_has_no_menu(view):
    for chart in view.charts.values():
        assert chart.plot.focusPolicy() is Qt.FocusPolicy.NoFocus
        assert not chart.plot.getViewBox().menuEnabled()
