"""Tests that open what they need within themselves, and close it there.

A window on a real pool can be no fixture.  qasync lets Qt's events run once more after each run of the loop, when no
loop is running any more: a tick of the window that is due in just that moment, and that wants to ask the server, fails
the test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def within(
    opened: Callable[[Path], AbstractAsyncContextManager[T]],
) -> Callable[[Callable[[T], Awaitable[None]]], Callable[[Path], Awaitable[None]]]:
    """Return a decorator of tests that take what ``opened`` yields.

    Args:
        opened: Opens it; is given a folder of the test's own.
    """

    def decorate(test: Callable[[T], Awaitable[None]]) -> Callable[[Path], Awaitable[None]]:
        # Without __wrapped__, which pytest would follow to an argument that is no fixture.
        async def run(tmp_path: Path) -> None:
            async with opened(tmp_path) as made:
                await test(made)

        run.__name__, run.__qualname__, run.__doc__ = test.__name__, test.__qualname__, test.__doc__
        run.__module__ = test.__module__
        return run

    return decorate
