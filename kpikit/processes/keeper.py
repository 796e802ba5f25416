"""The program that clears up behind a command: it outlives it, ends what it left running, takes its folder away.

It is started beside the command and not by what the command starts, so that whoever ends the command, and all of its
group at once, does not end this.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

#: the environment variable by which a process is known to belong to a command, and to those that started it
MARK = "KPIKIT_KEPT"
#: how long it tries, in seconds, and how often it looks
_PATIENCE, _GLANCE = 4.0, 0.05
#: how often it looks whether the command is still there; that its pipe ends is heard at once
_POLL = 0.5


def main() -> None:
    """``python -m kpikit.processes.keeper MARK COMMAND``, with a pipe from the command as its input.

    Through it come the folders that shall go with the command, each with a zero byte behind it.
    """
    mark, command = sys.argv[1], int(sys.argv[2])
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    told = _until_its_end(command)
    _end_all(mark)
    for name in told.split(b"\0")[:-1]:
        _take_away(Path(os.fsdecode(name)))


def _until_its_end(command: int) -> bytes:
    """What the command told until it ended. A process that it forked may hold its end of the pipe for longer."""
    told = b""
    while True:
        if os.name == "nt" or select.select([0], [], [], _POLL)[0]:
            try:
                piece = os.read(0, 1 << 16)
            except OSError:
                piece = b""
            if not piece:
                return told
            told += piece
        elif os.getppid() != command:
            return told


def _end_all(mark: str) -> None:
    """End every process that bears the mark, and what these started."""
    until = time.monotonic() + _PATIENCE
    looks_without = 0
    while looks_without < 2 and time.monotonic() < until:
        found = list(_marked(mark))
        for process in found:
            with suppress(Exception):  # it ended meanwhile, or is not ours to end
                process.kill()
        looks_without = 0 if found else looks_without + 1
        time.sleep(_GLANCE)


def _take_away(folder: Path) -> None:
    """A folder with all that is in it, and the one around it if that held nothing else and is ours by its name."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(_GLANCE)
    if folder.parent.name.startswith("."):
        with suppress(OSError):
            folder.parent.rmdir()


def _marked(mark: str) -> Iterator[Any]:
    """The processes that bear the mark and still live, each with its descendants, whatever these bear."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if mark not in process.environ().get(MARK, "").split(":"):
                continue
            for one in (*process.children(recursive=True), process):
                if one.pid != os.getpid() and one.status() != psutil.STATUS_ZOMBIE:
                    yield one


if __name__ == "__main__":
    main()
