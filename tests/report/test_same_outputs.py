"""A report from a forked process, from a kernel of ours and from plain papermill: the same notebook."""

from pathlib import Path

import nbformat
import pytest
from papermill import execute_notebook

from kpikit.report.making.deferred_charts import fill
from kpikit.report.making.forked import ForkedExecutor, can_fork
from kpikit.report.making.job import Job, execute, execute_with_kernel
from kpikit.report.runs import template as templates
from tests.report.made import PERIOD, book

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    work: Path = tmp_path_factory.mktemp("work")
    values = {"book": str(book()), "team": "Noord", "period": PERIOD, "language": "en", "copy": "team"}
    return Job("Noord", templates.find("team-review").path, values, work / "noord", work, "Noord", "")


@pytest.fixture(scope="module")
def plain(job):
    target = job.work / "plain.ipynb"
    execute_notebook(job.template, target, dict(job.parameters), kernel_name="python3", progress_bar=False)
    return _told(nbformat.read(target, 4))


def _told(notebook):
    """Sources, output types, counts and all data of all outputs: text, HTML with its charts, what a run remembers."""
    return [
        (cell.cell_type, cell.source, [(o.output_type, o.get("execution_count"), o.get("data")) for o in cell.outputs])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_there_is_something_to_compare(plain):
    html = [data["text/html"] for _, _, outputs in plain for _, _, data in outputs]
    assert len(html) >= 8
    assert sum(page.count("<svg ") for page in html) >= 4


@pytest.mark.skipif(not can_fork(), reason="this platform does not fork")
def test_a_forked_process_leaves_what_plain_papermill_leaves(job, plain):
    with ForkedExecutor(1) as forked:
        executed = forked.submit(execute, job).result(timeout=120)
    assert executed.reason == ""
    fill(executed.notebook, executed.drawings)  # charts are drawn later, by a process that outlives the report's
    assert _told(executed.notebook) == plain


def test_a_kernel_over_ipc_leaves_it_too(job, plain):
    executed = execute_with_kernel(job)
    assert executed.reason == ""
    assert _told(executed.notebook) == plain
