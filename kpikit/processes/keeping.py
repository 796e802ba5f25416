"""Nothing left behind: what this process starts bears a mark and keeps its files in one folder, and both go with it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from kpikit.processes.keeper import MARK
from kpikit.processes.tether import deaf_to_interrupts, environment

#: where programs look for the folder of what is only for now
_PLACES = ("TMPDIR", "TEMP", "TMP")
_STARTING = threading.Lock()
#: a kernel's socket has some seventy letters in our folder, and may have 104 with it
_LONGEST = 20
#: after multiprocessing has left its own folder, which lies in ours
_LAST = -200


@dataclass(frozen=True)
class Kept:
    """A folder that is gone when this process ends, however it ends, and the environment of what ends with it."""

    folder: Path
    environment: Mapping[str, str]
    keeper: subprocess.Popen[bytes]

    def also(self, folder: Path) -> None:
        """Another folder that goes with this process, if it is still there at its end."""
        _tell(self.keeper, folder)


def kept() -> Kept:
    """What stands for this process: at the first call its folder is made, and the keeper started that clears up.

    Until this process ends. A process that it forks has its own.
    """
    return _kept(os.getpid())


@cache
def _kept(process: int) -> Kept:
    folder = _place() / f"kpikit-{secrets.token_hex(4)}"
    mark = secrets.token_hex(8)
    keeper = _keeper(mark, process)
    _tell(keeper, folder)  # before it is made: there is no moment in which nobody would take it away
    folder.mkdir(mode=0o700)
    Finalize(None, _leave, args=(keeper, folder), exitpriority=_LAST)
    marks = ":".join(filter(None, (os.environ.get(MARK), mark)))
    return Kept(folder, {MARK: marks, **dict.fromkeys(_PLACES, str(folder))}, keeper)


def _place() -> Path:
    """Where programs keep what is only for now, unless no socket could lie there: the system takes short paths only."""
    usual, short = Path(tempfile.gettempdir()), Path("/tmp")  # noqa: S108 - the folder in it is for its owner only
    if os.name == "nt" or len(str(usual)) <= _LONGEST or not os.access(short, os.W_OK | os.X_OK):
        return usual
    return short


def _tell(keeper: subprocess.Popen[bytes], folder: Path) -> None:
    with suppress(OSError, AttributeError, ValueError):  # somebody ended the keeper: then it is as it was without one
        keeper.stdin.write(os.fsencode(folder) + b"\0")  # type: ignore[union-attr]
        keeper.stdin.flush()  # type: ignore[union-attr]


def _keeper(mark: str, process: int) -> subprocess.Popen[bytes]:
    """In a session of its own: what ends a whole group does not end it."""
    command = [sys.executable, "-m", "kpikit.processes.keeper", mark, str(process)]
    quiet = subprocess.DEVNULL
    with deaf_to_interrupts():
        return subprocess.Popen(  # noqa: S603 - ourselves
            command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True, env=environment()
        )


def _leave(keeper: subprocess.Popen[bytes], folder: Path) -> None:
    """At an end in order the folder goes at once; the keeper looks for the rest, and nobody waits for it."""
    shutil.rmtree(folder, ignore_errors=True)
    keeper.returncode = 0


@contextmanager
def starting() -> Iterator[None]:
    """What is started here ends with this process, keeps its files in its folder, and never hears Ctrl-C."""
    mine = kept()
    with _STARTING:
        before, place = {name: os.environ.get(name) for name in mine.environment}, tempfile.tempdir
        os.environ.update(mine.environment)
        tempfile.tempdir = str(mine.folder)
        try:
            with deaf_to_interrupts():
                yield
        finally:
            tempfile.tempdir = place
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
