"""What a run needs is loaded beside the loop, and made between frames."""

import asyncio
import subprocess
import sys
import threading

import pytest

from support.views import make_theme
from voxgrid.lab.preparation import MODULES, Preparation
from voxgrid.models.lab.charting import CHARTS
from voxgrid.views.lab.charts_dock import ChartsDock


@pytest.fixture
def gated(tmp_path, monkeypatch):
    """Two modules, of which the first is loaded when the test says so."""
    gate = threading.Event()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "gate_of_the_test", gate, raising=False)
    (tmp_path / "slow_one.py").write_text("import sys\nsys.gate_of_the_test.wait(10)\n", encoding="utf-8")
    (tmp_path / "next_one.py").write_text("", encoding="utf-8")
    yield gate
    gate.set()
    for name in ("slow_one", "next_one"):
        sys.modules.pop(name, None)


async def test_the_loop_goes_on_while_modules_are_loaded(gated):
    preparation = Preparation(("slow_one", "next_one"))
    waiting = asyncio.create_task(preparation.ready())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert not preparation.done
    gated.set()
    await waiting
    assert preparation.done
    assert {"slow_one", "next_one"} <= sys.modules.keys()


async def test_what_is_loaded_needs_no_thread():
    preparation = Preparation(("asyncio", "sys"))
    await preparation.ready()
    assert preparation._thread is None


async def test_closing_loads_nothing_more(gated):
    preparation = Preparation(("slow_one", "next_one"))
    preparation.start()
    closing = asyncio.create_task(preparation.close())
    await asyncio.sleep(0)
    gated.set()
    await closing
    assert "next_one" not in sys.modules
    preparation.start()
    await preparation.ready()
    assert "next_one" not in sys.modules


def test_charts_are_made_one_by_one_with_frames_in_between(qtbot, monkeypatch):
    from voxgrid.views.lab.charts_view import ChartsView

    made = []
    make_next = ChartsView.make_next
    monkeypatch.setattr(ChartsView, "make_next", lambda view: (made.append(len(view.charts)), make_next(view)))
    dock = ChartsDock(make_theme())
    qtbot.addWidget(dock)
    dock.resize(400, 600)
    dock.show()
    assert made == []
    assert not dock.complete
    for number in range(len(CHARTS)):
        dock._making.timeout.emit()
        assert len(made) == number + 1
    assert dock.complete
    assert list(dock.charts.charts) == [plan.key for plan in CHARTS]
    spans = {tuple(chart.plot.getViewBox().viewRange()[0]) for chart in dock.charts.charts.values()}
    assert len(spans) == 1
    # The knee is for a search, or for who asks for it.
    assert dock.knee is None
    dock.tabs.setCurrentIndex(1)
    assert dock.knee is not None
    dock.stop()


def test_a_long_annotation_under_the_pointer_widens_nothing(qtbot, qapp):
    dock = ChartsDock(make_theme())
    qtbot.addWidget(dock)
    dock.resize(300, 600)
    dock.show()
    while not dock.complete:
        dock._making.timeout.emit()
    before = dock.minimumSizeHint().width()
    said = "0:03.8 · threshold: corrected_ms.p95 < 400 is crossed: 421.1 " * 3
    dock.charts.readout.emit(said)
    qapp.processEvents()
    assert dock.minimumSizeHint().width() == before
    assert dock.readout.text().startswith("0:03.8 · threshold")
    assert dock.readout.text().endswith("…")
    assert dock.readout.toolTip() == said
    dock.charts.readout.emit("")
    assert dock.readout.text().startswith("Wheel zooms")
    dock.stop()


def test_charts_that_are_saved_are_all_there(qtbot, tmp_path):
    dock = ChartsDock(make_theme())
    qtbot.addWidget(dock)
    dock.resize(400, 600)
    assert dock.save_picture(tmp_path / "charts.png") == ""
    assert dock.charts.complete
    dock.stop()


def test_nothing_that_touches_qt_is_loaded_beside_the_windows_thread():
    """Loading pyqtgraph in a thread ended the process now and then: PySide makes its classes in one thread alone."""
    code = (
        "import sys; from importlib import import_module\n"
        f"for name in {MODULES!r}: import_module(name)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('PySide6', 'pyqtgraph', 'voxgrid')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.strip() == "[]"
