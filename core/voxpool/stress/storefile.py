"""The SQLite file of kept runs: its tables, how it is opened, and what becomes of one that cannot be used.

Write-ahead logging lets the list be read while a run is written.  ``synchronous=NORMAL`` keeps every committed second
through a crash of the program; only a loss of power may cost the last ones.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from voxpool import private
from voxpool.errors import RunsError

APPLICATION_ID: Final = 0x56585231
"""Says that a file is ours ("VXR1")."""
VERSION: Final = 1
"""Raised when an older program could not read the tables."""
CHUNK: Final = 200
"""Samples or ticks in one blob: small enough that turning one into bytes holds up nobody."""

_TABLES: Final = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    began_at REAL NOT NULL, url TEXT NOT NULL DEFAULT '', ended INTEGER NOT NULL DEFAULT 0,
    pid INTEGER NOT NULL DEFAULT 0, pid_began REAL NOT NULL DEFAULT 0,
    verdict TEXT NOT NULL DEFAULT '', wall_s REAL NOT NULL DEFAULT 0, p95_ms REAL, safe REAL,
    started INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    result BLOB NOT NULL
);
CREATE INDEX runs_by_time ON runs (began_at);
CREATE TABLE chunks (
    run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, kind TEXT NOT NULL, number INTEGER NOT NULL,
    count INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (run_id, kind, number)
) WITHOUT ROWID;
"""
# In files of older versions too; these leave it alone, and show what was discarded.
_BIN: Final = """
CREATE TABLE IF NOT EXISTS discarded (
    run_id TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE, pid INTEGER NOT NULL, pid_began REAL NOT NULL
) WITHOUT ROWID
"""
_UNUSABLE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BUSY_S: Final = 5.0
_MAGIC: Final = b"SQLite format 3\0"
_ID_AT: Final = 68  # https://sqlite.org/fileformat.html#application_id


_logger = logging.getLogger(__name__)


class Unusable(Exception):
    """The file is damaged, or not ours.

    Attributes:
        why: The cause in words, as the end of "the file ...".
        damaged: Whether it could be ours, so that it may make room for a new one.  What is healthy and of another
            program, or of a newer version of this one, stays where it is.
    """

    def __init__(self, why: str, *, damaged: bool = False) -> None:
        self.why = why
        self.damaged = damaged
        super().__init__(why)


def pack(rows: Any) -> bytes:
    """Turn dataclasses or plain data into bytes."""
    return zlib.compress(orjson.dumps(rows, default=dict, option=orjson.OPT_SERIALIZE_NUMPY), 3)


def unpack(data: bytes) -> Any:
    """Turn the bytes of ``pack`` into plain data.

    Raises:
        ValueError: If they are damaged.
    """
    try:
        return orjson.loads(zlib.decompress(data))
    except (zlib.error, orjson.JSONDecodeError, TypeError) as error:
        raise ValueError("what was kept of it is damaged") from error


def pieces(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut rows into chunks."""
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def check(path: Path) -> None:
    """Look at the head of a file that somebody named, before SQLite may touch it or what lies beside it.

    Raises:
        Unusable: If it is not there or not ours.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise Unusable(f"cannot be read ({_why(error)})") from error
    if not head.startswith(_MAGIC):
        raise Unusable("is something else")
    if int.from_bytes(head[_ID_AT : _ID_AT + 4], "big") != APPLICATION_ID:
        raise Unusable("belongs to another program")


@contextmanager
def opened(path: Path, *, write: bool) -> Iterator[sqlite3.Connection]:
    """Yield a connection in a transaction, which is committed at the end and undone by an error.

    Args:
        path: The file.
        write: Make the file, with its folder, when it is not there.  Otherwise nothing is made or changed, and a file
            that is not there reads like one without runs.

    Raises:
        Unusable: If the file is damaged, foreign or newer than this program.
        RunsError: If it cannot be read or written: locked, full, read-only.
    """
    db: sqlite3.Connection | None = None
    try:
        db = _to_write(path) if write else _to_read(path)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        with db:
            yield db
    except (sqlite3.DatabaseError, OSError) as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in _UNUSABLE:
            raise Unusable("is damaged", damaged=True) from error
        raise RunsError(f"Runs cannot be {'kept in' if write else 'read from'} {path}: {_why(error)}.") from error
    finally:
        if db is not None:
            db.close()


def put_aside(path: Path, trouble: Unusable) -> str:
    """Rename a file that cannot be used, so that a new one can begin.

    Returns:
        A sentence for people.

    Raises:
        RunsError: If it cannot be renamed either.
    """
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        path.replace(aside)
        for tail in ("-wal", "-shm"):
            rest = path.with_name(path.name + tail)
            if rest.exists():
                rest.replace(aside.with_name(aside.name + tail))
    except OSError as error:
        raise RunsError(
            f"Runs cannot be kept: {path} {trouble.why} and cannot be put aside ({_why(error)})."
        ) from error
    return f"The file of kept runs {trouble.why}; it was put aside as {aside.name}, and a new one was begun."


def connected(path: Path, *, timeout_s: float = _BUSY_S, immutable: bool = False) -> sqlite3.Connection:
    """Return a connection to a file that is there; none is made.

    Args:
        path: The file.
        timeout_s: How long to wait while somebody else writes, in seconds.
        immutable: Whether nobody can change the file.

    Raises:
        sqlite3.OperationalError: If it cannot be opened.
    """
    # "rw" and not "rwc": SQLite itself makes no file.  What only reads opens like this too, because a connection that
    # may not write cannot take away again what write-ahead logging puts beside the file.
    address = f"{path.absolute().as_uri()}?{'immutable=1' if immutable else 'mode=rw'}"
    return sqlite3.connect(address, timeout=timeout_s, isolation_level=None, uri=True)


def _to_write(path: Path) -> sqlite3.Connection:
    private.make_folder(path.parent)
    private.make_file(path)
    db = connected(path)
    try:
        if not _begun(db):
            _create(db)
        _log_ahead(db)
        db.execute(_BIN)
        db.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        db.close()
        raise
    return db


def _log_ahead(db: sqlite3.Connection) -> None:
    """Turn on write-ahead logging: after the tables, so that the head of the file itself says whose it is."""
    try:
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_BUSY:
            raise
        _logger.debug("not now: %s", error)  # another process is writing; whoever comes next turns it on


def _to_read(path: Path) -> sqlite3.Connection:
    if not path.exists():
        return _without_runs()
    try:
        db, begun = _looked_at(path)
    except sqlite3.OperationalError as error:
        if os.access(path.parent, os.W_OK) or (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_CANTOPEN:
            raise
        # Nobody can write in this folder, not even what write-ahead logging needs: the file stands still.
        db, begun = _looked_at(path, immutable=True)
    if not begun:
        db.close()
        return _without_runs()
    if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'discarded'").fetchone()[0]:
        db.execute(
            _BIN.replace("CREATE TABLE", "CREATE TEMPORARY TABLE").replace("REFERENCES runs ON DELETE CASCADE", "")
        )
    db.execute("PRAGMA query_only = ON")
    return db


def _looked_at(path: Path, *, immutable: bool = False) -> tuple[sqlite3.Connection, bool]:
    db = connected(path, immutable=immutable)
    try:
        return db, _begun(db)
    except BaseException:
        db.close()
        raise


def _without_runs() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for statement in (*_TABLES.split(";"), _BIN):
        db.execute(statement)
    return db


def _begun(db: sqlite3.Connection) -> bool:
    """Whether the file has our tables; if not, it is empty.

    Raises:
        Unusable: If it is neither.
    """
    ours = db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    if ours and db.execute("PRAGMA user_version").fetchone()[0] > VERSION:
        raise Unusable("was written by a newer Voxgrid; open it with that one, or move it away")
    # Asked in this order, another process that is just making the tables cannot be taken for another program.
    if not ours and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        if db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
            return True
        raise Unusable("belongs to another program; move it away")
    return bool(ours)


def _create(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("BEGIN IMMEDIATE")
    with db:
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip().rstrip(".")
