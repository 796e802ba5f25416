"""Where notebooks run: here, or on the workers of a Dask cluster; each call in a process of its own either way."""

import os
import sys
from concurrent.futures import Executor, as_completed

import pytest

from kpikit.errors import UsageError
from kpikit.report.making.executors import executor
from kpikit.report.making.forked import ForkedExecutor

pytestmark = pytest.mark.slow


def test_here_notebooks_are_forked():
    with executor(2) as notebooks:
        assert isinstance(notebooks, ForkedExecutor)
        assert notebooks.submit(os.getpid).result(timeout=120) != os.getpid()


def test_where_forking_is_not_available_a_pool_of_fresh_processes_is_used(monkeypatch):
    monkeypatch.setattr("kpikit.report.making.executors.can_fork", lambda: False)
    with executor(1) as notebooks:
        assert isinstance(notebooks, Executor)
        assert not isinstance(notebooks, ForkedExecutor)
        assert notebooks.submit(os.getpid).result(timeout=120) != os.getpid()


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="dask: distributed is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as started:
        yield started.scheduler_address


def test_on_dask_too_each_call_has_a_process_of_its_own(cluster):
    with executor(2, cluster) as notebooks:
        futures = [notebooks.submit(os.getpid) for _ in range(4)]  # the same call four times: none is remembered
        assert len({future.result(timeout=120) for future in as_completed(futures)} | {os.getpid()}) == 5


def test_on_dask_an_error_comes_back_as_itself(cluster):
    with executor(1, cluster) as notebooks, pytest.raises(ZeroDivisionError):
        notebooks.submit(divmod, 1, 0).result(timeout=120)


def test_reports_made_on_dask_equal_those_made_here(cluster, tmp_path):
    from kpikit.report.runs.run import Order, run
    from tests.report.made import PERIOD, book

    orders = {where: Order(str(book()), "team-review", PERIOD, tmp_path / str(where), teams=["Noord"], dask=dask)
              for where, dask in (("here", None), ("there", cluster))}  # fmt: skip
    for order in orders.values():
        made = run(order)
        assert [outcome.status for outcome in made.outcomes] == ["ok"]
    here, there = ((tmp_path / where / PERIOD / "noord") for where in orders)
    assert (here / "report.html").read_bytes() == (there / "report.html").read_bytes()
    assert (here / "report.ipynb").read_bytes() == (there / "report.ipynb").read_bytes()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense"])
def test_an_address_where_nobody_answers_is_said(address):
    pytest.importorskip("distributed", reason="dask: distributed is not installed")
    with pytest.raises(UsageError, match=f"No Dask scheduler answers at {address}"), executor(1, address):
        pass


def test_without_the_library_the_way_to_get_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="pip install"), executor(1, "tcp://host:8786"):
        pass


def test_where_forking_is_not_available_kernels_make_the_reports(monkeypatch, tmp_path):
    from kpikit.report.runs.run import Order, run
    from tests.report.made import PERIOD, book

    for module in ("executors", "pool"):
        monkeypatch.setattr(f"kpikit.report.making.{module}.can_fork", lambda: False)
    made = run(Order(str(book()), "team-review", PERIOD, tmp_path, teams=["Noord"]))
    assert [outcome.status for outcome in made.outcomes] == ["ok"]
    assert "<svg " in (made.folder / "noord" / "report.html").read_text(encoding="utf-8")
