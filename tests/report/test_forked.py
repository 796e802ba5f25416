"""Every call in a fresh process of a server that has only imported."""

import os
import subprocess
import sys
import time

import pytest

from kpikit.errors import KpikitError
from kpikit.report.making.forked import PRELOADED, ForkedExecutor, can_fork

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not can_fork(), reason="this platform does not fork")]


def _pid_and_polars():
    return os.getpid(), "polars" in sys.modules


def _counted():
    import polars as pl

    return pl.DataFrame({"a": range(1000)}).lazy().group_by(pl.col("a") % 7).len().collect().height


def _dies():
    os._exit(7)


def _fails():
    raise ValueError("no")


def _sleeps(seconds):
    begun = time.monotonic()
    time.sleep(seconds)
    return begun, time.monotonic()


@pytest.fixture(scope="module")
def forked():
    with ForkedExecutor(2, PRELOADED) as executor:
        yield executor


def test_each_call_has_a_process_of_its_own_that_has_imported(forked):
    answers = [future.result() for future in [forked.submit(_pid_and_polars) for _ in range(4)]]
    assert len({pid for pid, _ in answers} | {os.getpid()}) == 5
    assert all(has_polars for _, has_polars in answers)


def test_importing_computes_and_draws_nothing():
    """One polars expression or one drawing in the server, and children that use polars or draw would hang."""
    script = (
        "import importlib, polars, vl_convert\n"
        "def refuse(*_, **__): raise AssertionError('computed while importing')\n"
        "polars.LazyFrame.collect = vl_convert.vegalite_to_svg = refuse\n"
        f"for name in {PRELOADED!r}: importlib.import_module(name)\n"
        "print('only imported')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "only imported", done.stderr


def test_children_can_use_polars_and_none_hangs(forked):
    assert [f.result(timeout=120) for f in [forked.submit(_counted) for _ in range(20)]] == [7] * 20


def test_an_error_comes_back_as_itself(forked):
    with pytest.raises(ValueError, match="no"):
        forked.submit(_fails).result(timeout=60)


def test_a_process_that_dies_says_so_and_the_next_one_lives(forked):
    with pytest.raises(KpikitError, match="exit code 7"):
        forked.submit(_dies).result(timeout=60)
    assert forked.submit(_counted).result(timeout=60) == 7


def test_calls_run_side_by_side(forked):
    (begun, ended), (begun_too, ended_too) = (f.result() for f in [forked.submit(_sleeps, 2.0) for _ in range(2)])
    assert max(begun, begun_too) < min(ended, ended_too)


@pytest.mark.parametrize(("workers", "threads"), [(os.cpu_count(), 1), (1, os.cpu_count())])
def test_children_that_fill_the_machine_take_one_thread_each(workers, threads):
    """In a process of its own: there is one server a process, and whoever comes first starts it."""
    if os.cpu_count() == 1:
        threads = 1
    script = (
        "import polars\nfrom kpikit.report.making.forked import ForkedExecutor\n"
        f"with ForkedExecutor({workers}) as forked: print(forked.submit(polars.thread_pool_size).result())"
    )
    bare = {name: value for name, value in os.environ.items() if name != "POLARS_MAX_THREADS"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=bare)
    assert done.stdout.strip() == str(threads), done.stderr


def _team_review():
    """What a report of a team does in its process, but for the notebook around it."""
    from IPython.display import display  # noqa: F401 - as a notebook's cells have it

    from kpikit.report.making.deferred_charts import put_off
    from kpikit.report.review import team_review

    before = set(sys.modules)
    with put_off():
        report = team_review("demo", team="North", period="FY2026Q2")
        for page in report.pages:
            report[page.id]._repr_mimebundle_()
    return sorted(set(sys.modules) - before)


def test_what_a_report_needs_is_imported_once_by_the_server(forked):
    late = forked.submit(_team_review).result(timeout=120)
    ours = [name for name in late if name.startswith(("kpikit.report", "kpikit.analysis", "kpikit.show"))]
    assert ours == []
    others = {name.split(".")[0] for name in late} - {"kpikit", *sys.stdlib_module_names}
    assert others <= {"charset_normalizer", "fastexcel", "narwhals", "tzdata"}  # the demo's door reads text files


SCRIPT = """
import pathlib, sys
from concurrent.futures import wait
from multiprocessing import get_context
from kpikit.report.making.forked import ForkedExecutor, Pool
here = pathlib.Path(sys.argv[1])
here.write_text(here.read_text() + "once ")
with ForkedExecutor(1, ()) as forked, Pool(1, mp_context=get_context("forkserver")) as pool:
    print(forked.submit(abs, -3).result(), pool.submit(abs, -4).result())
"""


def test_a_script_that_starts_processes_is_not_run_again_in_them(tmp_path):
    """Its writer forgot ``if __name__ == "__main__":``, as people do."""
    counted, script = tmp_path / "counted", tmp_path / "script.py"
    counted.write_text("")
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, script, counted], capture_output=True, text=True, timeout=60)
    assert (done.stdout, counted.read_text()) == ("3 4\n", "once "), done.stderr
