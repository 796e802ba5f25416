"""Templates of one's own for tests: a parameters cell and a few short cells, quick to run."""

from pathlib import Path

import nbformat

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
GIVEN = {"book": "demo", "team": "North", "period": "2026Q2", "language": "en", "copy": "team"}
#: shows the team as a page, as text that stays text
SHOWN = (
    "from html import escape\n"
    "from IPython.display import HTML\n"
    'HTML(f"<section><h2>{escape(team)}, {copy}, {period}</h2></section>")'
)


def typed(**more):
    """A parameters cell that says what each parameter is."""
    return "\n".join(f"{name}: str = {value!r}  # {name}" for name, value in {**GIVEN, **more}.items())


def write_template(path: Path, *cells: str, parameters: str | None = None, metadata=None) -> Path:
    """A template of these cells after its parameters cell; no such cell if ``parameters`` is empty."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL} if metadata is None else metadata)
    parameters = typed() if parameters is None else parameters
    if parameters:
        tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}, id="parameters")
        notebook.cells.append(tagged)
    for number, source in enumerate(cells or (SHOWN,)):
        notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"own-{number}"))
    nbformat.write(notebook, path)
    return path
