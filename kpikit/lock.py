"""One writer at a time in a folder: a lock that the system takes away from a process that dies."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from kpikit.errors import UsageError

LOCK = ".lock"
#: Windows locks bytes for readers too: one far behind the number that stands at the beginning
_BYTE = 1 << 20


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder until the end of the ``with``; it is made where it does not exist.

    The lock belongs to the process, not to the file: after a crash, a kill or a power cut the file may lie there still,
    and holds nobody back.

    Raises:
        UsageError: another process holds it; its number is told.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    file = _taken(path)
    try:
        file.write(f"{os.getpid()}\n".encode())
        file.flush()
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file; a lock without its process is stale anyway
            path.unlink()
        file.close()


def _taken(path: Path) -> IO[bytes]:
    """The lock's file, locked: the one that stands at the path now, not one that was just taken away."""
    while True:
        file = path.open("a+b")
        try:
            _lock(file)
            if os.name == "nt" or (path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino):
                file.truncate(0)
                return file
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP):  # a disk that knows no locks
                return file
            file.seek(0)
            holder = file.read(20).decode("ascii", "replace").strip() or "?"
            file.close()
            raise UsageError("folder_locked", path=str(path.parent), process=holder) from None
        file.close()


def _lock(file: IO[bytes]) -> None:
    """The system's own lock on a file, or OSError at once."""
    if os.name == "nt":
        import msvcrt

        file.seek(_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
