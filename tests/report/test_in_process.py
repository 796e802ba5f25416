"""A notebook that ran without a kernel leaves what a kernel would have left."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill import execute_notebook
from papermill.exceptions import PapermillExecutionError

from kpikit.report.making.forked import ForkedExecutor

pytestmark = pytest.mark.slow

CELLS = [
    new_code_cell("a: int = 1  # a number", metadata={"tags": ["parameters"]}),
    new_code_cell(
        "import sys\nfrom IPython.display import HTML, display\nprint('one')\nprint('two', file=sys.stderr)\n"
        "display(HTML('<b>three</b>'))\nprint('four')\nprint('five')\na + 1"
    ),
    new_markdown_cell("words"),
    new_code_cell("a;"),
    new_code_cell(""),
    new_code_cell("import polars as pl\npl.DataFrame({'a': [a]})"),
    new_code_cell(
        "class Shown:\n    def _repr_mimebundle_(self, **_):\n"
        "        return {'text/plain': 'x', 'application/x.b+json': {'c': 1}}\nShown()"
    ),
    new_code_cell("len(In), sorted(Out)"),
]


def _run(folder, engine, cells):
    notebook = new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "p"}}
    )
    source, target = folder / "in.ipynb", folder / f"out-{engine}.ipynb"
    nbformat.write(notebook, source)
    try:
        execute_notebook(source, target, {"a": 5}, engine_name=engine, kernel_name="python3", progress_bar=False)
    except PapermillExecutionError as error:
        return nbformat.read(target, 4), (error.ename, error.evalue)
    return nbformat.read(target, 4), None


def in_a_process(folder, cells):
    """What a forked process does: register the engine, run the notebook."""
    from kpikit.report.making.papermill_engine import register

    register()
    return _run(folder, "kpikit", cells)


def both(folder, cells):
    with ForkedExecutor(1) as forked:
        ours = forked.submit(in_a_process, folder, cells).result(timeout=120)
    return ours, _run(folder, None, cells)


def _outputs(notebook):
    return [(c.source, c.get("execution_count"), c.get("outputs")) for c in notebook.cells]


def test_outputs_equal_those_of_a_kernel(tmp_path):
    (ours, error), (plain, plain_error) = both(tmp_path, CELLS)
    assert _outputs(ours) == _outputs(plain)
    assert error is plain_error is None


def test_a_failing_cell_stops_the_notebook_with_the_same_error(tmp_path):
    (ours, error), (plain, plain_error) = both(
        tmp_path, [*CELLS[:1], new_code_cell("print('x')\n1 / 0"), new_code_cell("2")]
    )
    assert error == plain_error == ("ZeroDivisionError", "division by zero")
    failed, expected = ([o for c in n.cells for o in c.get("outputs", [])] for n in (ours, plain))
    assert [o.output_type for o in failed] == [o.output_type for o in expected]
    assert failed[-1].ename == expected[-1].ename
    assert ours.cells[-1].outputs == plain.cells[-1].outputs == []


@pytest.mark.parametrize("first", ["papermill", "kpikit.report.making.papermill_engine"])
def test_either_may_be_imported_first(first):
    """papermill loads the engines of installed packages while it is being imported, ours among them."""
    script = (
        f"import {first}, papermill.engines as engines\n"
        "from kpikit.report.making.papermill_engine import InProcessEngine, register\n"
        "register()\nprint(engines.papermill_engines.get_engine('kpikit') is InProcessEngine)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr
