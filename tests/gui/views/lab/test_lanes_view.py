"""The lanes as a widget: painted strip by strip, the same as all at once; chosen, zoomed, followed."""

import pytest
from PySide6.QtCore import QPoint, Qt

from support.fake_events import FakePool
from support.fake_run import fake_marks
from voxgrid.models.lab.lanes import Lanes, Stage
from voxgrid.models.lab.picture import Picture
from voxgrid.views.lab.lane_strip import AXIS, HEAD
from voxgrid.views.lab.lanes_view import LanesView


class Scene:
    """A view, a pool and a time that moves by hand."""

    def __init__(self, view):
        self.view = view
        self.pool = FakePool(troubles=0.05)
        self.events = self.pool.events.subscribe(1_000_000)
        self.began = self.pool.now
        self.picture = Picture(planned_s=60.0, lanes=Lanes(began_at=self.began))
        view.show_picture(self.picture)
        self.pool.open(20)

    @property
    def now_s(self):
        return self.pool.now - self.began

    def go(self, seconds, step=0.25):
        for _ in range(round(seconds / step)):
            self.pool.fire(5)
            self.pool.advance(step)
            for event in self.events.drain():
                self.picture.lanes.fold(event)
            self.view.show_now(self.now_s)
            self.view.repaint()

    def settle(self):
        for _ in range(300):
            self.view.repaint()
            if not self.view._strip.is_behind(self.view.place):
                return
        raise AssertionError("the past was never painted")


def test_a_time_at_an_end_of_the_axis_is_written_whole(scene):
    view = scene.view
    for x in (HEAD, HEAD + 200, view.width()):
        area = view._axis_area(float(x), "10:05")
        assert area.left() >= HEAD
        assert area.right() <= view.width()
        assert area.width() >= 25
    middle = view._axis_area(HEAD + 200.0, "10:05")
    assert middle.center().x() == HEAD + 200.0


@pytest.fixture
def scene(qtbot, theme):
    view = LanesView(theme)
    qtbot.addWidget(view)
    view.resize(424, 616)
    view.show()
    yield Scene(view)
    view.stop()


def test_strips_add_up_to_the_whole_picture(scene):
    scene.go(12)
    scene.settle()
    strips = scene.view.grab().toImage()
    scene.view._forget_all()
    scene.settle()
    whole = scene.view.grab().toImage()
    size = strips.size()
    different = sum(
        strips.pixel(x, y) != whole.pixel(x, y) for x in range(0, size.width(), 3) for y in range(0, size.height(), 2)
    )
    # A bar that runs while it is painted may end half a pixel earlier or later.
    assert different <= size.width() * size.height() / 6 * 0.01


def test_a_scrolled_picture_is_still_right(scene, theme):
    scene.view.zoom(2)
    scene.go(14)
    assert scene.view.following
    scene.settle()
    bar = next(iter(scene.picture.lanes.bars(0, 0, scene.now_s - 4, scene.now_s - 2)))
    audio = next((begin, end) for begin, end, stage in bar.spans(scene.now_s) if stage is Stage.AUDIO)
    middle = (max(audio[0], scene.view.place.left_s) + audio[1]) / 2
    image = scene.view.grab().toImage()
    top, high = scene.view.place.lane(0, 0)
    color = image.pixelColor(round(scene.view.place.x(middle)), round(top + high / 2) - 1)
    assert color.name() == theme.tokens.generating


def test_a_click_chooses_and_enter_opens(scene, qtbot):
    scene.go(5)
    scene.settle()
    bar = next(iter(scene.picture.lanes.bars(3, 1, 0, scene.now_s)))
    top, high = scene.view.place.lane(3, 1)
    where = QPoint(round(scene.view.place.x((bar.start_s + (bar.end_s or scene.now_s)) / 2)), round(top + high / 2))
    with qtbot.waitSignal(scene.view.chosen) as chosen:
        qtbot.mouseClick(scene.view, Qt.MouseButton.LeftButton, pos=where)
    assert chosen.args == [bar.utterance_id]
    assert bar.label in scene.view.accessibleDescription()
    with qtbot.waitSignal(scene.view.opened) as opened:
        qtbot.keyClick(scene.view, Qt.Key.Key_Return)
    assert opened.args == [bar.utterance_id]


def test_beside_the_lanes_there_is_nothing(scene):
    scene.go(2)
    assert scene.view.bar_at(QPoint(HEAD - 3, 20)) is None
    assert scene.view.bar_at(QPoint(100, scene.view.height() - AXIS + 2)) is None


def test_going_back_stops_following_and_end_follows_again(scene, qtbot):
    scene.view.zoom(3)
    assert scene.view._right_s == scene.view.span_s
    scene.go(12)
    qtbot.keyClick(scene.view, Qt.Key.Key_Left)
    assert not scene.view.following
    right = scene.view._right_s
    scene.go(1)
    assert scene.view._right_s == right
    qtbot.keyClick(scene.view, Qt.Key.Key_End)
    assert scene.view.following
    assert scene.view._right_s == pytest.approx(scene.now_s)


def test_one_connection_can_fill_the_view(scene, qtbot):
    scene.go(3)
    top, high = scene.view.place.lane(7, 2)
    qtbot.mouseDClick(scene.view, Qt.MouseButton.LeftButton, pos=QPoint(200, round(top + high / 2)))
    assert scene.view.row == 7
    scene.settle()
    qtbot.keyClick(scene.view, Qt.Key.Key_Down)
    assert scene.view.row == 8
    qtbot.mouseDClick(scene.view, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    assert scene.view.row is None


def test_a_frame_adds_a_strip_and_not_the_whole(scene, monkeypatch):
    scene.go(10)
    scene.settle()
    filled = []
    strip = scene.view._strip
    original = strip._fill

    def fill(painter, lanes, place, stretch, **more):
        filled.append(stretch[1] - stretch[0])
        original(painter, lanes, place, stretch, **more)

    monkeypatch.setattr(strip, "_fill", fill)
    scene.go(0.5)
    assert filled
    assert max(filled) < 2.0
    assert scene.view.span_s == 30.0


def test_a_hidden_view_keeps_no_timer(scene):
    scene.view.stop()
    scene.view.hide()
    scene.view.show_now(3.0)
    assert not scene.view._frames.isActive()


def test_annotations_are_drawn(scene, theme):
    for mark in fake_marks(10):
        scene.picture.add_mark(mark)
    scene.go(6)
    image = scene.view.grab().toImage()
    x = round(scene.view.place.x(4.5))
    reds = {image.pixelColor(near, y).name() for near in (x - 1, x, x + 1) for y in range(0, 600, 7)}
    assert theme.tokens.bad in reds


def test_a_moment_is_kept_in_the_middle_whichever_way_it_goes(scene):
    scene.pool.troubles = 0.0
    scene.go(50)
    view = scene.view
    view.zoom(1)
    for at_s in (30.0, 25.0, 31.7, 13.1):
        view.show_moment(at_s, scene.now_s)
        scene.settle()
        assert abs((view.place.x(at_s) - HEAD) - (view.width() - HEAD) / 2) <= 1
        scrolled = view.grab().toImage()
        view._forget_all()
        scene.settle()
        whole = view.grab().toImage()
        size = whole.size()
        different = sum(
            whole.pixel(x, y) != scrolled.pixel(x, y) for x in range(size.width()) for y in range(0, 600, 6)
        )
        # The grain of what is created may lie a pixel beside.
        assert different <= size.width() * 100 * 0.01, at_s
    assert not view._frames.isActive()


def test_the_past_is_looked_at_beside_the_moment_and_found_again(scene):
    scene.go(60)
    view = scene.view
    view.show_moment(20.0, scene.now_s)
    view.pan(15.0)
    assert not view.following
    right = view._right_s
    view.show_moment(21.0, scene.now_s)
    assert view._right_s == right, "who looks elsewhere is not pulled away"
    view.set_follow(True)
    assert view._right_s == 21.0 + view.span_s / 2
