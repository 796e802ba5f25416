"""The workbook, read back by another library: typed cells, no formula, no link, the same bytes twice."""

import io
import math
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.report.formats.workbook import _FORMATS, _fill, _name, _row, _text, workbook
from tests.report.notebooks import notebook
from tests.show.pages_for_tests import HOSTILE

#: characters that a file of XML, or a cell, holds in another form
SPECIAL = {
    "control": "a\x00b\x07c", "escape": "_x0041_", "tab": "a\tb", "link": "https://x.test/a",
    "internal": "internal:Sheet1!A1", "minus": "-1+1", "at": "@SUM(1)", "plus": "+1", "quote": "'=1+1", "number": "12",
    "break": "a\r\nb", "longest": "y" * 40_000,
}  # fmt: skip


def _read(content):
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.fixture(scope="module")
def book():
    return _read(workbook(notebook(), language="en"))


def test_a_sheet_a_page_that_has_numbers_and_one_about_the_report(book):
    assert book.sheetnames == [
        "1 Proposal waits longer", "2 Proposal now takes 20 days", "3 Proposal how it ends", "4 Proposal two deals",
        "About this report",
    ]  # fmt: skip


def test_each_sheet_says_what_it_is_of(book):
    for sheet in book.worksheets[:-1]:
        assert sheet["A1"].value.startswith("Proposal")
        assert sheet["A2"].value.startswith("Q2 FY26/27 · team copy")


def test_numbers_are_numbers_and_shares_are_percentages(book):
    time, ends, deals = (book.worksheets[i] for i in (1, 2, 3))
    assert [cell.value for cell in time[4]][:5] == [
        "What", "Which", "Figure, in days", "Range from, in days", "Range to, in days"
    ]  # fmt: skip
    assert [cell.value for cell in time[5]][:5] == ["Proposal", "this", 20, 15, 30]
    assert [(cell.value, cell.number_format) for cell in ends[5]][2] == (0.42, "0.0%")
    assert [cell.value for cell in deals[5]] == ["Proposal", 765]
    assert [cell.value for cell in deals[6]] == ["=1+1", 3.5]


def test_days_are_days():
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    sheets = '[{"heading": "", "columns": ["Day"], "rows": [[["date", "2026-11-30"]]]}]'
    page = {"id": "x", "title": "x", "sheets": sheets}
    output = new_output("display_data", data={"application/vnd.kpikit.page+json": page})
    sheet = _read(workbook(new_notebook(cells=[new_code_cell("x", outputs=[output])]), language="en")).worksheets[0]
    (cell,) = (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, datetime))
    assert (cell.value, cell.number_format) == (datetime(2026, 11, 30), "yyyy-mm-dd")  # noqa: DTZ001 - Excel knows no zones


def test_headings_stay_in_view(book):
    assert [sheet.freeze_panes for sheet in book.worksheets] == ["A5", "A5", "A5", "A5", "A2"]


def test_about_the_report(book):
    cells = [row[0].value for row in book["About this report"].iter_rows() if row[0].value]
    assert cells[:3] == ["Team Proposal: review", "Q2 FY26/27", "team copy"]
    assert any("0123456789abcdef" in cell for cell in cells)
    assert "=2+2" in cells


def test_the_words_are_those_of_the_report():
    book = _read(workbook(notebook(language="nl"), language="nl"))
    assert book.sheetnames[-1] == "Over dit rapport"
    assert book.worksheets[1]["A4"].value == "Wat"


def test_the_same_report_is_the_same_file():
    assert workbook(notebook(), language="en") == workbook(notebook(), language="en")


def _safe(text):
    """No cell is a formula, no sheet has a link, and the text is there as it was written."""
    content = workbook(notebook(text), language="en")
    for sheet in _read(content).worksheets:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        for name in files.namelist():
            if name.startswith("xl/worksheets"):
                xml = files.read(name).decode()
                assert "<f>" not in xml
                assert "hyperlink" not in xml
            assert 'Target="http' not in files.read(name).decode() or "schemas" in files.read(name).decode()
    return content


_SLOW = {"longest"}  # the picture of a label of 40,000 letters


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in _SLOW)) for name in (*HOSTILE, *SPECIAL)]
)
def test_hostile_text_is_text(name):
    text = (HOSTILE | SPECIAL)[name]
    deals = _read(_safe(text)).worksheets[3]
    if name not in ("control", "break", "longest"):  # written in another form, and cut
        assert deals["A5"].value == text
    assert len(deals["A5"].value) >= 3 or name in ("plus", "number")


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_name_makes_a_workbook(text):
    book = _read(workbook(notebook(text), language="en"))
    assert all(1 <= len(name) <= 31 for name in book.sheetnames)
    assert len({name.lower() for name in book.sheetnames}) == 5


def test_a_notebook_that_tells_nothing_still_gives_a_workbook():
    from nbformat.v4 import new_notebook

    assert _read(workbook(new_notebook(), language="en")).sheetnames == ["About this report"]


class Sheet:
    """What is written into a sheet, by its place."""

    def __init__(self):
        self.cells = {}

    def __getattr__(self, name):
        def write(row, column, value, look):
            self.cells[row, column] = (name.removeprefix("write_"), value, look)

        return write


@pytest.mark.parametrize(
    ("style", "value", "written", "width"),
    [
        ("number", 12.0, ("number", 12.0, "whole"), 8),
        ("number", -12.0, ("number", -12.0, "whole"), 8),
        ("number", 12.5, ("number", 12.5, "number"), 8),
        ("share", 1.0, ("number", 1.0, "share"), 8),  # 100 %, which is whole, is a share still
        ("share", 0.25, ("number", 0.25, "share"), 8),
        ("number", math.inf, ("string", "inf", "text"), 3),
        ("share", math.nan, ("string", "nan", "text"), 3),
        ("date", "2026-07-01", ("datetime", date(2026, 7, 1), "date"), 10),
        ("head", "Deals in all", ("string", "Deals in all", "head"), 12),
        ("text", "Deals in all", ("string", "Deals in all", "text"), 12),
        ("told", "Deals in all", ("string", "Deals in all", "told"), None),  # a sentence runs on over the columns
        ("odd", "Deals", ("string", "Deals", "text"), 5),
    ],
)
def test_a_cell_is_written_as_what_it_is(style, value, written, width):
    sheet, widths = Sheet(), {}
    _row(sheet, 3, [("text", "x"), (style, value)], {name: name for name in _FORMATS}, widths)
    assert sheet.cells == {(3, 0): ("string", "x", "text"), (3, 1): written}
    assert widths == {0: 1} | ({} if width is None else {1: width})


def test_a_column_is_as_wide_as_its_widest_cell_in_any_order():
    for rows in (["a", "abcdefghijklm", "abc"], ["abcdefghijklm", "abc", "a"]):
        widths = {}
        for i, text in enumerate(rows):
            _row(Sheet(), i, [("text", text)], {name: name for name in _FORMATS}, widths)
        assert widths == {0: 13}
    _row(Sheet(), 9, [("number", 1.0), ("date", "2026-07-01")], {name: name for name in _FORMATS}, widths)
    assert widths == {0: 13, 1: 10}


@pytest.mark.parametrize(
    ("text", "said"), [("y" * 32_000, "y" * 32_000), ("y" * 32_001, "y" * 32_000 + "…"), (-3, "-3"), ("\ud800", "?")]
)
def test_text_that_a_cell_holds_is_whole(text, said):
    assert _text(text) == said


@pytest.mark.parametrize(
    ("title", "name"),
    [("1 " + "x" * 29, "1 " + "x" * 29), ("1 " + "x" * 30, "1 " + "x" * 29), ("a/b: c's [d]", "a b c’s d")],
)
def test_a_sheet_is_called_what_excel_allows(title, name):
    assert _name(title) == name


class Page(Sheet):
    """A sheet that also remembers its widths and what stays in view."""

    def __init__(self):
        super().__init__()
        self.widths, self.frozen = {}, None

    def set_column(self, first, last, width):
        assert first == last
        self.widths[first] = width

    def freeze_panes(self, row, column):
        self.frozen = (row, column)


def block(*rows, columns=("Stage", "Deals in all"), heading=""):
    return {"heading": heading, "columns": list(columns), "rows": [list(row) for row in rows]}


def filled(*blocks):
    sheet = Page()
    _fill(sheet, ["Title", "about it"], blocks, {name: name for name in _FORMATS})
    return sheet


def test_blocks_stand_below_each_other_with_a_row_between():
    rows = [[("text", "Offer"), ("number", 3.0)], [("text", "x" * 80), ("number", 4.0)]]
    sheet = filled(block(*rows, heading="First"), block([("told", "A sentence.")], columns=(), heading="Second"))
    assert {place: value for place, (_, value, _) in sheet.cells.items()} == {
        (0, 0): "Title", (1, 0): "about it", (3, 0): "First", (4, 0): "Stage", (4, 1): "Deals in all", (5, 0): "Offer",
        (5, 1): 3.0, (6, 0): "x" * 80, (6, 1): 4.0, (8, 0): "Second", (9, 0): "A sentence.",
    }  # fmt: skip
    looks = {place: look for place, (_, _, look) in sheet.cells.items()}
    assert [looks[place] for place in ((0, 0), (1, 0), (3, 0), (4, 0), (9, 0))] == [
        "title", "about", "heading", "head", "told",
    ]  # fmt: skip
    assert sheet.widths == {0: 60, 1: 14}  # no wider than sixty letters; "Deals in all" and two more
    assert sheet.frozen == (1, 0)  # of two blocks no headings can stay


def test_the_headings_of_a_single_block_stay_in_view():
    assert filled(block([("text", "a"), ("number", 3.0)])).frozen == (4, 0)
    assert filled(block([("told", "A sentence.")], columns=())).frozen == (1, 0)
    assert filled(block([("text", "a"), ("text", "b")], columns=("A", "B"))).widths == {0: 9, 1: 9}
    assert filled().cells.keys() == {(0, 0), (1, 0)}
