"""Files and folders of the app's own state, which nobody but its user may read: they hold texts, keys' uses and sound.

On Windows the user's own folders are private as they are, and modes mean nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

FILE: Final = 0o600
"""Mode of a file: its user reads and writes it."""
FOLDER: Final = 0o700
"""Mode of a folder: its user alone goes in."""


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for this user alone; those that exist stay as they are.

    Raises:
        OSError: If it cannot be made.
    """
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        # Another process may be as quick; then it is there, as wished.
        each.mkdir(mode=FOLDER, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(folder))


def new_file(file: Path) -> BinaryIO:
    """Make a file for this user alone, and return it open for bytes.

    Raises:
        OSError: If it is there already, or cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(file, flags, FILE), "wb")


def make_file(file: Path) -> None:
    """Make an empty file for this user alone; one that exists stays as it is.

    Raises:
        OSError: If it cannot be made.
    """
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, FILE))
