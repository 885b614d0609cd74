"""What tests of the window share: one application, a window on a made-up pool, and nothing left behind."""

import gc

import pytest

from support.stage import make_stage


@pytest.fixture(autouse=True, scope="session")
def _application(qapp):
    """One application for all tests; Qt allows no second one."""
    # As the app does: a dialog that closes must not end the loop.
    qapp.setQuitOnLastWindowClosed(False)
    gc.collect()
    # What was imported stays: a collection after each test need not look at it.
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
    gc.collect()
    gc.enable()


@pytest.fixture
def stage(tmp_path, qapp):
    """The window; its pool and its time are moved by the test."""
    made = make_stage(tmp_path)
    yield made
    made.close()
