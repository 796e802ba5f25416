"""Five lines for a chat."""

from pathlib import Path

import pytest
from nbformat.v4 import new_notebook

from kpikit.report.formats.summary import summary
from tests.report.notebooks import notebook

PAGE = Path("out") / "FY2026Q2" / "north" / "report.html"


def test_five_lines():
    """Whose; the finding; the first sentence of the front page and the surest page's own; the question; where."""
    assert summary(notebook(), PAGE, language="en").split("\n") == [
        "Team Proposal: review · Q2 FY26/27 · team copy · for conversation, not for appraisal",
        "Proposal waits longer",
        "14 new customers. 20 days (15 to 30); 41 visits. (clear)",
        "Which do you recognise?",
        "The whole report: FY2026Q2/north/report.html",
        "",
    ]


def test_in_dutch():
    lines = summary(notebook(language="nl"), PAGE, language="nl").splitlines()
    assert lines[2].endswith("(duidelijk)")
    assert lines[4] == "Het hele rapport: FY2026Q2/north/report.html"


@pytest.mark.parametrize("text", ["a\nb", "a\u2028b", "a\x1b[31mb", "\u202egnp.exe", "a\r\nThe whole report: x"])
def test_text_stays_on_its_line_and_reads_from_left_to_right(text):
    told = summary(notebook(text), PAGE, language="en")
    assert len(told.splitlines()) == 5
    assert not {"\x1b", "\u202e", "\r"} & set(told)


def test_a_notebook_of_another_kind():
    assert summary(new_notebook(), PAGE, language="en").splitlines()[4].endswith("FY2026Q2/north/report.html")
