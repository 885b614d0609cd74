"""What the user must be told: one sentence each, what to try, and the details one click away.

Anything that goes wrong anywhere ends here and in the log.  A notification has a key: posting it again
updates the one on show instead of stacking another, and ``resolve`` takes it away when its cause is gone.  Only the
same sentence is counted: another one with the same key takes its place.
"""

from __future__ import annotations

import logging
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from voxgrid import __version__
from voxpool.errors import VoxpoolError
from voxpool.scrub import scrub

log = logging.getLogger(__name__)

LIMIT: Final = 50
"""Notifications kept; the oldest is dropped beyond it."""

HISTORY: Final = 200
"""Notifications remembered, those that were read or are over included."""

FADE_MS: Final = 8000
"""Good news goes away by itself after this many milliseconds; trouble stays until it is read or over."""


class Severity(StrEnum):
    """How loud a notification is."""

    INFO = "notice"
    WARNING = "warning"
    ERROR = "error"


_LEVELS: Final = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}


@dataclass(frozen=True, slots=True)
class Action:
    """A button on a notification.

    Attributes:
        label: Its text.
        run: What it does.
    """

    label: str
    run: Callable[[], None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing the user should know.

    Attributes:
        key: Identity; the same key replaces.
        text: One sentence: what happened and where.
        hint: What to try, or "".
        details: A traceback or another long text, or "".
        severity: How loud it is.
        count: How often this was said, in these words.
        at: Wall-clock time of the last occurrence, in seconds since the epoch.
        action: An optional button.
    """

    key: str
    text: str
    hint: str = ""
    details: str = ""
    severity: Severity = Severity.ERROR
    count: int = 1
    at: float = 0.0
    action: Action | None = None


class Notifications(QObject):
    """The notifications on show, newest last.

    Attributes:
        changed: Emitted after any change.
        faulted: Emitted with the notification of an exception that nobody expected: a fault of ours.
    """

    changed = Signal()
    faulted = Signal(object)

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._items: dict[str, Notification] = {}
        self._history: list[Notification] = []

    def __repr__(self) -> str:
        return f"<Notifications {len(self._items)}>"

    @property
    def items(self) -> tuple[Notification, ...]:
        """What is on show, newest last."""
        return tuple(self._items.values())

    @property
    def history(self) -> tuple[Notification, ...]:
        """Everything that was told, newest last; what is told again in a row stands once."""
        return tuple(self._history)

    def forget_history(self) -> None:
        """Remember nothing of what was told."""
        self._history.clear()
        self.changed.emit()

    def _remember(self, item: Notification) -> None:
        last = self._history[-1] if self._history else None
        if last is not None and (last.key, last.text) == (item.key, item.text):
            self._history.pop()
        self._history.append(item)
        del self._history[:-HISTORY]

    @property
    def newest(self) -> Notification | None:
        """The one to show first."""
        return next(reversed(self._items.values()), None)

    def post(
        self,
        text: str,
        *,
        hint: str = "",
        details: str = "",
        severity: Severity = Severity.ERROR,
        key: str | None = None,
        action: Action | None = None,
    ) -> None:
        """Show something and log it.  Call it on the GUI thread.

        Args:
            text: One sentence: what happened, where.
            hint: What to try.
            details: A long text, one click away.
            severity: How loud.
            key: Identity; by default the text.
            action: A button.
        """
        # Whoever words this may quote a header or an environment: nothing secret is shown, logged or copied.
        text, hint, details = scrub(text), scrub(hint), scrub(details)
        item = Notification(key or text, text, hint, details, severity, 1, self._clock(), action)
        known = self._items.pop(item.key, None)
        if known is not None and known.text == text:
            item = replace(item, count=known.count + 1)
        self._items[item.key] = item
        self._remember(item)
        while len(self._items) > LIMIT:
            del self._items[next(iter(self._items))]
        log.log(_LEVELS[severity], "%s %s%s", text, hint, f"\n{details}" if details else "")
        if severity is Severity.INFO:
            QTimer.singleShot(FADE_MS, self, lambda: self._fade(item))
        self.changed.emit()

    def _fade(self, item: Notification) -> None:
        if self._items.get(item.key) is item:
            self.dismiss(item.key)

    def exception(self, error: BaseException, where: str = "", *, key: str | None = None, hint: str = "") -> None:
        """Show an exception: an expected one as its sentence, any other as a fault of ours.

        Args:
            error: What was raised.
            where: What was being done, as the beginning of a sentence ("Saving the WAV").
            key: Identity; by default the kind of error and ``where``.
            hint: What to try.
        """
        known = isinstance(error, VoxpoolError | OSError)
        said = str(error) or type(error).__name__
        text = f"{where}: {said}" if where else said
        if not known:
            text = f"{where or 'Something in Voxgrid itself'} failed unexpectedly ({type(error).__name__}: {said})"
            hint = hint or "You can go on; the details help if you report it."
        details = "".join(traceback.format_exception(error))
        key = key or f"{type(error).__name__}/{where}"
        self.post(text, hint=hint, details=details, key=key)
        if not known:
            self.faulted.emit(self._history[-1])

    def dismiss(self, key: str) -> None:
        """Take one away because the user has read it."""
        if self._items.pop(key, None) is not None:
            self.changed.emit()

    def resolve(self, key: str) -> None:
        """Take one away because its cause is gone."""
        if key in self._items:
            log.info("resolved: %s", self._items[key].text)
            self.dismiss(key)

    def clear(self) -> None:
        """Take all away."""
        if self._items:
            self._items.clear()
            self.changed.emit()


def report(item: Notification) -> str:
    """Return a notification as a text that is safe to post: what happened, where, on what; no keys."""
    system = f"Voxgrid {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    when = datetime.fromtimestamp(item.at).astimezone().isoformat(timespec="seconds")
    lines = [
        f"{item.severity.value}: {item.text}",
        item.hint,
        f"when:   {when}, {item.count} times",
        f"with:   {system}",
    ]
    if item.details:
        lines += ["", item.details.rstrip()]
    return scrub("\n".join(line for line in lines if line or line == lines[-1])) + "\n"
