"""Files that are written whole or not at all: a reader never sees half of one, an old one stays until then."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """Give a file to write into, which gets its name when all is written; a full disk leaves what was there.

    A device or a pipe is written into as it is: a file must not take its place.

    Args:
        target: The file; its directory must exist.

    Yields:
        An empty file, open for bytes.

    Raises:
        OSError: If it cannot be written.
    """
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    draft = draft_beside(target)
    try:
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.filename is not None:
            # The person named the target; the draft's name would only puzzle them.
            error.filename, error.filename2 = str(target), None
        raise
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def draft_beside(target: Path) -> Path:
    """Return an unused hidden name in the same directory, so that renaming it to ``target`` is one step."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
