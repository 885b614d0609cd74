"""Where a command writes: looked at before anything else is done, so that no work is lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from voxpool.errors import WrongUse
from voxpool.whole import whole

STDOUT: Final = Path("-")
"""Stands for standard output."""


def check_outputs(files: Mapping[str, Path | None], *sources: Path) -> None:
    """Find out that every file can be written, that each has its own, and that none is lost by it that is read.

    Args:
        files: The files by option, ``-`` being standard output; None is none.
        *sources: What the command reads; one need not be there.

    Raises:
        WrongUse: If one cannot be written, or two are the same.
    """
    taken: dict[Path, str] = {}
    for option, file in files.items():
        if file is None:
            continue
        if file == STDOUT or file.is_file() or not file.exists():
            where = file if file == STDOUT else file.resolve()
            if where in taken:
                raise WrongUse(f"{taken[where]} and {option} both name {file}; give each a file of its own")
            taken[where] = option
        if file != STDOUT:
            if file.is_file() and any(source.is_file() and file.samefile(source) for source in sources):
                raise WrongUse(f"{option} names {file}, which is read and would be lost; choose another file")
            try:
                _try(file)
            except OSError as error:
                raise WrongUse(unwritable(file, error)) from error


def written(file: Path, data: bytes) -> str | None:
    """Write a file, or return what is wrong as a sentence."""
    try:
        with whole(file) as out:
            out.write(data)
    except OSError as error:
        return unwritable(file, error)
    return None


def print_data(data: str | bytes) -> None:
    """Print what programs read, JSON, CSV, a page or a sound: text in UTF-8, whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data.encode() if isinstance(data, str) else data)
    sys.stdout.buffer.flush()


def unwritable(file: Path, error: OSError) -> str:
    """Say that a file cannot be written, as a sentence without its end."""
    return f"{file} cannot be written ({error.strerror or error}); choose another file"


def _try(file: Path) -> None:
    existed = file.exists()
    if existed and not (file.is_file() or file.is_dir()):
        # A pipe or a device: to open it may wait for somebody, or do something.
        if not os.access(file, os.W_OK):
            raise PermissionError(13, os.strerror(13), str(file))
        return
    with file.open("a", encoding="utf-8"):
        pass
    if not existed:
        file.unlink()
