"""What tests of the window share: one application, a window on a made-up pool, and nothing left behind."""

import gc
import math
from functools import partialmethod

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from support.stage import make_stage
from voxgrid.models.frame_list import FrameList


@pytest.fixture(autouse=True, scope="session")
def _application(qapp):
    """One application for all tests; Qt allows no second one."""
    # As the app does: a dialog that closes must not end the loop.
    qapp.setQuitOnLastWindowClosed(False)


@pytest.fixture(autouse=True, scope="module")
def _what_lives_now_stays():
    """A collection after each test looks at what the tests of one module made, and at nothing else.

    Again for each module, for a session of the app that ends gives back what it has frozen, and all else with it.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch, tmp_path):
    """Neither the settings nor the key of whoever runs the tests."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("INWORLD_API_KEY", raising=False)


@pytest.fixture(autouse=True)
def _garbage_goes_in_the_main_thread():
    """A thread that collects a Qt object with a running timer ends the process later (see voxgrid.garbage)."""
    gc.disable()
    yield
    # What qtbot and closed dialogs leave for an event loop: what stays is told of every style that a later test sets.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.enable()


@pytest.fixture
def stage(tmp_path, qapp, monkeypatch):
    """The window; its pool and its time are moved by the test."""
    # A list looks through its frames a few milliseconds at a time; how many those are is for a busy machine to say.
    monkeypatch.setattr(FrameList, "advance", partialmethod(FrameList.advance, budget_s=math.inf))
    made = make_stage(tmp_path)
    yield made
    made.close()
