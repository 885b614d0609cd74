"""The last net: whatever nobody caught becomes a log record and a sentence, and the window goes on."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from types import TracebackType
from typing import Any, Final

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler

from voxgrid.notifications import Notifications, Severity

_logger = logging.getLogger(__name__)
_qt_logger = logging.getLogger("qt")
_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS: Final = ("does not support propagateSizeHints", "Unable to detect a launcher for")
"""Complaints of Qt that say nothing: the second one is told by who asked (``outside``)."""


class Faults(QObject):
    """Catches what nobody else did, on every thread.

    Args:
        notifications: Where the sentences go.
    """

    # Another thread's fault must be shown by the GUI thread: a queued signal carries it there.
    _caught = Signal(object, str)
    _said = Signal(str, bool)

    def __init__(self, notifications: Notifications) -> None:
        super().__init__()
        self._notifications = notifications
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._said.connect(self._show_qt, Qt.ConnectionType.QueuedConnection)
        self._before = (sys.excepthook, threading.excepthook)
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self) -> None:
        """Take over the hooks of Python, its threads and Qt."""
        sys.excepthook = self._excepthook
        threading.excepthook = self._thread_hook
        qInstallMessageHandler(self._qt_message)

    def uninstall(self) -> None:
        """Give them back; a loop that goes on complains for itself."""
        sys.excepthook, threading.excepthook = self._before
        if self._loop is not None:
            self._loop.set_exception_handler(None)
        qInstallMessageHandler(None)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over what an event loop would only print."""
        self._loop = loop
        loop.set_exception_handler(self._loop_handler)

    def _excepthook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt | SystemExit):
            sys.__excepthook__(kind, error, trace)
            return
        self._report(error, "")

    def _thread_hook(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread is not None else "a thread"
            self._report(args.exc_value, f"The thread “{name}”")

    def _loop_handler(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message", "something went wrong in the event loop"))
        if isinstance(error, BaseException):
            task = context.get("task") or context.get("future")
            where = f"The task “{task.get_name()}”" if isinstance(task, asyncio.Task) else ""
            self._report(error, where)
        else:
            _logger.error("event loop: %s", message)
            self._said.emit(f"The event loop complains: {message}.", True)

    def _report(self, error: BaseException, where: str) -> None:
        _logger.error("nobody caught %s in %s", type(error).__name__, where or "the main thread", exc_info=error)
        self._caught.emit(error, where)

    def _show(self, error: BaseException, where: str) -> None:
        self._notifications.exception(error, where)

    def _qt_message(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if any(part in text for part in _HARMLESS):
            return
        _qt_logger.log(_LEVELS.get(kind, logging.WARNING), "%s", text)
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg):
            self._said.emit(f"Qt complains: {text}", kind is not QtMsgType.QtWarningMsg)

    def _show_qt(self, text: str, bad: bool) -> None:
        severity = Severity.ERROR if bad else Severity.WARNING
        self._notifications.post(text, hint="A fault of Voxgrid's own; you can go on.", severity=severity)
