"""Tasks with an owner, a name and a way out for their errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_logger = logging.getLogger(__name__)


class Tasks:
    """The running tasks of one owner.

    Args:
        on_error: Told of every exception that ended a task, with the task's name; it is in the log already.
    """

    def __init__(self, on_error: Callable[[str, BaseException], None]) -> None:
        self._on_error = on_error
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"<Tasks {len(self._tasks)} running>"

    def __len__(self) -> int:
        return len(self._tasks)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use this loop from now on: a slot of Qt's may start a task while no coroutine runs."""
        self._loop = loop

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a coroutine as a task of its own.

        Raises:
            RuntimeError: If no loop was attached.
        """
        if self._loop is None:
            work.close()
            raise RuntimeError(f"{name}: no event loop yet")
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel(self) -> None:
        """Cancel all tasks and wait for their ends."""
        mine = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _logger.error("%s failed", task.get_name(), exc_info=error)
            self._on_error(task.get_name(), error)
