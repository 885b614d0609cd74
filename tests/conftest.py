"""Shared by all tests: which event loop a test runs on, and Qt's invisible platform."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.pulse import null_sink
from support.virtual_time import VirtualTimeLoop

__all__ = ["null_sink"]  # the fixture of every sound test

# How long an example takes says something about the machine, not about the code.
settings.register_profile("voxgrid", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("voxgrid")

GUI = Path(__file__).parent / "gui"
_applications: list[object] = []
_newest: list[asyncio.AbstractEventLoop] = []
"""The newest loop on Qt, if there is one."""
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def _qasync_loop() -> asyncio.AbstractEventLoop:
    # PySide6 first: qasync takes whatever binding is imported.
    from PySide6.QtWidgets import QApplication

    import qasync  # isort: skip

    # One for the whole process, as in a program: one that went with its loop would take Qt down in a later test.
    if not _applications:
        _applications.append(QApplication.instance() or QApplication([]))

    class Loop(qasync.QEventLoop):
        """Is still the running one while it handles what is left of Qt's events, which it does once it has stopped."""

        def run_forever(self):
            try:
                return super().run_forever()
            finally:
                asyncio._set_running_loop(self)

        def run_until_complete(self, future):
            try:
                return super().run_until_complete(future)
            finally:
                asyncio._set_running_loop(None)

    loop: asyncio.AbstractEventLoop = Loop(_applications[0])
    _newest[:] = [loop]
    return loop


def pytest_configure(config: pytest.Config) -> None:
    """Let what a loop does while pytest-qt handles Qt's events between a test and its teardown find it running.

    The loop's own callbacks are among those events, and a pool that lives until the teardown goes on in them: it would
    find no loop, now and then.  In a program Qt's events are never handled without the loop.
    """
    plugin = sys.modules.get("pytestqt.plugin")
    if plugin is None:
        return
    handle: Callable[[], None] = plugin._process_events

    def handle_within_the_loop() -> None:
        if not _newest or _newest[0].is_closed() or asyncio._get_running_loop() is not None:
            handle()
            return
        asyncio._set_running_loop(_newest[0])
        try:
            handle()
        finally:
            asyncio._set_running_loop(None)

    plugin._process_events = handle_within_the_loop  # type: ignore[attr-defined]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let no collection of garbage look at what was imported: it stays."""
    gc.collect()
    gc.freeze()


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, LoopFactory]:
    """Core runs on asyncio and the window on qasync; ``@pytest.mark.both_loops`` runs a test on each."""
    if item.get_closest_marker("both_loops") is not None:
        return {"asyncio": asyncio.new_event_loop, "qasync": _qasync_loop}
    if item.get_closest_marker("virtual_time") is not None:
        return {"virtual time": VirtualTimeLoop}
    if GUI in item.path.parents or item.get_closest_marker("qasync") is not None:
        return {"qasync": _qasync_loop}
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture
async def no_leaked_tasks() -> Iterator[None]:
    """Fail a test that leaves a task behind."""
    before = asyncio.all_tasks()
    yield
    # One turn for tasks that are ending right now.
    await asyncio.sleep(0)
    left = {task.get_name() for task in asyncio.all_tasks() - before if not task.done()}
    left.discard(getattr(asyncio.current_task(), "get_name", str)())
    gc.collect()
    assert not left, f"tasks left behind: {sorted(left)}"
