"""How a command is asked to stop: by Ctrl-C, by whoever manages it, by a closed window; from its first moment on."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

EXIT_CODE = 130
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
#: who passes a signal on, and whoever sent it, are often heard both: a second request is one that comes later
_LATER = 1.0
#: when it was asked
_asked: list[float] = []


def is_asked() -> bool:
    """Was this command asked to stop?"""
    return bool(_asked)


def note() -> None:
    """From now on a request to stop is remembered, for :func:`heard`, and nothing else happens.

    For the time in which a program is still being read: an interrupt in the middle of an import shows where it was, or
    leaves half a library. At its very end a program hears nothing: what it has said is how it ends.
    """
    _listen(_remember)
    atexit.register(_hear_no_more)


@contextmanager
def heard() -> Iterator[None]:
    """Within this block a request to stop is a KeyboardInterrupt, whichever signal it comes by.

    One that was noted before is one too. A second one, later, ends the process at once. A signal that is ignored, as
    under ``nohup``, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _listen(_interrupt)
    hook, sys.unraisablehook = sys.unraisablehook, _not_lost
    try:
        if is_asked():
            raise KeyboardInterrupt
        yield
    finally:
        sys.unraisablehook = hook
        _asked.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(handler: Any) -> dict[int, Any]:
    """Take over the signals that are not ignored; who had them before."""
    before: dict[int, Any] = {}
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, handler)
    return before


def _hear_no_more() -> None:
    """The interpreter lets go of its handlers before it ends: a signal in between would end it otherwise."""
    if hasattr(signal, "pthread_sigmask"):
        numbers = {getattr(signal, name) for name in _NAMES if hasattr(signal, name)}
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)


def _remember(*_: object) -> None:
    if is_asked() and time.monotonic() > _asked[0] + _LATER:
        os._exit(EXIT_CODE)
    _asked.append(time.monotonic())


def _interrupt(*_: object) -> None:
    is_first = not is_asked()
    _remember()
    if is_first:
        raise KeyboardInterrupt


def _not_lost(unraisable: Any) -> None:
    """An interrupt that came where Python cannot raise it (an object was just being deleted) ends the process here."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        os._exit(EXIT_CODE)
    sys.__unraisablehook__(unraisable)
