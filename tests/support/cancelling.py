"""Cancel a coroutine at its nth wait: not before, not after."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any


class Waits:
    """Counts the waits of a coroutine.

    Attributes:
        count: Waits so far.
    """

    count = 0


@types.coroutine
def cancel_at(coroutine: Coroutine[Any, Any, Any], number: int, waits: Waits) -> Generator[Any, Any, Any]:
    """Run a coroutine in the current task, which is cancelled at its nth wait (from 1; 0 means never)."""
    value: Any = None
    errors: list[BaseException] = []
    while True:
        try:
            # Popped, so that no variable of this frame holds the error whose traceback holds this frame.
            future = coroutine.throw(errors.pop()) if errors else coroutine.send(value)
        except StopIteration as stop:
            return stop.value
        waits.count += 1
        if waits.count == number:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        try:
            value = yield future
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
