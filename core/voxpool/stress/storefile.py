"""The SQLite file of kept runs: its tables, how it is opened, and what becomes of one that cannot be used.

Write-ahead logging lets the list be read while a run is written.  ``synchronous=NORMAL`` keeps every committed second
through a crash of the program; only a loss of power may cost the last ones.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

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


class Unusable(Exception):
    """The file is damaged, foreign or newer; it must be put aside.

    Attributes:
        why: The cause in words, as the end of "the file ...".
        tag: One word for the new file name.
    """

    def __init__(self, why: str, tag: str) -> None:
        self.why = why
        self.tag = tag
        super().__init__(why, tag)


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


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection in a transaction, which is committed at the end and undone by an error.

    Raises:
        Unusable: If the file is damaged, foreign or newer than this program.
        RunsError: If it cannot be read or written: locked, full, read-only.
    """
    db: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        _prepare(db)
        db.execute("BEGIN IMMEDIATE")
        with db:
            yield db
    except (sqlite3.DatabaseError, OSError) as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in _UNUSABLE:
            raise Unusable("is damaged", "damaged") from error
        raise RunsError(f"Runs cannot be kept in {path}: {_why(error)}.") from error
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
    aside = path.with_name(f"{path.name}.{trouble.tag}-{time.strftime('%Y%m%d-%H%M%S')}")
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


def _prepare(db: sqlite3.Connection) -> None:
    ours = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if ours == APPLICATION_ID and version > VERSION:
        raise Unusable("was written by a newer Voxgrid", "newer")
    if ours != APPLICATION_ID:
        _create(db)
    db.execute(_BIN)
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")


def _create(db: sqlite3.Connection) -> None:
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        if db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
            return  # another process was quicker
        raise Unusable("belongs to another program", "foreign")
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("BEGIN IMMEDIATE")
    with db:
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip().rstrip(".")
