"""Windows that go as they came: what a test built is taken away with it, threads and all.

A bridge, a theme or a controller has no parent in Qt, and its signals are connected to closures that hold it in turn: a
ring through Qt that no garbage collection sees.  A program has one window and does not mind.  Four hundred tests do:
each window that stayed made every later one slower, up to six times at the end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import fields

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

from voxgrid.app import Parts

THREAD_S = 10.0
"""How long a thread of a window may take to end what it is doing."""


async def end_features(parts: Parts) -> None:
    """End what the features do, as the app does."""
    await asyncio.gather(*(feature.close() for feature in parts.features))


async def end(parts: Parts) -> None:
    """End a window that spoke, and take it away."""
    await end_features(parts)
    await parts.controller.close()
    parts.feed.close()
    take_away(parts)


def take_away(parts: Parts) -> None:
    """Delete a window, and all that stands behind it; nothing of it may go on ticking."""
    parts.bridge.stop()
    parts.lag.stop()
    parts.window.hide()
    left = [timer for owner in (parts.bridge, parts.lag, parts.presenter) for timer in _ticking(owner)]
    assert not left, f"timers left running: {left}"
    for each in _objects(parts):
        if each.parent() is None:
            each.deleteLater()
    # processEvents() leaves deferred deletions alone.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def await_threads(before: Iterable[threading.Thread]) -> None:
    """Wait for the threads that were started since; none may stay."""
    known = set(before)
    for thread in threading.enumerate():
        # A loop's own threads end with the loop.
        if thread not in known and not thread.daemon and not thread.name.startswith("asyncio_"):
            thread.join(THREAD_S)
            assert not thread.is_alive(), f"a thread outlives its window: {thread.name}"


def _objects(parts: Parts) -> list[QObject]:
    values = [getattr(parts, field.name) for field in fields(parts)]
    return [each for each in (*values, *parts.features) if isinstance(each, QObject)]


def _ticking(owner: QObject) -> list[QTimer]:
    return [timer for timer in owner.findChildren(QTimer) if timer.isActive()]
