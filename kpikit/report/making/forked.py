"""Each call in a process of its own, forked in milliseconds from a server that has only imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar

from kpikit.errors import KpikitError
from kpikit.processes.keeping import starting
from kpikit.processes.tether import deaf_to, deaf_to_interrupts, end_descendants

T = TypeVar("T")
_STARTING = Lock()
#: imported once, by the server, before it forks: importing takes seconds, forking milliseconds
PRELOADED = (
    "IPython.core.completerlib",
    "IPython.core.crashhandler",
    "IPython.core.interactiveshell",
    "IPython.core.logger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "altair",
    "babel.dates",
    "babel.lists",
    "babel.messages.pofile",
    "babel.numbers",
    "bdb",
    "jinja2.ext",
    "kpikit.book.fitness.fitness",
    "kpikit.book.past",
    "kpikit.report.making.deferred_charts",
    "kpikit.report.making.papermill_engine",
    "kpikit.report.making.job",
    "kpikit.report.formats.html",
    "kpikit.report.review",
    "kpikit.show.charts.base",
    "narwhals.stable.v2",
    "nbconvert.exporters.html",
    "nbformat.v4",
    "papermill.execute",
    "polars",
    "psutil",
    "scipy.stats",
    "snowballstemmer",
    "statsmodels.stats.multitest",
    "vl_convert",
    "kpikit.report.making.warm",
)
#: imported before polars where the children already take every core
SPARING = "kpikit.report.making.one_thread"


def can_fork() -> bool:
    """Does this platform fork from a server?"""
    return "forkserver" in get_all_start_methods()


def begin_importing(workers: int) -> None:
    """Start the server now, so that it imports while the caller still reads; it does nothing else until it is asked."""
    get_context("forkserver").set_forkserver_preload(list(_for(workers, PRELOADED)))
    with starting():
        _ensure_server()


def _ensure_server() -> None:
    """Python's tracker comes first: starting it, it would let interrupts through again.

    It stays when a window is closed, as it does on Ctrl-C: one that comes after it knows nothing of what it is told to
    forget, and complains.
    """
    from multiprocessing import forkserver, resource_tracker  # absent where there are none

    with deaf_to("SIGHUP"):
        resource_tracker.ensure_running()
    with deaf_to_interrupts():
        forkserver.ensure_running()


def _for(workers: int, preload: Sequence[str]) -> tuple[str, ...]:
    sparing = (SPARING,) if 2 * workers > (os.cpu_count() or 1) else ()
    return (*sparing, *preload)


class WorkerDied(KpikitError):  # noqa: N818 - it says what happened
    """A process ended without an answer; ``exitcode`` is negative for a signal."""

    def __init__(self, exitcode: int | None) -> None:
        super().__init__("worker_died", exitcode=exitcode)


class ForkedExecutor(ThreadPoolExecutor):
    """An executor whose every call runs in a fresh process; what one call does cannot reach the next.

    The server that is forked is itself a fresh process: it imports ``preload`` and does nothing else. A polars
    expression or a drawing in it would hand its children locks that nobody opens again, and they would hang.
    """

    def __init__(self, workers: int, preload: Sequence[str] = PRELOADED) -> None:
        super().__init__(workers, thread_name_prefix="kpikit-fork")
        self._preload = _for(workers, preload)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run ``fn`` in a process of its own; arguments and answer are pickled."""
        return super().submit(in_a_child, fn, args, kwargs, self._preload)


class Pool(ProcessPoolExecutor):
    """Processes that stay, for functions that stand in modules: the caller's own script is not run in them."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run ``fn`` in one of them; the first calls start them."""
        with starting(), _main_left_alone():
            if can_fork():
                _ensure_server()
            return super().submit(fn, *args, **kwargs)


def in_a_child(
    fn: Callable[..., T], args: Sequence[Any], kwargs: Mapping[str, Any], preload: Sequence[str] = PRELOADED
) -> T:
    """``fn(*args, **kwargs)`` in a process forked for it from this process's server, started at the first call."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    answer, asked = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(asked, fn, args, kwargs), daemon=True)
    with starting(), _main_left_alone():
        _ensure_server()
        process.start()
    asked.close()
    try:
        is_error, value = answer.recv()
    except EOFError:
        process.join()
        raise WorkerDied(process.exitcode) from None
    process.join()
    if is_error:
        raise value
    return value


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """A process that starts here does not run the caller's script again, as Python's own would, to have its functions.

    Our functions all stand in modules. A script without ``if __name__ == "__main__":`` would start itself anew.
    """
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is not None or getattr(main, "__file__", None) is None:
        yield
        return
    with _STARTING:
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _answer(asked: Connection, fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """In the child: the answer, or the error, back through the pipe; what the call started ends with it."""
    try:
        told = (False, fn(*args, **kwargs))
    except Exception as error:  # handed to whoever asked
        told = (True, error)
    asked.send(told)
    asked.close()
    end_descendants()
