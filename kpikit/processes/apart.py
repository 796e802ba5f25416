"""One call in a program of its own that may die: of too much memory, of too much time, of what it reads."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from importlib import import_module
from typing import Any, BinaryIO, cast

from kpikit.processes.memory import bound, taken
from kpikit.processes.tether import deaf_to_interrupts, environment, tether_to_input

_PROGRAM = "from kpikit.processes.apart import answer; answer()"
#: how often the memory of such a process is looked at, in seconds, where the system keeps no limit
_GLANCE = 0.05


class Died(Exception):  # noqa: N818 - it says what happened
    """The process ended without an answer; ``of`` is memory, time or itself."""

    def __init__(self, of: str) -> None:
        super().__init__(of)
        self.of = of


def apart(module: str, function: str, *arguments: Any, memory: int, seconds: float) -> Any:
    """What a function answers, asked in a program of its own.

    It starts no other program, writes nothing, and ends with this process, however that ends.

    Args:
        module: where the function stands.
        function: its name there.
        arguments: what it is asked, and with the answer, goes through a pipe.
        memory: bytes that it may take, besides what it needs to start.
        seconds: how long it may take.

    Raises:
        Died: there is no answer.
        Exception: whatever the function raised.
    """
    with _started() as process:
        watch = _Watch(process, memory, seconds)
        try:
            told = _asked(process, (module, function, arguments, memory))
        except BaseException:
            process.kill()
            raise
        finally:
            watch.end()
        if told is None:
            raise Died(watch.ended_for or _cause(process))
    is_error, value = told
    if is_error:
        raise value
    return value


def _started() -> subprocess.Popen[bytes]:
    with deaf_to_interrupts():
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        )  # fmt: skip


def _asked(process: subprocess.Popen[bytes], question: Any) -> tuple[bool, Any] | None:
    """The answer, or None: it died, and has ended."""
    into, out = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
    try:
        into.write(pickle.dumps(question))
        into.flush()
        return pickle.load(out)  # noqa: S301 - written by ourselves
    except (EOFError, OSError, pickle.UnpicklingError):
        process.wait()
        return None


class _Watch(threading.Thread):
    """Ends a process that takes too long, or, where the system keeps no limit, too much."""

    def __init__(self, process: subprocess.Popen[bytes], memory: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self.process, self.memory, self.seconds, self.ended_for = process, memory, seconds, ""
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        glances = int(self.seconds / _GLANCE)
        for _ in range(glances):
            if self._over.wait(_GLANCE):
                return
            if sys.platform != "linux" and taken(self.process.pid) > self.memory:
                self.ended_for = "memory"
                self.process.kill()
                return
        self.ended_for = "time"
        self.process.kill()

    def end(self) -> None:
        """There is nothing left to watch."""
        self._over.set()
        self.join()


def _cause(process: subprocess.Popen[bytes]) -> str:
    """Why a process died: a library that gets no memory says so and aborts; a system without any kills."""
    complaint = cast("BinaryIO", process.stderr).read()
    wants_memory = b"memory allocation of" in complaint or b"MemoryError" in complaint
    return "memory" if wants_memory or process.returncode == -getattr(signal, "SIGKILL", 9) else "itself"


def answer() -> None:
    """In the program: the question from its input, the answer to its output; nothing else is written there."""
    module, function, arguments, memory = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by ourselves
    tether_to_input()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked = getattr(import_module(module), function)
    bound(memory)
    try:
        told = (False, asked(*arguments))
    except Exception as error:  # handed to whoever asked
        if isinstance(error, MemoryError):
            raise
        told = (True, error)
    pickle.dump(told, out)
    out.close()
    os._exit(0)
