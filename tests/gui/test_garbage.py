"""Garbage of Qt's is collected where Qt's objects live."""

from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QObject, QTimer

from voxgrid.garbage import GarbageCollector


class Cycle(QObject):
    """Garbage with a running timer; notes in which thread it went."""

    def __init__(self, gone):
        super().__init__()
        self.itself = self
        self.gone = gone
        self.timer = QTimer(self)
        self.timer.start(1)

    def __del__(self):
        self.gone.append(threading.current_thread())


def work_that_collects():
    for _ in range(20_000):
        made = []
        made.append(made)


@pytest.fixture(autouse=True)
def _frozen_again():
    """The collector thaws what the session froze; the tests after these would pay for it."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def collector(qapp):
    collector = GarbageCollector()
    collector.start()
    yield collector
    collector.stop()


def test_a_busy_thread_collects_nothing_of_qt(collector, qtbot):
    gone = []
    Cycle(gone)
    thread = threading.Thread(target=work_that_collects)
    thread.start()
    thread.join()
    assert gone == []
    qtbot.waitUntil(lambda: bool(gone), timeout=3000)
    assert gone == [threading.main_thread()]


def test_the_interpreter_collects_again_afterwards(qapp):
    gc.enable()
    collector = GarbageCollector()
    collector.start()
    assert collector.running
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()
    assert not collector.running


def test_it_follows_the_thresholds(collector, monkeypatch):
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    for counts, generation in (((10, 0, 0), -1), ((701, 0, 0), 0), ((701, 11, 0), 1), ((701, 11, 11), 2)):
        monkeypatch.setattr(gc, "get_count", lambda counts=counts: counts)
        assert collector.collect() == generation
