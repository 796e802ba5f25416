"""Processes that end with the one that started them, and leave an interrupt at the keyboard to it."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import active_children, parent_process
from multiprocessing.connection import wait


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
    os._exit(1)


def end_children() -> None:
    """End every process that this one started for work and that still runs."""
    for child in active_children():
        child.kill()
    for child in active_children():
        child.join(timeout=10)
