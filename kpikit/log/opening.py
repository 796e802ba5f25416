"""Open a log: look first without writing, then make, migrate, write, only read, or save from it."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from kpikit.log import connecting
from kpikit.log.entries import LogError, login_name
from kpikit.log.log import Log
from kpikit.log.migrations import settled, version_of
from kpikit.log.salvage import salvaged, saved
from kpikit.log.server import server
from kpikit.log.tables import ENTRIES, VERSION, VERSIONS, seal

Opened = tuple[Engine, str, Path | None, tuple[LogError, ...]]
State = Literal["new", "older", "ours", "damaged"]
#: how SQLite says that a file is not as it should be (text that is no UTF-8 has no name at all)
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT", "SQLITE_IOERR_SHORT_READ")
#: who holds this lock of a server may make or change our tables
_LOCK = 7_205_759_403_792_794


def open_log(path_or_url: str | Path | None = None, *, author: str | None = None) -> Log:
    """The review log, made if there is none.

    Args:
        path_or_url: a file, or ``postgresql+pg8000://…`` for a team on several machines. By default a file in
            the user's own data folder, which nobody else reads.
        author: who writes, where an entry does not say; by default the name with which they logged in here.

    Returns:
        A log. ``notices`` holds what its user should know: it lies on a share (``log_on_share``), cannot be written
        (``log_read_only``), or was damaged (``log_damaged``) and is open with what could be saved.

    Raises:
        LogError: a newer kpikit wrote it, the folder cannot be written, or the server does not answer.
        UsageError: a URL that is no database for a log.

    Example:
        >>> import tempfile, pathlib
        >>> from kpikit.log.entries import Entry
        >>> with tempfile.TemporaryDirectory() as folder, open_log(pathlib.Path(folder) / "log.sqlite") as log:
        ...     said = log.write(Entry(kind="learned", text="They decide in March.", deal_id="D-1"))
        ...     log.entries(kind="learned")["text"].to_list()
        ['They decide in March.']
    """
    return Log(*opened(path_or_url), author=author or login_name())


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
    if not path.name:  # the root of a disk
        raise LogError("log_unwritable", where=str(path), reason=os.strerror(errno.EISDIR))
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
    where, engine = connecting.named(url), server(url)
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
