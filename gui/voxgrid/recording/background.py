"""Work that may take a while, in one thread beside the window."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

T = TypeVar("T")


class Background(QObject):
    """Runs one thing after the other in a thread, and what follows in the window's.

    Args:
        parent: Qt parent.
    """

    _done = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="recording")
        self._done.connect(self._act, Qt.ConnectionType.QueuedConnection)

    def run(self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Do something.

        Args:
            work: Is run in the thread.
            then: Is given what it returned.
            failed: Is given what it raised.
        """
        future = self._executor.submit(work)
        future.add_done_callback(partial(self._finish, then, failed))

    def close(self) -> None:
        """Begin nothing more, and tell nothing any more."""
        self._done.disconnect(self._act)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _finish(self, then: Callable[[Any], None], failed: Callable[[Exception], None], future: Future[Any]) -> None:
        try:
            result = future.result()
        except CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - handed on to whoever asked for the work
            self._done.emit(partial(failed, error))
        else:
            self._done.emit(partial(then, result))

    def _act(self, act: Callable[[], None]) -> None:
        # A method of an object of the window's thread, so that the queued signal runs it there.
        act()
