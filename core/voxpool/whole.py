"""Files that are written whole or not at all: a reader never sees half of one, an old one stays until then."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """Give a file to write into, which gets its name when all is written; a full disk leaves what was there.

    A device or a pipe is written into as it is: a file must not take its place.  The same goes for what leads to an
    open file, as ``/dev/stdout`` does; any other link stays one, and the file that it leads to is written.  What takes
    the place of a file has its permissions.

    Args:
        target: The file; its directory must exist.

    Yields:
        An empty file, open for bytes.

    Raises:
        OSError: If it cannot be written.
    """
    if target.exists() and (not target.is_file() or _leads_to_an_open_file(target)):
        with target.open("wb") as file:
            yield file
        return
    final = Path(os.path.realpath(target))
    draft = _draft_beside(final)
    try:
        with draft.open("xb") as file:
            # Who may read what was there may read what takes its place, and nobody else.
            with suppress(FileNotFoundError):
                shutil.copymode(final, draft)
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(final)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.filename is not None:
            # The person named the target; the draft's name would only puzzle them.
            error.filename, error.filename2 = str(target), None
        raise
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _leads_to_an_open_file(target: Path) -> bool:
    # Whoever opened it goes on with what it is, and not with what has its name.
    folder = target.parent.resolve()
    while folder.parts[1:2] != ("proc",):
        if not target.is_symlink():
            return False
        target = folder / target.readlink()
        folder = target.parent.resolve()
    return True


def _draft_beside(target: Path) -> Path:
    """Return an unused hidden name in the same directory, so that renaming it to ``target`` is one step."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
