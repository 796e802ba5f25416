"""Charts that are drawn later are the charts that would have been drawn at once."""

from nbformat.v4 import new_code_cell, new_notebook, new_output

from kpikit.report.making.deferred_charts import fill, put_off
from kpikit.show.document import section
from kpikit.show.page import Page, message
from kpikit.words import Words
from tests.show.pages_for_tests import hundreds

PAGE = Page("ends", message("page.ends.title.unknown"), chart=hundreds())


def _notebook(html):
    return new_notebook(cells=[new_code_cell("x", outputs=[new_output("display_data", data={"text/html": html})])])


def test_later_is_the_same_as_at_once():
    page, words = PAGE, Words("en")
    at_once = section(page, words)
    with put_off() as drawings:
        later = section(page, words)
    assert len(drawings) == 2  # wide and narrow
    assert later != at_once
    notebook = _notebook(later)
    fill(notebook, drawings)
    assert notebook.cells[0].outputs[0].data["text/html"] == at_once


def test_a_place_that_nobody_put_off_stays_text():
    forged = '<svg role="img" aria-label="x" data-drawing="0123456789abcdef01234567"></svg>'
    notebook = _notebook(forged)
    fill(notebook, {})
    assert notebook.cells[0].outputs[0].data["text/html"] == forged


def test_drawing_at_once_comes_back_afterwards():
    with put_off():
        pass
    assert "data-drawing" not in section(PAGE, Words("nl"))
