"""Loads what a run needs before it begins, on a thread: the libraries take half a second, which no frame has.

Nothing that touches Qt may be among them: pyqtgraph copies every class of PySide while it is loaded, and doing so
beside the window's own thread ends the process, about once in seventy starts of a busy machine.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Final

MODULES: Final = (
    "voxpool.stress.engine",
    "voxpool.stress.honesty",
    "voxpool.stress.process",
    "voxpool.stress.searching",
)
"""What is loaded, in this order."""
_CLOSE_S: Final = 1.0


class Preparation:
    """Loads modules once, on a thread of its own.

    Args:
        modules: Their names.
    """

    def __init__(self, modules: Sequence[str] = MODULES) -> None:
        self._modules = tuple(modules)
        self._thread: threading.Thread | None = None
        self._ended = False

    def __repr__(self) -> str:
        return f"<Preparation {'done' if self.done else 'to do'}>"

    @property
    def done(self) -> bool:
        """Whether nothing is left to be loaded."""
        return not self._working and all(name in sys.modules for name in self._modules)

    @property
    def _working(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to load, if there is something to load and nobody does."""
        if self._ended or self._working or self.done:
            return
        self._thread = threading.Thread(target=self._load, name="stress lab preparation")
        self._thread.start()

    async def ready(self) -> None:
        """Wait until everything is loaded; the loop goes on meanwhile."""
        self.start()
        if self._working:
            await asyncio.to_thread(self._join, None)

    async def close(self) -> None:
        """Load nothing more; what is being loaded is waited for, for a second at most."""
        self._ended = True
        if self._working:
            await asyncio.to_thread(self._join, _CLOSE_S)

    def _join(self, timeout_s: float | None) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _load(self) -> None:
        for name in self._modules:
            if self._ended:
                return
            import_module(name)
