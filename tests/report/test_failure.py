"""What a failed notebook leaves: no place of this machine in any output, and the cell that failed."""

import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kpikit.report.making.failure import failing, page, without_places, without_places_in

PLACE = "/srv/people/anna/books"


def stream(text):
    return new_output("stream", name="stdout", text=text)


def error(value, *lines, name="ValueError"):
    return new_output("error", ename=name, evalue=value, traceback=list(lines))


def test_every_kind_of_output_loses_the_places_and_keeps_the_rest():
    shown = new_output("display_data", data={"text/plain": f"read {PLACE}/deals.csv", "application/x+json": {"at": 1}})
    outputs = [
        stream(f"from {PLACE}/deals.csv to out"),
        error(f"no {PLACE}/x.csv", f"\x1b[31mat {PLACE}\x1b[0m"),
        shown,
    ]
    notebook = new_notebook(cells=[new_markdown_cell(PLACE), new_code_cell(outputs=outputs)])
    without_places(notebook, Path(PLACE))
    said, failed, told = notebook.cells[1].outputs
    assert said.text == "from deals.csv to out"
    assert (failed.evalue, failed.traceback, failed.ename) == ("no x.csv", ["at …"], "ValueError")
    assert told.data == {"text/plain": "read deals.csv", "application/x+json": {"at": 1}}
    assert notebook.cells[0].source == PLACE  # what somebody wrote is theirs


def test_the_folders_of_this_machine_are_places_and_the_longest_goes_first():
    for place in (Path.cwd(), Path.home(), Path(sys.prefix)):
        if len(place.parts) > 2:
            assert without_places_in(f"a {place}/b c") == "a b c"
    assert without_places_in("a /srv/people/anna/books/b", Path("/srv/people"), Path(PLACE)) == "a b"
    assert without_places_in("File /srv/people/anna/b", Path("/srv/people")) == "File anna/b"
    assert without_places_in("a /srv/b", Path("/srv")) == "a /srv/b"  # every machine has that


def test_where_an_error_arose_is_told_by_the_name_of_the_file():
    lines = ["File /usr/lib/python3/site-packages/polars/frame.py:12, in f()", "then File a.py:3"]
    notebook = new_notebook(cells=[new_code_cell(outputs=[error("x", *lines)])])
    without_places(notebook)
    assert notebook.cells[0].outputs[0].traceback == ["File frame.py:12, in f()", "then File a.py:3"]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_the_first_error_is_the_failure_and_cells_count_from_one(at):
    cells = [
        new_code_cell(f"x = {i}", outputs=[stream("1")] if i < at else [stream("1"), error(f"e{i}")]) for i in (1, 2, 3)
    ]
    number, cell, found = failing(new_notebook(cells=cells))
    assert (number, cell.source, found.evalue) == (at, f"x = {at}", f"e{at}")


def test_a_notebook_without_an_error_has_not_failed():
    assert failing(new_notebook(cells=[new_markdown_cell("a"), new_code_cell(outputs=[stream("1")])])) is None
    assert failing(new_notebook()) is None


def test_the_page_shows_the_cell_and_its_error():
    cells = [new_code_cell("a = 1"), new_code_cell("b = <c>", outputs=[error("no <c>", "line one", "line two")])]
    shown = page(new_notebook(cells=cells), title="North", language="en")
    assert 'id="cell-02"' in shown
    for text in ("b = &lt;c&gt;", "ValueError: no &lt;c&gt;", "line one\nline two", "North"):
        assert text in shown
    assert "a = 1" not in shown
    nothing = page(new_notebook(cells=cells[:1]), title="North", language="nl")
    assert "a = 1" not in nothing
