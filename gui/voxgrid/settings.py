"""What the window remembers: typed, checked on the way in, and never a reason not to start.

A file that is damaged, read-only or not there at all costs remembered choices and nothing else: every value is
checked when it is read, and one that is not acceptable is its default again.  Keys and tokens are not settings:
see ``voxgrid.secrets``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One thing to remember.

    Attributes:
        key: Its name in the file, ``"group/name"``.
        default: What holds when nothing acceptable is stored.
        read: Turns what is stored (an INI file holds texts) into a value; raises ValueError or TypeError for
            anything unacceptable.
    """

    key: str
    default: T
    read: Callable[[object], T]


def boolean(stored: object) -> bool:
    """Read ``true`` or ``false``.

    Raises:
        ValueError: If it is neither.
    """
    known = {"true": True, "false": False}
    try:
        return known[str(stored).lower()]
    except KeyError:
        raise ValueError(f"{stored!r} is neither true nor false") from None


def number(low: float, high: float) -> Callable[[object], float]:
    """Return a reader for numbers from ``low`` to ``high``."""

    def read(stored: object) -> float:
        value = float(str(stored))
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        return value

    return read


def whole(low: int, high: int) -> Callable[[object], int]:
    """Return a reader for whole numbers from ``low`` to ``high``."""

    def read(stored: object) -> int:
        return int(number(low, high)(int(str(stored))))

    return read


def text(longest: int = 200) -> Callable[[object], str]:
    """Return a reader for texts of at most ``longest`` characters."""

    def read(stored: object) -> str:
        # A comma in an INI file is read back as a list of texts.
        value = ", ".join(map(str, stored)) if isinstance(stored, list) else stored
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise ValueError("not a text, or too long")
        return value

    return read


def choice(*names: str) -> Callable[[object], str]:
    """Return a reader for one of a few names."""

    def read(stored: object) -> str:
        if stored not in names:
            raise ValueError(f"{stored!r} is none of {names}")
        return str(stored)

    return read


def blob(stored: object) -> bytes:
    """Read bytes, such as the layout of the docks.

    Raises:
        TypeError: If something else is stored.
    """
    if isinstance(stored, QByteArray):
        return bytes(stored.data())
    if isinstance(stored, bytes):
        return stored
    raise TypeError("not bytes")


VOLUME: Final = Setting("sound/volume", 0.8, number(0.0, 1.0))
MUTED: Final = Setting("sound/muted", False, boolean)
DEVICE: Final = Setting("sound/device", "", text())
KEEP_MB: Final = Setting("history/keep_mb", 256, whole(8, 8192))
KEEP_COUNT: Final = Setting("history/keep_count", 300, whole(8, 5000))
SECOND_UTTERANCE: Final = Setting("playground/second_utterance", "queue", choice("queue", "interrupt"))
FIRE_COUNT: Final = Setting("playground/fire_count", 60, whole(1, 500))
FIRE_SOURCE: Final = Setting("playground/fire_source", "short-replies", text())
FORM: Final = Setting("playground/parameters", "", text(4000))
VOICE_CHOSEN: Final = Setting("playground/voice_chosen", False, boolean)
MORE_SHOWN: Final = Setting("playground/more_shown", False, boolean)
ENDPOINT_KIND: Final = Setting("endpoint/kind", "local", choice("local", "inworld", "custom"))
ENDPOINT_REGION: Final = Setting("endpoint/region", "global", choice("global", "eu", "in"))
ENDPOINT_URL: Final = Setting("endpoint/url", "", text(400))
ENDPOINT_KEY_SOURCE: Final = Setting("endpoint/key_source", "environment", choice("environment", "keyring", "typed"))
BURST_CAP: Final = Setting("cost/burst_cap_characters", 20_000, whole(0, 100_000_000))
PRICE: Final = Setting("cost/usd_per_million_characters", 0.0, number(0.0, 10_000.0))
"""0 means: the list price of the model, as far as it is known."""


class Settings:
    """Remembered choices.

    Args:
        path: The INI file, or None for the user's own.
    """

    def __init__(self, path: Path | None = None) -> None:
        ini = QSettings.Format.IniFormat
        if path is None:
            self._store = QSettings(ini, QSettings.Scope.UserScope, "Voxgrid", "voxgrid")
        else:
            self._store = QSettings(str(path), ini)
        self._for_now: dict[str, object] = {}

    def __repr__(self) -> str:
        return f"<Settings {self._store.fileName()} {self._store.status().name}>"

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self._store.fileName())

    @property
    def problem(self) -> str:
        """What is wrong with the file as a sentence, or "" when nothing is."""
        status = self._store.status()
        if status is QSettings.Status.FormatError:
            return f"The settings in {self.path} are damaged; what could be read is used, the rest is as new."
        if status is QSettings.Status.AccessError or not self._store.isWritable():
            return f"Settings cannot be written to {self.path}; choices are remembered until the window closes."
        return ""

    def get(self, setting: Setting[T]) -> T:
        """Return the remembered value, or the default when there is no acceptable one."""
        if setting.key in self._for_now:
            return setting.read(self._for_now[setting.key])
        stored = self._store.value(setting.key)
        if stored is None:
            return setting.default
        try:
            return setting.read(stored)
        except (ValueError, TypeError, OverflowError):
            return setting.default

    def set(self, setting: Setting[T], value: T) -> None:
        """Remember a value."""
        self._for_now.pop(setting.key, None)
        stored: object = value
        if isinstance(value, bool):
            stored = "true" if value else "false"
        elif isinstance(value, bytes):
            stored = QByteArray(value)
        self._store.setValue(setting.key, stored)

    def hold(self, setting: Setting[T], value: T) -> None:
        """Have another value until it is set or the session ends; nothing is written."""
        self._for_now[setting.key] = value

    def forget(self, setting: Setting[T]) -> None:
        """Go back to the default."""
        self._store.remove(setting.key)

    def sync(self) -> None:
        """Write what is not written yet; a failure shows in ``problem``."""
        self._store.sync()
