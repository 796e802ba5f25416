"""Notebooks keep the conventions, and a changed number fails exactly its cell."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
#: those that answer a question; the session's, which is a panel, is tested in tests/session/test_panel_session.py
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
CHECKED = {"keep_output", "nbval-check-output"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _code(path):
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def test_there_are_some():
    assert [path.name for path in NOTEBOOKS][:2] == ["01-open-a-book.ipynb", "02-time-in-stage.ipynb"]


@each_notebook
def test_thin(path):
    """At most twelve short cells, no def and no class, no arithmetic on figures."""
    cells = _code(path)
    assert len(cells) <= 12
    for cell in cells:
        assert len(cell.source.splitlines()) <= 10
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda))
            divides = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Pow))
            assert not divides, f"a figure is computed here, not in kpikit: {cell.source}"


@each_notebook
def test_dates_and_paths_stand_in_the_first_cell_only(path):
    for cell in _code(path)[1:]:
        assert not re.search(r"\b20\d\d\b|datetime|Path\(|\.csv|\.toml|[\"']demo[\"']", cell.source), cell.source


@each_notebook
def test_one_question_first_and_what_it_cannot_tell_last(path):
    cells = nbformat.read(path, 4).cells
    assert cells[0].cell_type == cells[-1].cell_type == "markdown"
    assert re.match(r"# \d\d · .+\?\n", cells[0].source + "\n")
    assert cells[0].source.startswith(f"# {path.stem[:2]} · ")
    assert cells[-1].source.startswith("## What this cannot tell you")
    assert (
        sum(cell.source.count("\n# ") + cell.source.startswith("# ") for cell in cells if cell.cell_type == "markdown")
        == 1
    )


@each_notebook
def test_kept_outputs_are_printed_numbers_and_nothing_else_is_kept(path):
    kept = 0
    for cell in _code(path):
        tags = set(cell.metadata.get("tags", []))
        assert tags in (set(), CHECKED)
        if not tags:
            assert cell.outputs == []
            continue
        kept += 1
        assert cell.execution_count is not None, "nbval compares nothing in a cell without its count"
        assert [output.output_type for output in cell.outputs] == ["stream"], "tables and charts hold random ids"
        assert re.search(r"\d", cell.outputs[0].text)
    assert 1 <= kept <= 5


@each_notebook
def test_nothing_of_a_machine_or_a_run(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert set(notebook.metadata.get("language_info", {})) <= {"name"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert path.stat().st_size < 20_000


@pytest.mark.slow
def test_a_changed_number_fails_its_cell_and_no_other(tmp_path):
    """Without this, the check might be green whatever the numbers are (nbval skips what it takes for unrun)."""
    copy = tmp_path / "changed.ipynb"
    shutil.copy(NOTEBOOKS[0], copy)
    notebook = nbformat.read(copy, 4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    changed = next(i for i, cell in enumerate(cells) if cell.outputs and "won" in cell.outputs[0].text)
    text = cells[changed].outputs[0].text
    cells[changed].outputs[0].text = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), text, count=1)
    nbformat.write(notebook, copy)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        "-q",
        str(copy),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout[-2000:]
    assert re.search(rf"\b1 failed, {len(cells) - 1} passed", done.stdout), done.stdout[-2000:]
    assert f"Cell {changed}" in done.stdout
