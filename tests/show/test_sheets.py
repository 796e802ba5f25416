"""A page's numbers as typed rows: nothing that is not drawn or written on the page, and each of its own kind."""

from datetime import date

import polars as pl

from kpikit.schema import Estimate
from kpikit.show.page import Chart, Page, Table, message
from kpikit.show.sheets import blocks
from kpikit.words import Words
from tests.show.pages_for_tests import hundreds, ranges

EN = Words("en")
TITLE = message("page.back.title")


def _blocks(words=EN, **page):
    return blocks(Page("x", TITLE, **page), words)


def test_a_chart_is_a_block_with_its_headings_in_words():
    (block,) = _blocks(chart=ranges())
    assert block.columns == (
        "What", "Which", "Figure, in days", "Range from, in days", "Range to, in days", "Note"
    )  # fmt: skip
    assert block.rows[0][:5] == (
        ("text", "Qualify"), ("text", "this"), ("number", 20.0), ("number", 15.0), ("number", 30.0)
    )  # fmt: skip
    assert len(block.rows) == 4
    assert _blocks(Words("nl"), chart=ranges())[0].columns[:3] == ("Wat", "Welke", "Cijfer, in dagen")


def test_shares_stay_shares():
    (block,) = _blocks(chart=hundreds())
    assert block.rows[0] == (("text", "now"), ("text", "gone on"), ("share", 0.42))


def test_panels_are_blocks_and_empty_columns_are_left_out():
    rows = [
        {"panel": "counts", "label": "Small", "part": "on", "value": 33.0, "low": None, "place": 0},
        {"panel": "bridge", "label": "ours", "part": None, "value": 0.34, "low": 0.27, "place": 1},
    ]
    counts, bridge = _blocks(chart=Chart("counts", pl.DataFrame(rows), TITLE))
    assert (counts.heading, counts.columns) == ("How deals ended", ("What", "Part", "Figure"))
    assert counts.rows == ((("text", "Small"), ("text", "gone on"), ("number", 33.0)),)
    assert bridge.rows == ((("text", "ours"), ("share", 0.34), ("share", 0.27)),)


def test_the_mark_on_a_strip_is_not_a_deal():
    rows = [
        {"label": "Offer", "value": 70.0, "is_sleeping": True},
        {"label": "Offer", "value": 44.0, "is_sleeping": None},
    ]
    (block,) = _blocks(chart=Chart("strips", pl.DataFrame(rows), TITLE))
    assert [row[2][1] for row in block.rows] == ["yes", "here nine in ten had left"]


def test_cells_of_a_table_are_typed_where_they_are_one_value():
    cells = (
        message("page.next.day", day=date(2026, 11, 30)),
        message("index.plain", text=12),
        message("index.plain", text=Estimate(0.28, 0.17, 0.43, "share")),
        message("page.deals.days", n=765),
        "=1+1",
        3,
        0.5,
        True,
        None,
    )
    (block,) = _blocks(table=Table((TITLE,) * len(cells), (cells,)))
    assert block.rows[0] == (
        ("date", "2026-11-30"), ("number", 12), ("share", 0.28), ("text", "765 days"), ("text", "=1+1"), ("number", 3),
        ("number", 0.5), ("text", "True"), ("text", ""),
    )  # fmt: skip


def test_the_back_matter_is_told_in_its_order():
    table = Table((message("back.figure"),), (("a",),))
    details = ((message("back.data"), (message("back.hash", hash="ab12"), table)),)
    told, rows = _blocks(details=details)
    assert told.heading == rows.heading == message("back.data").in_words(EN)
    assert told.columns == ()
    assert "ab12" in told.rows[0][0][1]
    assert rows.rows == ((("text", "a"),),)


def test_a_page_of_words_has_no_numbers():
    assert _blocks(sentence=(TITLE,)) == ()
