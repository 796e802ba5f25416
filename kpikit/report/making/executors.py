"""Where notebooks run: forked here, each in a process of its own; or on the workers of a Dask cluster, the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from multiprocessing import current_process, get_context
from typing import Any, TypeVar

from kpikit.errors import UsageError
from kpikit.report.making.forked import ForkedExecutor, Pool, can_fork, in_a_child

T = TypeVar("T")


@contextmanager
def executor(workers: int, dask: str | None = None) -> Iterator[Executor]:
    """An executor for notebooks, until the end of the ``with``.

    Args:
        workers: how many run side by side; a Dask cluster brings its own.
        dask: the address of a Dask scheduler, such as ``tcp://host:8786``. Its workers need kpikit in the same version,
            and must reach the folder that the notebooks run in, where the prepared book lies, under the same path: a
            shared disk, or this machine. Each notebook runs there in a process forked for it, as it would here.

    Raises:
        UsageError: ``dask_missing`` (the library is not installed) or ``no_dask`` (nobody answers there).
    """
    if dask is not None:
        with _client(dask) as client, client.get_executor(pure=False) as cluster:
            yield _Elsewhere(cluster)
    elif can_fork():
        with ForkedExecutor(workers) as forked:
            yield forked
    else:  # what runs there starts a kernel for each notebook
        with Pool(workers, mp_context=get_context("spawn")) as spawned:
            yield spawned


def _client(address: str) -> Any:
    """A client of the scheduler, once somebody has answered there: one that waits in vain cannot be stopped."""
    import socket

    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise UsageError("dask_missing") from None
    try:
        socket.create_connection(get_address_host_port(address), timeout=10).close()
        return Client(address, timeout=30, set_as_default=False)
    except (OSError, ValueError):
        raise UsageError("no_dask", address=address) from None


class _Elsewhere(Executor):
    """Calls handed to workers elsewhere, each of which forks a process for it."""

    def __init__(self, cluster: Executor) -> None:
        self._cluster = cluster

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run ``fn`` on a worker, in a process of its own."""
        return self._cluster.submit(_alone, fn, args, kwargs)


def _alone(fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    """On a worker. Dask makes its workers daemons, which may have no children; ours end with their call."""
    current_process().daemon = False
    return in_a_child(fn, args, kwargs)
