"""The last net catches, tells, and the app lives."""

import asyncio
import sys
import threading

import pytest
import shiboken6
from PySide6.QtCore import QtMsgType, qWarning

from voxgrid.faults import Faults
from voxgrid.notifications import Notifications


@pytest.fixture
def notifications():
    return Notifications()


@pytest.fixture
def faults(notifications):
    made = Faults(notifications)
    made.install()
    yield made
    made.uninstall()


def test_an_exception_in_a_slot_becomes_a_sentence(faults, notifications, qtbot, caplog):
    error = ZeroDivisionError("made up")
    sys.excepthook(type(error), error, None)
    qtbot.waitUntil(lambda: notifications.newest is not None)
    assert "ZeroDivisionError" in notifications.newest.text
    assert "made up" in caplog.text


def test_an_exception_in_a_thread_names_the_thread(faults, notifications, qtbot):
    def fail():
        raise ValueError("made up")

    thread = threading.Thread(target=fail, name="audio keeper")
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: notifications.newest is not None)
    assert "audio keeper" in notifications.newest.text


async def test_a_loop_that_goes_on_complains_for_itself(notifications, caplog):
    faults, loop = Faults(notifications), asyncio.get_running_loop()
    faults.watch(loop)
    faults.uninstall()
    shiboken6.delete(faults)
    loop.call_exception_handler({"message": "made up"})
    assert "made up" in caplog.text
    assert "custom exception handler" not in caplog.text


async def test_an_exception_that_nobody_awaited_names_the_task(faults, notifications):
    faults.watch(asyncio.get_running_loop())

    async def fail():
        raise ValueError("made up")

    task = asyncio.create_task(fail(), name="lonely")
    await asyncio.wait({task})
    asyncio.get_running_loop().call_exception_handler(
        {"message": "never retrieved", "exception": task.exception(), "task": task}
    )
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert "lonely" in notifications.newest.text


def test_what_qt_says_is_in_the_log_and_harmless_chatter_is_not(faults, caplog):
    qWarning("QWidget: something odd")
    qWarning("This plugin does not support propagateSizeHints()")
    assert "something odd" in caplog.text
    assert "propagateSizeHints" not in caplog.text


def test_the_hooks_are_given_back(notifications):
    before = sys.excepthook, threading.excepthook
    faults = Faults(notifications)
    faults.install()
    faults.uninstall()
    assert (sys.excepthook, threading.excepthook) == before


def test_what_qt_complains_of_is_told_too(faults, notifications, qtbot):
    faults._qt_message(QtMsgType.QtCriticalMsg, None, "QPainter: made up")
    qtbot.waitUntil(lambda: notifications.newest is not None)
    assert "QPainter: made up" in notifications.newest.text
    before = notifications.newest.count
    faults._qt_message(QtMsgType.QtWarningMsg, None, "this plugin does not support propagateSizeHints()")
    assert notifications.newest.count == before
    faults._qt_message(QtMsgType.QtWarningMsg, None, "Unable to detect a launcher for 'file:///made/up'")
    assert notifications.newest.count == before
