"""The probe of the event loop."""

from voxgrid.loop_lag import BUSY_MS, IDLE_MS, LoopLag


def test_lateness_is_what_is_beyond_the_interval(qapp):
    now = [0.0]
    lag = LoopLag(lambda: now[0])
    lag.set_busy(True)
    lag.probe()
    assert lag.p99_ms() is None
    for late_ms in (0, 0, 5, -2):
        now[0] += (BUSY_MS + late_ms) / 1000
        lag.probe()
    assert round(lag.worst_ms, 6) == 5
    assert round(lag.p99_ms(), 6) == 5


def test_a_change_of_pace_is_no_lateness(qapp):
    now = [0.0]
    lag = LoopLag(lambda: now[0])
    lag.probe()
    lag.set_busy(True)
    now[0] += IDLE_MS / 1000
    lag.probe()
    assert lag.p99_ms() is None


def test_it_wakes_up_by_itself_and_stops(qtbot):
    lag = LoopLag()
    lag.set_busy(True)
    lag.start()
    qtbot.waitUntil(lambda: lag.p99_ms() is not None)
    lag.stop()
    lag.clear()
    assert lag.p99_ms() is None
