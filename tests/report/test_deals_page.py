"""The open deals that wait long; a list for the team's own copy, counts alone for the company."""

import re

import polars as pl
import pytest

from kpikit import DealBook
from kpikit.show.document import plain, section
from kpikit.words import Words
from tests.report import parts
from tests.strategies import PIPELINE, STAGES, day

AS_OF = 400
EN = Words("en", "EUR")


def book_of(waiting, *, names=None, left=20, acts=(), won_late=0, amounts=None):
    """Deals in Qualify: ``left`` that were lost after 10 days, ``won_late`` won after 50, and open ones (days there).

    ``acts``: (number of the open deal, direction, day).
    """
    ended = [(10, "lost")] * left + [(50, "won")] * won_late
    rows = [
        {"deal_id": f"x{i:03}", "created_at": day(50), "outcome": how, "outcome_at": day(50 + days), "amount": 10.0}
        for i, (days, how) in enumerate(ended)
    ]
    rows += [
        {
            "deal_id": f"o{i:03}", "created_at": day(AS_OF - days), "outcome": "open",
            "name": names[i] if names else f"Customer {i}", "amount": amounts[i] if amounts else 100.0,
        }
        for i, days in enumerate(waiting)
    ]  # fmt: skip
    deals = pl.DataFrame(rows, infer_schema_length=None).with_columns(pipeline=pl.lit(PIPELINE))
    events = deals.select("deal_id", stage=pl.lit("Qualify"), entered_at="created_at", seq=pl.lit(1))
    more = {}
    if acts:
        more["activities"] = pl.DataFrame(
            [
                {
                    "activity_id": f"a{n}", "deal_id": f"o{i:03}", "kind": "call", "direction": whose,
                    "happened_at": day(at),
                }
                for n, (i, whose, at) in enumerate(acts)
            ]
        )  # fmt: skip
    return DealBook.from_frames(deals=deals, stage_events=events, stages=STAGES, as_of=day(AS_OF), **more)


def page_of(book, copy="team", **asked):
    return parts.deals(book, book.settings.period("2027-01"), copy, **asked)


def words(cell):
    return cell if isinstance(cell, str) else cell.in_words(EN)


def title(page):
    return page.title.in_words(EN)


# --- title -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        ([5, 6], "No open deal waits longer than nine in ten before it"),
        ([5, 90], "One deal waits longer than nine in ten before it"),
        ([90, 91, 92, 5], "3 deals wait longer than nine in ten before them"),
        ([], "No deal is open"),
    ],
)
def test_the_title_counts_those_past_their_mark(waiting, expected):
    # twenty left after 10 days: whoever is there longer sleeps; what is usual cannot be said from nothing before
    book = book_of(waiting)
    page = parts.deals(book, book.settings.period("2026-01"))
    assert title(page) == expected
    assert page.folded == (not waiting)


def test_the_title_says_what_would_be_usual():
    # the twelve months before January 2027: twenty entered, all left after 10 days; of those since none would be there
    assert title(page_of(book_of([20, 30]))) == "2 deals wait longer than nine in ten; 0 would be usual"
    # now 40 days there is usual for five of 25 in the window before (1/5 each): 25 · 1/5 + 2 · 1/5 = 5.4
    book = book_of([20, 30, *[330] * 5])
    assert title(page_of(book)) == "7 deals wait longer than nine in ten; 5 would be usual"


def test_a_book_without_history_folds_with_its_reason():
    deals = pl.DataFrame({"deal_id": ["a"], "pipeline": ["New"], "outcome": ["open"], "created_at": [day(0)]})
    book = DealBook.from_frames(deals=deals, as_of=day(AS_OF))
    page = page_of(book, refused="no_stage_history")
    assert page.folded
    assert page.table is None
    assert title(page).startswith("Long waits cannot be said: ")


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (7, 7), (8, 7), (40, 7)])
def test_at_most_seven_deals_the_longest_first(n, rows):
    page = page_of(book_of([100 + i for i in range(n)]))
    assert [row[0] for row in page.table.rows] == [f"Customer {n - 1 - i}" for i in range(rows)]
    assert words(page.table.rows[0][2]) == f"{99 + n} days"
    assert page.table.rows[0][1] == "Qualify"


def test_only_deals_past_their_mark_are_listed():
    assert [row[0] for row in page_of(book_of([5, 90, 6])).table.rows] == ["Customer 1"]


def test_the_last_act_of_the_customer_ignores_ours():
    acts = [(0, "customer", 310), (0, "both", 320), (0, "us", 390), (1, "us", 395)]
    page = page_of(book_of([90, 80], acts=acts))
    last = {row[0]: words(row[3]) for row in page.table.rows}
    # day 320 is 17 November 2026
    assert last["Customer 0"] == EN.say("page.deals.day", day=day(320).date())
    assert "17" in last["Customer 0"]
    assert last["Customer 1"] == "none recorded"


def test_what_is_planned_has_not_happened():
    page = page_of(book_of([90], acts=[(0, "customer", 310), (0, "both", AS_OF + 20)]))
    assert words(page.table.rows[0][3]) == EN.say("page.deals.day", day=day(310).date())


def test_a_deal_without_a_name_is_called_by_its_number():
    assert page_of(book_of([90], names=[None])).table.rows[0][0] == "o000"


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "{n:number} %s {0}",
    "=HYPERLINK(1)", "</td></table>", "[a](javascript:b)", "\u202eevil",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_plain_text(name):
    page = page_of(book_of([90], names=[name]))
    assert page.table.rows[0][0] == name
    html = section(page, EN)
    assert not re.search(r"<(script|img)\b", html)
    assert html.count("</table>") == 1
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert f">{escaped}</td>" in html


def test_a_name_that_is_one_of_our_codes_stays_a_name():
    assert ">key.sleeping</td>" in section(page_of(book_of([90], names=["key.sleeping"])), EN)


# --- copies ----------------------------------------------------------------------------------------------------------


def test_a_company_copy_names_no_deal():
    book = book_of([100 + i for i in range(9)], acts=[(0, "customer", 310)])
    team, company = page_of(book), page_of(book, copy="company")
    assert company.table is None
    assert title(company) == title(team)
    assert company.chart is None  # each of its dots is a deal
    for text in (section(company, EN), plain(company, EN)):
        assert "Customer " not in text.replace("Customer's", "")
        assert not re.search(r"\bo00\d\b", text)
    assert "Customer 8" in section(team, EN)


def test_a_few_deals_are_talked_about_one_by_one():
    page = page_of(book_of([5, 90, 6]), is_few=True)
    assert title(page).lower().startswith("three open deals")
    assert {row[0] for row in page.table.rows} == {"Customer 0", "Customer 1", "Customer 2"}
    assert page.chart is None


def test_a_few_deals_in_a_company_copy_are_not_named():
    page = page_of(book_of([5, 90, 6]), is_few=True, copy="company")
    assert page.table is None
    assert "Customer" not in section(page, EN)


def test_a_company_copy_does_not_say_that_no_deal_is_open():
    assert title(page_of(book_of([5, 90, 6]), is_few=True, copy="company")) != "No deal is open"


# --- the sentence and the chart --------------------------------------------------------------------------------------


def test_the_sentence_by_hand():
    # two past their mark, 300 of 1,000: 30 in 100. 130 left on day 10, twelve were won on day 50
    book = book_of([90, 91, 5], amounts=[100.0, 200.0, 700.0], left=130, won_late=12)
    text = plain(page_of(book), EN)
    assert "€" in text
    assert "30 in 100 of the open value" in text
    assert "Of 12 earlier deals that old 12 were won in the end" in text


def test_the_chart_has_a_dot_a_deal_and_a_mark_a_stage():
    data = page_of(book_of([90, 91, 5])).chart.data
    assert data.filter(pl.col("is_sleeping").is_not_null()).sort("value")["value"].to_list() == [5.0, 90.0, 91.0]
    assert data.filter(pl.col("is_sleeping").is_null())["value"].to_list() == [10.0]
    assert "as_of" not in data.columns
