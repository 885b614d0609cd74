"""Where the log goes: a file that turns over, or memory alone when nothing can be written."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

import platformdirs

from voxpool import private
from voxpool.config import Credential
from voxpool.errors import EndpointError
from voxpool.scrub import remember, scrub

_FORMAT: Final = "%(asctime)s.%(msecs)03d %(levelname)-7s %(threadName)s %(name)s: %(message)s"
_BYTES: Final = 2_000_000
_FILES: Final = 3


def start_logging(folder: Path | None = None, level: int = logging.INFO) -> Path | None:
    """Send all log records to a file.

    Args:
        folder: Where, by default the user's log folder, and the system's temporary one when that is read-only.
        level: Records below it are dropped.

    Returns:
        The file, or None when none can be written; that is survived.
    """
    _know_the_key()
    root = logging.getLogger()
    root.setLevel(level)
    # aiohttp logs each request of the local server's health check; qasync logs every timer.
    for noisy in ("aiohttp.access", "qasync", "asyncio"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
    for candidate in _candidates(folder):
        handler = _open(candidate)
        if handler is not None:
            root.addHandler(handler)
            return Path(handler.baseFilename)
    return None


def stop_logging() -> None:
    """Close the files; for tests, which start it more than once."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, RotatingFileHandler)]:
        root.removeHandler(handler)
        handler.close()


def _know_the_key() -> None:
    """Have the key in the environment taken out of every text from now on, whether it is ever used or not."""
    key = os.environ.get("INWORLD_API_KEY", "").strip()
    try:
        # Making one is enough: it has itself remembered, and what it is made of.
        Credential.basic(key)
    except EndpointError:
        remember([key])


def _candidates(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    yield Path(platformdirs.user_log_dir("voxgrid", appauthor=False))
    yield Path(tempfile.gettempdir()) / "voxgrid"


def _open(folder: Path) -> RotatingFileHandler | None:
    try:
        private.make_folder(folder)
        handler = RotatingFileHandler(
            folder / "voxgrid.log", maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8", delay=False
        )
    except OSError:
        return None
    handler.setFormatter(ScrubbingFormatter(_FORMAT, "%Y-%m-%d %H:%M:%S"))
    return handler


class ScrubbingFormatter(logging.Formatter):
    """Takes secrets out of the whole record, its traceback included: a log is what people post first."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines."""
        return scrub(super().format(record))
