"""Each call in a process of its own, forked in milliseconds from a server that has only imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from kpikit.errors import KpikitError

T = TypeVar("T")
#: imported once, by the server, before it forks: importing takes seconds, forking milliseconds
PRELOADED = (
    "IPython.core.interactiveshell",
    "altair",
    "babel.dates",
    "jinja2",
    "kpikit.report.in_process",
    "kpikit.report.review",
    "nbformat.v4",
    "papermill",
    "polars",
    "scipy.stats",
)


def can_fork() -> bool:
    """Does this platform fork from a server?"""
    return "forkserver" in get_all_start_methods()


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
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run ``fn`` in a process of its own; arguments and answer are pickled."""
        return super().submit(self._alone, fn, args, kwargs)

    def _alone(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        answer, asked = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_answer, args=(asked, fn, args, kwargs), daemon=True)
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


def _answer(asked: Connection, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """In the child: the answer, or the error, back through the pipe."""
    try:
        told = (False, fn(*args, **kwargs))
    except Exception as error:  # handed to whoever asked
        told = (True, error)
    asked.send(told)
    asked.close()
