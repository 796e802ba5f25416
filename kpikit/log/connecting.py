"""Where a log is and how to reach it: a file of the user's own, or a PostgreSQL server by its URL."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from kpikit.errors import UsageError
from kpikit.files import user_folder
from kpikit.log.entries import LogError, ServerLost

#: how long a writer waits for the others, in milliseconds
BUSY_TIMEOUT = 30_000
_TRIES = 100
#: file systems on other machines: SQLite's write-ahead log needs memory that both ends share, which they have not
SHARES = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "afpfs", "webdav", "davfs", "fuse.sshfs",
        "fuse.davfs2", "fuse.rclone", "fuse.gvfsd-fuse", "ceph", "fuse.ceph", "glusterfs", "fuse.glusterfs", "lustre",
        "beegfs", "gpfs", "ncpfs",
    }
)  # fmt: skip


def default_path() -> Path:
    """The log in the user's own data folder."""
    return user_folder("data") / "review-log.sqlite"


def check_there(given: str | Path | None) -> None:
    """Refuse a file that is not there, for whoever only reads or erases: opening a log would make one.

    Raises:
        UsageError: there is no such file.
    """
    place = located(given)
    if isinstance(place, Path) and not place.is_file():
        raise UsageError("no_such_log", path=str(given or place))


def located(given: str | Path | None) -> Path | URL:
    """A path, or the URL of a PostgreSQL database.

    Raises:
        UsageError: a URL of something else, or one that cannot be read.
    """
    text = "" if given is None else str(given)
    if not re.match(r"[a-z][a-z0-9+]*://", text):
        return Path(text).expanduser().absolute() if text else default_path()
    try:
        url = make_url(re.sub(r"^postgres(ql)?(\+pg8000)?://", "postgresql+pg8000://", text))
    except (ArgumentError, ValueError):
        raise UsageError("log_url", url=text.partition("://")[0] + "://…") from None
    if url.drivername == "sqlite" and url.database:
        return Path(url.database).absolute()
    if url.drivername != "postgresql+pg8000":
        raise UsageError("log_url", url=url.render_as_string(hide_password=True))
    return url


def named(place: Path | URL) -> str:
    """A log's place as it may be shown: no password."""
    return str(place) if isinstance(place, Path) else place.render_as_string(hide_password=True)


def made(path: Path) -> None:
    """An empty file that only its owner reads, where there is none.

    Raises:
        LogError: the folder does not allow it.
    """
    try:
        for folder in [missing for missing in (*reversed(path.parents),) if not missing.exists()]:
            folder.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise LogError("log_unwritable", where=str(path), reason=error.strerror or str(error)) from None


def file_uri(path: Path, options: str) -> str:
    """A path for ``sqlite3.connect(…, uri=True)``."""
    return f"file:{quote(path.as_posix())}?{options}"


def journal(path: Path) -> bool:
    """Settle how a file is written: ahead (WAL), or on a share with a plain journal. Is it written ahead?

    The mode stays in the file. Changing it needs the file for a moment alone, and SQLite does not wait for that.
    """
    wanted = "DELETE" if is_on_share(path) else "WAL"
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT / 1000, isolation_level=None)) as connection:
        for _ in range(_TRIES):
            try:
                return connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0].upper() == "WAL"
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                    raise
                time.sleep(0.05)
        raise LogError("log_busy", where=str(path))


def file(path: Path) -> Engine:
    """An engine for a log in a file: what is committed is on the disk, and what is erased is overwritten."""
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_TIMEOUT / 1000})

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below
        for pragma in ("synchronous=FULL", "secure_delete=ON", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def in_memory() -> Engine:
    """An engine for what was saved from a damaged log."""
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def is_on_share(path: Path, mounts: str | None = None) -> bool:
    r"""Does this path lie on another machine's disk, as far as the system says?

    >>> is_on_share(Path("/team/log.sqlite"), "36 35 0:31 / / rw - ext4 /dev/sda rw\n37 36 0:40 / /team rw - nfs4 x rw")
    True
    """
    if os.name == "nt":
        return _is_remote_drive(path)
    if mounts is None:
        table = Path("/proc/self/mountinfo")
        mounts = table.read_text(encoding="utf-8", errors="replace") if table.exists() else ""
    parts = [line.split(" ") for line in mounts.splitlines() if " - " in line]
    kinds = {_unescaped(line[4]): line[line.index("-") + 1] for line in parts}
    real = path.resolve()
    nearest = next((str(folder) for folder in (real, *real.parents) if str(folder) in kinds), "")
    return kinds.get(nearest, "") in SHARES


def _unescaped(mount: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), mount)


def _is_remote_drive(path: Path) -> bool:
    import ctypes

    drive = path.resolve().drive
    remote = 4  # DRIVE_REMOTE of GetDriveTypeW
    return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == remote  # type: ignore[attr-defined]


def looked_at(path: Path, query: str, options: str = "mode=ro") -> list[dict[str, Any]]:
    """Rows of a query, through a connection that does not write.

    Only what a killed writer left half done on a share (a hot journal) is taken back first, as SQLite must.
    """
    try:
        with closing(sqlite3.connect(file_uri(path, options), uri=True, timeout=BUSY_TIMEOUT / 1000)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") != "SQLITE_READONLY_ROLLBACK":
            raise
    return looked_at(path, query, "mode=rw")


def trouble(error: Exception, place: str, text: str | None) -> LogError:
    """What a database's error means to the one who was writing."""
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", "")
    for start, code in _SQLITE_SAYS.items():
        if name.startswith(start):
            return LogError(code, text=text, where=place)
    told = cause.args[0] if cause.args and isinstance(cause.args[0], dict) else {}
    state = str(told.get("C", ""))
    if state in _WAITED:
        return LogError("log_busy", text=text, where=place)
    is_gone = getattr(error, "connection_invalidated", False) or type(cause).__name__ == "InterfaceError"
    if is_gone or isinstance(cause, OSError) or state.startswith(_GONE):
        return ServerLost("log_unreachable", text=text, where=place)
    said = str(told.get("M", cause)).splitlines()
    return LogError("log_disk", text=text, where=place, reason=said[0] if said else type(cause).__name__)


#: PostgreSQL's codes for a lock or a statement that took too long, and too many who are connected
_WAITED = ("55P03", "57014", "53300")
#: and for a server that ends, or is not there yet
_GONE = ("57P", "08")


_SQLITE_SAYS = {
    "SQLITE_FULL": "log_full",
    "SQLITE_IOERR_WRITE": "log_full",
    "SQLITE_BUSY": "log_busy",
    "SQLITE_LOCKED": "log_busy",
    "SQLITE_READONLY": "log_cannot_write",
    "SQLITE_CANTOPEN": "log_cannot_write",
    "SQLITE_PERM": "log_cannot_write",
    "SQLITE_CORRUPT": "log_broke",
    "SQLITE_NOTADB": "log_broke",
}
