"""Open a log: look first without writing, then make, migrate, write, only read, or save from it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Engine, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from kpikit.log import connecting
from kpikit.log.entries import LogError
from kpikit.log.migrations import settled, version_of
from kpikit.log.salvage import fill, salvaged, saved
from kpikit.log.tables import ENTRIES, VERSION, VERSIONS, seal

if TYPE_CHECKING:
    from kpikit.log.log import Log

Opened = tuple[Engine, str, Path | None, tuple[LogError, ...]]
State = Literal["new", "older", "ours", "damaged"]
#: how SQLite says that a file is not as it should be (text that is no UTF-8 has no name at all)
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT", "SQLITE_IOERR_SHORT_READ")
#: who holds this lock of a server may make or change our tables
_LOCK = 7_205_759_403_792_794


def opened(given: str | Path | None) -> Opened:
    """The engine, the place as it may be shown, the file, and what the user should know."""
    place = connecting.located(given)
    return _file(place) if isinstance(place, Path) else _server(place)


def _file(path: Path) -> Opened:
    where = str(path)
    connecting.made(path)
    is_free = _may_write(path) and _may_write(path.parent)
    try:
        state = _state(path, "mode=ro" if is_free else "mode=ro&immutable=1")
        if state == "damaged" or not is_free:
            rows = saved(path)
            code = "log_damaged" if state == "damaged" else "log_read_only"
            return salvaged(rows), where, path, (LogError(code, where=where, n=len(rows)),)
        is_ahead = connecting.journal(path)
        engine = connecting.file(path)
        if state != "ours":
            with engine.execution_options(writes=True).begin() as connection:
                settled(connection, where)
    except (DBAPIError, sqlite3.Error, OSError) as error:
        raise connecting.trouble(error, where, None) from error
    return engine, where, path, () if is_ahead else (LogError("log_on_share", where=where),)


def _state(path: Path, options: str) -> State:
    """What is in a file, found without writing to it.

    Raises:
        LogError: a newer kpikit wrote it, or it is a database of something else.
    """
    ahead = path.with_name(f"{path.name}-wal")
    has_ahead = ahead.exists() and ahead.stat().st_size > 0
    if path.stat().st_size == 0:
        return "damaged" if has_ahead else "new"
    try:
        tables = {row["name"] for row in connecting.looked_at(path, "SELECT name FROM sqlite_master", options)}
        if not tables:
            return "new" if _is_blank(path) else "damaged"
        if VERSIONS.name not in tables or ENTRIES.name not in tables:
            if not saved(path):
                raise LogError("log_not_a_log", where=str(path))
            return "damaged"
        version = connecting.looked_at(path, f"SELECT max(version) AS version FROM {VERSIONS.name}", options)  # noqa: S608
        found = version[0]["version"]
        if found > VERSION:
            raise LogError("log_newer", where=str(path), found=found, known=VERSION)
        checks = connecting.looked_at(path, "PRAGMA quick_check", options)
        rows = connecting.looked_at(path, f"SELECT * FROM {ENTRIES.name}", options)  # noqa: S608 - our own name
    except (sqlite3.Error, TypeError, ValueError) as error:
        if not getattr(error, "sqlite_errorname", "SQLITE_CORRUPT").startswith(_BROKEN):
            raise
        return "damaged"
    is_whole = [*checks[0].values()] == ["ok"] and all(seal(row) == row["seal"] for row in rows)
    return "damaged" if not is_whole else "ours" if found == VERSION else "older"


def _is_blank(path: Path) -> bool:
    """One page and nothing on it: what is left when making a log was interrupted."""
    content = path.read_bytes()
    return content[:16] == b"SQLite format 3\0" and len(content) == int.from_bytes(content[16:18], "big")


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _server(url: URL) -> Opened:
    where, engine = connecting.named(url), connecting.server(url)
    try:
        with engine.begin() as connection:
            if connection.scalar(text("SHOW server_encoding")) != "UTF8":
                raise LogError("log_encoding", where=where)
            if version_of(connection) != VERSION:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                settled(connection, where)
    except LogError:
        engine.dispose()
        raise
    except (DBAPIError, OSError) as error:
        engine.dispose()
        raise connecting.trouble(error, where, None) from error
    return engine, where, None, ()


def rescued(log: Log, path: Path) -> Path:
    """A new log with all rows of this one.

    Raises:
        LogError: there is something at that path already.
    """
    if path.exists():
        raise LogError("log_exists", where=str(path))
    connecting.made(path)
    connecting.journal(path)
    engine = connecting.file(path)
    try:
        with log.engine.connect() as source:
            rows = source.execute(select(ENTRIES).order_by(ENTRIES.c.seq)).mappings().all()
        with engine.execution_options(writes=True).begin() as connection:
            fill(connection, [dict(row) for row in rows])
    except (DBAPIError, sqlite3.Error, OSError) as error:
        raise connecting.trouble(error, str(path), None) from error
    finally:
        engine.dispose()
    return path
