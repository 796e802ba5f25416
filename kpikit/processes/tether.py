"""Processes that end with the one that started them, and leave an interrupt at the keyboard to it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing import active_children, parent_process
from multiprocessing.connection import wait

#: prctl's word for "when whoever started me ends, send me this"
_PDEATHSIG = 1


def tether() -> None:
    """Called first in a process that works for another: no orphan goes on writing after its parent was killed.

    In a process that nobody started for work it does nothing.
    """
    parent = parent_process()
    if parent is None:
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    end_descendants()
    os._exit(1)


def end_descendants(process: int | None = None) -> None:
    """End what a process (by default this one) started and what that started, as the cells of a notebook may."""
    import psutil

    with suppress(psutil.Error):
        for one in psutil.Process(process).children(recursive=True):
            with suppress(psutil.Error):
                one.kill()


def tether_to_input() -> None:
    """The same for a program that was started with a pipe as its input: the pipe's end is its own end.

    On Linux the system itself ends it, even while a library that is not Python's is at work.
    """
    if sys.platform == "linux":
        import ctypes

        parent = os.getppid()
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended meanwhile
            os._exit(1)
    threading.Thread(target=_end_with_input, daemon=True).start()


def _end_with_input() -> None:
    with suppress(OSError):
        while os.read(0, 1):
            pass
    os._exit(1)


def environment() -> Mapping[str, str]:
    """That of this process; the program finds the same modules, and says little when it dies."""
    places = os.pathsep.join(place for place in sys.path if place)
    return os.environ | {"PYTHONPATH": places, "RUST_BACKTRACE": "0"}


@contextmanager
def deaf_to(name: str) -> Iterator[None]:
    """What is started here never hears this signal, from its first instruction on; this process hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {getattr(signal, name)})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def deaf_to_interrupts() -> AbstractContextManager[None]:
    """As :func:`deaf_to`, for Ctrl-C: a process that hears it while it still imports would show where it was."""
    return deaf_to("SIGINT")


def end_children() -> None:
    """End every process that this one started for work and that still runs, and what these started."""
    for child in active_children():
        end_descendants(child.pid)
        child.kill()
    for child in active_children():
        child.join(timeout=10)
