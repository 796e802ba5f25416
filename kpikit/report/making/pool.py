"""Jobs → outcomes, side by side: notebooks where the executor runs them, pictures and pages by long-lived exporters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from kpikit.processes.tether import end_children, tether
from kpikit.report.making.executors import executor
from kpikit.report.making.failure import without_places_in
from kpikit.report.making.forked import Pool, can_fork
from kpikit.report.making.job import Executed, Job, Outcome, execute, execute_with_kernel, finish


def made(jobs: Sequence[Job], workers: int, dask: str | None = None) -> Iterator[Outcome]:
    """The reports as they are ready. When it is closed or interrupted, every process it started ends.

    Args:
        jobs: one a report.
        workers: how many run side by side.
        dask: the address of a Dask scheduler whose workers run the notebooks; by default this machine.
    """
    if not jobs:
        return
    workers = min(workers, len(jobs))
    run = execute if dask is not None or can_fork() else execute_with_kernel
    with executor(workers, dask) as notebooks, _Exporters(workers) as exporters:
        waiting = iter(jobs)
        running: dict[Future[Any], Job] = {}
        try:
            while True:
                while _has_room(len(running), len(exporters.mine), workers) and (job := next(waiting, None)):
                    running[notebooks.submit(run, job)] = job
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(future)
                    if future in exporters.mine:
                        yield exporters.outcome(future, job)
                    else:
                        running[exporters.submit(job, _executed(future))] = job
        except BaseException:
            for future in running:
                future.cancel()
            end_children()
            raise


def _has_room(running: int, exporting: int, workers: int) -> bool:
    """May another notebook begin? Neither side waits for the other, and few notebooks are held in memory."""
    return running - exporting < 2 * workers and exporting < 2 * workers


def _executed(future: Future[Executed]) -> Executed:
    """What a process answered; one that died is a failed report, not the end of the run."""
    error = future.exception()
    return future.result() if error is None else Executed(None, reason=str(error))


class _Exporters:
    """Processes that draw and write for the whole run, and never run what stands in a notebook."""

    def __init__(self, workers: int) -> None:
        self.workers, self.mine = workers, set[Future[Outcome]]()
        self._pool = self._fresh()

    def _fresh(self) -> Pool:
        how = get_context("forkserver" if can_fork() else "spawn")
        return Pool(self.workers, mp_context=how, initializer=tether)

    def submit(self, job: Job, executed: Executed) -> Future[Outcome]:
        """Finish a report; after an exporter has died, with new ones."""
        try:
            future = self._pool.submit(finish, job, executed)
        except BrokenProcessPool:
            self._pool = self._fresh()
            future = self._pool.submit(finish, job, executed)
        self.mine.add(future)
        return future

    def outcome(self, future: Future[Outcome], job: Job) -> Outcome:
        """How a report ended; what could not be drawn or written is a failed report."""
        self.mine.discard(future)
        error = future.exception()
        if error is None:
            return future.result()
        return Outcome(
            job.team,
            "failed",
            reason=without_places_in(f"{type(error).__name__}: {error}", job.work, job.folder.parent),
        )

    def __enter__(self) -> _Exporters:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
